"""A network's schemas, made once a module."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from adapters.postgres.embedded import APP_ROLE, Server
from adapters.postgres.migrate import drop_network, migrate
from tests.projections.same import Ground


@pytest.fixture(scope="module")
def ground(server: Server, fresh_schema: Callable[[], str]) -> Iterator[Ground]:
    network = fresh_schema()
    asyncio.run(migrate(server.admin_dsn, network, APP_ROLE))
    yield Ground(server, network)
    asyncio.run(drop_network(server.admin_dsn, network))


@pytest.fixture
def own_ground(server: Server, migrated_schema: str) -> Ground:
    """Of a log of this test's own."""
    return Ground(server, migrated_schema)
