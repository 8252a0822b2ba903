"""How two generations of a projection are compared: row by row, by one full join a table."""

from typing import Any

import msgspec
from msgspec import Struct
from psycopg import sql

from adapters.postgres.read_tables import Connection, ReadTables
from projections.rows import Record

SAMPLES = 5
_OTHER_COLUMNS = """
select attname::text from pg_attribute where attrelid in (to_regclass(%s), to_regclass(%s)) and attnum > 0 and not attisdropped
group by attname having count(*) < 2 or min(atttypid) <> max(atttypid) order by attname
"""


class Sample(Struct, frozen=True):
    """One difference: the row as it was and as it is now; None where it is not there."""

    old: Any
    new: Any


class Difference(Struct, frozen=True):
    """What differs between the generations of one table."""

    table: str
    only_old: int
    only_new: int
    different: int
    repeated: int = 0
    """Rows of the old generation beyond the first under their key: whoever counts them counts twice."""
    samples: tuple[Sample, ...] = ()
    """At most five, in key order. They show what the read model holds: for operators, not for logs."""
    repeats: tuple[Any, ...] = ()
    """At most five of the keys that have several rows, in their order."""

    @property
    def none(self) -> bool:
        return not (self.only_old or self.only_new or self.different or self.repeated)


async def difference(connection: Connection, old: ReadTables, new: ReadTables, table: type[Record]) -> Difference:
    """Compare one table of two generations of the same shape."""
    keys = [sql.Identifier(key) for key in old.keys[table]]
    rest = [sql.Identifier(c.name) for c in old.columns[table] if c.name not in old.keys[table]]
    conditions = {
        "only_old": sql.SQL("n.{} is null").format(keys[0]),
        "only_new": sql.SQL("o.{} is null").format(keys[0]),
        "different": sql.SQL("o.{0} = n.{0} and ({1}) is distinct from ({2})").format(
            keys[0], _row("o", rest), _row("n", rest)
        ),
    }
    joined = sql.SQL("{} o full join {} n on {}").format(
        old.table(table),
        new.table(table),
        sql.SQL(" and ").join(sql.SQL("o.{0} = n.{0}").format(key) for key in keys),
    )
    counts = sql.SQL(", ").join(sql.SQL("count(*) filter (where {})").format(c) for c in conditions.values())
    # The new generation has its key: a row of it that meets several has as many partners as these are.
    repeated = sql.SQL("count(n.{}) - (select count(*) from {})").format(keys[0], new.table(table))
    row = await (await connection.execute(sql.SQL("select {}, {} from {}").format(counts, repeated, joined))).fetchone()
    if row is None or not any(row):
        return Difference(table=old.names[table], only_old=0, only_new=0, different=0)
    order = sql.SQL(", ").join(sql.SQL("coalesce(o.{0}, n.{0})").format(key) for key in keys)
    samples = await connection.execute(
        sql.SQL("select row_to_json(o.*)::text, row_to_json(n.*)::text from {} where {} order by {} limit {}").format(
            joined, sql.SQL(" or ").join(conditions.values()), order, sql.Literal(SAMPLES)
        )
    )
    only_old, only_new, different, more = row
    return Difference(
        table=old.names[table],
        only_old=only_old,
        only_new=only_new,
        different=different,
        repeated=more,
        samples=tuple([Sample(*(text and msgspec.json.decode(text) for text in pair)) async for pair in samples]),
        repeats=await _repeats(connection, old, table) if more else (),
    )


async def _repeats(connection: Connection, old: ReadTables, table: type[Record]) -> tuple[Any, ...]:
    keys = sql.SQL(", ").join(map(sql.Identifier, old.keys[table]))
    found = await connection.execute(
        sql.SQL(
            "select row_to_json(k)::text from (select {0} from {1} group by {0} having count(*) > 1 order by {0} limit {2}) k"
        ).format(keys, old.table(table), sql.Literal(SAMPLES))
    )
    return tuple([msgspec.json.decode(text) async for (text,) in found])


async def other_columns(
    connection: Connection, old: ReadTables, new: ReadTables, table: type[Record]
) -> tuple[str, ...]:
    """The columns that only one generation has, or that are of another type in the other, by name; all where a table is missing."""
    found = await connection.execute(_OTHER_COLUMNS, [each.table(table).as_string(None) for each in (old, new)])
    return tuple([name async for (name,) in found])


def _row(alias: str, columns: list[sql.Identifier]) -> sql.Composed:
    """Give the values to compare; a row of nothing but its key never differs."""
    values = [sql.SQL("{}.{}").format(sql.Identifier(alias), column) for column in columns]
    return sql.SQL("row({})").format(sql.SQL(", ").join([*values, sql.SQL("true").format()]))
