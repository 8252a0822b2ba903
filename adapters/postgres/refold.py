"""A projection folded once more from the log, to ask it what the log gives and to hold the live tables against it.

It is a rebuild that takes nobody's place: its tables belong to one session, nobody else sees them, and they go with it. No live
row is read for it, and the memory it needs does not grow with the log.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import psycopg
from msgspec import Struct
from psycopg import AsyncCursor, errors

from adapters.postgres.conversing import Face, converse
from adapters.postgres.database import Row
from adapters.postgres.differences import SAMPLES, Difference, difference, other_columns
from adapters.postgres.follower import UNREADABLE_FAULT, Follower, Standing, standing
from adapters.postgres.read_tables import Connection, ReadTables, live_schema
from adapters.postgres.rebuild import KEEP_ROWS, WRITE_EVENTS
from adapters.projecting.asking import Answer
from adapters.projecting.pages import PageSlices
from adapters.projecting.working import Fault
from application.ports import Log, Unavailable
from domain.kernel import Refused
from projections.rows import Projection, Rows

T = TypeVar("T")

_TEMPORARY: Final = "pg_temp"
"""What PostgreSQL calls the schema of a session's own tables."""
_REFUSED: Final = (psycopg.DataError, psycopg.IntegrityError, ValueError, TypeError)
"""What storing a large piece may say: begun again in small ones, the event is found that cannot be stored."""


_THERE: Final = """
select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = %s and c.relname::text = any (%s::text[]) and c.relkind in ('r', 'p', 'v', 'm', 'f')
"""
_PARKED: Final = "(select position from {schema}.parked where projection = %s)"
_PARKED_ONCE: Final = """
select coalesce(o.position, n.position) as at, n.position is null
from {live} o full join {given} n on n.position = o.position
where o.position is null or n.position is null order by at limit %s
"""


class NoTablesOfItsOwn(Refused):
    """The database keeps its users from temporary tables."""

    def __init__(self, projection: str) -> None:
        super().__init__(
            f"Projection {projection} cannot be compared with the log: the application's role may make no temporary tables. "
            "`grant temporary on database` gives it that right."
        )


class Compared(Struct, frozen=True):
    """What came out when the live tables of a projection were held against the log."""

    live: int
    """The position at which they stand."""
    reached: int
    """How far the fold came: before that position where it halted, or where the log ends."""
    fault: Fault | None
    """Why it halted."""
    differences: tuple[Difference, ...]
    """Only of tables that differ; the old rows are the live ones, the new ones those that the log gives."""
    parked: tuple[tuple[int, bool], ...]
    """At most five positions of events that were left out on one side only, and whether it was on the live one."""
    unreadable: Fault | None
    """What is kept of why it halted, where that cannot be read."""


class NotCompared(Struct, frozen=True):
    """Why the live tables of a projection cannot be held against the log."""

    why: str
    built: bool
    """Whether something of it is there: then it has to be built anew before anybody may rely on it."""


