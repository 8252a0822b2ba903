"""What stands beyond the end of the log is of another history: it says so, and a read model is rebuilt by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from psycopg import sql

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog
from adapters.postgres.leader import Leader
from adapters.postgres.projection_status import Status, projection_status
from adapters.postgres.read_tables import ReadTables, live_schema
from adapters.postgres.rebuild import rebuild
from adapters.postgres.views import Views
from adapters.projecting.slices import LogSlices
from projections.rows import Projection
from tests.projections.mentors import (
    POISON,
    START,
    CapacityChange,
    append,
    append_all,
    capacity_of_one,
    halting,
    mended,
    parking,
)
from tests.projections.same import Ground


def new_log() -> MemoryLog:
    return MemoryLog("/networks/test", SeededEntropy(1), lambda: START)


class Scene:
    """Read models that stand at 6 of a log, and the same log restored from a backup, which ends at 2."""

    def __init__(self, ground: Ground, restored: MemoryLog) -> None:
        self.ground, self.log = ground, restored
        self.views = Views(connect=ground.connection, network=ground.network, log=restored)

    def leader(self, *projections: Projection) -> Leader:
        return Leader(
            dsn=self.ground.server.app_dsn, network=self.ground.network, log=self.log, projections=projections
        )

    async def status(self, *projections: Projection) -> list[Status]:
        found = await projection_status(
            projections, connect=self.ground.connection, network=self.ground.network, log=self.log, now=START
        )
        return list(found)


@asynccontextmanager
async def scene(ground: Ground, *projections: Projection) -> AsyncIterator[Scene]:
    before, restored = new_log(), new_log()
    await append_all(before, [(1,), (2,), (3, 4), (5,), (6,)])
    await append_all(restored, [(1,), (2,)])
    async with ground.connection() as connection:
        for projection in projections:
            await ReadTables(projection, live_schema(ground.network)).create(connection)
    leader = Leader(dsn=ground.server.app_dsn, network=ground.network, log=before, projections=projections)
    assert await leader.catch_up_once() == 6
    yield Scene(ground, restored)


def test_a_stale_read_model_says_so(ground: Ground) -> None:
    async def scenario() -> None:
        async with scene(ground, halting) as here:
            (status,) = await here.status(halting)
            assert (status.state, status.position, status.lag_events) == ("stale", 6, 0)
            (fault,) = status.faults
            assert fault.sentence == (
                "Projection mentors stands at position 6, but the log ends at 2: the database is a restored backup, or the "
                "position was set by hand; it is rebuilt as soon as a process leads."
            )

    asyncio.run(scenario())


def test_the_leader_rebuilds_what_is_stale(ground: Ground) -> None:
    """Afterwards it holds what the log holds, also where the log has grown beyond the old position meanwhile."""

    async def scenario() -> None:
        async with scene(ground, halting, parking) as here:
            assert await here.leader(halting, parking).catch_up_once() == 2
            for projection in halting, parking:
                changes = await here.views.ask(projection, lambda rows: rows.under(CapacityChange))
                assert [change.position for change in changes.value] == [1, 2]
            assert [s.state for s in await here.status(halting, parking)] == ["live", "live"]
            position = await append(here.log, 9, number=9)
            await here.leader(halting, parking).catch_up_once()
            assert (await here.views.ask(halting, capacity_of_one, at_least=position)).value == 9

    asyncio.run(scenario())


def test_a_stale_one_gives_way_to_one_that_halted(ground: Ground) -> None:
    """Elsewhere the one that is further on stays; but how far it is in another history says nothing."""

    async def scenario() -> None:
        async with scene(ground, mended) as here:
            await append(here.log, POISON, number=3)
            async with ground.connection() as connection:
                rebuilt = await rebuild(
                    halting, connection=connection, network=ground.network, source=LogSlices(here.log)
                )
            assert (rebuilt.swapped, rebuilt.position, rebuilt.compared_at) == (True, 2, None)
            assert rebuilt.fault
            assert rebuilt.fault.position == 3

    asyncio.run(scenario())


@pytest.mark.parametrize("position", [1, 7])
def test_a_leader_at_rest_notices_that_a_position_was_set_by_hand(ground: Ground, position: int) -> None:
    """Nothing is appended, and yet a second later rows and position fit again: it looks where its projections stand."""

    async def scenario() -> None:
        async with scene(ground, halting) as here, ground.connection() as connection:
            leader = here.leader(halting)
            task = asyncio.create_task(leader.run())
            try:
                async with asyncio.timeout(30):
                    while (await here.status(halting))[0].state != "live":  # noqa: ASYNC110 - nobody announces it
                        await asyncio.sleep(0.02)
                    tables = sql.Identifier(live_schema(ground.network), "projection")
                    query = sql.SQL("update {} set position = %s where name = 'mentors'").format(tables)
                    if position == 1:  # as its rows were then
                        await connection.execute(
                            sql.SQL("delete from {} where position > 1").format(
                                ReadTables(halting, live_schema(ground.network)).table(CapacityChange)
                            )
                        )
                    await connection.execute(query, (position,))
                    while (await here.status(halting))[0].position != 2:  # noqa: ASYNC110 - nobody announces it
                        await asyncio.sleep(0.02)
                changes = await here.views.ask(halting, lambda rows: rows.under(CapacityChange))
                assert [change.position for change in changes.value] == [1, 2]
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())
