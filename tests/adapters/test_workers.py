"""A worker holds no more connections than it is counted with, and tells of all its work."""

import asyncio
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from adapters.postgres.database import CONNECTIONS_MAX
from adapters.postgres.embedded import Server
from adapters.postgres.migrate import drop_network
from adapters.postgres.workers import HELD_MAX
from adapters.wiring import open_network, serving_network
from domain.changing import replace
from tests.custody.restoring import COORDINATOR, FOUNDING, register, settings_of


def test_a_busy_worker_holds_no_more_connections_than_it_is_counted_with(
    server: Server, network_schema: str, tmp_path: Path
) -> None:
    def held() -> int:
        with psycopg.connect(server.admin_dsn) as connection:
            query = "select count(*) from pg_stat_activity where application_name = %s"
            ((count,),) = connection.execute(query, (network_schema,)).fetchall()
            return int(count)

    async def scenario() -> None:
        settings = settings_of(server, network_schema, tmp_path, 1)
        named = make_conninfo(server.app_dsn, application_name=network_schema)
        async with serving_network(replace(settings, database_url=named)) as network:
            await network.desk.carry_out("found-network", FOUNDING, COORDINATOR)
            await register(network, "a", "b")
            async with asyncio.timeout(20):
                while (await network.figures()).checkpoint_size < 3:  # noqa: ASYNC110 - it is not announced
                    await asyncio.sleep(0.05)
            full, done = asyncio.Event(), asyncio.Event()
            borrowed = 0

            async def borrow() -> None:
                nonlocal borrowed
                async with network.database.connection():
                    borrowed += 1
                    if borrowed == CONNECTIONS_MAX:
                        full.set()
                    await done.wait()

            borrowing = [asyncio.create_task(borrow()) for _ in range(CONNECTIONS_MAX)]
            await full.wait()
            seen = await asyncio.to_thread(held)
            done.set()
            await asyncio.gather(*borrowing)
            # The pool, three lines of the log, the listener, the leases and the read models; no standby is waited for.
            assert CONNECTIONS_MAX < seen <= HELD_MAX - 1

    asyncio.run(scenario())
    asyncio.run(drop_network(server.admin_dsn, network_schema))


def test_refusals_and_rests_are_among_what_a_process_tells(server: Server, network_schema: str, tmp_path: Path) -> None:
    """Whoever was refused at a boundary is told of together with whoever was refused at the log."""

    async def scenario() -> None:
        async with open_network(settings_of(server, network_schema, tmp_path, 1)) as network:
            assert (network.work().refused, network.work().resting) == (0, 0)
            network.desk.executor.refused, network.stored.looks.refused, network.sealer.fault = 2, 3, "No room."
            assert (network.work().refused, network.work().resting) == (5, 1)

    asyncio.run(scenario())
    asyncio.run(drop_network(server.admin_dsn, network_schema))
