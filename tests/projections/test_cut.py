"""A log that loses its end and grows anew: what was folded of the lost events stays in no read model, however soon it grows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from adapters.entropy import SystemEntropy
from adapters.postgres import database
from adapters.postgres.embedded import APP_ROLE, Server
from adapters.postgres.follower import Follower
from adapters.postgres.leader import Leader
from adapters.postgres.log import PostgresLog
from adapters.postgres.migrate import drop_network, migrate
from adapters.postgres.projection_status import projection_status
from adapters.postgres.read_tables import ReadTables, live_schema
from adapters.postgres.views import Views
from adapters.projecting.slices import LogSlices
from application.ports import OutOfStep, Raced
from tests.custody.restoring import cut_back
from tests.projections.mentors import START, append, halting, parking
from tests.projections.same import Ground, read

BOTH = (halting, parking)


class Scene:
    """A real log of five events, whose end can be cut, and read models of it."""

    def __init__(self, ground: Ground, log: PostgresLog, views: Views) -> None:
        self.ground, self.log, self.views = ground, log, views
        self._number = 0

    def leader(self) -> Leader:
        return Leader(dsn=self.ground.server.app_dsn, network=self.ground.network, log=self.log, projections=BOTH)

    @asynccontextmanager
    async def led(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.leader().run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def decide(self, capacities: Sequence[int]) -> None:
        """One event each."""
        for capacity in capacities:
            self._number += 1
            try:
                await append(self.log, capacity, number=self._number)
            except Raced:  # the log turned out to be another one: whoever decides looks again
                await append(self.log, capacity, number=self._number)

    def cut(self, position: int) -> None:
        cut_back(self.ground.server, self.ground.network, position)

    async def at(self, position: int) -> None:
        async with asyncio.timeout(30):
            while True:
                found = await projection_status(
                    BOTH, connect=self.ground.connection, network=self.ground.network, log=self.log, now=START
                )
                if [(s.position, s.state) for s in found] == [(position, "live")] * 2:
                    return
                await asyncio.sleep(0.02)

    async def check(self) -> None:
        """Whether the read models are what the log gives."""
        head = (await self.log.head()).position
        for projection in BOTH:
            live = await self.views.ask(projection, lambda rows, p=projection: read(p, rows))  # type: ignore[misc]
            assert (live.position, live.value) == (head, read(projection, await self.views.fold(projection, head)))


def play(server: Server, fresh_schema: Callable[[], str], scenario: Callable[[Scene], object]) -> None:
    async def run() -> None:
        network = fresh_schema()
        await migrate(server.admin_dsn, network, APP_ROLE)
        ground = Ground(server, network)
        try:
            async with (
                database.connect(server.app_dsn) as pool,
                PostgresLog(pool, network, "/networks/test", SystemEntropy()) as log,
            ):
                here = Scene(ground, log, Views(connect=pool.connection, network=network, log=log))
                await here.decide([1, 2, 3, 4, 5])
                await scenario(here)  # type: ignore[misc]
        finally:
            await drop_network(server.admin_dsn, network)

    asyncio.run(run())


@pytest.mark.parametrize("grown", [1, 3, 5])
def test_under_a_leader_that_runs(server: Server, fresh_schema: Callable[[], str], grown: int) -> None:
    """Up to less than before, to the same position, or beyond it: at the latest with the next event it is noticed."""

    async def scenario(here: Scene) -> None:
        async with here.led():
            await here.at(5)
            here.cut(2)
            await here.decide(range(20, 20 + grown))
            if grown == 3:
                await here.decide([50])
            await here.at((await here.log.head()).position)
            await here.check()

    play(server, fresh_schema, scenario)


def test_under_a_leader_at_rest(server: Server, fresh_schema: Callable[[], str]) -> None:
    """It goes back to where the log ends, and what is recorded then is not passed over."""

    async def scenario(here: Scene) -> None:
        async with here.led():
            await here.at(5)
            here.cut(2)
            await here.at(2)
            await here.check()
            await here.decide([20, 21, 22, 23])
            await here.at(6)
            await here.check()

    play(server, fresh_schema, scenario)


@pytest.mark.parametrize("grown", [3, 5])
def test_while_nobody_leads(server: Server, fresh_schema: Callable[[], str], grown: int) -> None:
    """Which event a read model was folded up to is stored with it."""

    async def scenario(here: Scene) -> None:
        await here.leader().catch_up_once()
        here.cut(2)
        await here.decide(range(20, 20 + grown))
        await here.leader().catch_up_once()
        await here.check()

    play(server, fresh_schema, scenario)


def test_tables_of_an_older_version_are_taken_over(server: Server, fresh_schema: Callable[[], str]) -> None:
    """They do not say which event they were folded up to; from the next one on they do."""

    async def scenario(here: Scene) -> None:
        await here.leader().catch_up_once()
        tables = ReadTables(halting, live_schema(here.ground.network))
        async with here.ground.connection() as connection:
            await connection.execute(tables.qualified("alter table {schema}.projection drop column event"))
            await here.at(5)
            await here.decide([6])
            await here.leader().catch_up_once()
            await here.check()
            stored = await connection.execute(tables.qualified("select distinct event from {schema}.projection"))
            assert await stored.fetchall() == [((await here.log.read(5, limit=1))[0].id,)]

    play(server, fresh_schema, scenario)


def test_a_slice_of_another_history_is_not_folded(server: Server, fresh_schema: Callable[[], str]) -> None:
    async def scenario(here: Scene) -> None:
        tables, source = ReadTables(halting, live_schema(here.ground.network)), LogSlices(here.log)
        async with here.ground.connection() as connection:
            await tables.create(connection)
            follower = await Follower.open(tables, connection)
            first = await source.after(0)
            assert first
            await follower.advance(first)
            here.cut(2)
            await here.decide([20, 21, 22, 23])
            part = await source.after(5)
            assert part
            with pytest.raises(OutOfStep, match="The event at position 5, up to which projection mentors was folded"):
                await follower.advance(part)
            assert await source.after(0) is first
            source.forget()
            anew = await source.after(0)
            assert anew
            assert anew.to == 6

    play(server, fresh_schema, scenario)
