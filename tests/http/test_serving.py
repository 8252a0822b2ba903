"""The whole thing: a server of two processes on PostgreSQL, asked over real HTTP, stopped by a signal."""

import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from adapters.clock import system_clock
from adapters.postgres.database import connect
from adapters.postgres.embedded import APP_ROLE, Server
from adapters.postgres.migrate import drop_network, migrate
from adapters.postgres.tokens import tokens_in
from application.access import Wish
from domain.calendar import day_of, month_of
from tests.http.world import RULE

PATIENCE_SECONDS = 60
SILENT = 1_100
"""Connections that ask for nothing: more than the two processes would take at their server's own measure."""
SERVE = "import sys; from adapters.http.serve import serve; serve('127.0.0.1', int(sys.argv[1]), 2)"
REPOSITORY = Path(__file__).parents[2]
TODAY = day_of(system_clock())
WISHES = {
    "coordinator": Wish(role="coordinator", subject="person:c"),
    "ekami": Wish(role="partner", organisation="org:ekami", scopes=frozenset({"content"})),
    "cursor": Wish(role="partner", organisation="org:cursor"),
}


class Served:
    """A running server and somebody to talk to it with."""

    def __init__(self, url: str, process: subprocess.Popen[str], bearers: Mapping[str, str]) -> None:
        self.url, self.process, self.bearers = url, process, bearers
        self.client = httpx.Client(base_url=url, timeout=PATIENCE_SECONDS)

    def send(
        self, name: str, body: Mapping[str, Any], who: str = "coordinator", key: UUID | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.bearers[who]}"} | ({"Idempotency-Key": str(key)} if key else {})
        return self.client.post(f"/v1/commands/{name}", json=body, headers=headers)

    def get(self, path: str, who: str = "coordinator") -> httpx.Response:
        return self.client.get(path, headers={"Authorization": f"Bearer {self.bearers[who]}"})


@pytest.fixture(scope="module")
def served(server: Server, fresh_schema: Callable[[], str]) -> Iterator[Served]:
    schema = fresh_schema()
    asyncio.run(migrate(server.admin_dsn, schema, APP_ROLE))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    environment = {**os.environ, "TASMA_DATABASE_URL": server.app_dsn, "TASMA_NETWORK": schema, "TASMA_LOG": "json"}
    process = subprocess.Popen(  # noqa: S603 - this interpreter, a script of this file
        [sys.executable, "-c", SERVE, str(port)], cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE, text=True
    )
    with process:
        served = Served(f"http://127.0.0.1:{port}", process, asyncio.run(_tokens(server, schema)))
        try:
            _until(lambda: _healthy(served))
            yield served
        finally:
            served.client.close()
            process.terminate()
            process.communicate(timeout=PATIENCE_SECONDS)
    asyncio.run(drop_network(server.admin_dsn, schema))


async def _tokens(server: Server, schema: str) -> Mapping[str, str]:
    async with connect(server.app_dsn, connections=1) as database:
        tokens = tokens_in(database, schema, system_clock)
        return {name: (await tokens.issue(wish)).token for name, wish in WISHES.items()}


def _healthy(served: Served) -> bool:
    assert served.process.poll() is None, served.process.communicate()
    try:
        return served.client.get("/v1/health").status_code == 200
    except httpx.TransportError:
        return False


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


def test_from_the_founding_to_a_line_on_a_statement(served: Served) -> None:
    """A network is founded, a part is delivered, its revenue is shared by the network itself and stands on a statement."""
    done = [
        served.send("found-network", {"network": "testi", "name": {"fi": "Testi"}, "first_period": month_of(TODAY)})
    ]
    for partner in ("xamk", "ekami", "cursor"):
        organisation = {"organisation": f"org:{partner}"}
        done.append(served.send("register-organisation", {**organisation, "name": {"fi": partner}, "kind": "other"}))
        done.append(served.send("admit-partner", {**organisation, "membership": "open", "admitted_on": str(TODAY)}))
    agreement, parties = "agreement:a-1", ["org:xamk", "org:ekami"]
    done.append(
        served.send(
            "draft-agreement", {"agreement": agreement, "title": {"fi": "A"}, "parties": parties, "sharing_rule": RULE}
        )
    )
    done.append(served.send("freeze-agreement", {"agreement": agreement, "version": 1}))
    for party in parties:
        signing = {"agreement": agreement, "version": 1, "organisation": party}
        approval = {**signing, "body": "Hallitus", "section": "§ 1", "approved_on": str(TODAY)}
        done.append(served.send("approve-agreement", approval))
        done.append(served.send("sign-agreement", {**signing, "signed_on": str(TODAY)}))
    description = {"kind": "course", "name": {"fi": "Kurssi"}}
    offering = {"offering": "offering:o-1", "provider": "org:ekami", "description": description}
    done.append(served.send("publish-offering", offering, "ekami"))
    pathway, step = "pathway:p-1", {"pathway": "pathway:p-1", "step": 1}
    done.append(served.send("draft-pathway", {"pathway": pathway, "client": "client:c-1", "organisation": "org:xamk"}))
    done.append(
        served.send("propose-step", {**step, "offering": "offering:o-1", "parts": [{"part": 1, "cents": 30_000}]})
    )
    done.append(served.send("confirm-step", {**step, "agreement": "agreement:a-1"}, "ekami"))
    agreed = {"pathway": pathway, "agreement": agreement, "collected_by": "org:xamk", "project": None}
    done.append(served.send("agree-pathway", agreed))
    done.append(served.send("deliver-step", {**step, "part": 1, "delivered_on": str(TODAY)}, "ekami"))
    assert [(d.status_code, d.text) for d in done if d.status_code != 201] == []

    position = done[-1].json()["position"]
    own_write = served.get(f"/v1/pathways/{pathway}?at_least={position}", "ekami")
    assert own_write.json()["steps"][0]["delivered"] == [{"part": 1, "delivered_on": str(TODAY)}]
    statement = f"/v1/statements/org:ekami/{month_of(TODAY)}"
    _until(lambda: served.get(statement, "ekami").json()["closing_cents"] == 27_000)
    line = served.get(f"{statement}/lines/1", "ekami").json()
    assert [e["type"] for e in line["events"]][:2] == ["tasma.revenue.shared.v2", "tasma.pathway.step_delivered.v1"]
    assert served.get(statement, "cursor").status_code == 404
    assert served.get(f"{statement}?as_of={position}", "ekami").json()["closing_cents"] == 0


