"""Rooms for tiny benches on the server that all tests share."""

from pathlib import Path

import pytest

from adapters.postgres.embedded import Server
from adapters.settings import Settings


@pytest.fixture
def bench_settings(server: Server, tmp_path: Path) -> Settings:
    return Settings(database_url=server.app_dsn, admin_database_url=server.admin_dsn, data_dir=tmp_path)


def quiet(_: str) -> None:
    """Tells nobody."""
