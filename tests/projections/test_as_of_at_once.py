"""However many ask as of however many positions, few folds are under way, and nobody else has to suffer for it."""

import asyncio
import gc
from collections.abc import Coroutine, Iterable
from typing import Any

import pytest

from adapters.postgres.leader import Leader
from adapters.postgres.read_tables import ReadTables, live_schema
from adapters.projecting.folds import FOLDS_MAX, WAITING_MAX
from adapters.projecting.memory import Memory
from application.ports import Overloaded, Unavailable
from projections.rows import Projection
from tests.projections.folding import Scene, scene
from tests.projections.mentors import FACTS, TABLES, capacity_of_one, fold_mended, halting
from tests.projections.same import Ground

PROJECTIONS = [Projection(f"mentors_{letter}", fold_mended, TABLES, FACTS) for letter in "abc"]
ONE = PROJECTIONS[0]
Fold = asyncio.Task[Memory]


def run(scenario: Coroutine[Any, Any, None]) -> None:
    async def timely() -> None:
        async with asyncio.timeout(60):
            await scenario

    asyncio.run(timely())


def ask(here: Scene, projection: Projection, positions: Iterable[int]) -> list[Fold]:
    return [asyncio.create_task(here.views.fold(projection, position)) for position in positions]


async def leave(*asked: Fold) -> None:
    for one in asked:
        one.cancel()
    await asyncio.gather(*asked, return_exceptions=True)


async def refused(asked: list[Fold], number: int) -> list[str]:
    """What so many of them were told; each of the others has a place by then."""
    left, sentences = set(asked), list[str]()
    while len(sentences) < number:
        done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            error = one.exception()
            assert isinstance(error, Overloaded), error
            sentences.append(str(error))
    return sentences


def test_few_fold_some_wait_and_the_others_are_refused(own_ground: Ground) -> None:
    """One fold of a projection, two in all; what waits is folded when its turn comes."""
    asked_of_each = WAITING_MAX + 1 + 10

    async def scenario() -> None:
        async with scene(own_ground) as here:
            await here.decide(*range(20, 20 + asked_of_each))
            here.log.gate.clear()
            asked = {p.name: ask(here, p, range(1, asked_of_each + 1)) for p in PROJECTIONS}
            for folds in asked.values():
                assert set(await refused(folds, 10)) == {
                    f"{WAITING_MAX + 1} requests wait for the log already; send this one again in a second."
                }
            for _ in range(FOLDS_MAX):
                await here.log.come.get()
            assert (here.log.held, here.log.come.qsize()) == (FOLDS_MAX, 0)
            here.log.gate.set()
            for folds in asked.values():
                results = await asyncio.gather(*folds, return_exceptions=True)
                memories = [memory for memory in results if isinstance(memory, Memory)]
                assert len(memories) == WAITING_MAX + 1
                assert all(len(memory.under(TABLES[1])) == memory.position for memory in memories)
            assert here.log.held_most == FOLDS_MAX
            for position in range(1, asked_of_each + 1):  # more than may wait, one after the other: none is refused
                assert (await here.views.fold(ONE, position)).position == position

    run(scenario())


def test_a_projection_that_many_ask_leaves_room_for_the_others(own_ground: Ground) -> None:
    async def scenario() -> None:
        async with scene(own_ground) as here:
            await here.decide(*range(20, 60))
            here.log.gate.clear()
            asked = ask(here, ONE, range(1, 41))
            await refused(asked, 40 - 1 - WAITING_MAX)
            (other,) = ask(here, PROJECTIONS[1], [40])
            for _ in range(2):
                await here.log.come.get()
            await leave(other)
            await here.log.gone.get()  # it had a place
            assert here.log.held == 1
            await leave(*asked)

    run(scenario())


