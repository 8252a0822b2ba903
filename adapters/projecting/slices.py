"""Where the facts come from that are folded: the log in slices that never cut a decision in two."""

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from typing import Final, Protocol
from uuid import UUID

import msgspec
from msgspec import Struct

from application.envelope import EVENTS_MAX, UNREADABLE, Recorded
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
GONE: Final = UUID(int=0)
"""Stands for the id of an event that is not there."""


def _not_known(_: int) -> UUID | None:
    """For slices of what is no log."""


class Slice(Struct, frozen=True):
    """All events after one position up to another."""

    facts: Facts
    to: int
    ends: Sequence[int]
    """Positions of the last events of the decisions, ascending; the last is `to`."""
    before: UUID | None = None
    """The id of the event that it comes after; None where that is not known, and at the log's beginning.

    Read together with the slice: whoever folded that event goes on with it, and nobody else."""
    event_at: Callable[[int], UUID | None] = _not_known
    """The id of the event at one of its positions."""

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
        ends = (*(end for end in self.ends if end < upto), upto)
        return Slice(facts, upto, ends, self.before, self.event_at)


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
        before, read = await self._read(position)
        if not read:
            return None
        part = _slice(read, before)
        self._recent[position] = part
        while len(self._recent) > self._kept:
            self._recent.popitem(last=False)
        return part

    async def event_at(self, position: int) -> UUID | None:
        """The id of the event at a position as it is there now: GONE where it has none, None where its bytes do not say it.

        Raises Unavailable.
        """
        body = await self._log.body(position)
        return GONE if body is None else id_of(body)

    @property
    def era(self) -> int:
        """The log's."""
        return self._log.era

    def forget(self) -> None:
        """Keep nothing that was read: the log may be another one."""
        self._recent.clear()

    async def _read(self, position: int) -> tuple[UUID | None, list["_Read"]]:
        """The id of the event at a position, and those after it, read as one.

        Whole decisions only: what was cut off at the limit comes with the next slice.
        """
        first = max(position - 1, 0)
        limit = self._events + position - first
        try:
            read = [_of(recorded) for recorded in await self._log.read(first, limit=limit)]
        except UNREADABLE:
            limit = EVENTS_MAX + 1 + position - first
            read = await self._read_singly(first, limit)
        full, before = len(read) == limit, GONE if position else None
        if position and read and read[0].at.position == position:
            before = read.pop(0).id
        if full:
            last = read[-1].decision
            while read and read[-1].decision == last:
                read.pop()
        return before, read

    async def _read_singly(self, position: int, limit: int) -> list["_Read"]:
        """One event at a time, so that the one that cannot be decoded is told from its neighbours."""
        found: list[_Read] = []
        for after in range(position, position + limit):
            try:
                read = await self._log.read(after, limit=1)
                if not read:
                    break
                found.append(_of(read[0]))
            except UNREADABLE as error:
                body = await self._log.body(after + 1)
                if body is None:
                    break
                at, unreadable = unreadable_at(after + 1, body, error)
                found.append(_Read(at, unreadable, decision_of(body), id_of(body)))
        return found


def unreadable_at(position: int, body: bytes, error: Exception) -> tuple[At, Unreadable]:
    """What stands where an event cannot be decoded."""
    head = _head(body)
    return At(position, head.time), Unreadable(event_type=head.type, error=type(error).__name__)


def decision_of(body: bytes) -> UUID:
    """The command id of an event: the same for all events of one decision."""
    return _head(body).commandid


def id_of(body: bytes) -> UUID | None:
    """The id of an event; None where its bytes do not say it."""
    try:
        return _decode_id(body).id
    except UNREADABLE:
        return None


def time_of(body: bytes) -> datetime:
    """When an event was recorded, also of one that cannot be decoded as a whole; year 1 where its bytes do not say it."""
    return _head(body).time


def type_of(body: bytes) -> str:
    """The permanent name of an event's type, also of one that this version does not know; empty where the bytes say none."""
    return _head(body).type


class _Read(Struct, frozen=True):
    at: At
    fact: Fact
    decision: UUID
    id: UUID | None


class _Head(Struct, frozen=True):
    type: str
    time: datetime
    commandid: UUID


class _Id(Struct, frozen=True):
    id: UUID


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_id = msgspec.json.Decoder(_Id).decode
_TIME: Final = re.compile(rb'\{"sequence":"[0-9]{20}","time":"([0-9T:.-]{26}Z)"')
_TYPE: Final = re.compile(rb'"type":"([a-z0-9_.]{1,200})"')
_COMMAND: Final = re.compile(rb'"commandid":"([0-9a-f-]{36})"')


def _head(body: bytes) -> _Head:
    """What stands first in an event's bytes. Of bytes that are no JSON what can be found: somebody has to be told which these are."""
    try:
        head = _decode_head(body)
    except UNREADABLE:
        head = _found(body)
    return head if head.time.tzinfo else msgspec.structs.replace(head, time=head.time.replace(tzinfo=UTC))


def _found(body: bytes) -> _Head:
    time, name, command = _TIME.match(body), _TYPE.search(body), _COMMAND.search(body)
    at, decision = datetime(1, 1, 1, tzinfo=UTC), UUID(bytes=sha256(body).digest()[:16])
    try:
        at = datetime.fromisoformat(time[1].decode()) if time else at
        decision = UUID(command[1].decode()) if command else decision
    except ValueError:
        pass  # it looks like one and is none
    return _Head(name[1].decode() if name else "", at, decision)


def _of(recorded: Recorded) -> _Read:
    return _Read(At(recorded.position, recorded.time), recorded.data, recorded.commandid, recorded.id)


def _slice(read: Sequence[_Read], before: UUID | None) -> Slice:
    ends = [a.at.position for a, b in pairwise(read) if a.decision != b.decision]
    to = read[-1].at.position

    def event_at(position: int) -> UUID | None:
        return next((r.id for r in reversed(read) if r.at.position == position), None)

    return Slice([(r.at, r.fact) for r in read], to, (*ends, to), before, event_at)


def type_name(fact: Fact) -> str:
    """The permanent name of an event's type, for people who look for a fault."""
    if isinstance(fact, Unreadable):
        return fact.event_type
    return name_of(READ_OF[type(fact)] if isinstance(fact, Reading) else type(fact))
