"""A projection in memory, folded up to a position: what as-of questions and tests are answered from."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from adapters.projecting.slices import Facts
from adapters.projecting.working import Fault, Poison, Working
from domain.kernel import Event
from projections.rows import READ_OF, Entry, Projection, Reading, Record, Row, S, Told, key_fields


class Memory:
    """Rows and entries of a projection; absent means nonexistent."""

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        self.position = 0
        self.parked: list[Fault] = []
        self._working = Working(projection, complete=True)
        self._entries: dict[type[Entry], list[Entry]] = {t: [] for t in self._working.added}
        self._under: dict[type[Record], _Ordered] = {}
        self._told: dict[int, Told] = {}
        self._keeps = projection.told | {
            reading for reading in projection.readings if READ_OF[reading] in projection.told
        }

    def copy(self) -> "Memory":
        """Give one that stands here too and goes on by itself. Rows and entries never change, so both may hold them."""
        other = Memory(self.projection)
        other.position, other.parked = self.position, list(self.parked)
        other._working.known = {table: dict(rows) for table, rows in self._working.known.items()}
        other._entries = {table: list(entries) for table, entries in self._entries.items()}
        other._told = dict(self._told)
        return other

    def advance(self, facts: Facts, to: int) -> None:
        """Fold what the projection is about of the events up to a position.

        Raises Poison where the projection halts; it stays then where it was.
        """
        working = self._working
        parked: list[Fault] = []
        while True:
            try:
                working.advance(facts)
                break
            except Poison as poison:
                working.reject()
                if self.projection.on_poison == "halt":
                    raise
                parked.append(poison.fault)
                facts = [(at, fact) for at, fact in facts if at.position != poison.fault.position]
        for kind, entries in working.added.items():
            self._entries[kind].extend(entries)
        for at, fact in facts:
            if type(fact) in self._keeps:
                self._told[at.position] = Told(at, _own(working.reading(fact)))
        working.accept()
        working.written()
        self.parked += parked
        self.position = to
        self._under.clear()

    def under(self, table: type[S], /, *prefix: object) -> Sequence[S]:
        """Give the rows or entries under the first parts of a key, in key order."""
        check_parts(table, len(prefix))
        if table not in self._under:
            self._under[table] = _Ordered(key_fields(table), self._all(table))
        return cast("list[S]", self._under[table].under(prefix))

    def told(self, position: int, /) -> Told | None:
        """Give the event at a position, if the projection was told it and keeps it so."""
        return self._told.get(position)

    def complete(self) -> bool:
        return True

    def _all(self, table: type[Record]) -> Iterable[Any]:
        if issubclass(table, Entry):
            return self._entries[table]
        rows = self._working.known[cast("type[Row]", table)]
        return (row for row in rows.values() if row is not None)


def _own(fact: Event | Reading) -> Event | Reading:
    """The same with bytes of its own: what was decoded of a page would keep the whole page in memory."""
    parts = {
        name: part.copy() for name in fact.__struct_fields__ if isinstance(part := getattr(fact, name), msgspec.Raw)
    }
    return replace(fact, **parts) if parts else fact


class _Ordered:
    """Records in the order of their keys, sorted only as far as somebody asked: a statement is of one partner of many."""

    def __init__(self, fields: tuple[str, ...], records: Iterable[Any]) -> None:
        first, self._key = attrgetter(fields[0]), attrgetter(*fields)
        self._several = len(fields) > 1
        self._groups: defaultdict[Any, list[Any]] = defaultdict(list)
        for record in records:
            self._groups[first(record)].append(record)
        self._sorted: dict[Any, list[tuple[Any, ...]]] = {}
        """By the first part of a key: the keys of its group, which is then in their order."""

    def under(self, prefix: tuple[object, ...]) -> list[Any]:
        if not prefix:
            return [record for first in sorted(self._groups) for record in self.under((first,))]
        group = self._groups.get(prefix[0])
        if group is None:
            return []
        if not self._several:
            return group[:]
        length = len(prefix)
        keys = self._sorted.get(prefix[0])
        if keys is None:
            group.sort(key=self._key)
            keys = self._sorted[prefix[0]] = [self._key(record) for record in group]
        start = bisect_left(keys, prefix)
        end = start
        while end < len(keys) and keys[end][:length] == prefix:
            end += 1
        return group[start:end]


def check_parts(table: type[Record], parts: int) -> None:
    """Raises TypeError for more parts than the key of a table has."""
    if parts > (has := len(key_fields(table))):
        raise TypeError(f"The key of {table.__name__} has {has} part{'s' * (has != 1)}, not {parts}.")
