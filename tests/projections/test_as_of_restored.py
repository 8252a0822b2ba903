"""As-of answers are of the history that the log holds: what a restored backup does not hold is not served from memory."""

import asyncio

import psycopg
import pytest
from psycopg import sql

from application.ports import Unavailable
from projections.rows import Rows
from tests.custody.restoring import cut_back
from tests.projections.folding import Scene, scene
from tests.projections.mentors import CapacityChange, halting
from tests.projections.same import Ground


def capacities(rows: Rows) -> list[int]:
    return [change.capacity for change in rows.under(CapacityChange)]


async def as_of(here: Scene, position: int) -> list[int]:
    return (await here.views.ask(halting, capacities, as_of=position)).value


def restore(here: Scene, position: int) -> None:
    cut_back(here.ground.server, here.ground.network, position)


def take_out(here: Scene, position: int) -> None:
    with psycopg.connect(here.ground.server.admin_dsn) as connection:
        for table in "tag", "event":
            name = sql.Identifier(here.ground.network, table)
            connection.execute(sql.SQL("alter table {} disable trigger append_only").format(name))
            connection.execute(sql.SQL("delete from {} where position = %s").format(name), (position,))
            connection.execute(sql.SQL("alter table {} enable trigger append_only").format(name))


@pytest.mark.parametrize("grown", [(60,), (60, 70), (60, 70, 80)], ids=["shorter", "as long", "longer"])
def test_what_a_restore_took_away_is_not_served(own_ground: Ground, grown: tuple[int, ...]) -> None:
    """Whatever was asked before: at every position it is what a process that has just begun answers."""

    async def scenario() -> None:
        async with scene(own_ground) as here:
            await here.decide(10, 20, 30, 40, 50)
            for position in 2, 4, 5:
                assert await as_of(here, position) == [10, 20, 30, 40, 50][:position]
            restore(here, 3)
            for position in 4, 5:
                with pytest.raises(Unavailable) as refused:
                    await as_of(here, position)
                assert str(refused.value) == f"The log ends at position 3, before position {position}."
            await here.decide(*grown)
            for position in range(3 + len(grown) + 1):
                assert await as_of(here, position) == [10, 20, 30, *grown][:position]

    asyncio.run(scenario())


def test_a_later_fold_begins_with_the_nearest_of_this_history(own_ground: Ground) -> None:
    async def scenario() -> None:
        async with scene(own_ground) as here:
            await here.decide(10, 20, 30, 40, 50)
            for position in 2, 4, 5:
                await as_of(here, position)
            restore(here, 3)
            await here.decide(60, 70, 80)
            here.log.note_anew()
            assert await as_of(here, 6) == [10, 20, 30, 60, 70, 80]
            # The event at 2 with the next ones: it tells that this is the same history.
            assert here.log.read_after == [1]

    asyncio.run(scenario())


def test_a_restore_during_a_fold_is_noticed(own_ground: Ground) -> None:
    """Who asked before is told so; who asks afterwards does not join that fold, and it is not kept."""

    async def scenario() -> None:
        async with scene(own_ground) as here:
            await here.decide(10, 20, 30, 40, 50)
            await as_of(here, 4)
            here.log.gate.clear()
            here.log.note_anew()
            before = asyncio.create_task(as_of(here, 5))
            await here.log.come.get()
            restore(here, 3)
            await here.decide(60, 70)
            after = asyncio.create_task(as_of(here, 5))
            here.log.gate.set()
            with pytest.raises(Unavailable) as refused:
                await before
            assert str(refused.value) == "The log changed while it was folded up to position 5. Ask again in a moment."
            assert await after == [10, 20, 30, 60, 70]
            assert await as_of(here, 5) == [10, 20, 30, 60, 70]

    asyncio.run(scenario())


def test_an_event_that_is_gone_from_within_the_log_is_named(own_ground: Ground) -> None:
    async def scenario() -> None:
        async with scene(own_ground) as here:
            await here.decide(10, 20, 30)
            await as_of(here, 2)
            take_out(here, 2)
            with pytest.raises(Unavailable) as refused:
                await as_of(here, 2)
            assert str(refused.value) == (
                "The log has no event at position 2: `tasma audit verify` says what is wrong with it."
            )

    asyncio.run(scenario())


def test_a_kept_fold_costs_one_look_up_by_position(own_ground: Ground) -> None:
    async def scenario() -> None:
        async with scene(own_ground) as here:
            await here.decide(10, 20, 30)
            first = await here.views.fold(halting, 2)
            here.log.note_anew()
            assert await here.views.fold(halting, 2) is first
            assert (here.log.marked.get_nowait(), here.log.marked.qsize()) == (2, 0)
            nothing = await here.views.fold(halting, 0)
            assert await here.views.fold(halting, 0) is nothing
            assert (here.log.marked.qsize(), here.log.come.qsize(), here.log.read_after) == (0, 0, [])

    asyncio.run(scenario())
