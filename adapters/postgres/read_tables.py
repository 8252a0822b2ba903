"""The tables of one generation of a projection, made from its row types: definition, codec and statements.

A network has two schemas for them: `<network>_read`, the live generation, and `<network>_next`, the one being rebuilt.
A table is named `<projection>_<row>`. Beside them stand, once in each schema, `projection` (how far each one is) and
`parked` (which events it left out).

Text sorts by code point (collation C), as in Python, so that live and in-memory answers come in one order.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from hashlib import sha256
from operator import attrgetter
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec.structs import astuple
from psycopg import AsyncConnection, sql

from adapters.postgres.migrate import NEXT, READ
from adapters.postgres.stored_forms import stored_form
from adapters.postgres.unused_tables import drop_unused, prefix
from adapters.projecting.memory import check_parts
from projections.rows import Projection, Record, key_fields

Connection = AsyncConnection[Any]
NAME_BYTES_MAX = 63
"""PostgreSQL silently cuts longer identifiers."""

_SCALARS: dict[object, str] = {
    str: 'text collate "C"',
    int: "bigint",
    bool: "boolean",
    date: "date",
    datetime: "timestamptz",
}
COPY_ROWS = 1_000
"""Rows in one piece of a bulk load: a few hundred kilobytes."""
_encode = msgspec.json.Encoder().encode
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})

META = (
    """
create table if not exists {schema}.projection (
    name text primary key,
    generation bigint not null default 1,
    position bigint not null default 0,
    state text not null default 'building' check (state in ('building', 'following', 'halted')),
    fault jsonb,
    shape text not null,
    updated_at timestamptz not null default clock_timestamp(),
    event uuid
)""",
    """
create table if not exists {schema}.parked (
    projection text not null,
    position bigint not null,
    fault jsonb not null,
    primary key (projection, position)
)""",
)

# Which event is at the position: were it another one, the rows would be of another history. Older versions made no such column.
_EVENT = "select from pg_attribute where attrelid = to_regclass('{schema}.projection') and attname = 'event'"
_ADD_EVENT = "alter table {schema}.projection add column event uuid"


def live_schema(network: str) -> str:
    return network + READ


def next_schema(network: str) -> str:
    return network + NEXT


def advisory_key(*parts: str) -> int:
    """Give the 64-bit key of an advisory lock."""
    return int.from_bytes(sha256("\n".join(parts).encode()).digest()[:8], "big", signed=True)


class Column(NamedTuple):
    """A field of a row as a column."""

    name: str
    type: str
    nullable: bool


def columns(table: type[Record]) -> tuple[Column, ...]:
    """The columns of a row type.

    Raises TypeError for a key that is optional or not a text, number, truth value, date or time: a document has no
    order that Python shares.
    """
    hints = get_type_hints(table, include_extras=True)
    found = tuple(Column(name, *_column_type(hints[name])) for name in table.__struct_fields__)
    for column in found:
        if column.name in key_fields(table) and (column.nullable or column.type == "jsonb"):
            raise TypeError(f"The key {column.name} of {table.__name__} cannot be a key: {hints[column.name]}.")
    return found


def _column_type(hint: object) -> tuple[str, bool]:
    """Give the type of a column and whether it may be empty."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _column_type(arguments[0])
    if origin in (Union, UnionType):
        inner = [a for a in arguments if a is not type(None)]
        nullable = len(inner) < len(arguments)
        return (_column_type(inner[0])[0] if len(inner) == 1 else "jsonb"), nullable
    if origin is Literal:
        kinds = {type(a) for a in arguments}
        return (_SCALARS.get(kinds.pop(), "jsonb") if len(kinds) == 1 else "jsonb"), False
    return _SCALARS.get(hint, "jsonb"), hint is Any


class Statements(NamedTuple):
    """What is done to one table. Rows go in and come out as one JSON array, whatever their number."""

    create: bytes
    insert: bytes
    upsert: bytes
    delete: bytes
    load: bytes
    copy: bytes


