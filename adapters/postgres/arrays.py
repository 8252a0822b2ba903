"""Arrays as the server's binary protocol has them, packed in one pass.

psycopg looks at every element of a list to find its type, which at a hundred decisions a batch costs more than what the
server does with them.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.postgres import types
from psycopg.pq import Format

from adapters.postgres.database import Row

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_dimensions = Struct(">iiI").pack  # how many, whether there are nulls, the type of an element
_bounds = Struct(">ii").pack  # how many elements, and the number of the first
_length = Struct(">i").pack
_int4 = Struct(">ii").pack
_int8 = Struct(">iq").pack


class Packed(bytes):
    """A whole array. Its subclasses are the types of its elements."""

    __slots__ = ()
    array_oid: int
    _header: bytes
    _empty: bytes

    def __init_subclass__(cls, *, element: str) -> None:
        kind = types[element]
        cls.array_oid = kind.array_oid
        cls._header = _dimensions(1, 0, kind.oid)
        cls._empty = _dimensions(0, 0, kind.oid)

    @classmethod
    def of(cls, elements: Sequence[bytes]) -> "Packed":
        """From elements that have their length in front."""
        return cls(b"".join((cls._header, _bounds(len(elements), 1), *elements)) if elements else cls._empty)


class Texts(Packed, element="text"):
    pass


class Binaries(Packed, element="bytea"):
    pass


class Jsonbs(Packed, element="jsonb"):
    pass


class Uuids(Packed, element="uuid"):
    pass


class Int4s(Packed, element="int4"):
    pass


class Int8s(Packed, element="int8"):
    pass


class Times(Packed, element="timestamptz"):
    pass


def texts(values: Iterable[str]) -> Packed:
    """Raises UnicodeEncodeError for half a surrogate pair."""
    return Texts.of([_length(len(encoded)) + encoded for encoded in map(str.encode, values)])


def binaries(values: Iterable[bytes]) -> Packed:
    return Binaries.of([_length(len(value)) + value for value in values])


def jsonbs(values: Iterable[bytes]) -> Packed:
    """JSON texts; each has the number of its format in front, always 1."""
    return Jsonbs.of([_length(len(value) + 1) + b"\x01" + value for value in values])


def uuids(values: Iterable[UUID]) -> Packed:
    return Uuids.of([b"\x00\x00\x00\x10" + value.bytes for value in values])


def int4s(values: Iterable[int]) -> Packed:
    return Int4s.of([_int4(4, value) for value in values])


def int8s(values: Iterable[int]) -> Packed:
    return Int8s.of([_int8(8, value) for value in values])


def times(values: Iterable[datetime]) -> Packed:
    """Times with a zone, as microseconds from the year 2000."""
    return Times.of([_int8(8, (value - _EPOCH) // _MICROSECOND) for value in values])


class _Sent(Dumper):
    """Sends what is packed already."""

    format = Format.BINARY

    def dump(self, obj: Packed) -> Buffer:
        return obj


_DUMPERS: Final = tuple(
    (kind, type(f"{kind.__name__}Sent", (_Sent,), {"oid": kind.array_oid})) for kind in Packed.__subclasses__()
)


def take_packed(connection: AsyncConnection[Row]) -> None:
    """Let a connection take packed arrays as parameters."""
    for kind, dumper in _DUMPERS:
        connection.adapters.register_dumper(kind, dumper)
