"""The month is played once, over a real server with its own PostgreSQL schema and its own policies at work."""

import asyncio
from collections.abc import Callable, Iterator, Mapping

import pytest

from adapters.clock import system_clock
from adapters.postgres.database import connect
from adapters.postgres.embedded import APP_ROLE, Server
from adapters.postgres.migrate import drop_network, migrate
from adapters.postgres.tokens import tokens_in
from adapters.settings import Settings
from tests.custody.restoring import settings_of
from tests.custody.served import serving
from tests.month.office import Office
from tests.month.people import WISHES
from tests.month.story import Month, play

SEED = 1


@pytest.fixture(scope="module")
def month(server: Server, fresh_schema: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    """March 2019 and what came of it, to the last payment; nothing changes it any more."""
    settings = settings_of(server, fresh_schema(), tmp_path_factory.mktemp("data"), SEED)
    asyncio.run(migrate(server.admin_dsn, settings.network, APP_ROLE))
    with serving(server, settings, 2) as served, Office(served, asyncio.run(_bearers(settings))) as office:
        yield play(office, settings.network)
    asyncio.run(drop_network(server.admin_dsn, settings.network))


async def _bearers(settings: Settings) -> Mapping[str, str]:
    """Tokens are issued on the command line; everything after that goes over HTTP."""
    async with connect(settings.database_url or "", connections=1) as database:
        tokens = tokens_in(database, settings.network, system_clock)
        return {name: (await tokens.issue(wish)).token for name, wish in WISHES.items()}
