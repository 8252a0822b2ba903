"""A connection that is held for one purpose: made at its first use, made again when it dies, and what was asked asked again.

Borrowing one from the pool for every call would cost a tenth of a millisecond each time.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Final

import psycopg
from psycopg import AsyncConnection, errors

from adapters.postgres.arrays import take_packed
from adapters.postgres.database import RETRY_SECONDS, Row, hanging_up, unreachable
from adapters.postgres.following import heed_cancellation
from application.ports import Unavailable

ATTEMPTS: Final = 5
"""How often a statement is sent while its connections die."""

LIMITS: Final = {"lock_timeout": "3000", "statement_timeout": "10000"}
"""Milliseconds for each attempt, so that a session which hangs with a lock does not hang whoever waits for it."""
DEADLINE_SECONDS: Final = 12.0
"""For all attempts together. The server's own limits do not reach a commit that waits for a disk or a standby, nor a server that
is stopped."""
LOCK_ATTEMPTS: Final = 2
"""How often a lock is waited for: who holds it that long holds it longer."""
_SET = b"select set_config(name, setting, false) from unnest(%s::text[], %s::text[]) as given(name, setting)"
_LIMITS = "54"
"""The class of errors that say a name or value is too large: no second attempt changes that."""


class Dedicated:
    """One connection in autocommit, for one caller at a time. `settings`: what is set on it."""

    def __init__(self, info: str, settings: Mapping[str, str]) -> None:
        self._info = info
        self._settings = settings
        self._connection: AsyncConnection[Row] | None = None
        self._warned = False

    async def rows(self, query: bytes, parameters: Sequence[object]) -> list[Row]:
        """One statement, one round trip, all its rows; sent again when the connection dies, whether or not it was carried out.

        So it is for what reads, or changes nothing the second time. Raises Unavailable after the last attempt or at the
        deadline, and as it is what the server says about the statement itself.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DEADLINE_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            try:
                if attempt > 1:
                    await asyncio.sleep(RETRY_SECONDS * 2 ** (attempt - 2))
                connection = self._connection or await self._connect()
                self._warned = False
                with hanging_up(connection, deadline):
                    cursor = await connection.execute(query, parameters, prepare=True, binary=True)
                    rows = await cursor.fetchall()
                if self._warned:
                    raise errors.OperationalError("the commit was not confirmed by the standby servers")
                return rows  # noqa: TRY300 - an attempt ends here
            except (psycopg.OperationalError, psycopg.InterfaceError, errors.ReadOnlySqlTransaction) as error:
                heed_cancellation()
                if (error.sqlstate or "").startswith(_LIMITS):
                    raise
                await self.close()
                if loop.time() >= deadline:
                    raise Unavailable("The database does not answer; try again in a moment.") from error
                if attempt == ATTEMPTS or (isinstance(error, errors.LockNotAvailable) and attempt == LOCK_ATTEMPTS):
                    raise _unavailable(error) from error
        raise AssertionError("The last attempt returns or raises.")

    async def close(self) -> None:
        """Close the connection; the next statement makes a new one."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with contextlib.suppress(psycopg.Error, OSError):
                await connection.close()

    async def _connect(self) -> AsyncConnection[Row]:
        connection = await AsyncConnection.connect(self._info, autocommit=True)
        try:
            take_packed(connection)
            if self._settings:
                await connection.execute(_SET, ([*self._settings], [*self._settings.values()]))
            connection.add_notice_handler(self._notice)
        except BaseException:
            await connection.close()
            raise
        self._connection = connection
        return connection

    def _notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        """Heed a warning.

        A commit whose wait for a synchronous standby was cancelled is complete on this server and says so in a warning,
        nowhere else: if this server is lost now, so is the commit. The text of a warning is translated, and no statement
        here gives another one, so any counts; whoever asks again waits for the standbys again.
        """
        if diagnostic.severity_nonlocalized == "WARNING":
            self._warned = True


def _unavailable(error: psycopg.Error) -> Unavailable:
    if isinstance(error, errors.LockNotAvailable | errors.QueryCanceled):
        return Unavailable("Another process holds the log and does not let it go; try again in a moment.")
    return unreachable(error)