def test_one_key_sent_by_many_at_once_is_carried_out_once(served: Served) -> None:
    body = {"organisation": "org:uusi", "name": {"fi": "Uusi"}, "kind": "other"}
    with ThreadPoolExecutor(8) as pool:
        work = [pool.submit(served.send, "register-organisation", body, key=UUID(int=17)) for _ in range(16)]
        answers = [w.result() for w in work]
    assert sorted(a.status_code for a in answers) == [200] * 15 + [201]
    assert len({a.text for a in answers}) == 1


def test_pages_stay_stable_over_connections_and_processes(served: Served) -> None:
    ids = ["org:page-3", "org:page-2", "org:page-1"]
    bodies = [{"organisation": i, "name": {"fi": i}, "kind": "other"} for i in [*ids, "org:a"]]
    written = [served.send("register-organisation", body).json()["position"] for body in bodies[:3]]
    first = served.get(f"/v1/partners?limit=2&at_least={written[-1]}")
    late = served.send("register-organisation", bodies[3]).json()["position"]
    assert served.get(f"/v1/partners?limit=1&at_least={late}").json()["items"][0]["organisation"] == "org:a"
    with httpx.Client(base_url=served.url) as another:
        headers = {"Authorization": f"Bearer {served.bearers['coordinator']}"}
        second = another.get(first.links["next"]["url"], headers=headers)
    assert second.headers["tasma-position"] == first.headers["tasma-position"]
    shown = [m["organisation"] for page in (first, second) for m in page.json()["items"]]
    assert shown == sorted(shown)
    assert "org:a" not in shown


def test_what_no_framework_sees_is_answered_too(served: Served) -> None:
    """Bytes as they come over a socket: a body larger than announced limits, a header twice, a HEAD without a body, a NUL in a path."""
    large = served.client.post(
        "/v1/commands/accept-referral",
        content=(b"x" * 65_536 for _ in range(8)),
        headers={"Authorization": f"Bearer {served.bearers['coordinator']}"},
    )
    assert (large.status_code, large.json()["type"]) == (413, "/problems/body-too-large")
    twice = served.client.post(
        "/v1/commands/accept-referral",
        json={},
        headers=[
            ("Authorization", f"Bearer {served.bearers['coordinator']}"),
            *(("Idempotency-Key", str(UUID(int=n))) for n in (1, 2)),
        ],
    )
    assert (twice.status_code, twice.json()["detail"]) == (
        400,
        "This is given twice; give it once (at Idempotency-Key)",
    )
    empty = served.client.post(
        "/v1/commands/accept-referral",
        json={},
        headers={"Authorization": f"Bearer {served.bearers['coordinator']}", "Idempotency-Key": ""},
    )
    assert (empty.status_code, empty.json()["errors"][0]["where"]) == (400, "Idempotency-Key")
    both = [("Authorization", f"Bearer {served.bearers[who]}") for who in ("coordinator", "cursor")]
    of_two = served.client.get("/v1/partners", headers=both)
    assert (of_two.status_code, of_two.json()["detail"]) == (
        400,
        "This is given twice; give it once (at Authorization)",
    )
    head = served.client.head("/v1/health")
    assert (head.status_code, head.content) == (200, b"")
    assert served.get("/v1/events/%00").status_code == 404
    assert served.get("/v1/events/%ff").status_code == 404
    assert served.get("/v1/partners?cursor=%ff").status_code == 422


def test_a_thousand_silent_connections_keep_nobody_out(served: Served) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 4 * SILENT:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4 * SILENT, hard), hard))
    address = ("127.0.0.1", served.client.base_url.port or 80)
    with ExitStack() as open_ones:
        for _ in range(SILENT):
            open_ones.enter_context(socket.create_connection(address, timeout=PATIENCE_SECONDS))
        for _ in range(8):
            assert httpx.get(f"{served.url}/v1/health", timeout=10).status_code == 200
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_signal_ends_it_cleanly(served: Served) -> None:
    """The last test of the file: what was answered before the signal is there, and nothing was logged as an error."""
    assert served.get("/v1/health").json()["status"] == "ok"
    served.process.send_signal(signal.SIGTERM)
    _, errors = served.process.communicate(timeout=PATIENCE_SECONDS)
    assert served.process.returncode == 0, errors
    assert '"level": "error"' not in errors
    with pytest.raises(httpx.TransportError):
        served.client.get("/v1/health")
