"""Who is delivered to at the same time: so many in all, so many of one owner, and no more than half of them slow ones."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from msgspec import Struct

AT_ONCE: Final = 256
"""Deliveries under way."""
SLOW_AT_ONCE: Final = AT_ONCE // 2
"""Of those at most to receivers that failed the last time, or were slow: the others always have room beside them."""
OF_ONE_OWNER: Final = 8
"""Of those at most: whoever has many slow ones slows their own."""


class _Waiting(Struct, frozen=True, eq=False):
    owner: str
    slow: bool
    admitted: asyncio.Future[None]


class Turns:
    """Gives turns in the order in which they were asked for, except that nobody waits behind those whose room is used up."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._under_way = self._slow = 0
        self._of = Counter[str]()

    @asynccontextmanager
    async def turn(self, owner: str, *, slow: bool) -> AsyncIterator[None]:
        """For as long as the block lasts."""
        mine = _Waiting(owner, slow, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        self._admit()
        try:
            await mine.admitted
            yield
        finally:
            if mine.admitted.done() and not mine.admitted.cancelled():
                self._count(mine, -1)
                self._admit()
            else:
                self._waiting.remove(mine)

    def _admit(self) -> None:
        if self._under_way == AT_ONCE:
            return
        left = []
        for each in self._waiting:
            if self._has_room(each):
                self._count(each, 1)
                each.admitted.set_result(None)
            else:
                left.append(each)
        self._waiting = left

    def _has_room(self, one: _Waiting) -> bool:
        return (
            not one.admitted.done()  # broken off while it waited: it takes itself out
            and self._under_way < AT_ONCE
            and self._of[one.owner] < OF_ONE_OWNER
            and (self._slow < SLOW_AT_ONCE or not one.slow)
        )

    def _count(self, one: _Waiting, by: int) -> None:
        self._under_way += by
        self._slow += by * one.slow
        self._of[one.owner] += by
        if not self._of[one.owner]:
            del self._of[one.owner]
