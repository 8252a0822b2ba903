"""The newest events of the log, read once for all who follow it in this process."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

import structlog

from application.entry import Entry
from application.ports import Log, Unavailable

KEPT_EVENTS: Final = 4_096
KEPT_BYTES: Final = 16_000_000
READ_EVENTS: Final = 1_000
WAIT_SECONDS: Final = 15.0
REST_SECONDS: Final = 1.0
"""Before the log is asked again after it could not be reached."""

logger = structlog.get_logger()


class Tail:
    """Follows the log from the first question on, until it is closed.

    Nobody has a buffer of their own: each reader has a position, and who falls behind what is kept reads on from the log.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._end: int | None = None
        """How far it has come; None before it has begun."""
        self._era = log.era
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def after(self, position: int) -> Sequence[Entry] | None:
        """The events after a position, none where there are none yet; None where they are not kept here."""
        if self._end is None or not self._end - len(self._entries) <= position <= self._end:
            return None
        return tuple(islice(self._entries, position - (self._end - len(self._entries)), None))

    async def wait(self, after: int, seconds: float) -> bool:
        """Whether the log goes on after a position, as soon as it does, or when the time is up."""
        if self._task is None:
            self._task = asyncio.create_task(self._follow(), name="tasma feed tail")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._end is None or self._end <= after:
                    await self._news.wait()
        return self._end is not None and self._end > after

    async def _follow(self) -> None:
        while True:
            try:
                await self._read()
            except Unavailable as error:
                logger.warning("feed.interrupted", why=str(error))
                await asyncio.sleep(REST_SECONDS)

    async def _read(self) -> None:
        """Take in what is new. Where the log is another one, or shorter, begin anew."""
        if self._end is None or self._log.era != self._era:
            self._era = self._log.era
            self._restart((await self._log.head()).position)
        end = self._end or 0
        head = await self._log.wait(end, WAIT_SECONDS)
        if head < end:
            self._restart(head)
        elif head > end:
            self._take(await self._log.bodies(end, limit=READ_EVENTS))

    def _restart(self, end: int) -> None:
        self._entries.clear()
        self._bytes, self._end = 0, end
        self._tell()

    def _take(self, bodies: Sequence[bytes]) -> None:
        end = self._end or 0
        self._entries += (Entry(position, body) for position, body in enumerate(bodies, end + 1))
        self._bytes += sum(map(len, bodies))
        while len(self._entries) > KEPT_EVENTS or self._bytes > KEPT_BYTES:
            self._bytes -= len(self._entries.popleft().body)
        self._end = end + len(bodies)
        self._tell()

    def _tell(self) -> None:
        """Wake everybody who waits, and let who waits from now on wait for the next news."""
        self._news.set()
        self._news = asyncio.Event()
