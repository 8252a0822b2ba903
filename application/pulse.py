"""Wakes all who follow the log in this process together: what happened meanwhile leaves as one, and nobody has a timer."""

import asyncio
from typing import Final

from application.feed import Feed

TICK_SECONDS: Final = 1.0
"""Without news, how often they are woken to look after themselves."""

REST_SHARE: Final = 0.5
"""Of the time that a beat took, for which the next one waits."""
REST_SECONDS_MAX: Final = 0.025


class Pulse:
    """Beats while somebody waits for it: with the first news, then at most as often as they can all be served."""

    def __init__(self) -> None:
        self._told = -1
        """How far the log had come at the last beat."""
        self._waiting = 0
        self._beat = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many wait for the next beat."""
        return self._waiting

    def now(self) -> None:
        """Wake everybody."""
        self._beat.set()
        self._beat = asyncio.Event()

    async def wait(self, feed: Feed, after: int) -> bool:
        """Wait for the next beat; False, and at once, where the last one told of something after this position."""
        if self._told > after:
            return False
        self._waiting += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(feed), name="tasma feed pulse")
        try:
            await self._beat.wait()
        finally:
            self._waiting -= 1
        return True

    async def _run(self, feed: Feed) -> None:
        clock = asyncio.get_running_loop().time
        self._told = -1
        while self._waiting:
            await feed.wait(self._told, TICK_SECONDS)
            began = clock()
            self._told = -1 if feed.tail.end is None else feed.tail.end
            self.now()
            # Each of them has a turn, and what they start has one. Half as long as that took, others have the processor: commits
            # come together meanwhile, and so the more readers there are, the more goes to each at once.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await asyncio.sleep(min((clock() - began) * REST_SHARE, REST_SECONDS_MAX))
