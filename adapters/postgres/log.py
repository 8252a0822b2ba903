"""The log of one network in PostgreSQL. The rules are in the SQL (`migrations/`); here is who calls it and what comes back."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Self
from uuid import UUID

import structlog
from psycopg.types.numeric import Int8

from adapters.postgres.anchor import Anchor
from adapters.postgres.appending import Appending, Overtaken, ready
from adapters.postgres.database import Database, statement
from adapters.postgres.gathering import Gathering
from adapters.postgres.listener import Listener
from adapters.postgres.looking import Looking
from adapters.postgres.page_store import unpacked
from adapters.postgres.recalling import Recalling
from application.envelope import Entropy, Recorded, decode, encode
from application.ports import CommandIdReused, Decision, Head, History, Outcome, Raced
from application.registry import EVENT_TYPES
from domain.kernel import Boundary

logger = structlog.get_logger()

ATTEMPTS: Final = 5
"""How often a statement is sent while its connections die."""

_READ = "select data from {schema}.event where position > %s order by position limit %s"
_PAGES = """
select array_agg(p.n order by p.n), array_agg(p.body order by p.n)
from (select n, body from {schema}.page where n >= %s order by n limit %s) p
"""
"""In one row: the driver wakes up for every few kilobytes of rows, and takes in a long one at once."""
_BODY = "select data from {schema}.event where position = %s"
# A time that no event can have is none: it could not be read here. Whoever audits the log names it.
_HEAD = """
select
    coalesce(e.position, 0),
    case when e.at >= '0001-01-02Z' and e.at < '9999-12-31Z' then e.at end,
    coalesce(n.constructed, false)
from (select) one
left join (select l.position, l.at from {schema}.event l order by l.position desc limit 1) e on true
left join {schema}.network n on n.one
"""
_LAST_BEFORE = "select {schema}.last_before(%s::timestamptz)"


class PostgresLog:
    """Implements `application.ports.Log`. Close it, or use it as an asynchronous context manager.

    source: the CloudEvents source of its events, "/networks/<name>". catalogue: how many event versions this process knows.
    """

    def __init__(
        self, database: Database, schema: str, source: str, entropy: Entropy, *, catalogue: int = len(EVENT_TYPES)
    ) -> None:
        self._database = database
        self._source = source
        self._entropy = entropy
        self._listener = Listener(database, schema)
        self._anchor = Anchor()
        self._appending = Appending(database.info, schema, catalogue, self._anchor)
        self._looking = Looking(database.info, schema, self._anchor)
        self._recalling = Recalling(database.info, schema)
        self.appends = Gathering("appends", self._appending.carry)
        self.looks = Gathering("looks", self._looking.carry)
        self.recalls = Gathering("recalls", self._recalling.carry)
        self._read = statement(_READ, schema)
        self._pages = statement(_PAGES, schema)
        self._body = statement(_BODY, schema)
        self._head = statement(_HEAD, schema)
        self._last_before = statement(_LAST_BEFORE, schema)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def era(self) -> int:
        return self._anchor.era

    async def close(self) -> None:
        """Stop listening and gathering. The database stays open: it belongs to who opened it."""
        await self._listener.close()
        for gathering, work in (
            (self.appends, self._appending),
            (self.looks, self._looking),
            (self.recalls, self._recalling),
        ):
            await gathering.close()
            await work.close()

    async def look(self, boundary: Boundary) -> History:
        head, bodies = await self.looks.ask(boundary)
        return _history(head, bodies)

    async def append(self, decision: Decision) -> Outcome:
        """Append all events or none, together with what others append; see `application.ports.Log.append` for what it raises.

        When the connection dies, nobody knows whether the decision was committed. The very same call is sent again: its first
        question is whether this command id was recorded, and under the lock there is no third possibility.
        """
        unplaced = encode(decision.events, decision.asked, self._source, self._entropy)
        try:
            return await self.appends.ask(ready(decision, unplaced))
        except Overtaken as overtaken:
            self.appends.raced += 1
            raise Raced(_history(overtaken.head, overtaken.bodies)) from None

    async def recall(self, command_id: UUID, digest: bytes) -> Outcome | None:
        found = await self.recalls.ask(command_id)
        if found is None:
            return None
        known, outcome = found
        if known != digest:
            raise CommandIdReused
        return outcome

    async def read(self, after: int, *, limit: int) -> Sequence[Recorded]:
        return tuple(map(decode, await self.bodies(after, limit=limit)))

    async def bodies(self, after: int, *, limit: int) -> Sequence[bytes]:
        rows = await self._database.rows(self._read, (Int8(after), Int8(limit)), attempts=ATTEMPTS)
        return tuple(body for (body,) in rows)

    async def pages(self, first: int, *, limit: int) -> Sequence[bytes]:
        return [lines for _, lines in await self._stored_pages(first, limit)]

    async def packed_pages(self, first: int, *, limit: int) -> Sequence[bytes]:
        return [body for body, _ in await self._stored_pages(first, limit)]

    async def _stored_pages(self, first: int, limit: int) -> list[tuple[bytes, bytes]]:
        """Pages as they are stored, and the lines in them."""
        ((numbers, bodies),) = await self._database.rows(self._pages, (Int8(first), Int8(limit)), attempts=ATTEMPTS)
        pages = list[tuple[bytes, bytes]]()
        for n, (number, body) in enumerate(zip(numbers or (), bodies or (), strict=True), first):
            lines = unpacked(body) if number == n else None
            if lines is None:  # it is missing or damaged: whoever reads goes on with rows
                if number == n:
                    logger.error("page.damaged", page=n, way_out="tasma audit verify --repair")
                break
            pages.append((body, lines))
        return pages

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


def _history(head: int, bodies: Sequence[bytes]) -> History:
    return History(events=tuple(map(decode, bodies)), head=head)
