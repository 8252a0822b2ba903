"""Who does what one process at a time does: who holds a session lock, or stands in for a holder that has gone silent.

A session whose backend is stopped keeps its locks, and nobody can take them from it. Who holds this lock asks its server for
something every second. So one that has not asked for much longer is told to end, which it does as soon as it can do anything, and
meanwhile the next lock of a short row counts. Whoever stands in asks for the earlier ones again and again, so that all meet at the
first one when the silent session has ended. For that moment two may hold a seat: it saves work and proves nothing.
"""

from collections.abc import Sequence
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.types.numeric import Int8

from adapters.postgres.database import SILENT_SECONDS
from adapters.postgres.read_tables import advisory_key

GONE_SECONDS: Final = 1.5 * SILENT_SECONDS
"""Without a sign of life of the session that holds it a seat is taken by another. Its own process hangs up before."""
SEATS: Final = 8
"""So many sessions may hang at once."""

_TRY = "select pg_try_advisory_lock(%s)"
_LET_GO = "select pg_advisory_unlock(%s)"
# Sessions of other roles show no times, and are none of those that do this work.
_SILENT = """
select {} from pg_locks l join pg_stat_activity a on a.pid = l.pid and a.datid = l.database
where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and (l.classid::bigint << 32 | l.objid::bigint) = any (%s)
and a.datname = current_database() and a.usename = current_user and a.state_change < clock_timestamp() - make_interval(secs => %s)
"""
_END_SILENT = _SILENT.format("pg_terminate_backend(a.pid)")
_NAME_SILENT = _SILENT.format("l.classid::bigint << 32 | l.objid::bigint")


class Displaced(Exception):
    """Another session holds the seat that this one stood in for."""


class Seat:
    """One seat, as seen from one connection at a time."""

    def __init__(self, *names: str) -> None:
        self.key = advisory_key(*names)
        self._keys = [self.key, *(advisory_key(*names, f"in place of {nth}") for nth in range(SEATS - 1))]
        self._held = 0

    async def take(self, connection: AsyncConnection[Any]) -> bool:
        """Take it, if it is free or who holds it is silent. Not again on a connection that holds it."""
        for nth, key in enumerate(self._keys):
            if await _yes(connection, _TRY, key):
                self._held = nth
                return True
            if not await _ended(connection, key):
                return False
        return False

    async def keep(self, connection: AsyncConnection[Any]) -> None:
        """Move up where it can be done. Raises Displaced where another holds it by now."""
        for nth in range(self._held):
            if await _yes(connection, _TRY, self._keys[nth]):
                await self.leave(connection)
                self._held = nth
                return
            if not await _ended(connection, self._keys[nth]):
                raise Displaced("Another session leads by now.")

    async def leave(self, connection: AsyncConnection[Any]) -> None:
        """Let it go."""
        await _yes(connection, _LET_GO, self._keys[self._held])


async def silent_of(connection: AsyncConnection[Any], keys: Sequence[int]) -> set[int]:
    """Those of the first locks of several seats whose holders have gone silent: for who waits for many seats."""
    rows = await (await connection.execute(_NAME_SILENT, ([Int8(key) for key in keys], GONE_SECONDS))).fetchall()
    return {key for (key,) in rows}


async def _ended(connection: AsyncConnection[Any], key: int) -> bool:
    """Whether who holds a lock is silent; then it is told to end."""
    return await (await connection.execute(_END_SILENT, ([Int8(key)], GONE_SECONDS))).fetchone() is not None


async def _yes(connection: AsyncConnection[Any], query: str, key: int) -> bool:
    row = await (await connection.execute(query, (Int8(key),))).fetchone()
    return bool(row and row[0])
