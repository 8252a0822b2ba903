"""Builds a projection anew beside the live one, says what came out differently, and puts it in the live one's place.

The new generation grows in the schema `<network>_next` while the live one goes on answering. It is compared as of one
position, with the live one held still for that moment. The change of place is one transaction: no reader sees a mixture, and
the position never goes back, but where the live one stood beyond the log's end, which is a place in another history. A new
generation number tells the live one's follower that its rows are no longer those.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from msgspec import Struct
from psycopg import sql

from adapters.postgres.differences import Difference, difference, other_columns
from adapters.postgres.follower import Follower, Standing, standing
from adapters.postgres.read_tables import Connection, ReadTables, advisory_key, live_schema, next_schema
from adapters.projecting.slices import Source
from adapters.projecting.working import Fault
from projections.rows import Projection

KEEP_ROWS = 400_000
"""Rows in memory while rebuilding: at most about 140 MB."""
WRITE_EVENTS = 25_000
"""Twice as many are in memory: those being stored, and those folded meanwhile. More gain nothing."""
LOCK_MILLISECONDS = 2_000
"""How long the change of place waits for readers before it lets them pass and tries again."""
SWAP_ATTEMPTS = 30


class Rebuilt(Struct, frozen=True):
    """What a rebuild led to."""

    projection: str
    position: int
    """Where the new generation stood when it took its place."""
    compared_at: int | None
    """The position at which both generations were compared; None where there was nothing to compare with."""
    differences: tuple[Difference, ...]
    """Only of tables that differ."""
    parked: int
    fault: Fault | None
    """Where the new generation halted. It has taken its place only if that was not before the live one's position."""
    swapped: bool


class RebuildRuns(Exception):
    """Somebody else is rebuilding this projection."""


class _Careful(Exception):
    """Storage refused something in a large write: begin again with small ones, which find the event."""


async def rebuild(
    projection: Projection,
    *,
    connection: Connection,
    network: str,
    source: Source,
    keep: int = KEEP_ROWS,
    every: int = WRITE_EVENTS,
) -> Rebuilt:
    """Rebuild one projection on a connection of its own (autocommit), whether or not the live one is being followed.

    `source`: slices of any size, from the first event on. Raises RebuildRuns; OutOfStep when somebody else
    touched the new generation.
    """
    async with _alone(connection, projection, network):
        live, new = ReadTables(projection, live_schema(network)), ReadTables(projection, next_schema(network))
        await live.prepare(connection)
        work = _Rebuild(connection, live, new, source, keep=keep, every=every)
        try:
            return await work.run(careful=False)
        except _Careful:
            return await work.run(careful=True)


