"""Clients at work while something breaks: each insists on its command under one key, and writes down what was acknowledged.

What is written down is written after the acknowledgement and never before, so it is what a client may rely on.
"""

import asyncio
import logging
import multiprocessing
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import msgspec
from msgspec import Struct

from adapters.clock import system_clock
from adapters.entropy import SystemEntropy
from adapters.http.logs import configure_logs
from adapters.postgres.database import connect
from adapters.postgres.log import PostgresLog
from adapters.postgres.marks import PostgresMarks
from application.desk import Clock, Desk
from application.door import command_id
from application.ports import Outcome, Unavailable
from tests.faults.cases import CLIENT, case

PATIENCE_SECONDS = 60.0
AGAIN_SECONDS = 0.02
REST_SECONDS = 0.02
"""Between two commands of a client: the machine has other things to do than to serve these."""


class Acknowledged(Struct, frozen=True):
    """What a client was told."""

    command: UUID
    position: int
    events: tuple[tuple[int, UUID], ...]
    """Position and id of each."""


class Send(Protocol):
    """Sends a command under a key. Raises Unavailable where it is to be sent again."""

    def __call__(self, name: str, body: Mapping[str, Any], key: UUID) -> Awaitable[Acknowledged]: ...


class Notes:
    """What was acknowledged, in a file for each process that noted something."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: int | None = None

    def note(self, acknowledged: Acknowledged) -> None:
        if self._file is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._file = os.open(self.folder / f"acknowledged-{os.getpid()}", flags, 0o600)
        os.write(self._file, msgspec.json.encode(acknowledged) + b"\n")

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)

    def __len__(self) -> int:
        return sum(path.read_bytes().count(b"\n") for path in self.folder.glob("acknowledged-*"))

    def all(self) -> Sequence[Acknowledged]:
        lines = [line for path in self.folder.glob("acknowledged-*") for line in path.read_bytes().splitlines()]
        return [msgspec.json.decode(line, type=Acknowledged) for line in lines]


async def until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for something that announces itself to nobody."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not condition():
        assert loop.time() < deadline, f"within {seconds:g} s this did not come true: {what}"
        await asyncio.sleep(0.01)


def of_outcome(command: UUID, outcome: Outcome) -> Acknowledged:
    return Acknowledged(command, outcome.position, tuple((e.position, e.id) for e in outcome.events))


def by_desk(desk: Desk) -> Send:
    async def send(name: str, body: Mapping[str, Any], key: UUID) -> Acknowledged:
        outcome = await desk.carry_out(name, body, CLIENT, key=key)
        return of_outcome(command_id(CLIENT.actor, CLIENT.organisation, key), outcome)

    return send


async def insist(send: Send, name: str, body: Mapping[str, Any], key: UUID) -> Acknowledged:
    """Send until it is acknowledged, always under the same key."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + PATIENCE_SECONDS
    while True:
        try:
            return await send(name, body, key)
        except Unavailable:
            if clock() > deadline:
                raise
            await asyncio.sleep(AGAIN_SECONDS)


async def serve_clients(name: str, send: Send, notes: Notes, done: Callable[[], bool]) -> None:
    """One case after another; the command under way is seen through."""
    keys = SystemEntropy()
    for number in count(1):
        for command, body in case(name, number):
            if done():
                return
            notes.note(await insist(send, command, body, keys.event_id(system_clock())))
            await asyncio.sleep(REST_SECONDS)


@asynccontextmanager
async def desk_at(dsn: str, schema: str, clock: Clock = system_clock) -> AsyncIterator[Desk]:
    async with (
        connect(dsn, name="tasma clients", connections=3) as database,
        PostgresLog(database, schema, f"/networks/{schema}", SystemEntropy()) as log,
    ):
        yield Desk(log, PostgresMarks(database, schema), clock, SystemEntropy())


def _work(dsn: str, schema: str, process: int, clients: int, folder: Path) -> None:
    configure_logs("json", level=logging.ERROR)

    async def work() -> None:
        notes = Notes(folder)
        async with desk_at(dsn, schema) as desk, asyncio.TaskGroup() as tasks:
            for client in range(clients):
                name = f"{process}-{client}"
                tasks.create_task(serve_clients(name, by_desk(desk), notes, (folder / "done").exists))
        notes.close()

    asyncio.run(work())


class Load:
    """The clients of some processes, at work until they are told that they are done."""

    def __init__(self, folder: Path, alive: Callable[[], bool]) -> None:
        self.notes, self._alive = Notes(folder), alive

    async def goes_on(self, by: int) -> None:
        """Wait until so many more commands were acknowledged."""
        wanted = len(self.notes) + by
        await until(lambda: self._went_on(wanted), f"{by} more commands are acknowledged")

    def _went_on(self, wanted: int) -> bool:
        assert self._alive(), "the clients have gone"
        return len(self.notes) >= wanted

    def done(self) -> None:
        (self.notes.folder / "done").touch()


@asynccontextmanager
async def load(dsn: str, schema: str, folder: Path, *, processes: int = 2, clients: int = 4) -> AsyncIterator[Load]:
    """Put processes to work at a network; at the end of the block each has seen its last commands through."""
    context = multiprocessing.get_context("forkserver")  # imports once; a fork of this process would copy its threads
    context.set_forkserver_preload(["tests.faults.load", "tests.faults.dying"])
    working = [
        context.Process(target=_work, args=(dsn, schema, n, clients, folder), daemon=True) for n in range(processes)
    ]
    for process in working:
        process.start()
    running = Load(folder, lambda: all(process.is_alive() for process in working))
    try:
        yield running
        running.done()
        await asyncio.to_thread(_join, working)
        assert [process.exitcode for process in working] == [0] * processes
    finally:
        for process in working:
            process.kill()


def _join(working: Sequence[multiprocessing.process.BaseProcess]) -> None:
    for process in working:
        process.join(PATIENCE_SECONDS)
