"""A migrated network's schema, and both logs behind one handle so that one suite runs on either."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from adapters.clock import system_clock
from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryDocuments, MemoryLog, MemoryMarks
from adapters.postgres import gathering
from adapters.postgres.database import Database, connect
from adapters.postgres.documents import PostgresDocuments
from adapters.postgres.embedded import Server
from adapters.postgres.log import PostgresLog
from adapters.postgres.marks import PostgresMarks
from application.ports import Documents, Log, Marks

SOURCE = "/networks/test"


@dataclass(frozen=True)
class Place:
    """Where a network's log lies."""

    server: Server
    schema: str

    @asynccontextmanager
    async def database(self, dsn: str | None = None, name: str = "tasma test") -> AsyncIterator[Database]:
        async with connect(dsn or self.server.app_dsn, name=name, connections=4) as database:
            yield database

    @asynccontextmanager
    async def log(
        self, dsn: str | None = None, *, seed: int = 1, name: str = "tasma test"
    ) -> AsyncIterator[PostgresLog]:
        async with (
            self.database(dsn, name) as database,
            PostgresLog(database, self.schema, SOURCE, SeededEntropy(seed)) as log,
        ):
            yield log


def emptied(place: Place) -> Place:
    """The same place with nothing in its log, as it was when it was made: making another one takes ten times as long."""
    with psycopg.connect(place.server.admin_dsn) as connection:
        for name in ("tag", "event", "event_type", "command", "network", "catalogue"):
            table = sql.Identifier(place.schema, name)
            for what in ("alter table {} disable trigger user", "delete from {}", "alter table {} enable trigger user"):
                connection.execute(sql.SQL(what).format(table))
    return place


@pytest.fixture
def one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked at the same time goes in one batch, where the test is about such a batch and not about how it comes to be."""
    monkeypatch.setattr(gathering, "WHOLE", gathering.BATCH_MAX)


@pytest.fixture
def place(server: Server, migrated_schema: str) -> Place:
    return Place(server, migrated_schema)


@dataclass(frozen=True)
class Stores:
    log: Log
    marks: Marks
    documents: Documents


OpenStores = Callable[[], AbstractAsyncContextManager[Stores]]


@pytest.fixture(params=["memory", "postgres"])
def opened(request: pytest.FixtureRequest) -> OpenStores:
    """Opens a new, empty log with its marks and documents: in memory, or in PostgreSQL."""
    if request.param == "memory":

        @asynccontextmanager
        async def memory() -> AsyncIterator[Stores]:
            yield Stores(MemoryLog(SOURCE, SeededEntropy(1), system_clock), MemoryMarks(), MemoryDocuments())

        return memory

    place: Place = request.getfixturevalue("place")

    @asynccontextmanager
    async def postgres() -> AsyncIterator[Stores]:
        async with place.log() as log:
            database = log._database  # noqa: SLF001
            yield Stores(log, PostgresMarks(database, place.schema), PostgresDocuments(database, place.schema))

    return postgres
