"""A server that is killed in the middle of a delivery: the next process repeats it, and a receiver can tell."""

import asyncio
import base64
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from adapters.postgres.embedded import Server
from adapters.postgres.migrate import drop_network
from adapters.settings import Secret, Settings
from adapters.wiring import open_network
from application.access import Wish
from domain.changing import replace
from tests.custody.restoring import COORDINATOR, FOUNDING, body_of, environment_of, settings_of
from tests.custody.test_workers import REPOSITORY, SERVE
from tests.webhooks.receiving import Delivery, receiving, status
from tests.webhooks.test_life import until


@pytest.fixture
def settings(server: Server, network_schema: str, tmp_path: Path) -> Iterator[Settings]:
    key = Secret(base64.b64encode(bytes(range(32))).decode())
    yield replace(settings_of(server, network_schema, tmp_path, 1), master_key=key, webhook_private=True)
    asyncio.run(drop_network(server.admin_dsn, network_schema))


@asynccontextmanager
async def served(settings: Settings, bearer: str) -> AsyncIterator[tuple[httpx.AsyncClient, subprocess.Popen[bytes]]]:
    """A server of two processes, and who asks it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TASMA_")} | environment_of(settings)
    with subprocess.Popen(  # noqa: ASYNC220, S603 - started in a moment; this interpreter, a script of the tests
        [sys.executable, "-c", SERVE, str(port)],
        cwd=REPOSITORY,
        env={**environment, "TASMA_LOG": "json", "TASMA_WEBHOOK_PRIVATE": "allow"},
        stderr=subprocess.DEVNULL,
    ) as process:
        headers = {"Authorization": f"Bearer {bearer}"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:

            async def answers() -> bool:
                try:
                    return (await client.get("/v1/health")).status_code == 200
                except httpx.TransportError:
                    return False

            try:
                await until(answers)
                yield client, process
            finally:
                process.terminate()
                await asyncio.to_thread(process.wait, 30)


def _kill_workers(pid: int) -> None:
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        os.kill(int(child), signal.SIGKILL)


def test_kill_9_of_the_delivering_process_repeats_the_same_delivery(settings: Settings) -> None:
    """Of two processes both are killed while the receiver has the batch and has not answered; those in their place go on."""

    async def promise() -> None:
        async with open_network(settings) as network:
            await network.desk.carry_out("found-network", FOUNDING, COORDINATOR)
            bearer = (await network.tokens.issue(Wish(role="coordinator", subject="person:c"))).token
        async with receiving() as receiver, served(settings, bearer) as (client, process):
            taken = asyncio.Event()

            async def take(_: Delivery) -> bytes:
                taken.set()
                await asyncio.sleep(60)
                return b""

            receiver.respond = take
            made = await client.post("/v1/subscriptions", json={"url": receiver.url, "after": 0})
            assert made.status_code == 201, made.text
            await asyncio.wait_for(taken.wait(), 30)
            receiver.respond = status(200)
            await asyncio.to_thread(_kill_workers, process.pid)

            async def registered() -> bool:
                try:
                    answer = await client.post("/v1/commands/register-organisation", json=body_of("later"))
                except httpx.TransportError:
                    return False
                return answer.status_code in {201, 409}

            async def arrived() -> bool:
                return bool((await client.get(made.headers["location"])).json()["lag_events"] == 0)

            await until(registered)
            await until(arrived)
            first, again, *_ = receiver.got
            assert (first.id, first.body) == (again.id, again.body)
            assert receiver.positions[len(first.positions) :] == [1, 2]
            for delivery in receiver.got:
                Webhook(made.json()["secret"]).verify(delivery.body, dict(delivery.headers))

    asyncio.run(promise())
