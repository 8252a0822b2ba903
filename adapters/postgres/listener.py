"""How a process learns at once that the log has grown: one listening connection for all who wait.

In this order: LISTEN, then read the head, then wait. An event committed before LISTEN is seen by the reading, one committed
after it is announced. An announcement is a reason to read the head and nothing more: whoever may log in to the database can
send one, with anything in it. Announcements may still get lost (a server that fails over, a network that drops), so the head
is read every second as well; and a connection that dies is replaced.

A pooler in transaction mode (PgBouncer) breaks LISTEN; behind one, the reading every second is what remains.
"""

import asyncio
import contextlib
from typing import Final

import psycopg
import structlog
from psycopg import AsyncConnection

from adapters.postgres.database import Database, Row, statement
from adapters.postgres.following import heed_cancellation

POLL_SECONDS: Final = 1.0
RECONNECT_SECONDS: Final = 0.2

_HEAD = "select coalesce(max(position), 0) from {schema}.event"
_LISTEN = "listen {channel}"

logger = structlog.get_logger()


class Listener:
    """The head as far as it is known, kept up to date from the first wait on until `close`."""

    def __init__(self, database: Database, schema: str) -> None:
        self._info = database.info
        self._head_query = statement(_HEAD, schema)
        self._listen = statement(_LISTEN, schema, channel=f"tasma_{schema}")
        self._head = 0
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def beyond(self, position: int) -> int:
        """The head, as soon as it is beyond a position; for ever if that never happens."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow(), name="tasma listener")
        while self._head <= position:
            await self._news.wait()
        return self._head

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _follow(self) -> None:
        while True:
            try:
                async with await AsyncConnection.connect(self._info, autocommit=True) as connection:
                    await connection.execute(self._listen)
                    await self._stay(connection)
            except (psycopg.Error, OSError) as error:
                heed_cancellation()
                logger.warning("listener.reconnects", error=str(error).strip())
            except Exception as error:
                heed_cancellation()
                logger.exception("listener.failed", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _stay(self, connection: AsyncConnection[Row]) -> None:
        while True:
            for (head,) in await (await connection.execute(self._head_query)).fetchall():
                self._saw(head)
            async for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
                pass

    def _saw(self, head: int) -> None:
        if head != self._head:  # lower where the network was made anew
            self._head = head
            self._news.set()  # wakes those who wait now; who comes later waits for the next event
            self._news = asyncio.Event()
