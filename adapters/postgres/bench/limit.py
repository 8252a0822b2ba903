"""What one INSERT a commit can reach here: no order, no condition, no tags."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from psycopg import AsyncConnection, sql

from adapters.bench.rounds import Count, by_tasks
from adapters.bench.samples import Referrals
from adapters.postgres.database import Row, conninfo

CONNECTIONS_MAX: Final = 64
"""Of the server's hundred; more writers share them, none waits for two commits."""


class Limit:
    """Bare prepared INSERTs in autocommit, each writer on a connection of its own up to 64."""

    name = "limit"

    def __init__(self, connections: Sequence[AsyncConnection[Row]], insert: bytes, sample: Referrals) -> None:
        self._connections = connections
        self._insert = insert
        self._sample = sample

    async def work(self, writers: int, seconds: float) -> Count:
        return await by_tasks([self._writer(n) for n in range(writers)], seconds)

    def _writer(self, n: int) -> Callable[[], Awaitable[None]]:
        connection = self._connections[n % len(self._connections)]
        body = self._sample.whole(n)

        async def once() -> None:
            await connection.execute(self._insert, (body,), prepare=True, binary=True)

        return once


@asynccontextmanager
async def open_limit(admin_dsn: str, schema: str, sample: Referrals, writers: int) -> AsyncIterator[Limit]:
    """A table of its own, and connections for so many writers."""
    table = sql.Identifier(schema, "bare")
    async with AsyncExitStack() as stack:
        connections = await asyncio.gather(
            *(
                AsyncConnection.connect(conninfo(admin_dsn, "tasma bench"), autocommit=True)
                for _ in range(min(writers, CONNECTIONS_MAX))
            )
        )
        for connection in connections:
            await stack.enter_async_context(connection)
        await connections[0].execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
        create = "create table {} (position bigint generated always as identity primary key, data bytea not null)"
        await connections[0].execute(sql.SQL(create).format(table))
        insert = sql.SQL("insert into {} (data) values (%s)").format(table).as_bytes()
        yield Limit(connections, insert, sample)
