"""The backend that the read models are written with is stopped, not ended: it keeps its locks and says nothing any more."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import pytest
from psycopg import AsyncConnection, sql

from adapters.postgres import leader as leading
from adapters.postgres import seat
from adapters.postgres.database import SILENT_SECONDS
from adapters.postgres.impatient import Impatient
from adapters.postgres.leader import LOCK_MILLISECONDS, Leader
from adapters.postgres.lease import Leases
from adapters.postgres.read_tables import ReadTables, live_schema
from adapters.postgres.seat import GONE_SECONDS, Seat
from adapters.postgres.views import Views
from adapters.wiring import Network, open_network, supervise
from application.envelope import PAGE_EVENTS
from projections.registry import all_projections
from projections.rows import Projection
from tests.faults.filling import fill_a_page
from tests.faults.ground import Ground, rows_of
from tests.faults.load import until
from tests.projections.mentors import CapacityChange, Mentor, append, capacity_of_one, halting, parking
from tests.running import running

ALL = tuple(all_projections())
SOONER = 0.4
"""Of each wait, so that nobody waits for long here."""
SOON_SECONDS = 2 * SOONER * GONE_SECONDS
HOLDS = b"""
select a.pid from pg_locks l join pg_stat_activity a using (pid)
where l.locktype = 'advisory' and l.granted and a.datname = current_database() and l.database = a.datid
and (l.classid::bigint << 32 | l.objid::bigint) = %s
"""


@pytest.fixture(autouse=True)
def sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    """All waits are shorter, in the proportions that they have."""
    monkeypatch.setattr(Impatient, "silent_seconds", SOONER * SILENT_SECONDS)
    monkeypatch.setattr(seat, "GONE_SECONDS", SOONER * GONE_SECONDS)
    monkeypatch.setattr(leading, "LOCK_MILLISECONDS", round(SOONER * LOCK_MILLISECONDS))


@asynccontextmanager
async def stopped(dsn: str, backend: int) -> AsyncIterator[None]:
    """Stop a backend for as long as the block lasts; afterwards it has ended, for it was told to."""
    os.kill(backend, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(backend, signal.SIGCONT)
    async with await AsyncConnection.connect(dsn, autocommit=True) as connection:
        query = "select from pg_stat_activity where pid = %s"
        await true_soon(lambda: _none(connection, query, backend), "the session that was stopped has ended")


async def _none(connection: AsyncConnection[tuple[object, ...]], query: str, *parameters: object) -> bool:
    return await (await connection.execute(query.encode(), parameters)).fetchone() is None


async def true_soon(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    clock = asyncio.get_running_loop().time
    deadline = clock() + SOON_SECONDS
    while not await condition():
        assert clock() < deadline, f"within {SOON_SECONDS:g} s this did not come true: {what}"
        await asyncio.sleep(0.05)


async def reached(network: Network, head: int, projections: Sequence[Projection] = ALL) -> None:
    """Wait until every read model is there and stands at a position."""
    query = sql.SQL("select from {} where position >= %s and state = 'following' having count(*) < %s").format(
        sql.Identifier(live_schema(network.settings.network), "projection")
    )
    async with await AsyncConnection.connect(network.dsn, autocommit=True) as connection:
        await true_soon(
            lambda: _none(connection, query.as_string(), head, len(projections)), f"read models have reached {head}"
        )


async def leader_of(network: Network) -> int:
    """The backend of who leads."""
    key = Seat("tasma projections", network.settings.network).key
    ((backend,),) = await asyncio.to_thread(rows_of, network.dsn, HOLDS, key)
    return int(backend)


@pytest.mark.parametrize("processes", [1, 2])
def test_read_models_go_on_while_the_leaders_backend_is_stopped(mortal: Ground, processes: int) -> None:
    """Its own process leads again on another connection, or another process does; when the backend goes on, nothing is doubled."""

    async def promise() -> None:
        async with open_network(mortal.settings) as network, open_network(mortal.settings) as other:
            leaders: Sequence[Leader] = (network.leader, other.leader)[:processes]
            notes = mortal.notes
            await network.catch_up()  # the tables are there
            async with running(*(leader.run() for leader in leaders)):
                await until(lambda: any(leader.leads for leader in leaders), "one leads")
                await reached(network, (await network.log.head()).position)
                async with stopped(network.dsn, await leader_of(network)):
                    await fill_a_page(network, notes, 0)
                    await reached(network, (await network.log.head()).position)
                await until(lambda: sum(leader.leads for leader in leaders) == 1, "one leads, as before")
                await leader_of(network)  # on the first lock again
                head = (await network.log.head()).position
                await fill_a_page(network, notes, 1)
                await reached(network, head + PAGE_EVENTS)
            notes.close()
        await mortal.check(grown_beyond=head)

    asyncio.run(promise())


def test_one_projection_waits_for_a_backend_that_stopped_amid_a_write_and_the_others_do_not(mortal: Ground) -> None:
    """Nobody can take the row from it that it has locked. When it goes on, it is too late for what it was about to write."""

    async def promise() -> None:
        async with open_network(mortal.settings) as network:
            name = mortal.settings.network
            leader = Leader(dsn=network.dsn, network=name, log=network.log, projections=(halting, parking))
            await leader.catch_up_once()
            async with running(leader.run()):
                await append(network.stored, 20, number=1, at=network.clock())
                await reached(network, (await network.log.head()).position, (halting, parking))
                backend = await leader_of(network)
                async with await AsyncConnection.connect(network.dsn) as holding:
                    table = ReadTables(halting, live_schema(name)).table(Mentor)
                    await holding.execute(sql.SQL("select from {} for update").format(table))
                    head = await append(network.stored, 21, number=2, at=network.clock())
                    waiting = b"select 1 from pg_stat_activity where pid = %s and wait_event_type = 'Lock'"
                    await asyncio.to_thread(rows_of, network.dsn, waiting, backend)
                    async with stopped(network.dsn, backend):
                        await holding.rollback()
                        assert await capacity(network, parking, head) == 21
                        assert await capacity(network, halting, 0) == 20
                await reached(network, head, (halting, parking))
            for projection in halting, parking:
                views = Views(connect=network.database.connection, network=name, log=network.log)
                for table_of in Mentor, CapacityChange:
                    answer = await views.ask(projection, lambda rows: rows.under(table_of), at_least=head)  # noqa: B023 - asked at once
                    memory = await views.fold(projection, head)
                    assert answer.value == memory.under(table_of)

    assert LOCK_MILLISECONDS < GONE_SECONDS * 1000
    asyncio.run(promise())


def test_what_is_done_under_a_lease_is_done_elsewhere_while_its_backend_is_stopped(mortal: Ground) -> None:
    """Who held it stops its work; when the backend goes on, one holds the lease as before."""

    async def promise() -> None:
        at_work = [0, 0]

        def work_of(nth: int) -> Callable[[], Awaitable[None]]:
            async def work() -> None:
                at_work[nth] += 1
                try:
                    await asyncio.Event().wait()
                finally:
                    at_work[nth] -= 1

            return work

        async with open_network(mortal.settings) as network:
            name = mortal.settings.network
            leases = [Leases(network.dsn, name) for _ in at_work]
            works = [lease.run for lease in leases]
            works += [partial(lease.under, "work", work_of(nth)) for nth, lease in enumerate(leases)]
            tasks = [asyncio.create_task(supervise("test", work)) for work in works]
            await until(lambda: sum(at_work) == 1, "one works")
            first = at_work.index(1)
            ((backend,),) = await asyncio.to_thread(rows_of, network.dsn, HOLDS, Seat("tasma work", name).key)
            async with stopped(network.dsn, int(backend)):
                await until(lambda: at_work[first] == 0, "who held the lease has stopped", SOON_SECONDS)
                await until(lambda: sum(at_work) == 1, "one works again", SOON_SECONDS)
            await asyncio.to_thread(rows_of, network.dsn, HOLDS, Seat("tasma work", name).key)
            await until(lambda: sum(at_work) == 1, "one works, under the first lock")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(promise())


async def capacity(network: Network, projection: Projection, at_least: int) -> int:
    found = -1
    views = Views(connect=network.database.connection, network=network.settings.network, log=network.log)

    async def stands() -> bool:
        nonlocal found
        answer = await views.ask(projection, capacity_of_one)
        found = answer.value
        return answer.position >= at_least

    await true_soon(stands, f"{projection.name} has reached {at_least}")
    return found