class ReadTables:
    """The tables of a projection in one schema."""

    def __init__(self, projection: Projection, schema: str) -> None:
        self.projection = projection
        self.schema = schema
        self.names = {t: _table_name(projection, t) for t in projection.tables}
        if len(set(self.names.values())) < len(projection.tables):
            raise ValueError(f"Two tables of projection {projection.name} have one name.")
        self.keys = {t: key_fields(t) for t in projection.tables}
        self.key: dict[type[Record], Any] = {t: attrgetter(*self.keys[t]) for t in projection.tables}
        self.columns = {t: columns(t) for t in projection.tables}
        self.statements = {t: self._statements(t) for t in projection.tables}
        self.decoders: dict[type[Record], msgspec.json.Decoder[list[Any]]] = {t: _decoder(t) for t in projection.tables}
        every = sql.SQL(", ").join(self.table(t) for t in projection.tables)
        self.share = sql.SQL("lock table {} in access share mode").format(every).as_bytes()
        """Keeps a generation in its place as long as somebody reads it."""
        self.seize = sql.SQL("lock table {} in access exclusive mode").format(every).as_bytes()
        self.stands = self.qualified("select position, state, shape from {schema}.projection where name = %s")
        self._documents = {
            t: [i for i, c in enumerate(self.columns[t]) if c.type == "jsonb"] for t in projection.tables
        }
        self._plain = {t: not any(c.nullable or c.type == "jsonb" for c in self.columns[t]) for t in projection.tables}
        self.shape = sha256(
            repr(sorted((self.names[t], self.columns[t], self.keys[t], stored_form(t)) for t in self.names)).encode()
        ).hexdigest()
        """Changes with the tables and with what their documents hold: a generation of another shape has to be rebuilt."""

    def table(self, table: type[Record]) -> sql.Identifier:
        return sql.Identifier(self.schema, self.names[table])

    def qualified(self, statement: str) -> bytes:
        """Put the schema into a statement that names it `{schema}`."""
        # Statements are constants of this package; the schema is quoted as an identifier.
        return sql.SQL(statement).format(schema=sql.Identifier(self.schema)).as_bytes()

    async def prepare(self, connection: Connection) -> None:
        """Make the tables that all projections of the schema share, where they are missing."""
        async with connection.transaction():
            # Two that find nothing would both create it; PostgreSQL refuses the second even with "if not exists".
            await connection.execute("select pg_advisory_xact_lock(%s)", (advisory_key("tasma read", self.schema),))
            for statement in META:
                await connection.execute(self.qualified(statement))
            if not (await connection.execute(self.qualified(_EVENT))).rowcount:
                await connection.execute(self.qualified(_ADD_EVENT))

    async def create(self, connection: Connection, *, generation: int = 1) -> None:
        """Make empty tables at position 0, instead of whatever stood there under their names."""
        async with connection.transaction():
            await self.prepare(connection)
            for table, statements in self.statements.items():
                await connection.execute(sql.SQL("drop table if exists {}").format(self.table(table)))
                await connection.execute(statements.create)
            await self.drop_unused(connection)
            await connection.execute(
                self.qualified("delete from {schema}.parked where projection = %s"), (self.projection.name,)
            )
            await connection.execute(
                self.qualified(
                    "insert into {schema}.projection (name, generation, shape) values (%s, %s, %s) on conflict (name) do update"
                    " set generation = excluded.generation, position = 0, state = default, fault = null, shape = excluded.shape,"
                    " updated_at = default, event = null"
                ),
                (self.projection.name, generation, self.shape),
            )

    async def drop_unused(self, connection: Connection) -> None:
        """Drop what other versions of this projection had as tables and this one has not."""
        await drop_unused(connection, self.schema, self.projection, self.names.values())

    def parameter(self, records: Sequence[Record | dict[str, Any]]) -> tuple[str]:
        """Rows, or the keys of rows, as the one parameter of a statement."""
        return (_encode(records).decode(),)

    def key_of(self, table: type[Record], key: object) -> dict[str, Any]:
        """A key by the names of its fields."""
        fields = self.keys[table]
        return dict(zip(fields, key if isinstance(key, tuple) and len(fields) > 1 else (key,), strict=True))

    async def copy(self, connection: Connection, table: type[Record], rows: Sequence[Record]) -> None:
        """Add rows that are surely new, in bulk."""
        async with connection.cursor() as cursor, cursor.copy(self.statements[table].copy) as copy:
            for i in range(0, len(rows), COPY_ROWS):
                await copy.write(self._lines(table, rows[i : i + COPY_ROWS]))

    def _lines(self, table: type[Record], rows: Sequence[Record]) -> str:
        """Rows as COPY takes them, in its text form.

        A tab, line end or backslash inside a text is rare: it is found by counting, and only then is each text looked at.
        """
        columns, nulls = self.columns[table], 0
        if self._plain[table]:
            values = [astuple(row) for row in rows]
        else:
            values = [self._values(table, row) for row in rows]
            nulls = sum(each.count(_NULL) for each in values)
        form = "\t".join(["%s"] * len(columns)) + "\n"
        lines = "".join([form % each for each in values])
        marks = (lines.count("\t"), lines.count("\n"), lines.count("\r"), lines.count("\\"))
        if marks != (len(rows) * (len(columns) - 1), len(rows), 0, nulls):
            lines = "".join([form % tuple(map(_escaped, each)) for each in values])
        return lines

    def _values(self, table: type[Record], row: Record) -> tuple[Any, ...]:
        """A row's values, those of documents as their text."""
        values: list[Any] = [_NULL if value is None else value for value in astuple(row)]
        for i in self._documents[table]:
            if values[i] is not _NULL:  # an empty column, not the document `null`
                values[i] = _encode(values[i]).decode()
        return tuple(values)

    def under(self, table: type[Record], parts: int) -> bytes:
        """Give the statement for rows under the first parts of a key, in key order.

        Raises TypeError for more parts than the key has.
        """
        check_parts(table, parts)
        keys = self.keys[table]
        where = [sql.SQL("{} = %s").format(sql.Identifier(k)) for k in keys[:parts]] or [sql.SQL("true").format()]
        return (
            sql.SQL("select coalesce(json_agg(r), '[]')::text from (select * from {} where {} order by {}) r")
            .format(self.table(table), sql.SQL(" and ").join(where), _names(keys))
            .as_bytes()
        )

    def _statements(self, table: type[Record]) -> Statements:
        name, keys = self.table(table), self.keys[table]
        rest = [c.name for c in self.columns[table] if c.name not in keys]
        records = sql.SQL("json_populate_recordset(null::{}, %s)").format(name)
        insert = sql.SQL("insert into {} select * from {}").format(name, records)
        replace: sql.Composable = sql.SQL("nothing")
        if rest:
            new = sql.SQL(", ").join(sql.SQL("excluded.{}").format(sql.Identifier(c)) for c in rest)
            replace = sql.SQL("update set ({}) = row({})").format(_names(rest), new)
        same = sql.SQL(" and ").join(sql.SQL("t.{0} = k.{0}").format(sql.Identifier(k)) for k in keys)
        definitions = sql.SQL(", ").join(
            sql.SQL("{} {} {}").format(
                sql.Identifier(c.name),
                sql.SQL(c.type),
                sql.SQL("null" if c.nullable else "not null"),
            )
            for c in self.columns[table]
        )
        return Statements(
            # From the first row on: a rebuild's rows are few, and a key built at the end would be waited for.
            create=sql.SQL("create table {} ({}, primary key ({}))").format(name, definitions, _names(keys)).as_bytes(),
            insert=insert.as_bytes(),
            upsert=sql.SQL("{} on conflict ({}) do {}").format(insert, _names(keys), replace).as_bytes(),
            delete=sql.SQL("delete from {} t using {} k where {}").format(name, records, same).as_bytes(),
            load=sql.SQL("select coalesce(json_agg(r), '[]')::text from (select t.* from {} t join {} k on {}) r")
            .format(name, records, same)
            .as_bytes(),
            copy=sql.SQL("copy {} ({}) from stdin")
            .format(name, _names([c.name for c in self.columns[table]]))
            .as_bytes(),
        )


def _decoder(table: type[Record]) -> msgspec.json.Decoder[list[Any]]:
    return msgspec.json.Decoder(list[table])  # type: ignore[valid-type]  # a type made at run time


class _Null(Enum):
    """How COPY takes an empty column."""

    NULL = "\\N"

    def __str__(self) -> str:
        return self.value


_NULL = _Null.NULL


def _escaped(value: object) -> object:
    """A value of COPY, whatever characters it has."""
    return value.translate(_ESCAPES) if isinstance(value, str) else value


def _names(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _table_name(projection: Projection, table: type[Record]) -> str:
    name = prefix(projection) + re.sub(r"(?<!^)(?=[A-Z])", "_", table.__name__).lower()
    if len(name.encode()) > NAME_BYTES_MAX:
        raise ValueError(f"The table name {name} is longer than {NAME_BYTES_MAX} bytes.")
    return name