class Refold:
    """One projection in tables of one session. Made by `refolded`."""

    def __init__(self, projection: Projection, connection: Connection, network: str, log: Log) -> None:
        self._connection, self._network, self._log = connection, network, log
        self._live = ReadTables(projection, live_schema(network))
        self._tables = ReadTables(projection, _TEMPORARY)
        self._careful = False
        self._follower: Follower | None = None
        self._source: PageSlices | None = None

    @property
    def keys(self) -> Mapping[str, tuple[str, ...]]:
        """The names of each table's key."""
        return {self._live.names[table]: keys for table, keys in self._live.keys.items()}

    async def ask(self, question: Callable[[Rows], T], *, as_of: int) -> T:
        """What the log gives as of a position. Forward it folds on, back it begins anew.

        Raises Unavailable and NoTablesOfItsOwn.
        """
        follower = await self._upto(as_of)
        if follower.fault:
            raise Unavailable(f"As of position {as_of}: {follower.fault.sentence}")
        if follower.reached < as_of:
            raise Unavailable(f"The log ends at position {follower.reached}, before position {as_of}.")
        face = Face(self._tables, self._network)
        async with self._connection.pipeline(), self._connection.transaction():
            stands = await self._stands(self._tables)
            answer = await converse(self._connection, face, question, stands, lambda *_: None)
        if not isinstance(answer, Answer):
            raise Unavailable(answer)
        return answer.value

    async def compare(self) -> Compared | NotCompared:
        """Compare the live tables with the log as of where they stand, if they are all there in this version's shape.

        Raises NoTablesOfItsOwn.
        """
        execute = self._connection.execute
        # Most of the way while nobody waits: from the lock on no rebuilt generation can take the live one's place.
        stands = await self._live_standing()
        if isinstance(stands, NotCompared):
            return stands
        await self._upto(stands.position)
        async with self._connection.transaction():
            await execute("set transaction isolation level repeatable read")
            await execute(self._live.share)  # before the snapshot, which the next statement takes
            return await self._compare(await self._live_standing())

    async def _compare(self, stands: Standing | NotCompared) -> Compared | NotCompared:
        """Compare what nobody can put another generation in place of."""
        if isinstance(stands, NotCompared):
            return stands
        follower = await self._upto(stands.position)
        tables = self._live.projection.tables
        for table in tables:
            if others := await other_columns(self._connection, self._live, self._tables, table):
                why = f"its table {self._live.names[table]} has other columns: {', '.join(others)}"
                return NotCompared(why, built=True)
        found: Sequence[Difference] = ()
        parked: tuple[tuple[int, bool], ...] = ()
        if follower.reached == stands.position:
            found = [await difference(self._connection, self._live, self._tables, t) for t in tables]
            parked = await self._parked()
        differing = tuple(each for each in found if not each.none)
        unreadable = stands.fault if stands.fault and stands.fault.error == UNREADABLE_FAULT else None
        return Compared(stands.position, follower.reached, follower.fault, differing, parked, unreadable)

    async def _live_standing(self) -> Standing | NotCompared:
        if missing := await self._missing():
            return missing
        try:
            async with self._connection.transaction():
                stands = await standing(self._live, self._connection)
        except errors.UndefinedColumn:
            stands = None
        if stands is None:
            return NotCompared(
                "its tables are there, and where they stand is not recorded or cannot be read", built=True
            )
        if stands.shape != self._live.shape:
            return NotCompared("it was built by a version with other tables", built=True)
        return stands

    async def _missing(self) -> NotCompared | None:
        """What is not there of the tables that it is kept in."""
        names = ["projection", "parked", *self._live.names.values()]
        found = await self._connection.execute(_THERE, (self._live.schema, names))
        there = {name async for (name,) in found}
        if not there.intersection(self._live.names.values()):
            return NotCompared("it was never built here", built=False)
        if missing := [name for name in names if name not in there]:
            return NotCompared(f"what it is kept in is not there: {', '.join(missing)}", built=True)
        return None

    async def _parked(self) -> tuple[tuple[int, bool], ...]:
        """Events that were left out only here or only there."""
        live, given = (tables.qualified(_PARKED).decode() for tables in (self._live, self._tables))
        query = _PARKED_ONCE.format(live=live, given=given).encode()
        name = self._live.projection.name
        return tuple(await (await self._connection.execute(query, (name, name, SAMPLES))).fetchall())

    async def _upto(self, position: int) -> Follower:
        """The follower at a position, or where it halted before it, or at the log's end."""
        if self._follower and self._follower.reached > position:
            self._follower = None
        try:
            return await self._follow(position)
        except _REFUSED:
            if self._careful:
                raise
            self._careful, self._follower = True, None
            return await self._follow(position)

    async def _follow(self, position: int) -> Follower:
        if self._follower is None or self._source is None:
            self._follower, self._source = await self._begin()
        follower = self._follower
        try:
            while follower.fault is None and follower.reached < position:
                part = await self._source.after(follower.reached)
                if part is None:
                    break
                await follower.advance(part.cut(position))
        finally:
            await follower.written()  # the connection is this one's again, whatever happened
        await follower.write()
        return follower

    async def _begin(self) -> tuple[Follower, PageSlices]:
        projection = self._tables.projection
        try:
            await self._tables.create(self._connection)
        except errors.InsufficientPrivilege as error:
            raise NoTablesOfItsOwn(projection.name) from error
        every = 1 if self._careful else WRITE_EVENTS
        follower = await Follower.open(
            self._tables, self._connection, keep=KEEP_ROWS, every=every, bulk=not self._careful
        )
        return follower, PageSlices(self._log, projection.facts, projection.readings)

    async def _stands(self, tables: ReadTables) -> AsyncCursor[Row]:
        return await self._connection.execute(tables.stands, (tables.projection.name,), prepare=True)


@asynccontextmanager
async def refolded(projection: Projection, connection: Connection, network: str, log: Log) -> AsyncIterator[Refold]:
    """Fold on a connection (autocommit) that is lent for as long as the block lasts; nothing of it stays there."""
    await connection.execute("set timezone to 'UTC'")
    try:
        yield Refold(projection, connection, network, log)
    finally:
        try:
            await connection.execute("discard temporary")
            await connection.execute("reset timezone")
        except psycopg.Error:
            await connection.close()
