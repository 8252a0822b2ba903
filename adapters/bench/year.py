"""A log of any length that is like the demo's year: what happens in that year happens to many at the same time.

The network, its agreements, offerings and closings are there once, and so is all that states, trues up and settles what a month
comes to; clients, referrals, mentors, pathways, deliveries, shares and costs as often as wanted, each time with ids of their own.
Everything keeps its place in the year.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from msgspec.structs import replace

from adapters.entropy import SeededEntropy
from adapters.postgres.bench.copies import Clock, CopyOf, Decided, Rows, Stretch, decisions
from adapters.postgres.bench.room import Room
from adapters.settings import Settings
from adapters.wiring import open_network
from domain.kernel import Refused

OFTEN: Final = (
    "tasma.referral.",
    "tasma.mentoring.",
    "tasma.pathway.",
    "tasma.revenue.shared",
    "tasma.revenue.bill_divided",
    "tasma.revenue.cost_shared",
    "tasma.revenue.reversed",
    "tasma.revenue.receipt_recorded",
    "tasma.network.follow_up",
)
"""How the names of the events begin that are copied."""
TOGETHER: Final = 25
"""Decisions of one copy between those of the next: neighbours in the log are of many pathways, as in life."""


class NoExample(Refused):
    def __init__(self) -> None:
        super().__init__(
            "The demo's year is not here, and the log to rebuild from is made of it: run this bench in a checkout of the repository."
        )


async def year_bodies(room: Room, seed: int) -> list[bytes]:
    """The stored events of the demo's year, played on a network of its own. Raises NoExample."""
    try:
        # The example is part of the source tree, not of the installed packages.
        from examples.kymenlaakso.demo import Stage  # noqa: PLC0415 - see above
        from examples.kymenlaakso.year import Year  # noqa: PLC0415 - see above
    except ImportError:
        raise NoExample from None
    settings = settings_of(room, room.schema())
    # Played to be copied, not to be kept.
    async with open_network(replace(settings, database_url=room.hasty_dsn), entropy=SeededEntropy(seed)) as network:
        await Year(Stage(network), seed=seed, scale=1).play()
        return list(await network.log.bodies(0, limit=(await network.log.head()).position))


def settings_of(room: Room, network: str) -> Settings:
    """A network in the room; the little it keeps outside the database goes with the room as well."""
    return Settings(network=network, database_url=room.app_dsn, admin_database_url=room.admin_dsn, data_dir=room.folder)


def copies_for(bodies: Sequence[bytes], events: int) -> int:
    """How many copies it takes for a log of at least so many events."""
    often = sum(len(each.bodies) for each in decisions(bodies) if _is_often(each))
    return max(1, -(-(events - len(bodies) + often) // often))


def year_log(bodies: Sequence[bytes], copies: int, seed: int) -> Iterator[Rows]:
    """The year with so many copies of what happens often, as rows."""
    chance, clock = random.Random(seed), Clock()  # noqa: S311 - repeatable is the point here
    each_copy = [CopyOf(number, chance) for number in range(copies)]
    for often, several in groupby(decisions(bodies), key=_is_often):
        run = list(several)
        for n in range(0, len(run), TOGETHER):
            stretch = Stretch(run[n : n + TOGETHER])
            for copy in each_copy if often else each_copy[:1]:
                yield stretch.copy(copy, clock)


def _is_often(decided: Decided) -> bool:
    return decided.recorded[0].type.startswith(OFTEN)
