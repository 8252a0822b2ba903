"""Callers that meet are served together, in order, bounded; and no caller's fate is another's."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from structlog.testing import capture_logs

from adapters.postgres import gathering
from adapters.postgres.gathering import BATCH_MAX, WAITING_MAX, Gathering
from application.ports import Overloaded, Unavailable


class Work:
    """Doubles numbers, in batches that are let go one by one; refuses 13 with the whole batch, 7 alone."""

    def __init__(self, *, held: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.go = asyncio.Semaphore(0 if held else 1_000_000)

    async def carry(self, batch: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append([*batch])
        await self.go.acquire()
        if 13 in batch:
            raise LookupError("thirteen")
        if 99 in batch:
            raise Unavailable("ninety-nine")
        return [ValueError("seven") if n == 7 else 2 * n for n in batch]


def run(promise: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(promise(), 20))


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_who_comes_alone_waits_for_nobody_and_who_meets_is_served_together() -> None:
    async def promise() -> None:
        work = Work(held=True)
        gathering = Gathering("numbers", work.carry)
        first = asyncio.create_task(gathering.ask(0))
        await settle()
        assert work.batches == [[0]]
        numbers = range(200, 205 + 2 * BATCH_MAX)
        others = [asyncio.create_task(gathering.ask(n)) for n in numbers]
        await settle()
        assert gathering.waiting == len(numbers)
        for _ in range(4):
            work.go.release()
        assert await first == 0
        assert [await task for task in others] == [2 * n for n in numbers]
        assert work.batches[1:] == [
            [*numbers[:BATCH_MAX]],
            [*numbers[BATCH_MAX : 2 * BATCH_MAX]],
            [*numbers[2 * BATCH_MAX :]],
        ]
        assert (gathering.batches, gathering.items) == (4, 2 * BATCH_MAX + 6)
        assert gathering.sizes == [1, 0, 1, 0, 0, 0, 0, 2]
        assert gathering.waiting == 0

    run(promise)


def test_while_one_half_is_served_the_other_gets_ready() -> None:
    async def promise() -> None:
        work = Work(held=True)
        gathering = Gathering("numbers", work.carry)

        async def caller(n: int) -> None:
            for _ in range(3):
                await gathering.ask(n)

        callers = [asyncio.create_task(caller(n)) for n in range(200, 240)]
        for _ in range(6):
            await settle()
            work.go.release()
        await asyncio.gather(*callers)
        assert work.batches == [[*range(200, 220)], [*range(220, 240)]] * 3

    run(promise)


def test_an_item_that_cannot_be_carried_out_fails_alone() -> None:
    async def promise() -> None:
        gathering = Gathering("numbers", Work().carry)
        with capture_logs() as logs:
            answers = await asyncio.gather(*(gathering.ask(n) for n in (1, 13, 7, 4)), return_exceptions=True)
        assert answers[::3] == [2, 8]
        assert [(type(a), str(a)) for a in answers[1:3]] == [(LookupError, "thirteen"), (ValueError, "seven")]
        assert [(entry["event"], entry["items"], entry["error"]) for entry in logs] == [
            ("gathering.one_by_one", 4, "LookupError")
        ]
        assert await gathering.ask(3) == 6

    run(promise)


def test_when_the_log_cannot_be_reached_nobody_is_tried_one_by_one() -> None:
    async def promise() -> None:
        work = Work()
        gathering = Gathering("numbers", work.carry)
        answers = await asyncio.gather(*(gathering.ask(n) for n in (1, 99, 2)), return_exceptions=True)
        assert [(type(a), str(a)) for a in answers] == 3 * [(Unavailable, "ninety-nine")]
        assert len({id(a) for a in answers}) == 3  # each its own, as each gets a traceback
        assert work.batches == [[1, 99, 2]]
        # The same where it is lost while they go one by one: who came before has an answer already.
        answers = await asyncio.gather(*(gathering.ask(n) for n in (1, 13, 99, 2)), return_exceptions=True)
        assert [type(a) for a in answers] == [int, LookupError, Unavailable, Unavailable]
        assert work.batches[-3:] == [[1], [13], [99]]

    run(promise)


def test_too_many_who_wait_are_refused_at_once_and_nobody_else() -> None:
    async def promise() -> None:
        work = Work(held=True)
        gathering = Gathering("numbers", work.carry)
        first = asyncio.create_task(gathering.ask(0))
        await settle()
        waiting = [asyncio.create_task(gathering.ask(100 + n)) for n in range(WAITING_MAX)]
        await settle()
        with pytest.raises(Overloaded) as refused:
            await gathering.ask(5_000)
        assert str(refused.value) == "2,000 requests wait for the log already; send this one again in a second."
        assert gathering.refused == 1
        for _ in range(100):
            work.go.release()
        assert await first == 0
        assert [await task for task in waiting] == [2 * (100 + n) for n in range(WAITING_MAX)]
        assert 5_000 not in [n for batch in work.batches for n in batch]
        assert await gathering.ask(5_000) == 10_000

    run(promise)


def test_a_cancelled_caller_disturbs_nobody() -> None:
    async def promise() -> None:
        work = Work(held=True)
        gathering = Gathering("numbers", work.carry)
        sent = [asyncio.create_task(gathering.ask(n)) for n in (1, 2)]
        await settle()
        waiting = [asyncio.create_task(gathering.ask(n)) for n in (3, 4)]
        await settle()
        for task in (sent[0], waiting[0]):
            task.cancel()
        await settle()
        work.go.release()
        work.go.release()
        assert (await sent[1], await waiting[1]) == (4, 8)
        assert work.batches == [[1, 2], [4]]  # what was sent is carried out, what was not is left out
        assert sent[0].cancelled()
        assert waiting[0].cancelled()

    run(promise)


def test_closing_answers_everybody() -> None:
    async def promise() -> None:
        gathering = Gathering("numbers", Work(held=True).carry)
        tasks = [asyncio.create_task(gathering.ask(1))]
        await settle()
        tasks.append(asyncio.create_task(gathering.ask(2)))
        await settle()
        await gathering.close()
        tasks.append(asyncio.create_task(gathering.ask(3)))
        for task in tasks:
            with pytest.raises(Unavailable, match=r"This process is stopping; send the request again\."):
                await task
        await gathering.close()

    run(promise)


def test_one_gathering_serves_one_event_loop_after_another() -> None:
    gathering = Gathering("numbers", Work().carry)

    async def ask() -> None:
        assert await gathering.ask(4) == 8

    run(ask)
    run(ask)


@pytest.mark.parametrize("goes_on", [True, False])
def test_what_waited_too_long_is_given_back_unsent(monkeypatch: pytest.MonkeyPatch, *, goes_on: bool) -> None:
    """Who waits behind a log that hangs, for a while or for good, hears in time, and what it sent was never carried out."""
    monkeypatch.setattr(gathering, "WATCH_SECONDS", 0.01)

    async def scenario() -> None:
        carried: list[int] = []
        began, hangs = asyncio.Event(), asyncio.Event()

        async def carry(batch: Sequence[int]) -> Sequence[int | Exception]:
            carried.extend(batch)
            began.set()
            await hangs.wait()
            return list(batch)

        asked: Gathering[int, int] = Gathering("slow", carry)
        first = asyncio.create_task(asked.ask(1))
        await began.wait()
        monkeypatch.setattr(gathering, "PATIENCE_SECONDS", -1.0)
        second = asyncio.create_task(asked.ask(2))
        await asyncio.sleep(0)
        if goes_on:
            hangs.set()
        with pytest.raises(Overloaded):
            await second
        assert first.done() is goes_on
        hangs.set()
        assert await first == 1
        assert carried == [1]
        assert asked.refused == 1
        await asked.close()

    asyncio.run(scenario())
