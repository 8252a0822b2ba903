"""The log of a month that is to be closed: the lives of a ring of partners, each as often as it takes for the entries wanted.

A tenth of them lies in the month before, which is closed already: balances are carried over, and some corrections concern lines of
a statement that was made. Many pathways go on at the same time, so what a line rests on lies far before it in the log.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Final

from adapters.bench.closing_lives import BEFORE, MONTH, PARTS, Life, Ring
from adapters.postgres.bench.copies import Clock, CopyOf, Decided, Rows, Stretch

AT_A_TIME: Final = 50
"""Copies that go on at the same time: with 200 partners 10,000 pathways."""
TOGETHER: Final = 25
"""Decisions of one copy between those of the next."""
SELDOM: Final = 10
"""Of so many copies in one costs are divided, and one part of each pathway is taken back."""


def closing_log(partners: int, entries: int, seed: int) -> Iterator[Rows]:
    """As rows, a log with at least so many entries in the month that is to be closed; the rest comes on top."""
    ring, chance, clock = Ring(partners, seed), random.Random(seed), Clock()  # noqa: S311 - repeatable is the point here
    copies = -(-entries // (partners * PARTS))
    each = [CopyOf(number, chance) for number in range(-(-copies // SELDOM) + copies)]
    before, now = each[: -(-copies // SELDOM)], each[-(-copies // SELDOM) :]
    once = each[0]
    yield from _copied(ring.founding(), (once,), clock)
    earlier = [ring.life(n, BEFORE) for n in range(partners)]
    yield from _month(earlier, before, clock)
    yield from _copied([ring.closing()], (once,), clock)
    yield from _copied([life.back for life in earlier], before[::SELDOM], clock)
    lives = [ring.life(n, MONTH) for n in range(partners)]
    for n in range(0, len(now), AT_A_TIME):
        wave = now[n : n + AT_A_TIME]
        yield from _month(lives, wave, clock)
        yield from _copied([life.back for life in lives], [c for c in wave if _is_seldom(c)], clock)


def _month(lives: Sequence[Life], copies: Sequence[CopyOf], clock: Clock) -> Iterator[Rows]:
    """All pathways are agreed, then all first parts are delivered, and so on."""
    yield from _copied([life.agreed for life in lives], copies, clock)
    for part in range(PARTS):
        yield from _copied([decided for life in lives for decided in life.parts[part]], copies, clock)
    yield from _copied([life.cost for life in lives], [copy for copy in copies if _is_seldom(copy)], clock)


def _is_seldom(copy: CopyOf) -> bool:
    return int(copy.number) % SELDOM == 0


def _copied(decided: Sequence[Decided], copies: Sequence[CopyOf], clock: Clock) -> Iterator[Rows]:
    for n in range(0, len(decided), TOGETHER):
        stretch = Stretch(decided[n : n + TOGETHER])
        for copy in copies:
            yield stretch.copy(copy, clock)
