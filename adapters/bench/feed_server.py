"""Servers that a bench of the feed starts on loopback: `tasma serve`, the bare routes beside it; and what their processes cost."""

import asyncio
import http.client
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from adapters.postgres.bench.room import Room
from domain.kernel import Refused

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 60
STOP_SECONDS: Final = 30
POLL_SECONDS: Final = 0.05
SAID_CHARACTERS: Final = 300
TASMA: Final = "from adapters.cli.main import main; main()"
BARE: Final = "adapters.http.bench.bare"
_PROC: Final = Path("/proc")


class ServerSilent(Refused):
    def __init__(self, name: str, said: str) -> None:
        super().__init__(f"The server of {name} does not answer; the last it said: {said or 'nothing'}.")


class Serving(Struct, frozen=True):
    """A server that answers."""

    pid: int
    """Of its main process, whose children answer."""
    port: int
    news_port: int = 0
    """Of the bare routes: who connects there tells what is new."""


class Answer(Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port: int = free.getsockname()[1]
    return port


async def fetch(port: int, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    """One request on a connection of its own. Raises OSError, HTTPException."""
    return await asyncio.to_thread(_fetch, port, path, headers or {})


def _fetch(port: int, path: str, headers: Mapping[str, str]) -> Answer:
    connection = http.client.HTTPConnection(HOST, port, timeout=START_SECONDS)
    try:
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


@asynccontextmanager
async def serving_tasma(room: Room, network: str) -> AsyncIterator[Serving]:
    """`tasma serve` with one worker for a network of the room. Raises ServerSilent."""
    settings = {
        "TASMA_NETWORK": network,
        "TASMA_DATABASE_URL": room.app_dsn,
        "TASMA_ADMIN_DATABASE_URL": room.admin_dsn,
        "TASMA_DATA_DIR": str(room.folder),
    }
    port = free_port()
    command = (sys.executable, "-c", TASMA, "serve", "--port", str(port))
    async with started("tasma", command, settings, room.folder) as pid:
        await _answers("tasma", pid, port, "/v1/health", room.folder)
        yield Serving(pid, port)


@asynccontextmanager
async def serving_bare(room: Room, answers: Path) -> AsyncIterator[Serving]:
    """The bare routes with one worker, giving out the files of a folder. Raises ServerSilent."""
    port, news_port = free_port(), free_port()
    command = (sys.executable, "-m", BARE, str(port), str(answers), str(news_port))
    async with started("litestar", command, {}, room.folder) as pid:
        await _answers("litestar", pid, port, "/live/listeners", room.folder)
        yield Serving(pid, port, news_port)


@asynccontextmanager
async def started(
    name: str, command: Sequence[str], settings: Mapping[str, str], folder: Path, *, stop: int = signal.SIGTERM
) -> AsyncIterator[int]:
    """A child of this process with none of its settings but those given, stopped when the block ends; gives its pid."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TASMA_")}
    with _said(folder, name).open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**environment, **settings},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches this process alone, which then stops the other
        )
    try:
        yield process.pid
    finally:
        if process.returncode is None:
            process.send_signal(stop)
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _answers(name: str, pid: int, port: int, path: str, folder: Path) -> None:
    clock = asyncio.get_running_loop().time
    deadline = clock() + START_SECONDS
    while True:
        try:
            if (await fetch(port, path)).status == http.HTTPStatus.OK:
                return
        except (OSError, http.client.HTTPException):
            pass
        if clock() > deadline or not _lives(pid):
            raise ServerSilent(name, last_said(folder, name))
        await asyncio.sleep(POLL_SECONDS)


def last_said(folder: Path, name: str) -> str:
    """The last line that a child has written, if it can be of what failed in it: not of granian that it ended."""
    lines = _said(folder, name).read_text(encoding="utf-8", errors="replace").split("\n")
    lines = [line.strip()[:SAID_CHARACTERS] for line in lines if line.strip()]
    return next((line for line in reversed(lines) if not line.startswith("[")), lines[-1] if lines else "")


def _said(folder: Path, name: str) -> Path:
    return folder / f"{name}.said"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def cpu_seconds(pid: int) -> float | None:
    """What a process and all its children have used of the processor by now; None where the system does not tell."""
    if not (_PROC / "self/stat").exists():
        return None
    ticks = sum(_ticks(each) for each in _family(pid))
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    try:
        # What stands behind the name in parentheses; user and system time are the 14th and 15th field of proc_pid_stat(5).
        fields = (_PROC / f"{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(fields[11]) + int(fields[12])


def _family(pid: int) -> list[int]:
    """A process and its descendants."""
    found, parents = [pid], [pid]
    while parents:
        try:
            children = [
                int(child)
                for parent in parents
                for task in (_PROC / f"{parent}/task").iterdir()
                for child in (task / "children").read_text(encoding="ascii").split()
            ]
        except (FileNotFoundError, ProcessLookupError):
            break
        found += children
        parents = children
    return found
