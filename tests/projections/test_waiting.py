"""Who waits for a position costs one look at where the read model stands, not the question and its loads again and again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psycopg
import pytest

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog
from adapters.postgres import views as module
from adapters.postgres.leader import Leader
from adapters.postgres.read_tables import Connection, ReadTables, live_schema
from adapters.postgres.views import Views
from application.ports import Unavailable
from tests.projections.mentors import START, append, capacity_of_one, halting
from tests.projections.same import Ground


class Counting:
    """Counts the loads that go through a connection."""

    def __init__(self, connection: Connection, loads: list[bytes]) -> None:
        self._connection, self._loads = connection, loads

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    async def execute(
        self, query: str | bytes, parameters: Sequence[object] = (), *, prepare: bool | None = None
    ) -> object:
        if isinstance(query, bytes) and b"json_agg" in query:
            self._loads.append(query)
        return await self._connection.execute(query, parameters, prepare=prepare)


@pytest.mark.parametrize(("at_least", "as_of", "loads"), [(1, None, 1), (9, None, 0), (None, 1, 1), (None, 0, 0)])
def test_only_what_can_be_answered_is_loaded(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, at_least: int | None, as_of: int | None, loads: int
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.1)
    counted: list[bytes] = []

    @asynccontextmanager
    async def connect() -> AsyncIterator[Connection]:
        async with await psycopg.AsyncConnection.connect(ground.server.app_dsn, autocommit=True) as connection:
            yield Counting(connection, counted)  # type: ignore[misc]  # stands in for it

    async def scenario() -> None:
        log = MemoryLog("/networks/test", SeededEntropy(1), lambda: START)
        async with ground.connection() as connection:
            await ReadTables(halting, live_schema(ground.network)).create(connection)
        await append(log, 4, number=1)
        await Leader(dsn=ground.server.app_dsn, network=ground.network, log=log, projections=[halting]).catch_up_once()
        views = Views(connect=connect, network=ground.network, log=log)
        asked = views.ask(halting, capacity_of_one, at_least=at_least, as_of=as_of)
        if at_least == 9:
            with pytest.raises(Unavailable, match="has reached position 1, not yet 9"):
                await asked
        elif as_of == 0:
            with pytest.raises(IndexError):
                await asked
        else:
            assert (await asked).value == 4

    asyncio.run(scenario())
    assert len(counted) == loads
