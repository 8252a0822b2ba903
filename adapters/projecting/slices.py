"""Where the facts come from that are folded: the log in slices that never cut a decision in two."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Protocol
from uuid import UUID

import msgspec
from msgspec import Struct

from application.envelope import EVENTS_MAX, Recorded
from application.ports import Log
from application.registry import EVENT_TYPES
from domain.kernel import Event, name_of
from projections.rows import READ_OF, At, Reading

SLICE_EVENTS = 500
"""A slice of a live follower: at 50,000 events/s it keeps the event loop busy for about 10 ms."""


class Unreadable(Struct, frozen=True):
    """Stands where an event should be that this process cannot decode."""

    event_type: str
    error: str
    """The class of the exception; its text may quote the event, so it is not kept."""

    def concerns(self, wanted: frozenset[type[Event]]) -> bool:
        """Whether it may be among the wanted: an event of an unknown type might be anything."""
        known = EVENT_TYPES.get(self.event_type)
        return known is None or known in wanted


Fact = Event | Reading | Unreadable
Facts = list[tuple[At, Fact]]


class Slice(Struct, frozen=True):
    """All events after one position up to another."""

    facts: Facts
    to: int
    ends: Sequence[int]
    """Positions of the last events of the decisions, ascending; the last is `to`."""

    def about(self, wanted: frozenset[type[Event]]) -> Facts:
        """Only what a projection is about."""
        kinds = wanted.union(reading for reading, event in READ_OF.items() if event in wanted)
        return [
            (at, fact)
            for at, fact in self.facts
            if type(fact) in kinds or (type(fact) is Unreadable and fact.concerns(wanted))
        ]

    def cut(self, upto: int) -> "Slice":
        """The part up to a position, which is the end of a decision or beyond this slice."""
        if upto >= self.to:
            return self
        facts = [(at, fact) for at, fact in self.facts if at.position <= upto]
        return Slice(facts, upto, (*(end for end in self.ends if end < upto), upto))


class Source(Protocol):
    """Anything that gives slices in order."""

    async def after(self, position: int) -> Slice | None:
        """The slice after a position; None when there is nothing yet."""


class LogSlices:
    """The log as slices, the newest few kept, so that followers at one position share one read."""

    def __init__(self, log: Log, *, events: int = SLICE_EVENTS, kept: int = 4) -> None:
        if events <= EVENTS_MAX:
            raise ValueError(f"A slice of {events} events could be shorter than a decision of {EVENTS_MAX}.")
        self._log = log
        self._events = events
        self._kept = kept
        self._recent: OrderedDict[int, Slice] = OrderedDict()

    async def after(self, position: int) -> Slice | None:
        """Raises Unavailable while the log cannot be reached."""
        if position in self._recent:
            return self._recent[position]
        read = await self._read(position)
        if not read:
            return None
        part = _slice(read)
        self._recent[position] = part
        while len(self._recent) > self._kept:
            self._recent.popitem(last=False)
        return part

    async def _read(self, position: int) -> list["_Read"]:
        """Whole decisions only: what was cut off at the limit comes with the next slice."""
        limit = self._events
        try:
            read = [_of(recorded) for recorded in await self._log.read(position, limit=limit)]
        except msgspec.MsgspecError:
            limit = EVENTS_MAX + 1
            read = await self._read_singly(position, limit)
        if len(read) == limit:
            last = read[-1].decision
            while read and read[-1].decision == last:
                read.pop()
        return read

    async def _read_singly(self, position: int, limit: int) -> list["_Read"]:
        """One event at a time, so that the one that cannot be decoded is told from its neighbours."""
        found: list[_Read] = []
        for after in range(position, position + limit):
            try:
                read = await self._log.read(after, limit=1)
                if not read:
                    break
                found.append(_of(read[0]))
            except msgspec.MsgspecError as error:
                body = await self._log.body(after + 1)
                if body is None:
                    break
                at, unreadable = unreadable_at(after + 1, body, error)
                found.append(_Read(at, unreadable, decision_of(body)))
        return found


def unreadable_at(position: int, body: bytes, error: Exception) -> tuple[At, Unreadable]:
    """What stands where an event cannot be decoded."""
    head = _head(body)
    return At(position, head.time), Unreadable(event_type=head.type, error=type(error).__name__)


def decision_of(body: bytes) -> UUID:
    """The command id of an event: the same for all events of one decision."""
    return _head(body).commandid


def time_of(body: bytes) -> datetime:
    """When an event was recorded, also of one that cannot be decoded as a whole."""
    return _head(body).time


def type_of(body: bytes) -> str:
    """The permanent name of an event's type, also of one that this version does not know."""
    return _head(body).type


class _Read(Struct, frozen=True):
    at: At
    fact: Fact
    decision: UUID


class _Head(Struct, frozen=True):
    type: str
    time: datetime
    commandid: UUID


_head = msgspec.json.Decoder(_Head).decode


def _of(recorded: Recorded) -> _Read:
    return _Read(At(recorded.position, recorded.time), recorded.data, recorded.commandid)


def _slice(read: Sequence[_Read]) -> Slice:
    ends = [a.at.position for a, b in pairwise(read) if a.decision != b.decision]
    return Slice(facts=[(r.at, r.fact) for r in read], to=read[-1].at.position, ends=(*ends, read[-1].at.position))


def type_name(fact: Fact) -> str:
    """The permanent name of an event's type, for people who look for a fault."""
    if isinstance(fact, Unreadable):
        return fact.event_type
    return name_of(READ_OF[type(fact)] if isinstance(fact, Reading) else type(fact))
