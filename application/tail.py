"""The newest events of the log, read once for all who follow it in this process."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

import structlog

from application.entry import Entry, entries_of
from application.ports import Log, Unavailable

KEPT_EVENTS: Final = 4_096
KEPT_BYTES: Final = 16_000_000
READ_EVENTS: Final = 1_000
WAIT_SECONDS: Final = 2.0
"""Without news, how often it is asked whether the log still is the one that was followed."""
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
        self._last: bytes | None = None
        """The event there."""
        self._log_era = log.era
        self.era = 0
        """Rises when the log turns out to be another one than was followed."""
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def end(self) -> int | None:
        """How far the log goes, as far as is known here; None before that was asked."""
        return self._end

    def follow(self) -> None:
        """Begin, if that has not been done."""
        if self._task is None:
            self._task = asyncio.create_task(self._follow(), name="tasma feed tail")

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
        self.follow()
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
            except Exception:
                # Everybody who follows hangs on this one task: it may rest, not end.
                logger.exception("feed.failed")
                await asyncio.sleep(REST_SECONDS)

    async def _read(self) -> None:
        """Take in what is new. Where the log is shorter, or has another event where the last one was, begin anew."""
        if self._end is None or self._log.era != self._log_era:
            await self._begin()
        end = self._end or 0
        await self._log.wait(end, WAIT_SECONDS)
        known = min(end, 1)  # the event there is read again: where it is another one, so is the log
        bodies = await self._log.bodies(end - known, limit=READ_EVENTS)
        if list(bodies[:known]) == [self._last] * known:
            self._take(bodies[known:])
        else:
            self.era += 1
            await self._begin()

    async def _begin(self) -> None:
        era, end = self._log.era, (await self._log.head()).position
        self._last = await self._log.body(end) if end else None
        self._entries.clear()
        self._log_era, self._bytes, self._end = era, 0, end
        self._tell()

    def _take(self, bodies: Sequence[bytes]) -> None:
        if not bodies:
            return
        end = self._end or 0
        self._entries += entries_of(bodies, end + 1)
        self._bytes += sum(map(len, bodies))
        self._last = bodies[-1]
        while len(self._entries) > KEPT_EVENTS or self._bytes > KEPT_BYTES:
            self._bytes -= len(self._entries.popleft().body)
        self._end = end + len(bodies)
        self._tell()

    def _tell(self) -> None:
        """Wake everybody who waits, and let who waits from now on wait for the next news."""
        self._news.set()
        self._news = asyncio.Event()