class _Rebuild:
    def __init__(
        self, connection: Connection, live: ReadTables, new: ReadTables, source: Source, *, keep: int, every: int
    ) -> None:
        self.connection, self.live, self.new, self.source = connection, live, new, source
        self.keep, self.every = keep, every
        self.compared_at: int | None = None
        self.differences: tuple[Difference, ...] = ()

    async def run(self, *, careful: bool) -> Rebuilt:
        try:
            return await self._run(careful=careful)
        except (psycopg.DataError, psycopg.IntegrityError, ValueError, TypeError) as error:
            if careful:
                raise
            raise _Careful from error

    async def _run(self, *, careful: bool) -> Rebuilt:
        await self.new.create(self.connection)
        follower = await self._open(careful=careful)
        stands = await self._live()
        await self._follow(follower, stands.position if stands else None)
        await follower.write()
        if stands and await self._alike(stands):
            await self._compare(follower)
        for attempt in range(1, SWAP_ATTEMPTS + 1):
            await self._follow(follower, None)
            await follower.write()
            try:
                return await self._swap(follower)
            except psycopg.errors.LockNotAvailable:
                if attempt == SWAP_ATTEMPTS:
                    raise
                # What it wrote inside the transaction went back with it.
                follower = await self._open(careful=careful)
        raise AssertionError  # the last attempt returns or raises

    async def _open(self, *, careful: bool) -> Follower:
        every = 1 if careful else self.every
        return await Follower.open(self.new, self.connection, keep=self.keep, every=every, bulk=not careful)

    async def _live(self) -> Standing | None:
        return await standing(self.live, self.connection)

    async def _alike(self, stands: Standing) -> bool:
        """Whether the live one has the tables of this version, as it says and as they are."""
        return stands.shape == self.live.shape and not any(
            [await other_columns(self.connection, self.live, self.new, t) for t in self.live.projection.tables]
        )

    async def _follow(self, follower: Follower, upto: int | None) -> None:
        """Go on to a position, or to the head of the log, or to where it halts."""
        try:
            while follower.fault is None and (upto is None or follower.reached < upto):
                part = await self.source.after(follower.reached)
                if part is None:
                    return
                await follower.advance(part if upto is None else part.cut(upto))
        finally:
            await follower.written()  # the connection is this one's again, whatever happened

    async def _compare(self, follower: Follower) -> None:
        """Compare as of the live one's position, which cannot move until this is done."""
        stands = await self._live()
        if stands:
            await self._follow(follower, stands.position)  # most of the gap, while the live one still moves
        async with self.connection.transaction():
            held = await self._hold()
            if held is None:
                return
            await self._follow(follower, held)
            await follower.write()
            if follower.position != held:
                return
            self.compared_at = held
            found = [await difference(self.connection, self.live, self.new, t) for t in self.live.projection.tables]
            self.differences = tuple(d for d in found if not d.none)

    async def _hold(self) -> int | None:
        """Keep the live position where it is until the end of the transaction."""
        query = self.live.qualified("select position from {schema}.projection where name = %s for update")
        row = await (await self.connection.execute(query, (self.live.projection.name,))).fetchone()
        return None if row is None else int(row[0])

    async def _swap(self, follower: Follower) -> Rebuilt:
        name, execute = self.new.projection.name, self.connection.execute
        async with self.connection.transaction():
            await execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(LOCK_MILLISECONDS)))
            held = await self._hold()
            stands = await self._live()
            # A live one of another shape is of no use to this version, however far it is.
            if held is not None and stands and await self._alike(stands):
                await execute(self.live.seize)
                await self._follow(follower, held)
                if follower.reached < held and await self._in_log(stands):
                    return await self._report(follower, swapped=False)  # it halted before: the live one stays
            follower.building = False
            await follower.write()
            report = await self._report(follower, swapped=True)
            for table in self.new.projection.tables:
                await execute(sql.SQL("drop table if exists {}").format(self.live.table(table)))
                move = sql.SQL("alter table {} set schema {}")
                await execute(move.format(self.new.table(table), sql.Identifier(self.live.schema)))
            await self.live.drop_unused(self.connection)
            both = {"live": sql.Identifier(self.live.schema), "next": sql.Identifier(self.new.schema)}
            for statement in _MOVE:
                await execute(sql.SQL(statement).format(**both), {"name": name})
        return report

    async def _in_log(self, stands: Standing) -> bool:
        """Whether the log has the event up to which the live one was folded."""
        part = await self.source.after(stands.position - 1)
        return part is not None and (stands.event is None or part.event_at(stands.position) in {None, stands.event})

    async def _report(self, follower: Follower, *, swapped: bool) -> Rebuilt:
        query = self.new.qualified("select count(*) from {schema}.parked where projection = %s")
        row = await (await self.connection.execute(query, (self.new.projection.name,))).fetchone()
        return Rebuilt(
            projection=self.new.projection.name,
            position=follower.reached,
            compared_at=self.compared_at,
            differences=self.differences,
            parked=row[0] if row else 0,
            fault=follower.fault,
            swapped=swapped,
        )


_MOVE = (
    """
insert into {live}.projection as l (name, generation, position, state, fault, shape, event)
select name, 1, position, state, fault, shape, event from {next}.projection where name = %(name)s
on conflict (name) do update set generation = l.generation + 1, position = excluded.position, state = excluded.state,
    fault = excluded.fault, shape = excluded.shape, updated_at = clock_timestamp(), event = excluded.event
""",
    "delete from {live}.parked where projection = %(name)s",
    "insert into {live}.parked select * from {next}.parked where projection = %(name)s",
    "delete from {next}.parked where projection = %(name)s",
    "delete from {next}.projection where name = %(name)s",
)


@asynccontextmanager
async def _alone(connection: Connection, projection: Projection, network: str) -> AsyncIterator[None]:
    """Hold the lock of the rebuild of one projection: it ends with the connection at the latest."""
    key = (advisory_key("tasma rebuild", network, projection.name),)
    row = await (await connection.execute("select pg_try_advisory_lock(%s)", key)).fetchone()
    if not row or not row[0]:
        raise RebuildRuns(f"Projection {projection.name} is being rebuilt already; wait for that to end.")
    try:
        yield
    finally:
        if not connection.closed:
            await connection.execute("select pg_advisory_unlock(%s)", key)
