"""How a question becomes round trips to the database.

A question runs on a face that notes what it looks up and does not know yet. What was noted is loaded in one round trip
and the question runs again, until nothing is missing: it needs no knowledge of PostgreSQL, and one network round trip
for every step of look-ups that depend on each other.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, cast

from psycopg import AsyncCursor
from psycopg.types.numeric import Int8

from adapters.postgres.database import statement
from adapters.postgres.read_tables import Connection, ReadTables
from adapters.projecting.asking import Answer
from adapters.projecting.memory import check_parts
from application.envelope import Passed, line_decoder
from domain.kernel import Event, current
from projections.rows import At, Record, Rows, S, Told, read_as

T = TypeVar("T")
ROUNDS_MAX = 100
"""Of look-ups that depend on each other: a question that needs more walks through its data one by one."""
Refuse = Callable[[int, str], str | None]
"""From position and state of a projection to why it does not answer there; None: it does."""
Looked = tuple[type[Record], tuple[object, ...]]
Answered = Callable[[], Awaitable[None]]
"""Takes in the answer to something that was sent for."""

_EVENTS = "select position, data from {schema}.event where position = any(%s)"


class Face:
    """What a question over stored rows sees: what is not known yet is noted and looks empty."""

    def __init__(self, tables: ReadTables, network: str) -> None:
        """`network`: the schema of the log that the rows were made of."""
        self.tables = tables
        self._events = statement(_EVENTS, network)
        self._found: dict[Looked, Sequence[Any]] = {}
        self._told: dict[int, Told | None] = {}
        self._missing: dict[Looked, None] = {}
        """In the order of asking."""
        self._untold: dict[int, None] = {}

    def under(self, table: type[S], /, *prefix: object) -> Sequence[S]:
        looked = (table, prefix)
        found = self._found.get(looked)
        if found is None:
            check_parts(table, len(prefix))
            self._missing[looked] = None
            return ()
        return cast("Sequence[S]", found)

    def told(self, position: int, /) -> Told | None:
        if position not in self._told:
            self._untold[position] = None
        return self._told.get(position)

    def complete(self) -> bool:
        return not (self._missing or self._untold)

    async def ask(self, connection: Connection) -> list[Answered]:
        """Send for what is missing; what is looked up by whole keys, and what was told, comes with one statement a table."""
        together = dict[type[Record], list[Looked]]()
        answers = list[Answered]()
        for looked in self._missing:
            table, prefix = looked
            if len(prefix) == len(self.tables.keys[table]):
                together.setdefault(table, []).append(looked)
            else:
                answers.append(
                    self._under(looked, await connection.execute(self.tables.under(table, len(prefix)), prefix))
                )
        for table, several in together.items():
            keys = [dict(zip(self.tables.keys[table], prefix, strict=True)) for _, prefix in several]
            load = self.tables.statements[table].load
            cursor = await connection.execute(load, self.tables.parameter(keys), prepare=True)
            answers.append(self._keyed(table, several, cursor))
        if positions := list(map(Int8, self._untold)):
            answers.append(self._heard(await connection.execute(self._events, (positions,), prepare=True, binary=True)))
        self._told.update(dict.fromkeys(self._untold))
        self._missing.clear()
        self._untold.clear()
        return answers

    def _under(self, looked: Looked, cursor: AsyncCursor[Any]) -> Answered:
        async def take() -> None:
            self._found[looked] = await self._rows(looked[0], cursor)

        return take

    def _keyed(self, table: type[Record], several: Sequence[Looked], cursor: AsyncCursor[Any]) -> Answered:
        async def take() -> None:
            key, one = self.tables.key[table], len(self.tables.keys[table]) == 1
            by_key = {(key(row),) if one else key(row): [row] for row in await self._rows(table, cursor)}
            self._found.update((looked, by_key.get(looked[1], ())) for looked in several)

        return take

    def _heard(self, cursor: AsyncCursor[Any]) -> Answered:
        async def take() -> None:
            projection = self.tables.projection
            readings = frozenset(pair for pair in read_as(projection.readings).items() if pair[0] in projection.told)
            decode = line_decoder(projection.told, readings).decode
            async for position, body in cursor:
                event = decode(body)
                if not isinstance(event, Passed):
                    fact = current(event.data) if isinstance(event.data, Event) else event.data
                    self._told[position] = Told(At(position, event.time), fact)

        return take

    async def _rows(self, table: type[Record], cursor: AsyncCursor[Any]) -> list[Any]:
        found = await cursor.fetchone()
        return self.tables.decoders[table].decode(found[0] if found else "[]")


def stood(tables: ReadTables, row: tuple[int, str, str] | None, refuse: Refuse) -> int | str:
    """The position a projection stands at, or why it does not answer there."""
    if row is None or row[2] != tables.shape:
        return f"Projection {tables.projection.name} has not been built yet in its present shape."
    position, state, _ = row
    return refuse(position, state) or position


async def converse(
    connection: Connection,
    face: Face,
    question: Callable[[Rows], T],
    stands: AsyncCursor[Any],
    refuse: Refuse,
) -> Answer[T] | str:
    """Run the question again and again, each time with what it looked up before. The first loads travel with `stands`."""
    position = -1
    for _ in range(ROUNDS_MAX):
        value, failure = _run(question, face)
        answers = await face.ask(connection)
        if position < 0:
            stands_at = stood(face.tables, await stands.fetchone(), refuse)
            if isinstance(stands_at, str):
                return stands_at
            position = stands_at
        if not answers:
            if failure:
                raise failure
            return Answer(value=cast("T", value), position=position)
        for take in answers:
            await take()
    raise RuntimeError(
        f"A question to {face.tables.projection.name} looks up one thing after another more than {ROUNDS_MAX} times."
    )


def _run(question: Callable[[Rows], T], face: Face) -> tuple[T | None, Exception | None]:
    """Ask, and keep a failure for later: while something is missing it is no verdict."""
    try:
        return question(face), None
    except Exception as error:  # noqa: BLE001 - raised again as soon as nothing is missing
        return None, error