def test_what_is_live_is_answered_and_decided_meanwhile(own_ground: Ground) -> None:
    """Also while every fold holds the connection it reads with."""

    async def scenario() -> None:
        async with own_ground.connection() as connection:
            await ReadTables(halting, live_schema(own_ground.network)).create(connection)
        async with scene(own_ground) as here:
            await here.decide(*range(20, 60))
            leader = Leader(
                dsn=own_ground.server.app_dsn, network=own_ground.network, log=here.log, projections=[halting]
            )
            await leader.catch_up_once()
            here.log.gate.clear()
            here.log.note_anew()
            asked = [one for p in PROJECTIONS for one in ask(here, p, range(1, 11))]
            for _ in range(FOLDS_MAX):
                await here.log.come.get()
            answers = await asyncio.gather(*(here.views.ask(halting, capacity_of_one) for _ in range(50)))
            assert {answer.value for answer in answers} == {59}
            assert await here.decide(60) == 41
            await leave(*asked)

    run(scenario())


def test_a_fold_that_nobody_waits_for_any_more_is_given_up(own_ground: Ground) -> None:
    """So is one that has not begun; whoever comes then finds their places free."""

    async def scenario() -> None:
        async with scene(own_ground) as here:
            await here.decide(*range(20, 60))
            here.log.gate.clear()
            asked = ask(here, ONE, range(1, 41))
            await refused(asked, 40 - 1 - WAITING_MAX)
            begun = await here.log.come.get()
            await leave(*asked)
            assert await here.log.gone.get() == begun
            again = ask(here, ONE, range(41 - 1 - WAITING_MAX, 41))
            await here.log.come.get()
            here.log.gate.set()
            assert {memory.position for memory in await asyncio.gather(*again)} == set(range(40 - WAITING_MAX, 41))
            assert here.log.gone.empty()

    run(scenario())


def test_who_leaves_takes_the_fold_from_nobody(own_ground: Ground) -> None:
    """Neither who asked first nor who asked last; nor is it folded twice."""

    async def scenario() -> None:
        async with scene(own_ground) as here:
            await here.decide(20, 21, 22)
            here.log.gate.clear()
            first, second, third = ask(here, ONE, [3, 3, 3])
            for _ in range(3):
                await here.log.marked.get()
            await here.log.come.get()
            await leave(first, third)
            here.log.gate.set()
            assert (await second).position == 3
            assert (here.log.come.qsize(), here.log.gone.qsize()) == (0, 0)

    run(scenario())


def test_who_comes_while_a_fold_is_given_up_begins_anew(own_ground: Ground) -> None:
    async def scenario() -> None:
        async with scene(own_ground) as here:
            await here.decide(20, 21, 22)
            here.log.gate.clear()
            here.log.ending.clear()
            (first,) = ask(here, ONE, [3])
            await here.log.come.get()
            await leave(first)
            await here.log.gone.get()
            here.log.note_anew()
            (second,) = ask(here, ONE, [3])
            await here.log.marked.get()
            here.log.ending.set()
            here.log.gate.set()
            assert (await second).position == 3

    run(scenario())


def test_a_failure_is_told_to_who_waited_and_to_nobody_after_them(own_ground: Ground) -> None:
    async def scenario() -> None:
        async with scene(own_ground) as here:
            await here.decide(20, 21, 22)
            here.log.fault = Unavailable("The database was away.")
            with pytest.raises(Unavailable, match="The database was away"):
                await here.views.fold(ONE, 3)
            here.log.gate.clear()
            here.log.note_anew()
            first, second = ask(here, ONE, [3, 3])
            for _ in range(2):
                await here.log.marked.get()
            await here.log.come.get()
            await leave(first)
            here.log.gate.set()
            with pytest.raises(Unavailable, match="The database was away"):
                await second
            here.log.fault = None
            assert (await here.views.fold(ONE, 3)).position == 3

    run(scenario())


def test_a_failure_that_nobody_waited_for_is_nobodys(own_ground: Ground) -> None:
    """As when a connection dies of the cancellation: the next one is answered, and nothing is left to complain of."""

    async def scenario() -> None:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        async with scene(own_ground) as here:
            await here.decide(20, 21, 22)
            here.log.gate.clear()
            here.log.fault_of_cancelled = Unavailable("The connection died.")
            (asked,) = ask(here, ONE, [3])
            await here.log.come.get()
            await leave(asked)
            await here.log.gone.get()
            here.log.gate.set()
            assert (await here.views.fold(ONE, 3)).position == 3
        del asked  # it holds what it waited for
        gc.collect()
        assert complaints == []

    run(scenario())
