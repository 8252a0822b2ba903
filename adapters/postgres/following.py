"""What a leader does: moves all projections of a network forward in turns, on one connection.

Each gets one slice at a time, so that one that starts from nothing does not hold up the others, and what one of them runs
into stays its own: a poison event halts or parks it, any other failure lets it rest and try again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import psycopg
import structlog

from adapters.postgres.follower import Follower, Standing, standing
from adapters.postgres.read_tables import Connection, ReadTables
from adapters.postgres.rebuild import Rebuilt
from adapters.projecting.slices import GONE, LogSlices
from application.ports import OutOfStep, Unavailable
from projections.rows import Projection

REST_SECONDS = 5.0
"""How long a projection rests that failed for a reason that is no event's fault, such as a table that was dropped."""

_log = structlog.get_logger(__name__)


class RebuildFailed(Exception):
    """The rebuild that a projection waited for came to nothing."""

    def __init__(self, projection: str) -> None:
        super().__init__(f"The rebuild of projection {projection} failed.")


class Following:
    """The followers of one leader. It ends with the connection."""

    def __init__(
        self,
        connection: Connection,
        tables: Sequence[ReadTables],
        source: LogSlices,
        rebuild: Callable[[Projection], Awaitable[Rebuilt]],
        *,
        keep: int,
    ) -> None:
        self._connection = connection
        self._tables = tables
        self._source = source
        self._rebuild = rebuild
        self._keep = keep
        self._followers: dict[str, Follower] = {}
        self._rebuilds: dict[str, asyncio.Task[None]] = {}
        self._resting: dict[str, float] = {}
        self._prepared = False
        self._era = source.era

    async def catch_up(self, head: int) -> bool:
        """Move every projection to a position that the log has reached, or beyond.

        False while one of them still has to be rebuilt or rests. Raises Unavailable and OperationalError when the log or
        the connection is lost.
        """
        if not self._prepared and self._tables:
            await self._tables[0].prepare(self._connection)
            self._prepared = True
        if self._era != self._source.era:
            # The log turned out to be another one: each is opened anew, which finds out whether it can go on.
            self._era = self._source.era
            self._followers.clear()
            self._source.forget()
        moved = True
        while moved:
            moved = False
            for tables in self._tables:
                moved |= await self._step_alone(tables, head)
        return not self._rebuilds and not self._resting

    async def ask(self, head: int) -> None:
        """Make sure that the connection is there and that each projection still stands where its follower left it, in the log.

        One that was moved is opened anew at its next turn, and so is one beyond the head: it may only have been quicker than
        the news, or the log was cut. Raises Unavailable and OperationalError when the log or the connection is lost.
        """
        if not self._tables:
            return
        query = self._tables[0].qualified("select name, position from {schema}.projection")
        for name, position in await (await self._connection.execute(query)).fetchall():
            follower = self._followers.get(name)
            if follower is None:
                continue
            if follower.position != position:
                _log.info(
                    "projection_moved", projection=name, why=f"it stands at {position}, not at {follower.position}"
                )
                del self._followers[name]
            elif position > head and await self._source.event_at(position) == GONE:
                _log.info("projection_moved", projection=name, why=_beyond(position))
                del self._followers[name]
                self._source.forget()

    async def close(self) -> None:
        """Stop what runs beside."""
        for task in self._rebuilds.values():
            task.cancel()
        await asyncio.gather(*self._rebuilds.values(), return_exceptions=True)

    async def _step_alone(self, tables: ReadTables, head: int) -> bool:
        """Move one projection by one slice; whatever it fails of does not reach the others."""
        heed_cancellation()
        name, now = tables.projection.name, asyncio.get_running_loop().time()
        if self._resting.get(name, now) > now:
            return False
        self._resting.pop(name, None)
        try:
            return await self._step(tables, head)
        except OutOfStep as moved:  # by a rebuild, another leader or another log: start again from what is stored
            _log.info("projection_moved", projection=name, why=str(moved))
            self._followers.pop(name, None)
            self._source.forget()
            return True
        except psycopg.errors.LockNotAvailable:
            # A rebuild compares, or a session that hangs holds its row: the others need not wait for that.
            _log.warning("projection_held", projection=name, seconds=REST_SECONDS)
            self._followers.pop(name, None)
            self._resting[name] = asyncio.get_running_loop().time() + REST_SECONDS
            return False
        except (Unavailable, psycopg.OperationalError, psycopg.InterfaceError):
            # A server that ends a session says so before psycopg sees the connection closed: whether it is, cannot be asked.
            raise
        except Exception as error:
            if self._connection.closed:
                raise
            _log.exception("projection_rests", projection=name, error=type(error).__name__, seconds=REST_SECONDS)
            self._followers.pop(name, None)
            self._resting[name] = now + REST_SECONDS
            return False

    async def _step(self, tables: ReadTables, head: int) -> bool:
        follower = self._followers.get(tables.projection.name) or await self._open(tables)
        if follower is None or follower.fault:
            return False
        if follower.reached >= head:
            if follower.building:
                await follower.settle()
            return False
        part = await self._source.after(follower.reached)
        if part is None:
            return False
        await follower.advance(part)
        if follower.fault:
            _log.error("projection_halted", projection=tables.projection.name, why=follower.fault.sentence)
        return True

    async def _open(self, tables: ReadTables) -> Follower | None:
        """Give a new follower; None while tables of another shape have to be rebuilt first."""
        projection = tables.projection
        if task := self._rebuilds.get(projection.name):
            if not task.done():
                return None
            del self._rebuilds[projection.name]
            if error := task.exception():  # on a connection of its own: this one may be well
                raise RebuildFailed(projection.name) from error
        stands = await standing(tables, self._connection)
        if stands is None:
            await tables.create(self._connection)
        elif why := await self._unfit(tables, stands):
            self._rebuilds[projection.name] = asyncio.create_task(self._rebuild_alone(projection, why))
            return None
        follower = await Follower.open(tables, self._connection, keep=self._keep)
        self._followers[projection.name] = follower
        return follower

    async def _unfit(self, tables: ReadTables, stands: Standing) -> str | None:
        """Why the rows that are stored cannot be gone on from; None if they can."""
        if stands.shape != tables.shape:
            return "its tables have another shape"
        if stands.position:
            there = await self._source.event_at(stands.position)
            if there == GONE:
                return _beyond(stands.position)
            if there and stands.event and there != stands.event:
                return f"it was folded up to another event than the log has at position {stands.position}"
        return None

    async def _rebuild_alone(self, projection: Projection, why: str) -> None:
        _log.info("projection_rebuilding", projection=projection.name, why=why)
        rebuilt = await self._rebuild(projection)
        _log.info("projection_rebuilt", projection=projection.name, position=rebuilt.position)


def _beyond(position: int) -> str:
    return f"it stands at position {position}, beyond the end of the log"


def heed_cancellation() -> None:
    """Raise CancelledError where a cancellation got lost.

    psycopg 3.3 loses one that arrives while a statement fails: it ends the statement first, and what that one failed of
    takes the cancellation's place. Without this a leader would go on for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
