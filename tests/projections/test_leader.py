"""One process of many keeps the projections at the head, whatever dies."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from psycopg import sql

from adapters.entropy import SystemEntropy
from adapters.postgres import database, following
from adapters.postgres import leader as module
from adapters.postgres.leader import Leader
from adapters.postgres.log import PostgresLog
from adapters.postgres.projection_status import projection_status
from adapters.postgres.read_tables import ReadTables, advisory_key, live_schema
from adapters.postgres.rebuild import Rebuilt
from adapters.postgres.views import Views
from adapters.projecting.slices import LogSlices, Slice
from application.ports import Unavailable
from domain.mentoring.events import MentorCapacitySet
from projections.rows import At, Key, Latest, Projection, Row, each
from tests.projections.mentors import (
    FACTS,
    MENTOR,
    START,
    CapacityChange,
    Mentor,
    append,
    capacity_of_one,
    halting,
    mended,
    mended_parking,
    parking,
)
from tests.projections.same import Ground, empty_log
from tests.running import running


class Scene:
    """A real log, its views, and as many leaders as wanted."""

    def __init__(self, ground: Ground, log: PostgresLog, views: Views) -> None:
        self.ground = ground
        self.log = log
        self.views = views
        self._number = 0

    def leader(self, *projections: Projection) -> Leader:
        return Leader(
            dsn=self.ground.server.app_dsn,
            network=self.ground.network,
            log=self.log,
            projections=projections or (halting, parking),
        )

    async def decide(self, *capacities: int) -> int:
        self._number += 1
        head = (await self.log.head()).position
        return await append(self.log, *capacities, number=head * 1000 + self._number)

    async def capacity(self, at_least: int, projection: Projection = halting) -> int:
        return (await self.views.ask(projection, capacity_of_one, at_least=at_least)).value


@asynccontextmanager
async def scene(ground: Ground) -> AsyncIterator[Scene]:
    async with (
        database.connect(ground.server.app_dsn) as pool,
        PostgresLog(pool, ground.network, "/networks/test", SystemEntropy()) as log,
    ):
        yield Scene(ground, log, Views(connect=pool.connection, network=ground.network, log=log))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - who leads is not announced
            await asyncio.sleep(0.01)


async def kill_leader(ground: Ground) -> None:
    """End the leader's connection as a failing network or server would."""
    async with ground.connection() as connection:
        await connection.execute(
            "select pg_terminate_backend(l.pid) from pg_locks l join pg_stat_activity a using (pid)"
            " where l.locktype = 'advisory' and l.granted and a.application_name = 'tasma projections'"
            " and a.datname = current_database() and l.database = a.datid and (l.classid::bigint << 32 | l.objid::bigint) = %s",
            (advisory_key("tasma projections", ground.network),),
        )


def test_follows_as_events_come(ground: Ground) -> None:
    async def scenario() -> None:
        async with scene(ground) as here, running(here.leader().run()):
            for capacity in 20, 30, 40:
                position = await here.decide(capacity, 1)
                assert await here.capacity(position) == capacity

    asyncio.run(scenario())


def test_leads_on_after_lost_connections(ground: Ground) -> None:
    """Of two only one leads; when its connection dies, one of them leads again, and every event counts once."""

    async def scenario() -> None:
        async with scene(ground) as here:
            one, two = here.leader(), here.leader()
            async with running(one.run(), two.run()):
                for capacity in 21, 22, 23:
                    await until(lambda: one.leads != two.leads)
                    position = await here.decide(capacity)
                    assert await here.capacity(position) == capacity
                    await kill_leader(ground)
                position = await here.decide(24)
                assert await here.capacity(position) == 24
            answer = await here.views.ask(halting, lambda rows: rows.under(CapacityChange))
            memory = await here.views.fold(halting, answer.position)
            assert answer.value == memory.under(CapacityChange)
            changes = (
                (await here.views.ask(halting, lambda rows: rows.under(Mentor, MENTOR.format(1)))).value[0].changes
            )
            assert changes == memory.under(Mentor, MENTOR.format(1))[0].changes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ASK_SECONDS", 0.05)
        asyncio.run(scenario())


def test_catching_up_once_waits_for_who_leads(ground: Ground) -> None:
    async def scenario() -> None:
        async with scene(ground) as here:
            leads = here.leader()
            async with running(leads.run()):
                await until(lambda: leads.leads)
                head = await here.decide(25)
                assert await here.leader().catch_up_once() == head
                assert await here.capacity(0) == 25
            async with ground.connection() as connection:
                key = advisory_key("tasma projections", ground.network)
                await connection.execute("select pg_advisory_lock(%s)", (key,))
                head = await here.decide(26)
                with pytest.raises(Unavailable, match=f"have not reached position {head} within 0.2 s"):
                    await here.leader().catch_up_once(seconds=0.2)

    asyncio.run(scenario())


