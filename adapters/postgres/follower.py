"""Moves one generation of one projection forward: rows, entries and position in one transaction, or nothing.

The stored position is the fence: it moves only from where this follower believes it to be, in the generation it began
with. So every event counts exactly once, whatever dies, and of two followers the slower is told.
"""

import asyncio
from typing import Any, Final, Literal, Self
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct

from adapters.postgres.read_tables import Connection, ReadTables
from adapters.projecting.slices import Facts, Slice, type_name
from adapters.projecting.working import Fault, Poison, Working
from application.ports import OutOfStep
from projections.rows import Projection, Record

KEEP_ROWS = 100_000
"""Rows a follower holds in memory; beyond that it forgets all of them and loads what it needs."""
CHUNK_ROWS = 5_000
"""Rows in one JSON parameter: more gain nothing and cost memory on both sides."""
State = Literal["building", "following", "halted"]
_REFUSED = (psycopg.DataError, psycopg.IntegrityError, ValueError, TypeError)
"""What storing says of a row it cannot hold: a number beyond 64 bits, a second entry under one key, half a character."""

_decode_fault = msgspec.json.Decoder(Fault).decode
_encode = msgspec.json.Encoder().encode


UNREADABLE_FAULT: Final = "Unreadable"
"""The error of a fault that stands for one that cannot be read."""


class Standing(Struct, frozen=True):
    """How far a generation of a projection is, as stored."""

    generation: int
    position: int
    state: State
    fault: Fault | None
    shape: str
    event: UUID | None
    """The id of the event at the position; None where an older version stored no such thing."""


class _Taken(Struct, frozen=True):
    """What one write stores."""

    to: int
    event: UUID | None
    fence: tuple[State, str | None]
    fresh: dict[type[Record], list[Any]]
    """Rows that are surely new."""
    work: list[tuple[bytes, list[Any]]]
    """Statements for the others with what they are about."""
    parked: list[Fault]


class NotThere(Exception):
    """This generation of the projection has not been made."""


async def standing(tables: ReadTables, connection: Connection) -> Standing | None:
    """Read how far a projection is. Raises UndefinedTable where no projection was ever made."""
    # The event may be missing as a column: older versions made none.
    query = tables.qualified(
        "select generation, position, state, fault::text, shape, (to_jsonb(p) ->> 'event')::uuid"
        " from {schema}.projection p where name = %s"
    )
    row = await (await connection.execute(query, (tables.projection.name,))).fetchone()
    if row is None:
        return None
    generation, position, state, fault, shape, event = row
    why = None if fault is None else kept_fault(tables.projection, position, fault)
    return Standing(generation, position, state, why, shape, event)


def kept_fault(projection: Projection, position: int, text: str) -> Fault:
    """A fault as it is kept of a projection at a position; in its place one that says so where it cannot be read."""
    try:
        return _decode_fault(text)
    except (msgspec.MsgspecError, RecursionError):
        sentence = (
            f"What is kept of projection {projection.name} at position {position} is no fault that can be read: it was changed. "
            f"`tasma rebuild {projection.name}` makes it anew."
        )
        return Fault(position, "", UNREADABLE_FAULT, sentence)


