"""Keeps every projection of a network at the head of its log.

Any number of processes may run it; one of them leads. The leader is who holds a session lock on the connection it writes
with, so it cannot write after it lost the lock, and when it dies PostgreSQL itself lets the next one in. (Behind PgBouncer
that needs session mode.) When its backend falls silent instead, it hangs up, and a session that answers stands in for it. Should
two lead all the same, the fence of each projection lets one of them move it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psycopg
import structlog

from adapters.postgres.database import conninfo
from adapters.postgres.follower import KEEP_ROWS, standing
from adapters.postgres.following import Following, heed_cancellation
from adapters.postgres.impatient import Impatient
from adapters.postgres.read_tables import Connection, ReadTables, live_schema
from adapters.postgres.rebuild import Rebuilt, rebuild
from adapters.postgres.seat import Displaced, Seat
from adapters.projecting.pages import PageSlices
from adapters.projecting.slices import SLICE_EVENTS, LogSlices
from application.ports import Log, Unavailable
from projections.rows import Projection

WAIT_SECONDS = 1.0
"""How long the leader waits for news at a time, and how often it makes sure that it still has its connection."""
ASK_SECONDS = 1.0
"""How often another process asks whether the leader has gone."""
BACKOFF_SECONDS, BACKOFF_SECONDS_MAX = 0.1, 5.0
POLL_SECONDS = 0.05
LOCK_MILLISECONDS = 5_000
"""How long a statement waits for a row or table that another session holds: much shorter than for a server that says nothing."""
REBUILD_SILENT_SECONDS = 900.0
"""How long one statement of a rebuild may take, such as a comparison of two large tables; the whole of it takes what it takes."""

_DONE = ("following", True)
_log = structlog.get_logger(__name__)


class Leader:
    """Follows the log with all projections of one network, when this process leads."""

    def __init__(
        self,
        *,
        dsn: str,
        network: str,
        log: Log,
        projections: Sequence[Projection],
        slice_events: int = SLICE_EVENTS,
        keep: int = KEEP_ROWS,
    ) -> None:
        self.leads = False
        self._dsn = conninfo(dsn, "tasma projections")
        self._network = network
        self._log = log
        self._tables = [ReadTables(p, live_schema(network)) for p in projections]
        self._slice_events = slice_events
        self._keep = keep
        self._seat = Seat("tasma projections", network)

    async def run(self) -> None:
        """Follow until cancelled, through lost connections, restarts of the database and mistakes of ours."""
        clock, pause = asyncio.get_running_loop().time, BACKOFF_SECONDS
        while True:
            began = clock()
            try:
                async with self._connection() as connection:
                    while not await self._lead(connection):
                        pause = BACKOFF_SECONDS
                        await asyncio.sleep(ASK_SECONDS)
                    async with self._following(connection) as following:
                        await self._forever(connection, following)
            except (psycopg.OperationalError, psycopg.InterfaceError, Unavailable, Displaced) as error:
                heed_cancellation()
                _log.warning("projections_interrupted", network=self._network, error=type(error).__name__)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is heard of and tried again
                heed_cancellation()
                _log.exception("projections_failed", network=self._network, error=type(error).__name__)
            if clock() - began > BACKOFF_SECONDS_MAX:
                pause = BACKOFF_SECONDS
            await asyncio.sleep(pause)
            pause = min(pause * 2, BACKOFF_SECONDS_MAX)

    async def catch_up_once(self, seconds: float = 60.0) -> int:
        """Bring every projection that does not halt to where the log ends now; the answer is that position.

        Leads for that time if nobody does, else waits for the one who leads. Raises Unavailable when the time is up.
        """
        head = (await self._log.head()).position
        try:
            async with asyncio.timeout(seconds), self._connection() as connection:
                while not await self._lead(connection):
                    if await self._reached(connection, head):
                        return head
                    await asyncio.sleep(POLL_SECONDS)
                async with self._following(connection) as following:
                    while not await following.catch_up(head):  # noqa: ASYNC110 - what rests or is rebuilt says nothing
                        await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise Unavailable(f"The read models have not reached position {head} within {seconds:g} s.") from None
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise Unavailable(f"The read models cannot be reached ({type(error).__name__}).") from error
        return head

    async def _forever(self, connection: Connection, following: Following) -> None:
        clock = asyncio.get_running_loop().time
        head, answered = (await self._log.head()).position, clock()
        while True:
            settled = await following.catch_up(head)
            # Its listener listened before this reads, so nothing that was committed in between is slept over.
            head = await self._log.wait(head, WAIT_SECONDS if settled else POLL_SECONDS)
            if clock() - answered >= WAIT_SECONDS:
                # The lock goes with the connection, and who has nothing to write would not hear that another leads now.
                await following.ask(head)
                await self._seat.keep(connection)
                answered = clock()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        async with await Impatient.held(self._dsn) as connection:
            # Rows and position are lost together, if at all: a crash costs a little refolding, never a difference.
            await connection.execute("set synchronous_commit = off")
            await connection.execute("set timezone to 'UTC'")
            await connection.execute(f"set lock_timeout = {LOCK_MILLISECONDS}")
            try:
                yield connection
            finally:
                self.leads = False

    @asynccontextmanager
    async def _following(self, connection: Connection) -> AsyncIterator[Following]:
        following = Following(
            connection, self._tables, LogSlices(self._log, events=self._slice_events), self._rebuild, keep=self._keep
        )
        try:
            yield following
        finally:
            await following.close()

    async def _lead(self, connection: Connection) -> bool:
        self.leads = await self._seat.take(connection)
        return self.leads

    async def _reached(self, connection: Connection, head: int) -> bool:
        """Whether every projection stands at a position, or was halted before it by the one who leads."""
        try:
            stands = [await standing(tables, connection) for tables in self._tables]
        except psycopg.errors.UndefinedTable:
            return False
        return all(
            s is not None
            and s.shape == tables.shape
            and (s.state == "halted" or (s.state, s.position >= head) == _DONE)
            for s, tables in zip(stands, self._tables, strict=True)
        )

    async def _rebuild(self, projection: Projection) -> Rebuilt:
        source = PageSlices(self._log, projection.facts, projection.readings)
        async with await Impatient.held(self._dsn, silent_seconds=REBUILD_SILENT_SECONDS) as connection:
            return await rebuild(projection, connection=connection, network=self._network, source=source)
