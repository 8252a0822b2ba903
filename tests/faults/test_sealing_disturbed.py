"""The disk is full for a while; several seal at once: clients notice nothing, and what is sealed in the end is right."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from psycopg import AsyncConnection, errors

from adapters.held_keys import signers_for
from adapters.postgres.page_store import Page, PageStore, Tile
from adapters.postgres.sealer import Sealer
from adapters.wiring import open_network, serving_network
from application.envelope import PAGE_EVENTS
from tests.faults.filling import fill_a_page
from tests.faults.ground import Ground
from tests.faults.load import load, until

PAGES = 6


def test_without_space_for_pages_clients_go_on_and_sealing_resumes(ground: Ground) -> None:
    async def promise() -> None:
        full = True

        async def store(connection: AsyncConnection[Any], pages: Sequence[Page], tiles: Sequence[Tile]) -> None:
            if full:
                raise errors.DiskFull("could not extend file")
            await PageStore(ground.settings.network).store(connection, pages, tiles)

        async with open_network(ground.settings) as network:
            sealer = Sealer(
                network.database,
                ground.settings.network,
                network.log,
                origin=ground.settings.origin,
                signers=signers_for(ground.settings),
                keep=network.custody.keep,
                store=store,
            )
            notes = ground.notes
            working = [asyncio.create_task(work()) for work in (sealer.run, network.leader.run)]
            async with load(network.dsn, ground.settings.network, ground.folder, processes=1) as clients:
                await fill_a_page(network, notes, 0)
                await until(lambda: sealer.fault is not None, "the sealer has noticed")
                assert "the database has no space left" in (sealer.fault or "")
                await fill_a_page(network, notes, 1)
                await clients.goes_on(60)
                assert sealer.sealed == 0
                full = False
                head = await ground.over(network, clients)
                await until(lambda: sealer.fault is None and sealer.checkpoint >= head, "sealing has resumed")
                assert sealer.sealed >= 2 * PAGE_EVENTS
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
            notes.close()
        await ground.check(grown_beyond=head)

    asyncio.run(promise())


def test_several_seal_at_once_and_none_of_them_is_in_anothers_way(ground: Ground) -> None:
    """None of them asks for the lease that usually leaves one at work."""

    async def promise() -> None:
        async with serving_network(ground.settings) as network, AsyncExitStack() as stack:
            others = [await stack.enter_async_context(open_network(ground.settings)) for _ in range(2)]
            working = [asyncio.create_task(other.sealer.run()) for other in others]
            sealers = [network.sealer, *(other.sealer for other in others)]
            notes = ground.notes
            async with load(network.dsn, ground.settings.network, ground.folder, processes=1) as clients:
                for nth in range(PAGES):
                    await fill_a_page(network, notes, nth)
                    head = (await network.log.head()).position
                    await until(partial(_signed, sealers, head), "all of them have signed it or seen it signed")
                assert [sealer.fault for sealer in sealers] == [None] * len(sealers)
                head = await ground.over(network, clients)
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
            notes.close()
        await ground.check(grown_beyond=head)

    asyncio.run(promise())


def _signed(sealers: Sequence[Sealer], size: int) -> bool:
    return all(sealer.checkpoint >= size for sealer in sealers)
