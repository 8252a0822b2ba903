"""`tasma serve` in a process of its own, and clients who talk to it over HTTP."""

import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec

from adapters.http.commands import Carried
from adapters.settings import Settings
from application.door import command_id
from application.ports import Unavailable
from tests.command import TASMA
from tests.custody.restoring import environment_of
from tests.faults.cases import CLIENT
from tests.faults.load import Acknowledged, Send, until

WORKERS = 2


class Serving:
    """A server of two workers. Its port stays when it is started again."""

    def __init__(self, settings: Settings) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TASMA_")}
        self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own command; nothing is waited for
            [str(TASMA), "serve", "--port", str(self._port), "--workers", str(WORKERS)],
            env={**environment, **environment_of(self._settings), "TASMA_LOG": "json"},
            stderr=subprocess.DEVNULL,
        )
        await until(self._answers, "the server answers")

    def workers(self) -> Sequence[int]:
        """The processes that answer, as the kernel knows them; the server also has one that keeps track of resources."""
        return [child for child in self._children() if b"resource_tracker" not in _command_of(child)]

    def kill(self) -> None:
        """Everything at once, as if the machine had stopped."""
        if self._process is not None:
            # While it stands still it starts no worker that would be missed here.
            self._process.send_signal(signal.SIGSTOP)
            for process in [*self._children(), self._process.pid]:
                os.kill(process, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _children(self) -> Sequence[int]:
        assert self._process is not None
        own = self._process.pid
        return [int(child) for child in Path(f"/proc/{own}/task/{own}/children").read_text("ascii").split()]

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the server has gone"
        try:
            return httpx.get(f"{self.url}/v1/health").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


def _command_of(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def by_http(client: httpx.AsyncClient) -> Send:
    """Send over HTTP with the key as Idempotency-Key; no answer, or one of the server's trouble, means: send it again."""

    async def send(name: str, body: Mapping[str, Any], key: UUID) -> Acknowledged:
        try:
            answer = await client.post(f"/v1/commands/{name}", json=body, headers={"Idempotency-Key": str(key)})
        except httpx.TransportError as error:
            raise Unavailable(type(error).__name__) from error
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise Unavailable(answer.text)
        assert answer.status_code in (httpx.codes.OK, httpx.codes.CREATED), (name, answer.text)
        carried = msgspec.json.decode(answer.content, type=Carried)
        events = tuple((event.position, event.id) for event in carried.events)
        return Acknowledged(command_id(CLIENT.actor, CLIENT.organisation, key), carried.position, events)

    return send
