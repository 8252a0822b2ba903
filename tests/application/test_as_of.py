"""As of a moment: an answer that is given once never changes, so a moment is answered when nothing can be put into it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog
from application.as_of import StillOpen, resolve
from tests.log.decisions import NINE, assigned, capacity, decision, founded


def on_a_real_network(promise: Callable[[MemoryLog], Awaitable[None]]) -> None:
    """Founded a minute before the clock stands still at nine."""

    async def play() -> None:
        now = [NINE - timedelta(minutes=1)]
        log = MemoryLog("/networks/t", SeededEntropy(1), lambda: now[0])
        await log.append(decision(founded(constructed=False), at=now[0]))
        now[0] = NINE
        await promise(log)

    asyncio.run(play())


def before_nine(**ago: float) -> datetime:
    return NINE - timedelta(**ago)


def test_the_last_two_seconds_are_not_settled() -> None:
    """A process whose clock is two seconds slow still records there, right after the question."""

    async def promise(log: MemoryLog) -> None:
        for moment in (before_nine(seconds=2), before_nine(seconds=1), NINE):
            with pytest.raises(StillOpen) as refused:
                await resolve(moment.isoformat(), log, lambda: NINE)
            assert str(refused.value) == (
                f"{moment.isoformat()} is not settled yet, its answer could still change; "
                "ask as of 2019-03-05T08:59:58+00:00 at the latest."
            )
        await log.append(decision(assigned(), at=before_nine(seconds=2)))
        assert (await log.head()).time == before_nine(seconds=2)

    on_a_real_network(promise)


def test_what_is_settled_stays_as_it_was_answered() -> None:
    async def promise(log: MemoryLog) -> None:
        settled = before_nine(seconds=2, microseconds=1).isoformat()
        assert await resolve(settled, log, lambda: NINE) == 1
        for slow in (5, 2, 1):
            await log.append(decision(capacity(), at=before_nine(seconds=slow)))
        assert await resolve(settled, log, lambda: NINE) == 1

    on_a_real_network(promise)
