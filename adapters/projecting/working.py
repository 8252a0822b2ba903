"""What a fold knows and what it changed: the working set under every way to run a projection.

`complete` working sets (in memory, a rebuild from nothing) know every row: one that is not there does not exist.
Others note an unknown key in `missing` and answer with the blank; whoever runs them loads it and folds the slice again,
which pure folds allow.
"""

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any, cast

import msgspec
from msgspec import Struct

from adapters.projecting.slices import Fact, Facts, Unreadable, type_name
from domain.kernel import UPCASTS, Event, current
from projections.rows import At, Entry, Gone, Projection, R, Reading, Record, Row, key_fields, read_as

Key = Any
"""The value of a key: the field itself, or a tuple where the key has several fields."""
_UNKNOWN: Any = object()


class Fault(Struct, frozen=True):
    """An event that a projection could not take in. Nothing of the event is quoted but its type."""

    position: int
    type: str
    error: str
    """The class of the exception."""
    sentence: str


class Poison(Exception):
    """An event could not be folded although every row it asked for was known."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.sentence)
        self.fault = fault


class CannotDecode(Exception):
    """The event is of a type or shape that this version does not know."""


_encode = msgspec.json.Encoder(order="deterministic").encode
"""As events are encoded for the log."""


def _reader(reading: type[Reading]) -> Callable[[Event], Reading]:
    """What is read of an event that was decoded as a whole: the same as of its bytes."""
    decode = msgspec.json.Decoder(reading).decode
    return lambda event: decode(_encode(event))


class Working:
    """Rows at a position, as far as they are known; what a slice changes lies on top until it is accepted."""

    def __init__(self, projection: Projection, *, complete: bool) -> None:
        rows = [t for t in projection.tables if issubclass(t, Row)]
        self.projection = projection
        self.complete = complete
        self.key: dict[type[Record], Any] = {t: attrgetter(*key_fields(t)) for t in projection.tables}
        self.known: dict[type[Row], dict[Key, Row | None]] = {t: {} for t in rows}
        """None: certainly not there."""
        self.changed: dict[type[Row], dict[Key, Row | None]] = {t: {} for t in rows}
        """By the slice that is being folded; None: deleted."""
        self.added: dict[type[Entry], list[Entry]] = {t: [] for t in projection.tables if issubclass(t, Entry)}
        self.missing: dict[type[Row], dict[Key, Row]] = {t: {} for t in rows}
        """Blanks of what was asked for and is not known."""
        self.unwritten: dict[type[Row], dict[Key, Row | None]] = {t: {} for t in rows}
        self.unwritten_entries: dict[type[Entry], list[Entry]] = {t: [] for t in self.added}
        self.new: dict[type[Row], set[Key]] = {t: set() for t in rows}
        """Keys of `unwritten` that are surely not stored, so that they need no conflict check."""
        self._read = {event: _reader(reading) for event, reading in read_as(projection.readings).items()}
        self._others = {Unreadable, *self._read, *(event for event in projection.facts if event in UPCASTS)}
        """What the fold is not given as it is."""

    def latest(self, blank: R, /) -> R:
        """Give the newest version of a row, or the blank it was asked with."""
        table = type(blank)
        key = self.key[table](blank)
        row: Any = self.changed[table].get(key, _UNKNOWN)
        if row is _UNKNOWN:
            row = self.known[table].get(key, _UNKNOWN)
            if row is _UNKNOWN:
                if not self.complete:
                    self.missing[table][key] = blank
                return blank
        found: R = blank if row is None else row
        return found

    def advance(self, facts: Facts) -> None:
        """Fold a slice on top of what is accepted.

        Raises Poison for the event that failed; while something is `missing` that is no verdict yet.
        """
        key, changed = self.key, cast("Any", self.changed)
        add: Any = {kind: entries.append for kind, entries in self.added.items()}
        at, fact = At(0, cast("Any", None)), cast("Any", None)

        def given() -> Iterator[tuple[At, Any]]:
            """Give one fact after the other, and know which one was given last."""
            nonlocal at, fact
            others: Any = self._others
            for pair in facts:
                at, fact = pair
                yield (at, self.reading(fact)) if type(fact) in others else pair

        try:
            for change in self.projection.fold(self, given()):
                table: Any = type(change)
                if table in add:
                    add[table](change)
                elif table is Gone:
                    row = cast("Gone", change).row
                    changed[type(row)][key[type(row)](row)] = None
                else:
                    changed[table][key[table](change)] = change
        except Exception as error:  # a fold may fail in any way, and none may stop the others
            what = f"{fact.error} while decoding" if isinstance(fact, Unreadable) else type(error).__name__
            raise Poison(self.fault(at.position, type_name(fact), what)) from error

    def reading(self, fact: Fact) -> Event | Reading:
        """What the fold takes of a fact. Raises CannotDecode where it is not known."""
        kind = type(fact)
        if kind is Unreadable:
            raise CannotDecode
        if not isinstance(fact, Event):
            return cast("Reading", fact)
        read = self._read.get(type(fact))
        return current(fact) if read is None else read(current(fact))

    def fault(self, position: int, event_type: str, error: str) -> Fault:
        return Fault(
            position=position,
            type=event_type,
            error=error,
            sentence=f"Projection {self.projection.name} cannot take in {event_type} at position {position}: {error}.",
        )

    @property
    def asks(self) -> bool:
        """Whether the last fold asked for rows that are not known."""
        return any(self.missing.values())

    def accept(self) -> None:
        """What was folded now holds; it waits in `unwritten` with the keys that are surely new."""
        for table, changed in self.changed.items():
            known, unwritten = self.known[table], self.unwritten[table]
            blind = None if self.complete else _UNKNOWN
            self.new[table].update(k for k in changed if k not in unwritten and known.get(k, blind) is None)
            known.update(changed)
            unwritten.update(changed)
        for kind, entries in self.added.items():
            self.unwritten_entries[kind].extend(entries)
        self.reject()

    def reject(self) -> None:
        """What was folded never happened."""
        for rows in self.changed.values():
            rows.clear()
        for entries in self.added.values():
            entries.clear()

    def learn(self, table: type[Row], stored: Sequence[Row]) -> None:
        """Take in the answer to what was missing of a table: what is not in it does not exist."""
        known = self.known[table]
        known.update(dict.fromkeys(self.missing[table]))
        known.update((self.key[table](row), row) for row in stored)
        self.missing[table].clear()

    def written(self) -> None:
        """All that waited is stored."""
        for table in self.known:
            self.unwritten[table].clear()
            self.new[table].clear()
        for entries in self.unwritten_entries.values():
            entries.clear()

    @property
    def size(self) -> int:
        """Rows in memory."""
        return sum(map(len, self.known.values()))

    def forget(self) -> None:
        """Let go of every row; from now on what is not here may still be stored."""
        self.complete = False
        for rows in self.known.values():
            rows.clear()
