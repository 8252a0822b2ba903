"""One embedded PostgreSQL for all tests and all workers, and a schema name of its own for every network in them."""

import asyncio
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from adapters.postgres.embedded import APP_ROLE, Server, embedded
from adapters.postgres.migrate import drop_network, migrate

# The same examples on every run, and no time limit on a busy machine; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("repeat", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", derandomize=False, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The server that all workers share. Its folder stays for the next run; delete it whenever no test runs."""
    with embedded(Path(tempfile.gettempdir()) / f"tasma-test-{os.geteuid()}") as running:
        yield running


@pytest.fixture(scope="session")
def fresh_schema(server: Server) -> Iterator[Callable[[], str]]:
    """Names for new schemas, not one of them used before; what was made under them goes when the session ends."""
    prefix = f"t_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{secrets.token_hex(4)}"
    names: list[str] = []
    numbers = count(1)

    def fresh() -> str:
        names.append(f"{prefix}_{next(numbers)}")
        return names[-1]

    yield fresh
    with psycopg.connect(server.admin_dsn, autocommit=True, options="-c client_min_messages=warning") as connection:
        connection.execute("set synchronous_commit = off")
        for name in names:
            connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(name)))


@pytest.fixture
def network_schema(fresh_schema: Callable[[], str]) -> str:
    """The schema name of this test's network; the schema does not exist yet."""
    return fresh_schema()


@pytest.fixture
def migrated_schema(server: Server, network_schema: str) -> Iterator[str]:
    """The schema of this test's network, with its tables and nothing in them."""
    asyncio.run(migrate(server.admin_dsn, network_schema, APP_ROLE))
    yield network_schema
    asyncio.run(drop_network(server.admin_dsn, network_schema))
