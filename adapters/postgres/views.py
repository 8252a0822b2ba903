"""How questions are asked of read models: of the live rows, or as of a position, by one pure function.

A question runs on a face that notes what it looks up and does not know yet. What was noted is loaded in one round trip
and the question runs again, until nothing is missing: it needs no knowledge of PostgreSQL, and one network round trip
for every step of look-ups that depend on each other.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar, cast

import psycopg
from psycopg import AsyncCursor

from adapters.postgres.read_tables import Connection, ReadTables, live_schema
from adapters.projecting.asking import Answer
from adapters.projecting.memory import Memory, check_parts
from adapters.projecting.pages import PageSlices
from adapters.projecting.working import Poison
from application.ports import Log, Unavailable
from projections.rows import Projection, Record, Rows, S

T = TypeVar("T")
Connect = Callable[[], AbstractAsyncContextManager[Connection]]
"""Lends a connection outside any transaction, such as the method `connection` of a pool."""

WAIT_SECONDS = 5.0
POLL_SECONDS, POLL_SECONDS_MAX = 0.005, 0.1
ROUNDS_MAX = 100
"""Of look-ups that depend on each other: a question that needs more walks through its data one by one."""
MEMORIES_MAX = 4

Refuse = Callable[[int, str], str | None]
"""From position and state of a projection to why it does not answer there; None: it does."""
Looked = tuple[type[Record], tuple[object, ...]]


class _Noting:
    """The face of a question over stored rows: what is not known yet is noted and looks empty."""

    def __init__(self, tables: ReadTables) -> None:
        self._tables = tables
        self.known: dict[Looked, Sequence[Any]] = {}
        self.missing: dict[Looked, None] = {}
        """In the order of asking."""

    def under(self, table: type[S], /, *prefix: object) -> Sequence[S]:
        looked = (table, prefix)
        if looked not in self.known:
            check_parts(table, len(prefix))
            self.missing[looked] = None
            return ()
        return cast("Sequence[S]", self.known[looked])

    async def ask(self, connection: Connection) -> list[tuple[Sequence[Looked], AsyncCursor[Any]]]:
        """Send for what is missing; what is looked up by whole keys comes with one statement a table."""
        tables, together = self._tables, dict[type[Record], list[Looked]]()
        asked: list[tuple[Sequence[Looked], AsyncCursor[Any]]] = []
        for looked in self.missing:
            table, prefix = looked
            if len(prefix) == len(tables.keys[table]):
                together.setdefault(table, []).append(looked)
            else:
                asked.append(((looked,), await connection.execute(tables.under(table, len(prefix)), prefix)))
        for table, several in together.items():
            keys = [dict(zip(tables.keys[table], prefix, strict=True)) for _, prefix in several]
            load = tables.statements[table].load
            asked.append((several, await connection.execute(load, tables.parameter(keys), prepare=True)))
        self.missing.clear()
        return asked

    async def learn(self, asked: Sequence[tuple[Sequence[Looked], AsyncCursor[Any]]]) -> None:
        """Take in the answers."""
        for several, cursor in asked:
            table, prefix = several[0]
            found = await cursor.fetchone()
            rows = self._tables.decoders[table].decode(found[0] if found else "[]")
            if len(prefix) < (parts := len(self._tables.keys[table])):
                self.known[several[0]] = rows
                continue
            key = self._tables.key[table]
            by_key = {key(row) if parts > 1 else (key(row),): row for row in rows}
            self.known.update((each, [by_key[each[1]]] if each[1] in by_key else []) for each in several)


class Views:
    """The read models of one network; implements `adapters.projecting.asking.Views`."""

    def __init__(self, *, connect: Connect, network: str, log: Log) -> None:
        self._connect = connect
        self._log = log
        self._schema = live_schema(network)
        self._tables: dict[str, ReadTables] = {}
        self._memories: OrderedDict[tuple[str, int], asyncio.Task[Memory]] = OrderedDict()

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
        Raises Unavailable with a sentence when it has not reached it by then, is being built, or cannot be folded.
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
        """Fold a projection in memory up to a position: from the log's beginning, or from the nearest of the few kept.

        Raises Unavailable when the log does not reach that far or a halting projection meets a poison event.
        """
        key = (projection.name, upto)
        task = self._memories.get(key)
        if task is None:
            task = self._memories[key] = asyncio.create_task(self._fold(projection, upto))
            while len(self._memories) > MEMORIES_MAX:
                self._memories.popitem(last=False)
        self._memories.move_to_end(key)
        try:
            # Several may wait for one fold; who goes away does not take it from the others.
            return await asyncio.shield(task)
        except Exception:
            if self._memories.get(key) is task:
                del self._memories[key]
            raise

    async def _fold(self, projection: Projection, upto: int) -> Memory:
        memory, slices = self._nearest(projection, upto), PageSlices(self._log, projection.facts, projection.readings)
        while memory.position < upto:
            part = await slices.after(memory.position)
            if part is None:
                raise Unavailable(f"The log ends at position {memory.position}, before position {upto}.")
            facts = part.about(projection.facts)
            if part.to > upto:
                facts = [(at, fact) for at, fact in facts if at.position <= upto]
            try:
                memory.advance(facts, min(part.to, upto))
            except Poison as poison:
                raise Unavailable(f"As of position {upto}: {poison}") from poison
        return memory

    def _nearest(self, projection: Projection, upto: int) -> Memory:
        """Where a fold begins. Whoever asks as of one month's end after the other folds each event once."""
        kept = [
            task.result()
            for (name, at), task in self._memories.items()
            if name == projection.name and at < upto and task.done() and not task.cancelled() and not task.exception()
        ]
        return max(kept, key=lambda memory: memory.position).copy() if kept else Memory(projection)

    async def _refusal(self, projection: Projection, refuse: Refuse) -> str | None:
        """Why it would not answer now, by one look at where it stands; None if it would."""
        tables = self._tables_of(projection)
        try:
            async with self._reached() as connection:
                stands = await connection.execute(tables.stands, (projection.name,), prepare=True)
                stood = _stood(tables, await stands.fetchone(), refuse)
        except psycopg.errors.UndefinedTable:
            stood = _stood(tables, None, refuse)
        return stood if isinstance(stood, str) else None

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
                return await _converse(connection, tables, question, stands, refuse)
        except psycopg.errors.UndefinedTable:
            return f"Projection {projection.name} has not been built yet."

    def _tables_of(self, projection: Projection) -> ReadTables:
        tables = self._tables.get(projection.name)
        if tables is None:
            tables = self._tables[projection.name] = ReadTables(projection, self._schema)
        return tables

    @asynccontextmanager
    async def _reached(self) -> AsyncIterator[Connection]:
        """Borrow a connection. Raises Unavailable when it cannot be had or dies."""
        try:
            async with self._connect() as connection:
                yield connection
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise Unavailable(
                f"The read models cannot be reached ({type(error).__name__}); ask again later."
            ) from error


