"""Questions give one answer, live and as of a position, and say which position that is."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog
from adapters.postgres import views as module
from adapters.postgres.leader import Leader
from adapters.postgres.read_tables import Connection, ReadTables, live_schema
from adapters.postgres.views import Views
from application.ports import Unavailable
from projections.rows import Key, Projection, Row, Rows
from tests.projections.mentors import (
    MENTOR,
    START,
    CapacityChange,
    Mentor,
    append,
    append_all,
    capacity_of_one,
    halting,
    last_change_of_each,
)
from tests.projections.same import Ground


class Scene:
    """A log in memory, one projection that follows it, and its views."""

    def __init__(self, ground: Ground) -> None:
        self.log = MemoryLog("/networks/test", SeededEntropy(1), lambda: START)
        self.views = Views(connect=ground.connection, network=ground.network, log=self.log)
        self.leader = Leader(dsn=ground.server.app_dsn, network=ground.network, log=self.log, projections=[halting])


@asynccontextmanager
async def scene(ground: Ground) -> AsyncIterator[Scene]:
    async with ground.connection() as connection:
        await ReadTables(halting, live_schema(ground.network)).create(connection)
    yield Scene(ground)


@settings(max_examples=15, deadline=None)
@given(
    history=st.lists(st.lists(st.integers(20, 99), min_size=1, max_size=4), min_size=2, max_size=8),
    cut=st.integers(0, 40),
)
def test_live_equals_as_of(ground: Ground, history: list[list[int]], cut: int) -> None:
    """What was answered live at a position is what as-of answers later, by the same function."""

    async def scenario() -> None:
        async with scene(ground) as here:
            seen = cut % len(history)
            await append_all(here.log, history[:seen])
            await here.leader.catch_up_once()
            then = await here.views.ask(halting, last_change_of_each)
            await append_all(here.log, history[seen:], first=seen + 1)
            await here.leader.catch_up_once()
            again = await here.views.ask(halting, last_change_of_each, as_of=then.position)
            assert again == then
            now = await here.views.ask(halting, last_change_of_each)
            assert now == await here.views.ask(halting, last_change_of_each, as_of=now.position)
            memory = await here.views.fold(halting, now.position)
            assert last_change_of_each(memory) == now.value

    asyncio.run(scenario())


def test_a_question_that_fails_without_its_rows_is_asked_again(ground: Ground) -> None:
    async def scenario() -> None:
        async with scene(ground) as here:
            with pytest.raises(Unavailable, match="being built"):
                await ask_at_once(here.views)
            await here.leader.catch_up_once()
            with pytest.raises(IndexError):
                await here.views.ask(halting, capacity_of_one)
            await append(here.log, 4, number=1)
            await here.leader.catch_up_once()
            assert (await here.views.ask(halting, capacity_of_one)).value == 4

    asyncio.run(scenario())


async def ask_at_once(views: Views) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "WAIT_SECONDS", 0.05)
        await views.ask(halting, capacity_of_one)


def test_at_least_waits_and_then_says_how_far_it_is(ground: Ground) -> None:
    async def scenario() -> None:
        async with scene(ground) as here:
            await append(here.log, 4, number=1)
            await here.leader.catch_up_once()
            await append(here.log, 5, number=2)
            asked = asyncio.create_task(here.views.ask(halting, capacity_of_one, at_least=2))
            await asyncio.sleep(0.05)
            assert not asked.done()
            await here.leader.catch_up_once()
            answer = await asked
            assert (answer.value, answer.position) == (5, 2)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(module, "WAIT_SECONDS", 0.05)
                with pytest.raises(Unavailable) as refused:
                    await here.views.ask(halting, capacity_of_one, at_least=3)
            assert str(refused.value) == (
                "Projection mentors has reached position 2, not yet 3. Ask again in a moment."
            )

    asyncio.run(scenario())


def test_a_question_sees_one_moment(ground: Ground) -> None:
    """What is committed between two look-ups of one question is not seen by the second."""

    async def scenario() -> None:
        async with scene(ground) as here:
            await append(here.log, 4, number=1)
            await here.leader.catch_up_once()
            started, proceed = asyncio.Event(), asyncio.Event()

            class Slow:
                """Holds the connection back before the second look-up."""

                def __init__(self, connection: Connection) -> None:
                    self._connection = connection

                def __getattr__(self, name: str) -> object:
                    return getattr(self._connection, name)

                async def execute(
                    self, query: str | bytes, parameters: Sequence[object] = (), *, prepare: bool | None = None
                ) -> object:
                    if isinstance(query, bytes) and b"order by" in query:
                        if started.is_set():
                            await proceed.wait()
                        started.set()
                    return await self._connection.execute(query, parameters, prepare=prepare)

            @asynccontextmanager
            async def connect() -> AsyncIterator[Connection]:
                async with await psycopg.AsyncConnection.connect(ground.server.app_dsn, autocommit=True) as connection:
                    yield Slow(connection)  # type: ignore[misc]  # stands in for it

            def both(rows: Rows) -> tuple[int, int]:
                mentors = rows.under(Mentor)
                return len(mentors), sum(c.capacity for m in mentors for c in rows.under(CapacityChange))

            views = Views(connect=connect, network=ground.network, log=here.log)
            asked = asyncio.create_task(views.ask(halting, both))
            await started.wait()
            await asyncio.sleep(0.05)
            await append(here.log, 5, number=2)
            await here.leader.catch_up_once()
            proceed.set()
            assert (await asked).value == (1, 4)

    asyncio.run(scenario())


def test_as_of_is_folded_once_and_kept(ground: Ground) -> None:
    async def scenario() -> None:
        async with scene(ground) as here:
            await append_all(here.log, [(4,), (5,), (6,)])
            one, two = await asyncio.gather(here.views.fold(halting, 2), here.views.fold(halting, 2))
            assert one is two
            assert (one.position, capacity_of_one(one)) == (2, 5)
            for upto in 0, 1, 3:
                await here.views.fold(halting, upto)
            assert await here.views.fold(halting, 2) is one
            with pytest.raises(Unavailable, match="The log ends at position 3, before position 9"):
                await here.views.fold(halting, 9)

    asyncio.run(scenario())


def test_a_later_as_of_goes_on_from_an_earlier_one(ground: Ground) -> None:
    """It folds what came after it only, and leaves it as it was."""

    async def scenario() -> None:
        async with scene(ground) as here:
            await append_all(here.log, [(4,), (5,), (6,), (7,)])
            with pytest.raises(Unavailable):
                await here.views.fold(halting, 9)
            early = await here.views.fold(halting, 2)
            before = last_change_of_each(early)
            assert early.under(CapacityChange, 1)[0].capacity == 4
            kept = here.log._kept[0]  # noqa: SLF001 - shows that the first event is not read again
            here.log._kept[0] = type(kept)(kept.type, kept.tags, kept.time, b"{}")  # noqa: SLF001 - see above
            late = await here.views.fold(halting, 4)
            assert [change.capacity for change in late.under(CapacityChange)] == [4, 5, 6, 7]
            assert (early.position, last_change_of_each(early), len(early.under(CapacityChange))) == (2, before, 2)

    asyncio.run(scenario())


def test_a_projection_that_was_never_built_is_unavailable(ground: Ground) -> None:
    class Unbuilt(Row, frozen=True):
        n: Key[int]

    unbuilt = Projection("unbuilt", halting.fold, (Unbuilt,), frozenset())

    async def scenario() -> None:
        async with scene(ground) as here:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(module, "WAIT_SECONDS", 0.01)
                with pytest.raises(Unavailable, match="Projection unbuilt has not been built yet"):
                    await here.views.ask(unbuilt, lambda rows: rows.under(Unbuilt))

    asyncio.run(scenario())


def test_more_parts_than_the_key_has_are_a_mistake_in_the_question(ground: Ground) -> None:
    async def scenario() -> None:
        async with scene(ground) as here:
            await append(here.log, 4, number=1)
            await here.leader.catch_up_once()
            for as_of in None, 0:
                with pytest.raises(TypeError, match="The key of Mentor has 1 part, not 2"):
                    await here.views.ask(halting, lambda rows: rows.under(Mentor, MENTOR.format(1), 2), as_of=as_of)

    asyncio.run(scenario())
