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


class Taken(Exception):
    """Another process holds the lease."""


@asynccontextmanager
async def lease_at_once(dsn: str, what: str, network: str) -> AsyncIterator[None]:
    """Hold the lease if it is free. Raises Taken, and psycopg.OperationalError when the database goes away."""
    key = advisory_key(f"tasma {what}", network)
    async with await psycopg.AsyncConnection.connect(conninfo(dsn, f"tasma {what}"), autocommit=True) as connection:
        row = await (await connection.execute("select pg_try_advisory_lock(%s)", (key,))).fetchone()
        if not (row and row[0]):
            raise Taken(f"Another process holds the lease for {what} of {network}.")
        yield


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
