"""One of many: what a network needs done by one process at a time is done by who holds its lease.

A lease is a session lock: it goes with its connection, so a process that dies lets the next one in. All leases of a process
are on one connection, which asks every second for what is waited for and by that finds out whether it still lives. When it
dies whoever works under a lease is stopped. Leases save work, they are no proof: what is done under one is fenced or
idempotent by itself.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg.types.numeric import Int8

from adapters.postgres.database import Row, conninfo
from adapters.postgres.read_tables import advisory_key

ASK_SECONDS = 1.0

_TRY = "select key from unnest(%s::bigint[]) key where pg_try_advisory_lock(key)"
_LET_GO = "select pg_advisory_unlock(key) from unnest(%s::bigint[]) key"


class Taken(Exception):
    """Another process holds the lease."""


class LeaseLost(Exception):
    """The connection that held the lease died: another process may hold it by now."""


LOST = (psycopg.OperationalError, psycopg.InterfaceError, LeaseLost)
"""How a connection that went away shows."""


@asynccontextmanager
async def lease_at_once(dsn: str, what: str, network: str) -> AsyncIterator[None]:
    """Hold the lease if it is free, on a connection of its own. Raises Taken, OperationalError without a database."""
    async with await _connected(dsn) as connection:
        if not await (await connection.execute(_TRY, ([_key(what, network)],))).fetchall():
            raise Taken(f"Another process holds the lease for {what} of {network}.")
        yield


class Leases:
    """The leases of one process in one network, as long as `run` runs."""

    def __init__(self, dsn: str, network: str) -> None:
        self._dsn, self._network = dsn, network
        self._wanted: dict[int, _Lease] = {}
        self._held = set[int]()
        """What the connection has locked; what of it nobody wants is let go."""
        self._changed = asyncio.Event()

    async def under(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Wait for the lease and do something while it is held. Raises what that raises, and LeaseLost."""
        key, lease = _key(what, self._network), _Lease()
        self._wanted[key] = lease
        self._changed.set()
        try:
            await lease.granted.wait()
            working, lost = asyncio.ensure_future(work()), asyncio.create_task(lease.lost.wait())
            try:
                await asyncio.wait({working, lost}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                lost.cancel()
                await _stopped(working)
            if working.cancelled():
                raise LeaseLost(f"The connection that held the lease for {what} of {self._network} died.")
            working.result()
        finally:
            del self._wanted[key]
            self._changed.set()

    async def run(self) -> None:
        """Ask for what is waited for until the connection dies. Raises OperationalError and InterfaceError."""
        async with await _connected(self._dsn) as connection:
            try:
                while True:
                    self._changed.clear()
                    await self._ask(connection)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(ASK_SECONDS):
                            await self._changed.wait()
            finally:
                self._held.clear()
                for lease in self._wanted.values():
                    if lease.granted.is_set():
                        lease.lost.set()

    async def _ask(self, connection: psycopg.AsyncConnection[Row]) -> None:
        if gone := self._held - set(self._wanted):
            await connection.execute(_LET_GO, (_keys(gone),))
            self._held -= gone
        # With nothing to ask for it is asked all the same: that is how the connection shows that it lives.
        cursor = await connection.execute(_TRY, (_keys(set(self._wanted) - self._held),))
        self._held |= {key for (key,) in await cursor.fetchall()}
        for key in self._held & set(self._wanted):
            self._wanted[key].granted.set()


class _Lease:
    """One that is waited for or held."""

    def __init__(self) -> None:
        self.granted, self.lost = asyncio.Event(), asyncio.Event()


async def _connected(dsn: str) -> psycopg.AsyncConnection[Row]:
    return await psycopg.AsyncConnection.connect(conninfo(dsn, "tasma leases"), autocommit=True)


async def _stopped(working: asyncio.Future[None]) -> None:
    """Cancel until it heeds that: psycopg 3.3 loses a cancellation that arrives while a statement fails."""
    while not working.done():
        working.cancel()
        await asyncio.wait({working}, timeout=ASK_SECONDS)
    if not working.cancelled():
        working.exception()  # taken note of, even where nobody asks any more


def _key(what: str, network: str) -> int:
    return advisory_key(f"tasma {what}", network)


def _keys(keys: set[int]) -> list[Int8]:
    return [Int8(key) for key in sorted(keys)]
