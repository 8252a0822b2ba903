"""Which tables of a read model no version uses any more: those under its name that its present one does not have."""

from collections.abc import Iterable
from typing import Any, Final

from psycopg import AsyncConnection, sql

from projections.rows import Projection

# A table that begins with the names of two projections is of the longer one. What somebody else put there is left alone.
_UNUSED: Final = """
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = %s and c.relkind = 'r' and starts_with(c.relname, %s) and c.relname <> all(%s)
    and pg_has_role(c.relowner, 'usage') and not exists (
        select from {schema}.projection p
        where length(p.name) > length(%s) and starts_with(c.relname, replace(p.name, '-', '_') || '_')
    )
order by c.relname
"""


def prefix(projection: Projection) -> str:
    """What the names of its tables begin with."""
    return projection.name.replace("-", "_") + "_"


async def drop_unused(
    connection: AsyncConnection[Any], schema: str, projection: Projection, used: Iterable[str]
) -> None:
    """Drop them, inside the caller's transaction; the schema's table `projection` is there."""
    unused = sql.SQL(_UNUSED).format(schema=sql.Identifier(schema))
    found = await connection.execute(unused, (schema, prefix(projection), [*used], projection.name))
    for (table,) in await found.fetchall():
        await connection.execute(sql.SQL("drop table {}").format(sql.Identifier(schema, table)))