def _stood(tables: ReadTables, row: tuple[int, str, str] | None, refuse: Refuse) -> int | str:
    """The position a projection stands at, or why it does not answer there."""
    if row is None or row[2] != tables.shape:
        return f"Projection {tables.projection.name} has not been built yet in its present shape."
    position, state, _ = row
    return refuse(position, state) or position


async def _converse(
    connection: Connection,
    tables: ReadTables,
    question: Callable[[Rows], T],
    stands: psycopg.AsyncCursor[Any],
    refuse: Refuse,
) -> Answer[T] | str:
    """Run the question again and again, each time with what it looked up before. The first loads travel with `stands`."""
    face, position = _Noting(tables), -1
    for _ in range(ROUNDS_MAX):
        value, failure = _run(question, face)
        loads = await face.ask(connection)
        if position < 0:
            row = await stands.fetchone()
            stood = _stood(tables, row, refuse)
            if isinstance(stood, str):
                return stood
            position = stood
        if not loads:
            if failure:
                raise failure
            return Answer(value=cast("T", value), position=position)
        await face.learn(loads)
    raise RuntimeError(
        f"A question to {tables.projection.name} looks up one thing after another more than {ROUNDS_MAX} times."
    )


def _run(question: Callable[[Rows], T], face: _Noting) -> tuple[T | None, Exception | None]:
    """Ask, and keep a failure for later: while something is missing it is no verdict."""
    try:
        return question(face), None
    except Exception as error:  # noqa: BLE001 - raised again as soon as nothing is missing
        return None, error
