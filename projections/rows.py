"""What a read model is made of: rows that are replaced, entries that are only added, and a pure fold over both.

What an event says need not be written down a second time: a row may say where the event stands, and a question looks it up.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Protocol, TypeVar, get_args, get_origin, get_type_hints

from msgspec import Struct

from domain.kernel import Event, versions_of

T = TypeVar("T")
Q = TypeVar("Q", bound="Reading")
F = TypeVar("F")
KEY = object()
Key = Annotated[T, KEY]


class Record(Struct, frozen=True, gc=False):
    """One line of one table: its columns are its fields, its key the fields marked `Key`."""


class Row(Record, frozen=True):
    """State: the newest version under a key replaces the one before. Fields beside the key have defaults."""


class Entry(Record, frozen=True):
    """A fact: added once, never changed, never read by a fold, so that a rebuild streams it past memory."""


class Gone(Struct, frozen=True):
    """Yielded to delete the row with this key."""

    row: Row


class Reading(Struct, frozen=True, gc=False):
    """What a fold needs of one type of event, so that a replay decodes no more than that.

    Its fields are fields of the event, as wide or wider: that a text has its form was seen to when it was recorded. A field
    may be `msgspec.Raw`, as the event's bytes have it: carried on, or decoded as far as it is needed.
    """


READ_OF: dict[type[Reading], type[Event]] = {}
"""The event that each reading is of."""


def reading_of(event: type[Event]) -> Callable[[type[Q]], type[Q]]:
    """Declare what is read of an event type."""

    def declare(reading: type[Q]) -> type[Q]:
        READ_OF[reading] = event
        return reading

    return declare


class At(Struct, frozen=True, gc=False):
    """Where and when the event was recorded that is folded now."""

    position: int
    time: datetime


class Told(Struct, frozen=True, gc=False):
    """An event as the fold was given it."""

    at: At
    fact: Any


Change = Row | Entry | Gone
R = TypeVar("R", bound=Row)
S = TypeVar("S", bound=Record)


class Latest(Protocol):
    """All that a fold may see: the newest version of a row, or the blank one it was asked with."""

    def latest(self, blank: R, /) -> R: ...


class Rows(Protocol):
    """All that a question may see."""

    def under(self, table: type[S], /, *prefix: object) -> Sequence[S]:
        """Give the rows or entries under the first parts of a key, in key order."""

    def told(self, position: int, /) -> Told | None:
        """Give the event at a position, if the projection was told it and keeps it so."""

    def complete(self) -> bool:
        """Whether all that was looked up so far is known. Where not, the question will be asked again: it may stop here."""


Fold = Callable[[Latest, Iterable[tuple[At, Any]]], Iterable[Change]]
"""Of facts in a row, in the order of the log, the changes they make: the same ones however the log is cut into rows of facts.

It draws the next fact when it has yielded what the one before made of the rows, but for what it sums up to the end: so a
failure is that of the fact drawn last.
"""


def each(fold: Callable[[Latest, F, At], Iterable[Change]]) -> Fold:
    """A fold that takes one fact after the other."""

    def over(rows: Latest, facts: Iterable[tuple[At, Any]]) -> Iterable[Change]:
        return (change for at, fact in facts for change in fold(rows, fact, at))

    return over


class Projection(Struct, frozen=True):
    """A read model: its name, its fold, its tables, the events it is about.

    On a poison event `halts` stops there and says so (money); otherwise the event is parked, visibly, and left out.
    """

    name: str
    fold: Fold
    tables: tuple[type[Record], ...]
    facts: frozenset[type[Event]]
    on_poison: Literal["halt", "park"] = "halt"
    readings: frozenset[type[Reading]] = frozenset()
    """What the fold is given in place of some of the facts."""
    told: frozenset[type[Event]] = frozenset()
    """Of the facts, those that a question may look up by position."""


def facts_of(seen: object) -> frozenset[type[Event]]:
    """The event types of a union, in every version: what a fold understands is what it is given."""
    return frozenset(version for kind in _kinds(seen) for version in versions_of(READ_OF.get(kind, kind)))


def readings_of(seen: object) -> frozenset[type[Reading]]:
    """Those of a union that are readings."""
    return frozenset(kind for kind in _kinds(seen) if kind in READ_OF)


def read_as(readings: Iterable[type[Reading]]) -> dict[type[Event], type[Reading]]:
    """By event type, in every version, the reading that is made of it. What older versions lack has a default."""
    return {version: reading for reading in readings for version in versions_of(READ_OF[reading])}


def _kinds(seen: object) -> tuple[Any, ...]:
    return get_args(seen) if isinstance(seen, UnionType) else (seen,)


@cache
def key_fields(table: type[Record]) -> tuple[str, ...]:
    hints = get_type_hints(table, include_extras=True)
    keys = tuple(
        f for f in table.__struct_fields__ if get_origin(hints[f]) is Annotated and KEY in hints[f].__metadata__
    )
    if not keys:
        raise TypeError(f"{table.__name__} has no field marked Key[...].")
    return keys
