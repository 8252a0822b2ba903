"""Tables that an older version of a read model had go when its tables are made anew, and nobody else's."""

import asyncio
from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection, AsyncCursor, sql

from adapters.postgres.read_tables import ReadTables, live_schema, next_schema
from adapters.postgres.rebuild import rebuild
from projections.rows import At, Key, Latest, Projection, Row, each
from tests.projections.mentors import FACTS, CapacityChange
from tests.projections.same import Ground, Listed


class Made(Row, frozen=True):
    one: Key[str]


def nothing(_: Latest, __: CapacityChange, ___: At) -> Sequence[Made]:
    return ()


unused = Projection("unused", each(nothing), (Made,), FACTS)
unused_twice = Projection("unused-twice", each(nothing), (Made,), FACTS)
STRAY = sql.SQL("create table {} (one int)")


async def names(connection: AsyncConnection[Any], schema: str) -> list[str]:
    query = "select relname from pg_class where relnamespace = %s::regnamespace and relkind = 'r' and starts_with(relname, 'unused')"
    cursor: AsyncCursor[Any] = await connection.execute(query, (schema,))
    return sorted(str(name) for (name,) in await cursor.fetchall())


def test_tables_of_older_versions_go_when_a_projection_is_made_and_when_it_is_rebuilt(ground: Ground) -> None:
    live, coming = live_schema(ground.network), next_schema(ground.network)

    async def promise() -> None:
        async with ground.connection() as connection:
            for schema in live, coming:
                await connection.execute(STRAY.format(sql.Identifier(schema, "unused_lines")))
            await ReadTables(unused, live).create(connection)
            assert await names(connection, live) == ["unused_made"]
            assert await names(connection, coming) == ["unused_lines"]
            await connection.execute(STRAY.format(sql.Identifier(live, "unused_lines")))
            rebuilt = await rebuild(unused, connection=connection, network=ground.network, source=Listed([]))
            assert rebuilt.swapped
            assert await names(connection, live) == ["unused_made"]
            assert await names(connection, coming) == []

    asyncio.run(promise())


def test_a_projection_whose_name_goes_on_keeps_its_tables(ground: Ground) -> None:
    live = live_schema(ground.network)

    async def promise() -> None:
        async with ground.connection() as connection:
            await ReadTables(unused_twice, live).create(connection)
            await ReadTables(unused, live).create(connection)
            await rebuild(unused, connection=connection, network=ground.network, source=Listed([]))
            assert await names(connection, live) == ["unused_made", "unused_twice_made"]

    asyncio.run(promise())


def test_what_somebody_else_put_there_stays(ground: Ground) -> None:
    """It is not ours to drop, and it keeps nobody from rebuilding."""
    live = live_schema(ground.network)

    async def promise() -> None:
        async with ground.connection() as connection, await AsyncConnection.connect(ground.server.admin_dsn) as theirs:
            await theirs.execute(STRAY.format(sql.Identifier(live, "unused_kept_by_hand")))
            await theirs.commit()
            await rebuild(unused, connection=connection, network=ground.network, source=Listed([]))
            assert "unused_kept_by_hand" in await names(connection, live)
            await theirs.execute(sql.SQL("drop table {}").format(sql.Identifier(live, "unused_kept_by_hand")))

    asyncio.run(promise())
