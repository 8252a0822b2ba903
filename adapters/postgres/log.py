"""The log of one network in PostgreSQL. The rules are in the SQL (`migrations/`); here is who calls it and what comes back."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal, Self
from uuid import UUID

import msgspec
from msgspec import Struct
from psycopg.types.numeric import Int4, Int8

from adapters.postgres.database import Database, statement
from adapters.postgres.listener import Listener
from application.envelope import Entropy, Recorded, Unplaced, decode, encode
from application.ports import (
    ClockAhead,
    ClockBehind,
    CommandIdReused,
    Decision,
    Head,
    History,
    Outcome,
    Placed,
    Raced,
)
from domain.kernel import Boundary, Criterion, name_of
from domain.network.events import NetworkFounded

ATTEMPTS: Final = 5
"""How often a statement is sent while its connections die."""

_LOOK = "select place, bytes from {schema}.look(%s::jsonb)"
_APPEND = """
select outcome, last, clock, stored from {schema}.append(
    %s, %s, %s, %s::jsonb, %s, %s::text[], %s::bytea[], %s::text[], %s::int[], %s::boolean
)
"""
_RECALL = """
select c.digest, array(
    select e.data from {schema}.event e where e.position > c.last - c.n and e.position <= c.last order by e.position
)
from {schema}.command c where c.id = %s
"""
_READ = "select data from {schema}.event where position > %s order by position limit %s"
_BODY = "select data from {schema}.event where position = %s"
_HEAD = """
select coalesce(e.position, 0), e.at, coalesce(n.constructed, false)
from (select) one
left join (select l.position, l.at from {schema}.event l order by l.position desc limit 1) e on true
left join {schema}.network n on n.one
"""
_LAST_BEFORE = "select {schema}.last_before(%s::timestamptz)"

_AppendOutcome = Literal["placed", "repeated", "reused", "ahead", "behind", "raced"]


class PostgresLog:
    """Implements `application.ports.Log`. Close it, or use it as an asynchronous context manager.

    source: the CloudEvents source of its events, "/networks/<name>".
    """

    def __init__(self, database: Database, schema: str, source: str, entropy: Entropy) -> None:
        self._database = database
        self._source = source
        self._entropy = entropy
        self._listener = Listener(database, schema)
        self._look = statement(_LOOK, schema)
        self._append = statement(_APPEND, schema)
        self._recall = statement(_RECALL, schema)
        self._read = statement(_READ, schema)
        self._body = statement(_BODY, schema)
        self._head = statement(_HEAD, schema)
        self._last_before = statement(_LAST_BEFORE, schema)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop listening. The database stays open: it belongs to who opened it."""
        await self._listener.close()

    async def look(self, boundary: Boundary) -> History:
        (head, _), *found = await self._database.rows(self._look, (_items(boundary),), attempts=ATTEMPTS)
        return History(events=tuple(decode(body) for _, body in found), head=head)

    async def append(self, decision: Decision) -> Outcome:
        """Append all events or none, in one round trip; see `application.ports.Log.append` for what it raises.

        When the connection dies, nobody knows whether the decision was committed. The very same call is sent again: its first
        question is whether this command id was recorded, and under the lock there is no third possibility.
        """
        asked = decision.asked
        unplaced = encode(decision.events, asked, self._source, self._entropy)
        tags = [(tag, ordinal) for ordinal, event in enumerate(unplaced, 1) for tag in event.tags]
        parameters = (
            asked.command_id,
            decision.digest,
            asked.at,
            _items(decision.unless),
            Int8(decision.after),
            [event.type for event in unplaced],
            [event.body for event in unplaced],
            [tag for tag, _ in tags],
            [Int4(ordinal) for _, ordinal in tags],
            next((event.constructed for event in decision.events if isinstance(event, NetworkFounded)), None),
        )
        (row,) = await self._database.rows(self._append, parameters, attempts=ATTEMPTS)
        outcome: _AppendOutcome = row[0]
        last, clock, stored = row[1:]
        match outcome:
            case "placed":
                return _placed(unplaced, last)
            case "repeated":
                return _stored(stored, own=unplaced[0].id)
            case "reused":
                raise CommandIdReused
            case "ahead":
                raise ClockAhead(asked.at, clock.astimezone(UTC))
            case "behind":
                raise ClockBehind(asked.at, clock.astimezone(UTC))
            case "raced":
                raise Raced

    async def recall(self, command_id: UUID, digest: bytes) -> Outcome | None:
        for known, stored in await self._database.rows(self._recall, (command_id,), attempts=ATTEMPTS):
            if known != digest:
                raise CommandIdReused
            return _stored(stored)
        return None

    async def read(self, after: int, *, limit: int) -> Sequence[Recorded]:
        rows = await self._database.rows(self._read, (Int8(after), Int8(limit)), attempts=ATTEMPTS)
        return tuple(decode(body) for (body,) in rows)

    async def body(self, position: int) -> bytes | None:
        rows = await self._database.rows(self._body, (Int8(position),), attempts=ATTEMPTS)
        return next((body for (body,) in rows), None)

    async def head(self) -> Head:
        ((position, time, constructed),) = await self._database.rows(self._head, attempts=ATTEMPTS)
        return Head(position=position, time=time and time.astimezone(UTC), constructed=constructed)

    async def last_before(self, moment: datetime) -> int:
        ((position,),) = await self._database.rows(self._last_before, (moment,), attempts=ATTEMPTS)
        return int(position)

    async def wait(self, after: int, seconds: float) -> int:
        try:
            async with asyncio.timeout(seconds):
                return await self._listener.beyond(after)
        except TimeoutError:
            return (await self.head()).position


class _Item(Struct, frozen=True, omit_defaults=True):
    types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


_encode_items = msgspec.json.Encoder().encode


def _items(boundary: Boundary) -> str:
    """A boundary as the SQL function `matching` reads it."""
    return _encode_items([_item(criterion) for criterion in boundary]).decode()


def _item(criterion: Criterion) -> _Item:
    return _Item(types=tuple(name_of(event) for event in criterion.types), tags=criterion.tags)


class _Stored(Struct, frozen=True):
    """What an outcome needs to know of an event, also of one whose type this version does not know."""

    sequence: str
    id: UUID
    type: str


_decode_stored = msgspec.json.Decoder(_Stored).decode


def _placed(unplaced: Sequence[Unplaced], last: int) -> Outcome:
    first = last - len(unplaced) + 1
    events = tuple(Placed(position=p, id=e.id, type=e.type) for p, e in enumerate(unplaced, first))
    return Outcome(position=last, events=events, repeated=False)


def _stored(bodies: Sequence[bytes], own: UUID | None = None) -> Outcome:
    """The outcome recorded before; no repeat where the events are those that this very call had sent."""
    stored = [_decode_stored(body) for body in bodies]
    events = tuple(Placed(position=int(e.sequence), id=e.id, type=e.type) for e in stored)
    return Outcome(position=events[-1].position, events=events, repeated=events[0].id != own)
