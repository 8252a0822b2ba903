"""One of many: what a network needs done by one process at a time is done by who holds its lease.

A lease is a session lock: it goes with its connection, so a process that dies lets the next one in. All leases of a process
are on one connection, which asks every second for what is waited for and by that finds out whether it still lives. When it
dies or its server says nothing any more, whoever works under a lease is stopped, and a session that answers gets the lease. Leases
save work, they are no proof: what is done under one is fenced or idempotent by itself.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg.types.numeric import Int8

from adapters.postgres.database import Row, conninfo
from adapters.postgres.impatient import Impatient
from adapters.postgres.seat import Displaced, Seat, silent_of

ASK_SECONDS = 1.0

_TRY = "select key from unnest(%s::bigint[]) key where pg_try_advisory_lock(key)"


class Taken(Exception):
    """Another process holds the lease."""


class LeaseLost(Exception):
    """The connection that held the lease died or fell silent: another process may hold it by now."""


LOST = (psycopg.OperationalError, psycopg.InterfaceError, LeaseLost)
"""How a connection that went away shows."""


@asynccontextmanager
async def lease_at_once(dsn: str, what: str, network: str) -> AsyncIterator[None]:
    """Hold the lease if it is free, on a connection of its own. Raises Taken, OperationalError without a database."""
    async with await _connected(dsn) as connection:
        if not await (await connection.execute(_TRY, (_keys({_seat(what, network).key}),))).fetchall():
            raise Taken(f"Another process holds the lease for {what} of {network}.")
        alive = asyncio.create_task(_stay_alive(connection))
        try:
            yield
        finally:
            await _stopped(alive)


class Leases:
    """The leases of one process in one network, as long as `run` runs."""

    def __init__(self, dsn: str, network: str) -> None:
        self._dsn, self._network = dsn, network
        self._wanted: dict[int, _Lease] = {}
        self._held: dict[int, Seat] = {}
        """What the connection has locked; what of it nobody wants is let go."""
        self._changed = asyncio.Event()

    async def under(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Wait for the lease and do something while it is held. Raises what that raises, and LeaseLost."""
        seat = _seat(what, self._network)
        key, lease = seat.key, _Lease(seat)
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
        for key in self._held.keys() - self._wanted.keys():
            await self._held.pop(key).leave(connection)
        await self._keep(connection)
        # With nothing to ask for it is asked all the same: that is how the connection shows that it lives.
        waiting = {key: self._wanted[key].seat for key in self._wanted.keys() - self._held.keys()}
        cursor = await connection.execute(_TRY, (_keys(waiting),))
        for (key,) in await cursor.fetchall():
            self._held[key] = waiting.pop(key)
        if waiting:
            for key in await silent_of(connection, [*waiting]):
                if await waiting[key].take(connection):
                    self._held[key] = waiting[key]
        for key in self._held.keys() & self._wanted.keys():
            self._wanted[key].granted.set()

    async def _keep(self, connection: psycopg.AsyncConnection[Row]) -> None:
        """Give up what this only stood in for and another holds by now."""
        for key, seat in [*self._held.items()]:
            try:
                await seat.keep(connection)
            except Displaced:
                del self._held[key]
                await seat.leave(connection)
                if lease := self._wanted.get(key):
                    lease.lost.set()


class _Lease:
    """One that is waited for or held."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.granted, self.lost = asyncio.Event(), asyncio.Event()


async def _connected(dsn: str) -> psycopg.AsyncConnection[Row]:
    return await Impatient.held(conninfo(dsn, "tasma leases"))


async def _stay_alive(connection: psycopg.AsyncConnection[Row]) -> None:
    """Ask for nothing now and then: a session that does not is taken for one that hangs."""
    while True:
        await asyncio.sleep(ASK_SECONDS)
        await connection.execute("select 1")


async def _stopped(working: asyncio.Future[None]) -> None:
    """Cancel until it heeds that: psycopg 3.3 loses a cancellation that arrives while a statement fails."""
    while not working.done():
        working.cancel()
        await asyncio.wait({working}, timeout=ASK_SECONDS)
    if not working.cancelled():
        working.exception()  # taken note of, even where nobody asks any more


def _seat(what: str, network: str) -> Seat:
    return Seat(f"tasma {what}", network)


def _keys(keys: Collection[int]) -> list[Int8]:
    return [Int8(key) for key in sorted(keys)]
