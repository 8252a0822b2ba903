"""What a read model is made of: rows that are replaced, entries that are only added, and a pure fold over both."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Protocol, TypeVar, get_args, get_origin, get_type_hints

from msgspec import Struct

from domain.kernel import Event

T = TypeVar("T")
Q = TypeVar("Q", bound="Reading")
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


Change = Row | Entry | Gone
R = TypeVar("R", bound=Row)
S = TypeVar("S", bound=Record)


class Latest(Protocol):
    """All that a fold may see: the newest version of a row, or the blank one it was asked with."""

    def latest(self, blank: R, /) -> R: ...


class Rows(Protocol):
    """All that a question may see: the rows or entries under the first parts of a key, in key order."""

    def under(self, table: type[S], /, *prefix: object) -> Sequence[S]: ...


Fold = Callable[[Latest, Any, At], Iterable[Change]]


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


def facts_of(seen: object) -> frozenset[type[Event]]:
    """The event types of a union: what a fold understands is what it is given."""
    return frozenset(READ_OF.get(kind, kind) for kind in _kinds(seen))


def readings_of(seen: object) -> frozenset[type[Reading]]:
    """Those of a union that are readings."""
    return frozenset(kind for kind in _kinds(seen) if kind in READ_OF)


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
