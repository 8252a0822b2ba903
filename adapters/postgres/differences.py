"""How two generations of a projection are compared: row by row, by one full join a table."""

from typing import Any

import msgspec
from msgspec import Struct
from psycopg import sql

from adapters.postgres.read_tables import Connection, ReadTables
from projections.rows import Record

SAMPLES = 5


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
    samples: tuple[Sample, ...] = ()
    """At most five, in key order. They show what the read model holds: for operators, not for logs."""

    @property
    def none(self) -> bool:
        return not (self.only_old or self.only_new or self.different)


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
    row = await (await connection.execute(sql.SQL("select {} from {}").format(counts, joined))).fetchone()
    if row is None or not any(row):
        return Difference(table=old.names[table], only_old=0, only_new=0, different=0)
    order = sql.SQL(", ").join(sql.SQL("coalesce(o.{0}, n.{0})").format(key) for key in keys)
    samples = await connection.execute(
        sql.SQL("select row_to_json(o.*)::text, row_to_json(n.*)::text from {} where {} order by {} limit {}").format(
            joined, sql.SQL(" or ").join(conditions.values()), order, sql.Literal(SAMPLES)
        )
    )
    only_old, only_new, different = row
    return Difference(
        table=old.names[table],
        only_old=only_old,
        only_new=only_new,
        different=different,
        samples=tuple([Sample(*(text and msgspec.json.decode(text) for text in pair)) async for pair in samples]),
    )


def _row(alias: str, columns: list[sql.Identifier]) -> sql.Composed:
    """Give the values to compare; a row of nothing but its key never differs."""
    values = [sql.SQL("{}.{}").format(sql.Identifier(alias), column) for column in columns]
    return sql.SQL("row({})").format(sql.SQL(", ").join([*values, sql.SQL("true").format()]))
