"""Live, rebuilt and in memory give the same rows, whatever the slices and wherever the process dies."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import psycopg

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog
from adapters.postgres.embedded import Server
from adapters.postgres.follower import Follower, _Taken
from adapters.postgres.read_tables import Connection, ReadTables, live_schema
from adapters.postgres.rebuild import rebuild
from adapters.postgres.views import Views
from adapters.projecting.memory import Memory
from adapters.projecting.slices import Facts, Slice, Source
from application.envelope import Recorded
from domain.kernel import Event
from projections.rows import At, Projection, Record, Rows

Read = dict[type[Record], list[Record]]


class Ground:
    """A network's two schemas to try projections in."""

    def __init__(self, server: Server, network: str) -> None:
        self.server = server
        self.network = network

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        # Not UTC, as a session may be anything: what is read must not depend on it.
        async with await psycopg.AsyncConnection.connect(self.server.app_dsn, autocommit=True) as connection:
            await connection.execute("set synchronous_commit = off")
            await connection.execute("set timezone to 'Asia/Kathmandu'")
            yield connection


class Crash(Exception):
    """The process dies before its commit."""


class Mortal(Follower):
    """Dies before the commit of a write after so many."""

    writes_left = 0
    may_be_refused = False
    """Otherwise a refusal of storage is a mistake of the engine, which careful steps would hide."""

    async def _advance_carefully(self, part: Slice) -> None:
        assert self.may_be_refused
        await super()._advance_carefully(part)

    async def _store(self, taken: _Taken) -> None:
        await super()._store(taken)
        self.writes_left -= 1
        if self.writes_left < 0:
            raise Crash


class Listed:
    """Events of a list as slices of given sizes, over and over; every `together` positions are one decision."""

    def __init__(self, events: Sequence[tuple[At, Event]], cuts: Sequence[int] = (7,), together: int = 1) -> None:
        self.facts: Facts = list(events)
        self.cuts = cuts
        self.together = together
        self.asked = 0

    async def after(self, position: int) -> Slice | None:
        """Give the next events after a position."""
        self.asked += 1
        cut = self.cuts[self.asked % len(self.cuts)] * self.together
        part = [(at, fact) for at, fact in self.facts if at.position > position][:cut]
        if not part:
            return None
        ends = [at.position for n, (at, _) in enumerate(part, 1) if n % self.together == 0 or n == len(part)]
        return Slice(part, part[-1][0].position, tuple(ends))


def in_memory(projection: Projection, events: Sequence[tuple[At, Event]], *, singly: bool = False) -> Memory:
    """Fold in one go, or event by event."""
    memory = Memory(projection)
    own: Facts = [(at, event) for at, event in events if type(event) in projection.facts]
    for part in [[fact] for fact in own] if singly else [own]:
        memory.advance(part, part[-1][0].position if part else 0)
    return memory


def folded(projection: Projection, events: Iterable[Recorded]) -> Memory:
    """Fold what a log holds."""
    return in_memory(projection, [(At(each.position, each.time), each.data) for each in events])


def read(projection: Projection, rows: Rows) -> Read:
    """Everything a projection holds, in key order."""
    return {table: list(rows.under(table)) for table in projection.tables}


def empty_log() -> MemoryLog:
    """A log for where none is read."""
    return MemoryLog("/networks/test", SeededEntropy(0), lambda: datetime(2019, 12, 31, tzinfo=UTC))


async def read_live(ground: Ground, projection: Projection) -> Read:
    views = Views(connect=ground.connection, network=ground.network, log=empty_log())
    return (await views.ask(projection, lambda rows: read(projection, rows))).value


async def follow(
    tables: ReadTables,
    connection: Connection,
    source: Source,
    *,
    crashes: Sequence[int] = (),
    keep: int = 100,
    every: int = 1,
    bulk: bool = False,
    refused: bool = False,
) -> Follower:
    """Follow to the end; a new process after each crash knows nothing but what is stored."""
    for writes in (*crashes, 10**9):
        follower = await Mortal.open(tables, connection, keep=keep, every=every, bulk=bulk)
        follower.writes_left = writes
        follower.may_be_refused = refused
        with suppress(Crash):
            while follower.fault is None and (part := await source.after(follower.reached)):
                await follower.advance(part)
            if follower.fault is None:
                await follower.settle()
            return follower
    raise AssertionError("The last process does not die.")


def assert_same(
    ground: Ground,
    projection: Projection,
    events: Sequence[tuple[At, Event]],
    *,
    cuts: Sequence[int] = (7,),
    crashes: Sequence[int] = (),
    keep: int = 100,
    every: int = 1,
) -> None:
    """Assert that live = rebuilt = in memory.

    `cuts`: sizes of slices, over and over. `crashes`: how many writes each process survives. `keep`: rows held in
    memory. `every`: positions folded before a write.
    """
    expected = read(projection, in_memory(projection, events))
    assert read(projection, in_memory(projection, events, singly=True)) == expected
    asyncio.run(
        _assert_stored(
            ground, projection, events, expected=expected, cuts=cuts, crashes=crashes, keep=keep, every=every
        )
    )


async def _assert_stored(
    ground: Ground,
    projection: Projection,
    events: Sequence[tuple[At, Event]],
    *,
    expected: Read,
    cuts: Sequence[int],
    crashes: Sequence[int],
    keep: int,
    every: int,
) -> None:
    tables = ReadTables(projection, live_schema(ground.network))
    async with ground.connection() as connection:
        for bulk in (True, False):
            await tables.create(connection)
            source = Listed(events, cuts)
            await follow(tables, connection, source, crashes=crashes, keep=keep, every=every, bulk=bulk)
            assert await read_live(ground, projection) == expected
        rebuilt = await rebuild(
            projection,
            connection=connection,
            network=ground.network,
            source=Listed(events, cuts),
            keep=keep,
            every=every,
        )
    assert (rebuilt.differences, rebuilt.fault, rebuilt.swapped) == ((), None, True)
    assert rebuilt.compared_at == rebuilt.position == (events[-1][0].position if events else 0)
    assert await read_live(ground, projection) == expected
