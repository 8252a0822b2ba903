"""Networks for faults: on the server that all tests share, or on one that may be killed."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.postgres.embedded import Server, embedded
from adapters.postgres.migrate import drop_network
from adapters.settings import Settings
from tests.custody.restoring import settings_of
from tests.faults.ground import Ground
from tests.folders import short_folder


@pytest.fixture
def notes_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


@pytest.fixture
def ground(server: Server, network_schema: str, tmp_path: Path, notes_folder: Path) -> Iterator[Ground]:
    """A network on the shared server: nothing that stops the server may be done here."""
    ground = Ground(settings_of(server, network_schema, tmp_path, 1), notes_folder)
    ground.found()
    yield ground
    asyncio.run(drop_network(server.admin_dsn, network_schema))


@pytest.fixture(scope="session")
def mortal_folder() -> Iterator[Path]:
    """The data folder of a server that may be killed."""
    with short_folder() as folder, embedded(folder):
        yield folder


@pytest.fixture
def mortal(mortal_folder: Path, fresh_schema: Callable[[], str], notes_folder: Path) -> Ground:
    """A network with an embedded server that may be killed."""
    ground = Ground(Settings(network=fresh_schema(), data_dir=mortal_folder), notes_folder)
    ground.found()
    return ground
