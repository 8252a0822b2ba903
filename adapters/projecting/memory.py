"""A projection in memory, folded up to a position: what as-of questions and tests are answered from."""

from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, cast

from adapters.projecting.slices import Facts
from adapters.projecting.working import Fault, Poison, Working
from projections.rows import Entry, Projection, Record, Row, S, key_fields


class Memory:
    """Rows and entries of a projection; absent means nonexistent."""

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        self.position = 0
        self.parked: list[Fault] = []
        self._working = Working(projection, complete=True)
        self._entries: dict[type[Entry], list[Entry]] = {t: [] for t in self._working.added}
        self._sorted: dict[type[Record], tuple[list[tuple[Any, ...]], list[Any]]] = {}

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
        working.accept()
        working.written()
        self.parked += parked
        self.position = to
        self._sorted.clear()

    def under(self, table: type[S], /, *prefix: object) -> Sequence[S]:
        """Give the rows or entries under the first parts of a key, in key order."""
        check_parts(table, len(prefix))
        if table not in self._sorted:
            self._sorted[table] = self._sort(table)
        keys, rows = self._sorted[table]
        start, length = bisect_left(keys, prefix), len(prefix)
        end = start
        while end < len(keys) and keys[end][:length] == prefix:
            end += 1
        return cast("list[S]", rows[start:end])

    def _sort(self, table: type[Record]) -> tuple[list[tuple[Any, ...]], list[Any]]:
        fields = key_fields(table)
        several = attrgetter(*fields)
        pool: list[Any]
        if issubclass(table, Entry):
            pool = self._entries[table]
        else:
            rows = self._working.known[cast("type[Row]", table)]
            pool = [row for row in rows.values() if row is not None]
        keyed = [(several(row) if len(fields) > 1 else (several(row),), row) for row in pool]
        keyed.sort(key=lambda pair: pair[0])
        return [key for key, _ in keyed], [row for _, row in keyed]


def check_parts(table: type[Record], parts: int) -> None:
    """Raises TypeError for more parts than the key of a table has."""
    if parts > (has := len(key_fields(table))):
        raise TypeError(f"The key of {table.__name__} has {has} part{'s' * (has != 1)}, not {parts}.")
