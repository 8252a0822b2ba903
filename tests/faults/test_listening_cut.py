"""The backends that announce news are terminated under load; whoever waits still hears of everything, and soon."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from adapters.postgres.listener import POLL_SECONDS, RECONNECT_SECONDS
from adapters.wiring import Network, serving_network
from tests.faults.ground import Ground, rows_of
from tests.faults.load import load, until

ROUNDS = 6
SOON_SECONDS = 10 * (POLL_SECONDS + RECONNECT_SECONDS)
"""Ten times what it takes where the machine has nothing else to do: a reader that waits for its whole time takes longer."""
WAIT_SECONDS = 60.0
TERMINATE = b"""
select pg_terminate_backend(pid) from pg_stat_activity
where position(%s in query) > 0 and (query like 'listen %%' or query like '%%max(position)%%') and pid <> pg_backend_pid()
"""
"""All backends that listen for a network."""


def test_who_waits_misses_nothing_and_is_not_kept_waiting(ground: Ground) -> None:
    async def promise() -> None:
        seen: list[int] = []
        async with serving_network(ground.settings) as network:
            async with load(network.dsn, ground.settings.network, ground.folder) as clients:
                reading = asyncio.create_task(_read(network, seen.append))
                for _ in range(ROUNDS):
                    assert await asyncio.to_thread(rows_of, network.dsn, TERMINATE, ground.settings.network)
                    head = (await network.log.head()).position + 1
                    await until(lambda: head in seen[-500:], "the reader has heard", SOON_SECONDS)  # noqa: B023 - asked before the next turn
                head = await ground.over(network, clients)
            last = (await network.log.head()).position
            await until(lambda: seen[-1] >= last, "the reader has heard of the last event", SOON_SECONDS)
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
        assert seen == list(range(1, seen[-1] + 1))
        await ground.check(grown_beyond=head)

    asyncio.run(promise())


async def _read(network: Network, saw: Callable[[int], None]) -> None:
    position = 0
    while True:
        await network.log.wait(position, WAIT_SECONDS)
        for event in await network.log.read(position, limit=1_000):
            position = event.position
            saw(position)
