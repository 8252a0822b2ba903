"""Real NATS servers that may be killed, and what is in a stream of theirs."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from nats.aio.client import Client
from nats.errors import Error
from nats.js import JetStreamContext

PATIENCE_SECONDS = 60.0
ANSWER_SECONDS = 3.0
"""What is asked of a server that dies is asked again."""


def server_program() -> str:
    """Where `nats-server` is; without it the test is skipped."""
    named = os.environ.get("TASMA_NATS_SERVER")
    found = named or shutil.which("nats-server", path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin")
    if not found:
        pytest.skip(
            "NOT TESTED: `tasma relay` needs a nats-server (Debian: apt-get install nats-server) on PATH or TASMA_NATS_SERVER"
        )
    return found


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Broker:
    """A server with a folder and a port that stay when it is started again."""

    def __init__(self, program: str, folder: Path, *options: str, name: str = "one", login: str = "") -> None:
        self.port, self.name = free_port(), name
        self.url = f"nats://{login}127.0.0.1:{self.port}"
        self._log = folder / f"{name}.log"
        self._command = [
            *(program, "-a", "127.0.0.1", "-p", str(self.port), "-n", name, "-l", str(self._log)),
            *("-js", "-sd", str(folder / name), *options),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command)  # noqa: S603 - the server of this test

    def kill(self) -> None:
        """No clean-up, no last word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """As an operator stops it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


class Message(NamedTuple):
    subject: str
    headers: dict[str, str]
    data: bytes


@asynccontextmanager
async def jetstream(*urls: str) -> AsyncIterator[JetStreamContext]:
    """A client of these servers, as soon as one of them answers and keeps streams."""
    client = await _answering(*urls)
    try:
        yield client.jetstream(timeout=ANSWER_SECONDS)
    finally:
        await client.close()


async def _answering(*urls: str) -> Client:
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        client = Client()
        try:
            await client.connect([*urls], error_cb=_nothing, max_reconnect_attempts=-1, reconnect_time_wait=0)
            await client.jetstream(timeout=1).account_info()
        except (Error, OSError):
            await client.close()
            assert asyncio.get_running_loop().time() < deadline, "no server answered"
            await asyncio.sleep(0.05)
        else:
            return client


async def messages_of(js: JetStreamContext, stream: str) -> Sequence[Message]:
    """All of them, from the first on; their numbers have no hole."""
    state = (await js.stream_info(stream)).state
    assert state.messages == state.last_seq
    found = []
    for n in range(1, state.last_seq + 1):
        message = await js.get_msg(stream, seq=n)
        assert message.subject is not None
        found.append(Message(message.subject, dict(message.headers or {}), message.data or b""))
    return found


async def come_to(js: JetStreamContext, stream: str, position: int) -> None:
    """Wait until the stream has come so far."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                if (await js.stream_info(stream)).state.last_seq >= position:
                    return
            except Error:
                pass
            await asyncio.sleep(0.02)


def same_as(bodies: Sequence[bytes], messages: Sequence[Message], network: str) -> None:
    """Hold a stream against the log: the same bytes in the same order, each under its subject and with its headers."""
    assert [m.data for m in messages] == list(bodies)
    for position, message in enumerate(messages, 1):
        event = json.loads(message.data)
        context, fact = event["type"].split(".")[1:3]
        assert message.subject == f"tasma.{network}.{context}.{fact}"
        assert message.headers["Nats-Msg-Id"] == event["id"]
        assert message.headers["Tasma-Position"] == str(position) == str(int(event["sequence"]))


async def _nothing(_: Exception) -> None:
    """A connection that cannot be made yet is tried again."""
