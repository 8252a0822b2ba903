"""Connections are lost at the worst moments of an append; every decision is there once, and its client is told so."""

import asyncio
from typing import get_args

import pytest

from adapters.wiring import serving_network
from tests.faults.cutting import Moment, cutting
from tests.faults.ground import Ground
from tests.faults.load import load, until

CUTS_EACH = 4


@pytest.mark.parametrize("moment", get_args(Moment))
def test_every_kth_append_loses_its_connection(ground: Ground, moment: Moment) -> None:
    """Every second, third, fifth; a client that is told nothing asks again and gets the outcome of the first time."""

    async def promise() -> None:
        async with (
            serving_network(ground.settings) as network,
            cutting(network.dsn, moment) as (proxy, dsn),
            load(dsn, ground.settings.network, ground.folder) as clients,
        ):
            for proxy.every in (2, 3, 5):
                wanted = proxy.cuts + CUTS_EACH
                await until(lambda: proxy.cuts >= wanted, f"appends are cut {moment}")  # noqa: B023 - asked before the next turn
            proxy.every = 10**9
            head = await ground.over(network, clients)
        await ground.check(grown_beyond=head)

    asyncio.run(promise())