class Follower:
    """One follower of one generation. A follower that raised is thrown away, and a new one opened."""

    def __init__(
        self, tables: ReadTables, connection: Connection, stands: Standing, *, keep: int, every: int, bulk: bool
    ) -> None:
        self.tables = tables
        self.connection = connection
        self.position = self.reached = stands.position
        """Stored, and folded; they differ by less than `every` positions, twice that while a write is under way."""
        self.fault: Fault | None = None
        """Set when it halted; nothing moves it then but a new follower, which tries again."""
        self.building = stands.state == "building"
        self._generation = stands.generation
        self._keep, self._every, self._bulk = keep, every, bulk
        self._taken = stands.position
        self._event = self._stored_event = stands.event
        """The ids of the events at `reached` and at `position`, as far as they are known."""
        self._behind: asyncio.Task[None] | None = None
        self._parked: list[Fault] = []
        # At position 0 the tables are empty: what is not known does not exist.
        self.rows = Working(tables.projection, complete=stands.position == 0)
        self._move = tables.qualified(
            "update {schema}.projection set position = %s, event = %s, state = %s, fault = %s, updated_at = clock_timestamp()"
            " where name = %s and position = %s and generation = %s"
        )
        self._park = tables.qualified("insert into {schema}.parked (projection, position, fault) values (%s, %s, %s)")

    @classmethod
    async def open(
        cls, tables: ReadTables, connection: Connection, *, keep: int = KEEP_ROWS, every: int = 1, bulk: bool = False
    ) -> Self:
        """Start from where the projection stands, also from where it halted.

        `keep`: rows held in memory. `every`: positions folded before a write. `bulk`: COPY of what is surely new; with
        several positions a write, the next slices are folded while the server stores: until `written`, the connection is
        the follower's alone. Raises NotThere.
        """
        stands = await standing(tables, connection)
        if stands is None:
            raise NotThere(f"Projection {tables.projection.name} is not there in {tables.schema}.")
        return cls(tables, connection, stands, keep=keep, every=every, bulk=bulk)

    async def advance(self, part: Slice) -> None:
        """Take in the slice after `reached`; write it when enough positions wait.

        On a poison event it halts before the decision that the event is of, or parks the event and goes on.
        Raises OutOfStep when somebody else moved the projection, also what the write before failed of, and when the slice is
        of another history than what was folded.
        """
        if self.fault:
            return
        if self._event and part.before and part.before != self._event:
            raise OutOfStep(
                f"The event at position {self.reached}, up to which projection {self.tables.projection.name} was folded, is gone."
            )
        try:
            await self._advance(part)
        except _REFUSED:
            if self._every > 1:
                raise  # what waited came from many slices: whoever rebuilds starts again with small writes
            await self._advance_carefully(part)

    async def write(self) -> None:
        """Store everything folded so far, with the position. Raises OutOfStep."""
        await self.written()
        await self._write(self._take())

    async def written(self) -> None:
        """Wait for the write that is under way. Raises OutOfStep."""
        if self._behind:
            behind, self._behind = self._behind, None
            await behind

    async def _write_behind(self) -> None:
        """Begin to store everything folded so far, as soon as the write before has ended."""
        await self.written()
        self._behind = asyncio.create_task(self._write(self._take()))

    async def _write(self, taken: _Taken) -> None:
        async with self.connection.transaction():
            if self._bulk:
                # A rebuild that a crash sets back goes on from there; its change of place waits for the disk.
                await self.connection.execute("set local synchronous_commit = off")
            await self._store(taken)
        self.position, self._stored_event = taken.to, taken.event

    async def settle(self) -> None:
        """Say that a generation that was built is complete: it has reached the head once."""
        self.building = False
        await self.write()

    async def _advance(self, part: Slice) -> None:
        facts, to = part.about(self.tables.projection.facts), part.to
        while True:
            try:
                await self._fold(facts)
                break
            except Poison as poison:
                self.rows.reject()
                if self.tables.projection.on_poison == "park":
                    self._parked.append(poison.fault)
                    facts = [(at, fact) for at, fact in facts if at.position != poison.fault.position]
                else:
                    self.fault = poison.fault
                    to = max((end for end in part.ends if end < poison.fault.position), default=self.reached)
                    facts = [(at, fact) for at, fact in facts if at.position <= to]
        self.rows.accept()
        self._reach(part, to)
        if self.fault or self._parked:
            await self.write()
        elif self.reached - self._taken >= self._every:
            await (self._write_behind() if self._bulk and self._every > 1 else self.write())

    async def _advance_carefully(self, part: Slice) -> None:
        """Take in a slice of which storage refused something: one decision at a time, to find which.

        It cannot be told which event of a decision it was, so all of them that the projection is about are parked.
        """
        for piece in _decisions(part, self.position):
            self._forget_unwritten()
            try:
                await self._advance(piece)
            except _REFUSED as refusal:
                self._forget_unwritten()
                faults = self._faults(piece.about(self.tables.projection.facts), type(refusal).__name__)
                if not faults:
                    raise  # nothing of this decision was stored, so it is no event's fault
                if self.tables.projection.on_poison == "park":
                    self._parked = faults
                    self._reach(piece, piece.to)
                else:
                    self.fault = faults[0]
                await self.write()
            if self.fault:
                return

    def _forget_unwritten(self) -> None:
        """Stand where the stored rows stand, knowing nothing."""
        self.rows = Working(self.tables.projection, complete=False)
        self.reached = self._taken = self.position
        self._event = self._stored_event
        self.fault = None
        self._parked = []

    def _reach(self, part: Slice, to: int) -> None:
        if to > self.reached:
            self.reached, self._event = to, part.event_at(to)

    def _faults(self, facts: Facts, error: str) -> list[Fault]:
        return [self.rows.fault(at.position, type_name(fact), error) for at, fact in facts]

    async def _fold(self, facts: Facts) -> None:
        """Fold until nothing is missing. Raises Poison only for what failed with everything known."""
        while True:
            try:
                self.rows.advance(facts)
            except Poison:
                if not self.rows.asks:
                    raise
            if not self.rows.asks:
                return
            await self._load()
            self.rows.reject()

    async def _load(self) -> None:
        await self.written()
        asked = [(table, list(blanks.values())) for table, blanks in self.rows.missing.items() if blanks]
        async with self.connection.pipeline():
            cursors = [
                await self.connection.execute(
                    self.tables.statements[table].load, self.tables.parameter(blanks), prepare=True
                )
                for table, blanks in asked
            ]
        for (table, _), cursor in zip(asked, cursors, strict=True):
            row = await cursor.fetchone()
            self.rows.learn(table, self.tables.decoders[table].decode(row[0] if row else "[]"))

    async def _store(self, taken: _Taken) -> None:
        """Write what was taken, inside the caller's transaction."""
        execute, name = self.connection.execute, self.tables.projection.name
        work = list(taken.work)
        for table, rows in taken.fresh.items():
            if self._bulk and rows:
                await self.tables.copy(self.connection, table, rows)
            else:
                work.append((self.tables.statements[table].insert, rows))
        moved: psycopg.AsyncCursor[Any] | None = None
        try:
            async with self.connection.pipeline():
                # First, so that two followers meet at this row before they meet at any other.
                fence = (taken.to, taken.event, *taken.fence, name, self.position, self._generation)
                moved = await execute(self._move, fence, prepare=True)
                for statement, rows in work:
                    for i in range(0, len(rows), CHUNK_ROWS):
                        await execute(statement, self.tables.parameter(rows[i : i + CHUNK_ROWS]), prepare=True)
                for fault in taken.parked:
                    await execute(self._park, (name, fault.position, _encode(fault).decode()))
        except psycopg.IntegrityError as error:
            if moved is not None and moved.rowcount == 0:  # what the other one stored is in the way
                raise self._out_of_step() from error
            raise
        if moved.rowcount != 1:
            raise self._out_of_step()

    def _out_of_step(self) -> OutOfStep:
        tables = self.tables
        return OutOfStep(
            f"Projection {tables.projection.name} in {tables.schema} was moved from position {self.position} by another."
        )

    @property
    def _state(self) -> State:
        if self.fault:
            return "halted"
        return "building" if self.building else "following"

    def _take(self) -> _Taken:
        """Take all that waits to be written, so that what is folded from now on waits for the next write."""
        fresh: dict[type[Record], list[Any]] = {kind: list(some) for kind, some in self.rows.unwritten_entries.items()}
        work: list[tuple[bytes, list[Any]]] = []
        for table, unwritten in self.rows.unwritten.items():
            new, replaced, gone = list[Any](), list[Any](), list[Any]()
            for key, row in unwritten.items():
                if row is not None:
                    (new if key in self.rows.new[table] else replaced).append(row)
                elif key not in self.rows.new[table]:
                    gone.append(self.tables.key_of(table, key))
            fresh[table] = new
            statements = self.tables.statements[table]
            work += [(statements.upsert, replaced), (statements.delete, gone)]
        fault = None if self.fault is None else _encode(self.fault).decode()
        taken = _Taken(self.reached, self._event, (self._state, fault), fresh, work, self._parked)
        self.rows.written()
        self._parked, self._taken = [], self.reached
        if self.rows.size > self._keep:
            self.rows.forget()
        return taken


def _decisions(part: Slice, after: int) -> list[Slice]:
    """The decisions of a slice that lie beyond a position, each as a slice of its own."""
    found: list[Slice] = []
    begin = after
    for end in (end for end in part.ends if end > after):
        facts = [(at, fact) for at, fact in part.facts if begin < at.position <= end]
        found.append(Slice(facts, end, (end,), event_at=part.event_at))
        begin = end
    return found
