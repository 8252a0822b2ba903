"""A small projection of real events, and logs to follow."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from application.ports import Decision, Log
from domain.kernel import Asked, Event
from domain.mentoring.events import MentorCapacitySet
from projections.rows import At, Entry, Key, Latest, Projection, Row, Rows, each

START = datetime(2019, 11, 1, 12, tzinfo=UTC)
MENTOR = "mentor:0190a1b2-0000-7000-8000-00000000000{}"
POISON = 13


class Mentor(Row, frozen=True):
    mentor: Key[str]
    capacity: int = 0
    changes: int = 0


class CapacityChange(Entry, frozen=True):
    position: Key[int]
    mentor: str
    capacity: int


@each
def fold(rows: Latest, event: MentorCapacitySet, at: At) -> Iterator[Mentor | CapacityChange]:
    before = rows.latest(Mentor(event.mentor))
    yield Mentor(event.mentor, event.capacity, before.changes + 1)
    yield CapacityChange(at.position, event.mentor, event.capacity)
    if event.capacity == POISON:
        raise ValueError(f"Secret {event.mentor}")


@each
def fold_mended(rows: Latest, event: MentorCapacitySet, at: At) -> Iterator[Mentor | CapacityChange]:
    before = rows.latest(Mentor(event.mentor))
    yield Mentor(event.mentor, event.capacity, before.changes + 1)
    yield CapacityChange(at.position, event.mentor, event.capacity)


TABLES = (Mentor, CapacityChange)
FACTS = frozenset[type[Event]]({MentorCapacitySet})
halting = Projection("mentors", fold, TABLES, FACTS)
parking = Projection("mentors_parking", fold, TABLES, FACTS, on_poison="park")
mended = Projection("mentors", fold_mended, TABLES, FACTS)
mended_parking = Projection("mentors_parking", fold_mended, TABLES, FACTS, on_poison="park")


def capacity_of_one(rows: Rows) -> int:
    """A question that fails until it has seen its row."""
    return rows.under(Mentor, MENTOR.format(1))[0].capacity


def last_change_of_each(rows: Rows) -> list[CapacityChange]:
    """A question whose look-ups depend on each other."""
    mentors = [mentor.mentor for mentor in rows.under(Mentor)]
    by_mentor = {change.mentor: change for change in rows.under(CapacityChange)}
    return [rows.under(CapacityChange, by_mentor[mentor].position)[0] for mentor in mentors]


async def append(log: Log, *capacities: int, number: int, at: datetime = START) -> int:
    """One decision; `number` makes its command id; every capacity is of the mentor of its ordinal. It looks, as all do."""
    await log.look(())
    asked = Asked(
        at=at + timedelta(milliseconds=number), actor="person:1", role="coordinator", command_id=UUID(int=number)
    )
    events = tuple(
        MentorCapacitySet(mentor=MENTOR.format(n), organisation="org:xamk", capacity=c, set_on=date(2019, 3, 5))
        for n, c in enumerate(capacities, 1)
    )
    decision = Decision(events=events, asked=asked, digest=bytes(32), unless=(), after=())
    return (await log.append(decision)).position


async def append_all(log: Log, decisions: Sequence[Sequence[int]], first: int = 1) -> None:
    for number, capacities in enumerate(decisions, first):
        await append(log, *capacities, number=number)
