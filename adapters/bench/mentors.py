"""A log of any length about mentors and their clients: cohorts of a thousand mentors, one after another.

A cohort is 10,000 events: each mentor nominated with a capacity, then four clients assigned and released. What happens to
one mentor is spread over the whole cohort, as it is in life, so that its ten events lie on ten pages of the table.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.bench.samples import ACTOR, ORGANISATIONS
from adapters.entropy import SeededEntropy
from adapters.postgres.bench.copies import Clock, CopyOf, Rows, Stretch, decisions
from application.door import command_id
from application.envelope import encode, placed
from domain.kernel import Asked, Event, tags_of
from domain.mentoring.events import MenteeAssigned, MenteeReleased, MentorCapacitySet, MentorNominated

MENTORS: Final = 1_000
CLIENTS: Final = 4
COHORT_EVENTS: Final = MENTORS * (2 + 2 * CLIENTS)
CAPACITY: Final = 500
STRETCH: Final = 500
_BEGAN: Final = datetime(2019, 1, 2, 7, tzinfo=UTC)
_APART: Final = timedelta(milliseconds=20)


def mentor(cohort: int, n: int) -> str:
    """The id of mentor n of a cohort, both counted from 0."""
    return f"mentor:m-{cohort:06}-{n:04}"


def mentor_log(source: str, cohorts: int, seed: int) -> Iterator[Rows]:
    """So many cohorts, as the rows of a network that is no longer at its beginning."""
    decided = decisions(list(_cohort(source, seed)))
    stretches = [Stretch(decided[n : n + STRETCH]) for n in range(0, len(decided), STRETCH)]
    chance, clock = random.Random(seed), Clock()  # noqa: S311 - repeatable is the point here
    for number in range(cohorts):
        copy = CopyOf(number, chance, number * len(decided) * _APART)
        for stretch in stretches:
            yield stretch.copy(copy, clock)


def told(cohorts: int) -> Iterator[tuple[Event, tuple[str, ...]]]:
    """The same facts with their tags, for logs that have another form."""
    for number in range(cohorts):
        for events in _decisions(_BEGAN, f"{number:06}-"):
            for event in events:
                yield event, tags_of(event)


def _cohort(source: str, seed: int) -> Iterator[bytes]:
    """The stored bytes of the cohort that the others are copies of."""
    entropy, position, at = SeededEntropy(seed), 0, _BEGAN
    for events in _decisions(at):
        at += _APART
        identity = command_id(ACTOR, None, entropy.event_id(at))
        asked = Asked(at=at, actor=ACTOR, role="coordinator", command_id=identity)
        for unplaced in encode(events, asked, source, entropy):
            position += 1
            yield placed(position, at, unplaced.body)


def _decisions(at: datetime, cohort: str = "") -> Iterator[tuple[Event, ...]]:
    day = at.date()
    whose = {n: (f"mentor:m-{cohort}{n:04}", ORGANISATIONS[n % 2]) for n in range(MENTORS)}
    for name, organisation in whose.values():
        yield (
            MentorNominated(mentor=name, organisation=organisation, languages=("fi",), nominated_on=day),
            MentorCapacitySet(mentor=name, organisation=organisation, capacity=CAPACITY, set_on=day),
        )
    for client in range(CLIENTS):
        named = {n: f"client:c-{cohort}{n:04}-{client}" for n in whose}
        for n, (name, organisation) in whose.items():
            yield (MenteeAssigned(mentor=name, client=named[n], assigned_on=day, parties=(organisation,)),)
        for n, (name, organisation) in whose.items():
            yield (
                MenteeReleased(
                    mentor=name,
                    client=named[n],
                    reason="pathway-completed",
                    released_on=day,
                    parties=(organisation,),
                ),
            )
