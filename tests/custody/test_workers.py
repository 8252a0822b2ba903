"""A server of two processes on PostgreSQL: its figures add up over both, and what the database says is said once."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import sql

from adapters.clock import system_clock
from adapters.postgres.database import connect
from adapters.postgres.embedded import APP_ROLE, Server
from adapters.postgres.migrate import drop_network, migrate
from adapters.postgres.tokens import tokens_in
from adapters.settings import Settings
from application.access import Wish
from application.registry import EVENT_TYPES
from tests.custody.restoring import FOUNDING, body_of, environment_of, settings_of
from tests.http.test_metrics import Sample, samples

PATIENCE_SECONDS = 60
SERVE = "import sys; from adapters.http.serve import serve; serve('127.0.0.1', int(sys.argv[1]), 2)"
REPOSITORY = Path(__file__).parents[2]


class Served:
    """Two processes, and somebody who asks either, with a new connection each time."""

    def __init__(self, server: Server, settings: Settings, port: int, process: subprocess.Popen[str]) -> None:
        self.server, self.settings, self.process = server, settings, process
        self.url = f"http://127.0.0.1:{port}"
        self.headers: dict[str, str] = {}

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", headers=self.headers, timeout=PATIENCE_SECONDS)

    def send(self, name: str, body: object) -> httpx.Response:
        url = f"{self.url}/v1/commands/{name}"
        return httpx.post(url, json=body, headers=self.headers, timeout=PATIENCE_SECONDS)

    def figure(self, name: str, **labels: str) -> float | None:
        return self.figures().get((name, frozenset(labels.items())))

    def figures(self) -> dict[Sample, float]:
        answer = self.get("/metrics")
        assert answer.status_code == 200, answer.text
        return samples(answer.text)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "nothing happened"
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            return self.get("/v1/health").status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def served(
    server: Server, fresh_schema: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    settings = settings_of(server, fresh_schema(), tmp_path_factory.mktemp("data"), 1)
    asyncio.run(migrate(server.admin_dsn, settings.network, APP_ROLE))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TASMA_")} | environment_of(settings)
    process = subprocess.Popen(  # noqa: S603 - this interpreter, a script of this file
        [sys.executable, "-c", SERVE, str(port)],
        cwd=REPOSITORY,
        env={**environment, "TASMA_LOG": "json"},
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        served = Served(server, settings, port, process)
        try:
            served.headers["Authorization"] = f"Bearer {asyncio.run(_token(settings))}"
            served.until(served.answers)
            assert served.send("found-network", FOUNDING).status_code == 201
            yield served
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_SECONDS)
    asyncio.run(drop_network(server.admin_dsn, settings.network))


async def _token(settings: Settings) -> str:
    async with connect(settings.database_url or "", connections=1) as database:
        tokens = tokens_in(database, settings.network, system_clock)
        return (await tokens.issue(Wish(role="coordinator", subject="person:c"))).token


def test_requests_and_decisions_add_up_over_the_processes(served: Served) -> None:
    route = {"method": "POST", "route": "/v1/commands/register-organisation", "status": "2xx"}
    for n in range(20):
        assert served.send("register-organisation", body_of(f"o-{n}")).status_code == 201
    expected = {
        ("tasma_http_requests_total", frozenset(route.items())): 20,
        ("tasma_appended_decisions_total", frozenset[tuple[str, str]]()): 21,
        ("tasma_appended_events_total", frozenset[tuple[str, str]]()): 21,
        ("tasma_log_head", frozenset[tuple[str, str]]()): 21,
    }

    def told() -> bool:
        figures = served.figures()
        return {key: figures.get(key) for key in expected} == expected

    # A process shares its counts within a second: then whichever answers says the same, and it stays so.
    served.until(lambda: all(told() for _ in range(8)))
    assert all(told() for _ in range(8))


def test_a_checkpoint_is_signed_behind_the_head_and_kept_outside(served: Served) -> None:
    head = served.send("register-organisation", body_of("signed")).json()["position"]
    served.until(lambda: served.figure("tasma_checkpoint_size") == head)
    figures = served.figures()
    assert figures["tasma_checkpoint_signed", frozenset()] == 1
    assert figures["tasma_checkpoint_lag_events", frozenset()] == 0
    assert figures["tasma_checkpoint_timestamp_seconds", frozenset()] > 1_700_000_000
    assert figures["tasma_seal_lag_events", frozenset()] == head
    assert (figures["tasma_sealed_pages", frozenset()], figures["tasma_seal_lag_seconds", frozenset()]) == (0, 0)
    file = (served.settings.data_dir or Path()) / f"{served.settings.network}.checkpoint"
    assert file.read_text(encoding="utf-8").splitlines()[1] == str(head)


def test_what_a_killed_process_counted_stays_in_the_sum(served: Served) -> None:
    """Counters never fall, or a monitor would take it for a restart of all."""
    before = served.figures()["tasma_appended_decisions_total", frozenset()]
    own = Path(f"/proc/{served.process.pid}")
    children = Path(own, f"task/{served.process.pid}/children").read_text(encoding="ascii").split()
    os.kill(int(children[-1]), signal.SIGKILL)
    served.until(served.answers)
    assert served.send("register-organisation", body_of("after-the-kill")).status_code == 201
    served.until(lambda: served.figure("tasma_appended_decisions_total") == before + 1)


def test_a_process_older_than_the_network_reads_and_does_not_decide(served: Served) -> None:
    """The last test of the file: a newer version has recorded events meanwhile."""
    newer = len(EVENT_TYPES) + 1
    with psycopg.connect(served.server.admin_dsn, autocommit=True) as connection:
        table = sql.Identifier(served.settings.network, "catalogue")
        connection.execute(sql.SQL("insert into {} (version) values (%s)").format(table), (newer,))
    refused = served.send("register-organisation", body_of("too-late"))
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/outdated")
    assert refused.json()["detail"] == (
        f"This version of Täsmä knows {len(EVENT_TYPES)} versions of events, the network has recorded with one that knows "
        f"{newer}: it may read but not decide. Update it."
    )
    assert served.get("/v1/partners").status_code == 200
    assert served.figure("tasma_catalogue_recorded_version") == newer
    assert served.figure("tasma_catalogue_version") == len(EVENT_TYPES)
