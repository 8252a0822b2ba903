"""A server in processes of its own on PostgreSQL, which signs what it records, and somebody who asks it."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from adapters.clock import system_clock
from adapters.postgres.database import connect
from adapters.postgres.embedded import Server
from adapters.postgres.tokens import tokens_in
from adapters.settings import Settings
from application.access import Issued, Wish
from tests.custody.restoring import environment_of
from tests.http.test_metrics import Sample, samples

PATIENCE_SECONDS = 60
REPOSITORY = Path(__file__).parents[2]
SERVE = "import sys; from adapters.http.serve import serve; serve('127.0.0.1', int(sys.argv[1]), int(sys.argv[2]))"


class Served:
    """A server, and somebody who asks it, with a new connection each time, so that any of its processes may answer."""

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
            assert self.process.poll() is None, said_file(self.settings).read_text(encoding="utf-8")
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            return self.get("/v1/health").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def serving(server: Server, settings: Settings, processes: int, **variables: str) -> Iterator[Served]:
    """A migrated network behind a server that answers; who asks it is the coordinator. `variables`: more of its environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TASMA_")} | environment_of(settings)
    with (
        said_file(settings).open("w", encoding="utf-8") as said,
        subprocess.Popen(  # noqa: S603 - this interpreter, a script of this file
            [sys.executable, "-c", SERVE, str(port), str(processes)],
            cwd=REPOSITORY,
            env={**environment, "TASMA_LOG": "json", **variables},
            stderr=said,
            text=True,
        ) as process,
    ):
        served = Served(server, settings, port, process)
        try:
            token = asyncio.run(issued(settings, Wish(role="coordinator", subject="person:c"))).token
            served.headers["Authorization"] = f"Bearer {token}"
            served.until(served.answers)
            yield served
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    """A process of it that is just starting, in the place of one that was killed, hears it at the second time."""
    process.terminate()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None:
        assert time.monotonic() < deadline, "the server does not stop"
        try:
            process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            for child in children_of(process):
                os.kill(child, signal.SIGTERM)


def children_of(process: subprocess.Popen[str]) -> list[int]:
    own = Path(f"/proc/{process.pid}")
    return [int(pid) for pid in Path(own, f"task/{process.pid}/children").read_text(encoding="ascii").split()]


def said_file(settings: Settings) -> Path:
    """What the server says on stderr."""
    return (settings.data_dir or Path()) / "served.log"


async def issued(settings: Settings, wish: Wish) -> Issued:
    async with connect(settings.database_url or "", connections=1) as database:
        return await tokens_in(database, settings.network, system_clock).issue(wish)


async def revoked(settings: Settings, token: str) -> None:
    async with connect(settings.database_url or "", connections=1) as database:
        await tokens_in(database, settings.network, system_clock).revoke(token)
