"""Decisions for tests of the log: real event types, ids counted."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import count
from uuid import UUID

from adapters.clock import system_clock
from application.ports import Decision
from domain.kernel import Asked, Boundary, Event
from domain.mentoring.events import MenteeAssigned, MenteeReleased, MentorCapacitySet
from domain.network.events import NetworkFounded
from domain.words import Names

DAY = date(2019, 3, 5)
NINE = datetime(2019, 3, 5, 9, 0, 0, 123456, tzinfo=UTC)

_numbers: Iterator[int] = count(1)


def command_id(number: int | None = None) -> UUID:
    """A command id: this one, or one not used before in this process."""
    return UUID(int=(7 << 76) | (2 << 62) | (next(_numbers) if number is None else 1_000_000 + number))


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def decision(
    *events: Event,
    unless: Boundary = (),
    after: int | Sequence[int] = 0,
    at: datetime | None = None,
    command: UUID | None = None,
    body: str = "body",
) -> Decision:
    """What to append; without a time of its own it is asked now. `after`: of all criteria, or of each."""
    asked = Asked(
        at=at or system_clock(),
        actor="person:1",
        role="coordinator",
        command_id=command or command_id(),
        organisation="org:xamk",
    )
    known = (after,) * len(unless) if isinstance(after, int) else tuple(after)
    return Decision(events=events, asked=asked, digest=digest(body), unless=unless, after=known)


def founded(*, constructed: bool) -> NetworkFounded:
    return NetworkFounded(
        network="test",
        name=Names(fi="Verkosto ä"),
        first_period="2019-01",
        constructed=constructed,
        founded_on=DAY,
    )


def assigned(mentor: int = 1, client: int = 1) -> MenteeAssigned:
    return MenteeAssigned(mentor=f"mentor:{mentor}", client=f"client:{client}", assigned_on=DAY, parties=("org:xamk",))


def released(mentor: int = 1, client: int = 1) -> MenteeReleased:
    return MenteeReleased(
        mentor=f"mentor:{mentor}",
        client=f"client:{client}",
        reason="handed-over",
        released_on=DAY,
        parties=("org:xamk",),
    )


def capacity(mentor: int = 1, number: int = 3) -> MentorCapacitySet:
    return MentorCapacitySet(
        mentor=f"mentor:{mentor}", organisation="org:xamk", capacity=number, set_on=date(2019, 3, 5)
    )
