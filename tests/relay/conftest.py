"""A network, a NATS server, and both together."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.postgres.embedded import Server
from tests.custody.restoring import settings_of
from tests.faults.conftest import mortal, mortal_folder, notes_folder
from tests.folders import short_folder
from tests.log.conftest import Place, place
from tests.relay.brokers import Broker, server_program
from tests.relay.ground import Ground

__all__ = ["mortal", "mortal_folder", "notes_folder", "place"]


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture
def broker(folder: Path) -> Iterator[Broker]:
    broker = Broker(server_program(), folder)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def ground(server: Server, place: Place, broker: Broker, tmp_path: Path) -> Ground:
    return Ground(place, broker, settings_of(server, place.schema, tmp_path))
