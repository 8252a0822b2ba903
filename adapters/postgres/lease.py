"""One of many: what a network needs done by one process at a time is done by who holds its lease.

A lease is a session lock: it goes with its connection, so a process that dies lets the next one in. It saves work, it is no
proof: what is done under it is fenced or idempotent by itself.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from adapters.postgres.database import conninfo
from adapters.postgres.read_tables import advisory_key

ASK_SECONDS = 1.0
LOST = (psycopg.OperationalError, psycopg.InterfaceError)
"""How a connection that went away shows."""


@asynccontextmanager
async def lease(dsn: str, what: str, network: str) -> AsyncIterator[None]:
    """Wait for the lease and hold it. Raises psycopg.OperationalError when the database goes away."""
    key = advisory_key(f"tasma {what}", network)
    async with await psycopg.AsyncConnection.connect(conninfo(dsn, f"tasma {what}"), autocommit=True) as connection:
        while True:
            row = await (await connection.execute("select pg_try_advisory_lock(%s)", (key,))).fetchone()
            if row and row[0]:
                break
            await asyncio.sleep(ASK_SECONDS)
        yield
