"""What a read model is made of: rows that are replaced, entries that are only added, and a pure fold over both."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from types import UnionType
from typing import Annotated, Any, Literal, Protocol, TypeVar, get_args, get_origin, get_type_hints

from msgspec import Struct

from domain.kernel import Event

T = TypeVar("T")
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


Fold = Callable[[Latest, Any, At], Iterator[Change]]


class Projection(Struct, frozen=True):
    """A read model: its name, its fold, its tables, the events it is about.

    On a poison event `halts` stops there and says so (money); otherwise the event is parked, visibly, and left out.
    """

    name: str
    fold: Fold
    tables: tuple[type[Record], ...]
    facts: frozenset[type[Event]]
    on_poison: Literal["halt", "park"] = "halt"


def facts_of(seen: object) -> frozenset[type[Event]]:
    """The event types of a union: what a fold understands is what it is given."""
    return frozenset(get_args(seen) if isinstance(seen, UnionType) else (seen,))


def key_fields(table: type[Record]) -> tuple[str, ...]:
    hints = get_type_hints(table, include_extras=True)
    keys = tuple(
        f for f in table.__struct_fields__ if get_origin(hints[f]) is Annotated and KEY in hints[f].__metadata__
    )
    if not keys:
        raise TypeError(f"{table.__name__} has no field marked Key[...].")
    return keys
