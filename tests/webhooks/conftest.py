"""A lived-in network to subscribe to, and settings of one that may deliver to this machine."""

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.postgres.embedded import Server
from adapters.postgres.migrate import drop_network
from adapters.settings import Secret, Settings
from domain.changing import replace
from tests.custody.restoring import settings_of
from tests.http.conftest import seen, world

__all__ = ["seen", "settings", "world"]


@pytest.fixture
def settings(server: Server, network_schema: str, tmp_path: Path) -> Iterator[Settings]:
    key = Secret(base64.b64encode(bytes(range(32))).decode())
    yield replace(settings_of(server, network_schema, tmp_path, 1), master_key=key, webhook_private=True)
    asyncio.run(drop_network(server.admin_dsn, network_schema))
