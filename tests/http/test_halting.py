"""A serving network that meets what it cannot take in: it says so, goes on with the rest, and never ends in silence."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import sql
from structlog.testing import capture_logs

from adapters import wiring
from adapters.entropy import SeededEntropy
from adapters.http.app import create_app
from adapters.memory.log import MemoryLog
from adapters.postgres import leader as leading
from adapters.postgres.embedded import APP_ROLE, Server
from adapters.postgres.leader import Leader
from adapters.postgres.migrate import drop_network, migrate
from adapters.settings import Settings
from adapters.wiring import Network, open_network, serving_network, supervise
from application.desk import Asker
from application.policies import POLICIES
from application.ports import Unavailable
from projections.follow_ups import follow_ups

COORDINATOR = Asker(actor="person:c", role="coordinator")
PATIENCE_SECONDS = 20


def store_strange(server: Server, schema: str, position: int) -> None:
    """An event of a type that this version does not know, as a newer version would have left it."""
    body = (
        f'{{"sequence":"{position:020}","time":"2019-03-01T07:00:00.000000Z","specversion":"1.0",'
        '"id":"0169388b-7d00-7000-8000-000000000001","type":"tasma.network.dreamt.v9","subject":"network:t",'
        '"commandid":"0169388b-7d00-8000-8000-000000000001","data":{"secret":"what was in the event"}}'
    )
    names = {name: sql.Identifier(schema, name) for name in ("event_type", "event")}
    with psycopg.connect(server.admin_dsn, autocommit=True) as connection, connection.transaction():
        kind = sql.SQL(
            "insert into {event_type} (id, name) select max(id) + 1, 'tasma.network.dreamt.v9' from {event_type} returning id"
        )
        (number,) = connection.execute(kind.format(**names)).fetchone() or (0,)
        event = sql.SQL(
            "insert into {event} (position, type_id, at, tags, data) values (%s, %s, now(), '{{}}', %s::bytea)"
        )
        connection.execute(event.format(**names), (position, number, body.encode()))
        connection.execute("select pg_notify(%s, %s)", (f"tasma_{schema}", str(position)))


async def all_halted(network: Network) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while {s.state for s in await network.policy_status()} != {"halted"}:  # noqa: ASYNC110 - it is not announced
            await asyncio.sleep(0.02)


def test_an_unknown_event_halts_the_policies_in_everybodys_sight(
    server: Server, network_schema: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        settings = Settings(database_url=server.app_dsn, network=network_schema, data_dir=tmp_path)
        async with serving_network(settings) as network:
            founding = {"network": "testi", "name": {"fi": "Testi"}, "first_period": "2019-02"}
            await network.desk.carry_out("found-network", founding, COORDINATOR)
            store_strange(server, network_schema, 2)
            await all_halted(network)
            transport = httpx.ASGITransport(app=create_app(network))  # type: ignore[arg-type]  # litestar's own types
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                answer = await client.get("/v1/health")
            assert (answer.status_code, answer.json()["status"]) == (503, "halted")
            found = {p["name"]: (p["state"], p["position"], p["lag_events"]) for p in answer.json()["policies"]}
            assert found == {p.name: ("halted", 1, 1) for p in POLICIES}
            assert "cannot" not in answer.text
            assert "dreamt" not in answer.text
        async with open_network(settings) as elsewhere:
            first, *_ = await elsewhere.policy_status()
            assert [(f.position, f.type, f.error) for f in first.faults] == [
                (2, "tasma.network.dreamt.v9", "ValidationError")
            ]
            assert first.faults[0].sentence == (
                "Policy share-delivered-parts cannot work off the event at position 2: ValidationError."
            )

    asyncio.run(migrate(server.admin_dsn, network_schema, APP_ROLE))
    with capture_logs():  # drawn for a terminal, the traceback of every policy takes seconds
        asyncio.run(scenario())
    asyncio.run(drop_network(server.admin_dsn, network_schema))


def test_work_that_ends_is_heard_of_and_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "BACKOFF_SECONDS", 0.001)
    ends: list[Exception | None] = [ZeroDivisionError("never thought of"), Unavailable("Away."), None]

    async def work() -> None:
        if not ends:
            await asyncio.sleep(PATIENCE_SECONDS)
        elif (error := ends.pop(0)) is not None:
            raise error

    async def scenario() -> None:
        task = asyncio.create_task(supervise("work", work))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while ends:  # noqa: ASYNC110 - how it goes on is not announced
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with capture_logs() as logs:
        asyncio.run(scenario())
    assert [(entry["log_level"], entry["event"], entry["work"]) for entry in logs] == [
        ("error", "work.failed", "work"),
        ("warning", "work.interrupted", "work"),
        ("error", "work.ended", "work"),
    ]


class Stumbling(MemoryLog):
    """Fails once in a way that nobody thought of."""

    stumbled = False

    async def wait(self, after: int, seconds: float) -> int:
        if not self.stumbled:
            self.stumbled = True
            raise ZeroDivisionError
        return await super().wait(after, seconds)


def test_a_leader_that_fails_unexpectedly_says_so_and_leads_on(
    server: Server, fresh_schema: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "BACKOFF_SECONDS", 0.001)
    schema = fresh_schema()

    async def scenario() -> None:
        log = Stumbling("/networks/t", SeededEntropy(1), lambda: datetime(2019, 3, 1, tzinfo=UTC))
        leader = Leader(dsn=server.app_dsn, network=schema, log=log, projections=[follow_ups])
        task = asyncio.create_task(leader.run())
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (log.stumbled and leader.leads):  # noqa: ASYNC110 - who leads is not announced
                await asyncio.sleep(0.01)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(migrate(server.admin_dsn, schema, APP_ROLE))
    with capture_logs() as logs:
        asyncio.run(scenario())
    asyncio.run(drop_network(server.admin_dsn, schema))
    assert [(e["event"], e["error"]) for e in logs if e["log_level"] == "error"] == [
        ("projections_failed", "ZeroDivisionError")
    ]