def test_tables_of_another_shape_are_rebuilt(ground: Ground) -> None:
    """A new version with other columns builds its own tables and then answers; nobody has to ask for it."""

    class Mentor2(Row, frozen=True):
        mentor: Key[str]
        halves: int = 0
        half: bool = False

    Mentor2.__name__ = "Mentor"

    @each
    def fold(_: Latest, event: MentorCapacitySet, at: At) -> Iterator[Mentor2]:  # noqa: ARG001 - the shape of a fold
        yield Mentor2(event.mentor, event.capacity // 2, half=event.capacity % 2 == 1)

    changed = Projection("mentors", fold, (Mentor2,), FACTS)

    async def scenario() -> None:
        async with scene(ground) as here:
            await here.decide(7)
            await here.leader(halting).catch_up_once()
            await here.decide(9)
            head = await here.leader(changed).catch_up_once()
            views = Views(connect=ground.connection, network=ground.network, log=here.log)
            answer = await views.ask(changed, lambda rows: rows.under(Mentor2, MENTOR.format(1)), at_least=head)
            assert answer.value == [Mentor2(MENTOR.format(1), 4, half=True)]

    asyncio.run(scenario())


def test_one_that_fails_does_not_hold_up_the_others(ground: Ground) -> None:
    """Its table was dropped: it rests and tries again, the other one goes on, and the status shows the lag."""

    async def scenario() -> None:
        async with scene(ground) as here:
            await here.leader(mended, mended_parking).catch_up_once()
            async with ground.connection() as connection:
                tables = ReadTables(mended, live_schema(ground.network))
                await connection.execute(sql.SQL("drop table {}").format(tables.table(CapacityChange)))
            async with running(here.leader(mended, mended_parking).run()):
                position = await here.decide(27)
                assert await here.capacity(position, mended_parking) == 27
            lags = [
                (s.state, s.lag_events)
                for s in await projection_status(
                    (mended, mended_parking), connect=ground.connection, network=ground.network, log=here.log, now=START
                )
            ]
            assert lags == [("behind", 1), ("live", 0)]
            async with ground.connection() as connection:
                await ReadTables(mended, live_schema(ground.network)).create(connection)
            await here.leader(mended, mended_parking).catch_up_once()
            assert await here.capacity(position, mended) == 27

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(following, "REST_SECONDS", 0.1)
        asyncio.run(scenario())


def test_a_cancellation_that_a_failing_statement_swallowed_is_heeded(ground: Ground) -> None:
    """Seen with psycopg 3.3: a statement that fails while its task is cancelled raises its own error."""

    class Swallowing(LogSlices):
        waits = asyncio.Event()

        async def after(self, position: int) -> Slice | None:
            assert position == 0
            self.waits.set()
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                raise psycopg.errors.UndefinedTable from None
            return None

    async def never(projection: Projection) -> Rebuilt:
        raise NotImplementedError(projection)

    async def scenario() -> None:
        async with ground.connection() as connection:
            source, tables = Swallowing(empty_log()), ReadTables(halting, live_schema(ground.network))
            await tables.create(connection)
            leads = following.Following(connection, [tables, tables], source, never, keep=1)
            task = asyncio.create_task(leads.catch_up(1))
            await source.waits.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(scenario())


def test_a_leader_with_nothing_to_do_hears_that_its_connection_died(ground: Ground) -> None:
    """Nothing is appended, so nothing is written, and yet it no longer says that it leads while another holds the lock."""

    async def scenario() -> None:
        async with scene(ground) as here, ground.connection() as other:
            leads = here.leader()
            async with running(leads.run()):
                await until(lambda: leads.leads)
                await here.leader().catch_up_once()
                await kill_leader(ground)
                key = advisory_key("tasma projections", ground.network)
                await other.execute("select pg_advisory_lock(%s)", (key,))
                await until(lambda: not leads.leads)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BACKOFF_SECONDS", 2.0)
        asyncio.run(scenario())


def test_a_session_that_the_server_ended_is_no_fault_of_the_projection(ground: Ground) -> None:
    """Whoever leads with it must give up the lead at once instead of letting one projection after the other rest."""

    async def never(projection: Projection) -> Rebuilt:
        raise NotImplementedError(projection)

    class Ending(LogSlices):
        """Ends the session of who asks, and gives a slice that has to be stored."""

        def __init__(self, log: PostgresLog, pid: int) -> None:
            super().__init__(log)
            self._pid = pid

        async def after(self, position: int) -> Slice | None:
            async with ground.connection() as other:
                await other.execute("select pg_terminate_backend(%s, 5000)", (self._pid,))
            return await super().after(position)

    async def scenario() -> None:
        async with scene(ground) as here, ground.connection() as connection:
            head = await here.decide(28)
            tables = ReadTables(halting, live_schema(ground.network))
            await tables.create(connection)
            leads = following.Following(
                connection, [tables], Ending(here.log, connection.info.backend_pid), never, keep=1
            )
            with pytest.raises(psycopg.OperationalError):
                await leads.catch_up(head)

    asyncio.run(scenario())
