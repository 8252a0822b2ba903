"""How questions are asked of read models: of the live rows, or as of a position, by one pure function."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

import psycopg

from adapters.postgres.conversing import Face, Refuse, converse, stood
from adapters.postgres.database import SILENT_SECONDS, hanging_up
from adapters.postgres.read_tables import Connection, ReadTables, live_schema
from adapters.postgres.refold import Refold, refolded
from adapters.projecting.asking import Answer
from adapters.projecting.folds import Folds
from adapters.projecting.memory import Memory
from application.ports import Log, Unavailable
from projections.rows import Projection, Rows

T = TypeVar("T")
Connect = Callable[[], AbstractAsyncContextManager[Connection]]
"""Lends a connection outside any transaction, such as the method `connection` of a pool."""

WAIT_SECONDS = 5.0
POLL_SECONDS, POLL_SECONDS_MAX = 0.005, 0.1


class Views:
    """The read models of one network; implements `adapters.projecting.asking.Views`."""

    def __init__(self, *, connect: Connect, network: str, log: Log) -> None:
        self._connect = connect
        self._network = network
        self._log = log
        self._tables: dict[str, ReadTables] = {}
        self._folds = Folds(log)

    async def ask(
        self,
        projection: Projection,
        question: Callable[[Rows], T],
        *,
        at_least: int | None = None,
        as_of: int | None = None,
    ) -> Answer[T]:
        """Ask a read model, live or as of a position.

        `at_least`: wait up to 5 s until the read model has reached this position. `as_of`: exactly this position.
        Raises Unavailable with a sentence when it has not reached it by then, is being built, or cannot be folded; Overloaded
        when too many ask as of other positions.
        """
        if as_of is not None:

            def elsewhere(position: int, _: str) -> str | None:
                return None if position == as_of else f"Projection {projection.name} stands at {position}."

            if await self._refusal(projection, elsewhere) is None:
                live = await self._ask_live(projection, question, elsewhere)
                if isinstance(live, Answer):
                    return live
            memory = await self.fold(projection, as_of)
            return Answer(value=question(memory), position=as_of)
        floor = at_least or 0

        def refuse(position: int, state: str) -> str | None:
            if position < floor:
                return f"Projection {projection.name} has reached position {position}, not yet {floor}."
            return f"Projection {projection.name} is being built: it is at {position}." if state == "building" else None

        clock = asyncio.get_running_loop().time
        until, pause = clock() + WAIT_SECONDS, POLL_SECONDS
        # Who may have to wait looks at the position alone: the question and its loads come once, when it is there.
        reason = await self._refusal(projection, refuse) if floor else None
        while True:
            if reason is None:
                live = await self._ask_live(projection, question, refuse)
                if isinstance(live, Answer):
                    return live
                reason = live
            if clock() >= until:
                raise Unavailable(f"{reason} Ask again in a moment.")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, POLL_SECONDS_MAX)
            reason = await self._refusal(projection, refuse)

    async def fold(self, projection: Projection, upto: int) -> Memory:
        """A projection in memory as of a position; see `Folds.upto` for what it raises."""
        return await self._folds.upto(projection, upto)

    @asynccontextmanager
    async def refolded(self, projection: Projection) -> AsyncIterator[Refold]:
        """A projection from the log alone, however long that is: for who trusts no row of a read model. Raises Unavailable."""
        async with self._borrowed() as connection, refolded(projection, connection, self._network, self._log) as fold:
            yield fold

    async def _refusal(self, projection: Projection, refuse: Refuse) -> str | None:
        """Why it would not answer now, by one look at where it stands; None if it would."""
        tables = self._tables_of(projection)
        try:
            async with self._reached() as connection:
                stands = await connection.execute(tables.stands, (projection.name,), prepare=True)
                stands_at = stood(tables, await stands.fetchone(), refuse)
        except psycopg.errors.UndefinedTable:
            stands_at = stood(tables, None, refuse)
        return stands_at if isinstance(stands_at, str) else None

    async def _ask_live(self, projection: Projection, question: Callable[[Rows], T], refuse: Refuse) -> Answer[T] | str:
        """Answer from one snapshot of the stored rows, or say why not."""
        tables = self._tables_of(projection)
        try:
            async with self._reached() as connection, connection.pipeline(), connection.transaction():
                await connection.execute("set transaction isolation level repeatable read, read only")
                await connection.execute("set local timezone to 'UTC'")
                # Before the snapshot, which the first select takes: no other generation is swapped in after it.
                await connection.execute(tables.share, prepare=True)
                stands = await connection.execute(tables.stands, (projection.name,), prepare=True)
                return await converse(connection, self._face(projection), question, stands, refuse)
        except psycopg.errors.UndefinedTable:
            return f"Projection {projection.name} has not been built yet."

    def _face(self, projection: Projection) -> Face:
        return Face(self._tables_of(projection), self._network)

    def _tables_of(self, projection: Projection) -> ReadTables:
        tables = self._tables.get(projection.name)
        if tables is None:
            tables = self._tables[projection.name] = ReadTables(projection, live_schema(self._network))
        return tables

    @asynccontextmanager
    async def _reached(self) -> AsyncIterator[Connection]:
        """Borrow a connection for one question."""
        async with self._borrowed() as connection:
            with hanging_up(connection, asyncio.get_running_loop().time() + SILENT_SECONDS):
                yield connection

    @asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[Connection]:
        """Borrow a connection. Raises Unavailable when it cannot be had or dies."""
        try:
            async with self._connect() as connection:
                yield connection
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise Unavailable(
                f"The read models cannot be reached ({type(error).__name__}); ask again later."
            ) from error
