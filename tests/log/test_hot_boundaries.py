"""Decisions that meet on one boundary queue in their process instead of racing; all others notice nothing of it."""

import asyncio

import pytest

from adapters.clock import system_clock
from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog
from application.execute import ATTEMPTS_MAX, WAITING_MAX, Executor
from application.ports import Decision, Log, Outcome, Overloaded, Raced, Unavailable
from domain.kernel import Asked, Command
from domain.network.register_organisation import AlreadyRegistered, RegisterOrganisation
from domain.words import Names
from tests.log.conftest import SOURCE, Place
from tests.log.decisions import command_id


def registration(number: int) -> RegisterOrganisation:
    """All of these have one boundary: the whole register."""
    asked = Asked(at=system_clock(), actor="person:1", role="coordinator", command_id=command_id())
    return RegisterOrganisation(
        asked=asked, organisation=f"org:o-{number}", name=Names(fi="Organisaatio"), kind="other"
    )


async def at_once(executor: Executor, *commands: Command) -> list[Outcome | BaseException]:
    return await asyncio.gather(*(executor.execute(c) for c in commands), return_exceptions=True)


def test_everybody_races_once_at_most(place: Place) -> None:
    """Of forty who looked at the same time one wins; without turns the others would lose 741 races more."""

    async def promise() -> None:
        async with place.log() as log:
            executor = Executor(log)
            outcomes = await at_once(executor, *map(registration, range(40)))
            assert sorted(o.position for o in outcomes if isinstance(o, Outcome)) == [*range(1, 41)]
            assert log.appends.raced == 39
            assert executor.hot == 0

    asyncio.run(promise())


@pytest.mark.usefixtures("one_batch")
def test_whoever_comes_while_others_queue_takes_their_turn_behind_them(place: Place) -> None:
    async def promise() -> None:
        async with place.log() as log:
            executor = Executor(log)
            early = [asyncio.create_task(executor.execute(registration(n))) for n in range(6)]
            while not executor.hot:  # noqa: ASYNC110 - seen from outside only
                await asyncio.sleep(0)
            late = [asyncio.create_task(executor.execute(registration(n))) for n in range(6, 12)]
            first, second = await asyncio.gather(*early), await asyncio.gather(*late)
            assert max(o.position for o in first) < min(o.position for o in second)
            assert [o.position for o in second] == [*range(7, 13)]
            assert log.appends.raced == 5
            assert executor.hot == 0

    asyncio.run(promise())


def test_refused_and_cancelled_ones_leave_their_turn_to_the_next(place: Place) -> None:
    async def promise() -> None:
        async with place.log() as log:
            executor = Executor(log)
            tasks = [asyncio.create_task(executor.execute(registration(n // 2))) for n in range(20)]
            cancelled = asyncio.create_task(executor.execute(registration(99)))
            await asyncio.sleep(0)
            cancelled.cancel()
            answers = await asyncio.gather(*tasks, cancelled, return_exceptions=True)
            assert sum(isinstance(a, Outcome) for a in answers) == 10
            assert sum(isinstance(a, AlreadyRegistered) for a in answers) == 10
            assert (await log.head()).position == 10
            assert executor.hot == 0

    asyncio.run(promise())


def test_two_processes_on_one_boundary_get_through_as_well(place: Place) -> None:
    async def promise() -> None:
        async with place.log() as log, place.log(seed=2) as other:
            executors = Executor(log), Executor(other)
            outcomes = await asyncio.gather(*(executors[n % 2].execute(registration(n)) for n in range(30)))
            assert sorted(o.position for o in outcomes) == [*range(1, 31)]
            assert [executor.hot for executor in executors] == [0, 0]

    asyncio.run(promise())


class Jinxed:
    """A log where somebody else is always faster, so many times at once and then after ages."""

    def __init__(self, log: Log, at_once: int) -> None:
        self.look, self.recall, self.era = log.look, log.recall, log.era
        self.at_once = at_once
        self.raced = 0

    async def append(self, decision: Decision) -> Outcome:  # noqa: ARG002 - whatever it is
        self.raced += 1
        if self.raced > self.at_once:
            await asyncio.Event().wait()
        raise Raced


def empty_log() -> Log:
    return MemoryLog(SOURCE, SeededEntropy(1), system_clock)


def test_after_twelve_lost_races_that_is_said() -> None:
    async def promise() -> None:
        jinxed = Jinxed(empty_log(), at_once=2 * ATTEMPTS_MAX)
        executor = Executor(jinxed)  # type: ignore[arg-type] # all that an executor uses of a log
        for answer in await at_once(executor, registration(1), registration(2)):
            assert isinstance(answer, Unavailable)
            assert str(answer) == "register-organisation lost 12 races in a row; try again in a moment."
        assert jinxed.raced == 2 * ATTEMPTS_MAX
        assert executor.hot == 0

    asyncio.run(promise())


def test_too_many_who_queue_are_refused() -> None:
    async def promise() -> None:
        executor = Executor(Jinxed(empty_log(), at_once=1))  # type: ignore[arg-type] # all that an executor uses of a log
        tasks = [asyncio.create_task(executor.execute(registration(n))) for n in range(WAITING_MAX + 1)]
        await asyncio.sleep(0)  # in memory each gets as far as it can
        with pytest.raises(Overloaded, match="2,000 requests wait"):
            await executor.execute(registration(5_000))
        assert executor.refused == 1
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert executor.hot == 0

    asyncio.run(promise())


def test_behind_one_who_hangs_nobody_waits_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def promise() -> None:
        monkeypatch.setattr("application.execute.TURN_SECONDS", 0.01)
        executor = Executor(Jinxed(empty_log(), at_once=1))  # type: ignore[arg-type] # all that an executor uses of a log
        hanging = asyncio.create_task(executor.execute(registration(1)))
        await asyncio.sleep(0)  # in memory it gets as far as it can: it lost a race, took the turn, and hangs
        for n in (2, 3):
            with pytest.raises(Overloaded):
                await executor.execute(registration(n))
        assert executor.refused == 2
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
        assert executor.hot == 0

    asyncio.run(promise())
