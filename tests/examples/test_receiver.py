"""The example receiver takes what the network signed, from the real server and from the reference library, and nothing else."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from adapters.clock import system_clock
from adapters.postgres.embedded import Server
from adapters.settings import Settings
from examples.subscribers import receiver
from tests.custody.restoring import body_of
from tests.custody.served import PATIENCE_SECONDS, REPOSITORY, Served
from tests.webhooks.conftest import settings
from tests.webhooks.receiving import until
from tests.webhooks.test_killed import delivering, founded
from tests.webhooks.test_life import caught_up

__all__ = ["settings"]

SECRET, OTHER = ("whsec_" + text * 32 for text in ("QUJD", "REVG"))
BODY = b'[{"sequence":"00000000000000000007","type":"tasma.x.y.v1","id":"e-7"}]'
PATH = "/v1/subscriptions"


@contextmanager
def receiving(port: int, secrets: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(  # noqa: S603 - this interpreter, an example of ours
        [sys.executable, "-m", "examples.subscribers.receiver", str(port)],
        cwd=REPOSITORY,
        env={**os.environ, "TASMA_WEBHOOK_SECRET": secrets},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == f"Receiving at http://127.0.0.1:{port}/\n"
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_SECONDS)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def signed(secret: str, *, late: float = 0.0, body: bytes = BODY) -> dict[str, str]:
    """Headers as the reference library makes them."""
    at = system_clock() - timedelta(seconds=late)
    return {
        "webhook-id": "sub_1_0_7_7",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("sub_1_0_7_7", at, body.decode()),
    }


def test_it_agrees_with_the_reference_library() -> None:
    assert receiver.is_proven(signed(SECRET), BODY, [SECRET])
    assert receiver.is_proven(signed(SECRET), BODY, [OTHER, SECRET])
    both = signed(SECRET) | {
        "webhook-signature": f"{signed(OTHER)['webhook-signature']} {signed(SECRET)['webhook-signature']}"
    }
    assert receiver.is_proven(both, BODY, [SECRET])
    assert not receiver.is_proven(signed(SECRET), BODY + b" ", [SECRET])
    assert not receiver.is_proven(signed(SECRET), BODY, [OTHER])
    assert not receiver.is_proven(signed(SECRET, late=301), BODY, [SECRET])
    assert not receiver.is_proven(signed(SECRET, late=-310), BODY, [SECRET])
    assert not receiver.is_proven({}, BODY, [SECRET])
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        assert not receiver.is_proven(signed(SECRET) | {name: "1"}, BODY, [SECRET]), name


def test_what_is_not_proven_is_refused_and_not_told() -> None:
    port = free_port()
    with receiving(port, f"{OTHER} {SECRET}") as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{port}/"
        for headers in (signed(SECRET, late=400), signed("whsec_" + "SElK" * 8), {}):
            assert httpx.post(url, headers=headers, content=BODY).status_code == 401
        assert httpx.post(url, headers=signed(SECRET), content=BODY).status_code == 204
        assert process.stdout.readline() == "7 tasma.x.y.v1 e-7\n"


def test_without_a_secret_it_says_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TASMA_WEBHOOK_SECRET", raising=False)
        assert receiver.main(["0"]) == 1
    assert capsys.readouterr().err.startswith("Set TASMA_WEBHOOK_SECRET")


def test_it_takes_what_the_server_delivers(server: Server, settings: Settings) -> None:
    """As the README has it: subscribed, started with the secret, tested, replayed, and then what happens."""

    async def promise(served: Served) -> None:
        port = free_port()
        async with httpx.AsyncClient(base_url=served.url, headers=served.headers, timeout=30) as client:
            made = await client.post(PATH, json={"url": f"http://127.0.0.1:{port}/"})
            path = made.headers["location"]
            with receiving(port, made.json()["secret"]) as process:
                assert process.stdout is not None
                tried = (await client.post(f"{path}/test")).json()
                assert (tried["status"], tried["why"]) == (204, "")
                assert (await client.post(f"{path}/replay", json={"after": 0})).status_code == 200
                assert (await client.post("/v1/commands/register-organisation", json=body_of("new"))).status_code == 201
                await until(lambda: caught_up(client, path))
                told = [process.stdout.readline().split() for _ in range(2)]
                assert [line[:2] for line in told] == [
                    ["1", "tasma.network.founded.v1"],
                    ["2", "tasma.network.organisation_registered.v1"],
                ]

    asyncio.run(founded(settings))
    with delivering(server, settings) as served:
        asyncio.run(promise(served))
