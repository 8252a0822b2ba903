"""PostgreSQL is killed under load, as a whole and a backend at a time; it recovers, and what was acknowledged is there."""

import asyncio

from adapters.wiring import serving_network
from tests.faults.ground import Ground, kill, postmaster, rows_of
from tests.faults.load import load

AT_WORK = b"select pid from pg_stat_activity where application_name = 'tasma clients' and state = 'active' limit 1"
"""A backend in the middle of a statement of the clients."""


def test_the_server_is_killed_and_comes_back_with_all_that_was_acknowledged(mortal: Ground) -> None:
    """Nobody starts anything: the network notices within seconds that its server is gone and starts it again."""

    async def promise() -> None:
        async with (
            serving_network(mortal.settings) as network,
            load(network.dsn, mortal.settings.network, mortal.folder) as clients,
        ):
            await clients.goes_on(100)
            first = postmaster(network.dsn)
            kill(first)
            await clients.goes_on(100)
            assert postmaster(network.dsn) != first
            head = await mortal.over(network, clients)
        await mortal.check(grown_beyond=head)

    asyncio.run(promise())


def test_backends_are_killed_one_by_one(mortal: Ground) -> None:
    """One that dies without a word makes the server throw out all others and recover; twice, each at work."""

    async def promise() -> None:
        async with (
            serving_network(mortal.settings) as network,
            load(network.dsn, mortal.settings.network, mortal.folder) as clients,
        ):
            for _ in range(2):
                await clients.goes_on(60)
                ((backend,),) = await asyncio.to_thread(rows_of, network.dsn, AT_WORK)
                kill(backend)
            head = await mortal.over(network, clients)
        await mortal.check(grown_beyond=head)

    asyncio.run(promise())
