"""A migrated network with its vault, and master keys that a test can name."""

import base64
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from adapters.postgres.database import Database, connect
from adapters.postgres.embedded import Server
from adapters.postgres.vault import Vault
from adapters.vault import master_keys


@dataclass(frozen=True)
class Place:
    """Where a network's vault lies."""

    server: Server
    schema: str

    @asynccontextmanager
    async def database(self, dsn: str | None = None) -> AsyncIterator[Database]:
        async with connect(dsn or self.server.app_dsn, name="tasma test", connections=4) as database:
            yield database

    @asynccontextmanager
    async def vault(self, *names: str) -> AsyncIterator[Vault]:
        async with self.database() as database:
            yield Vault(database, self.schema, master_keys(setting(*names)), os.urandom)


def setting(*names: str) -> str:
    """TASMA_MASTER_KEY with a key for each name, the first current."""
    return " ".join(base64.b64encode(hashlib.sha256(name.encode()).digest()).decode() for name in names)


@pytest.fixture
def place(server: Server, migrated_schema: str) -> Place:
    return Place(server, migrated_schema)
