"""However many processes write, and whatever dies: a reader that follows the log misses nothing, and nothing is lost or doubled."""

import asyncio
import contextlib
import multiprocessing
import os
import random
import signal
import threading
from collections import defaultdict
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from uuid import UUID

import psycopg

from adapters.entropy import SystemEntropy
from adapters.postgres.database import connect
from adapters.postgres.log import PostgresLog
from application.ports import Raced, Unavailable
from domain.kernel import facts
from domain.mentoring.events import MenteeAssigned
from tests.log.conftest import SOURCE, Place
from tests.log.decisions import assigned, decision

WRITERS = 4
TASKS = 8  # in each process, so that it appends in batches
DECISIONS_EACH = 60  # of each task
MENTORS = 20  # few enough that conditions are broken, many enough that some hold


def clients_of(writer: int, task: int, number: int) -> range:
    """A decision has one to four events, each with a client of its own; the same whenever it is asked for again."""
    first = ((writer * TASKS + task) * DECISIONS_EACH + number) * 4 + 1
    return range(first, first + 1 + (writer + task + number) % 4)


CLIENTS = sorted(
    client
    for writer in range(WRITERS)
    for task in range(TASKS)
    for number in range(DECISIONS_EACH)
    for client in clients_of(writer, task, number)
)


def command_of(writer: int, task: int, number: int) -> UUID:
    return UUID(int=(writer << 100) | (task << 90) | (7 << 76) | (2 << 62) | number)


def write(dsn: str, schema: str, writer: int, acknowledged: Path) -> None:
    """Append everything of this writer, also what an earlier life of it had appended; note what was acknowledged."""
    notes = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def one(log: PostgresLog, task: int) -> None:
        for number in range(DECISIONS_EACH):
            new = [assigned(number % MENTORS, client) for client in clients_of(writer, task, number)]
            command = command_of(writer, task, number)
            boundary = (facts(MenteeAssigned, about=f"mentor:{number % MENTORS}"),) if number % 3 == 0 else ()
            while True:
                try:
                    after = (await log.head()).position if boundary else 0
                    outcome = await log.append(decision(*new, unless=boundary, after=after, command=command))
                except (Raced, Unavailable):
                    continue
                break
            places = " ".join(str(event.position) for event in outcome.events)
            os.write(notes, f"{command} {places}\n".encode())  # at once or not at all, also when killed

    async def everything() -> None:
        while True:  # opening it may fail as well while connections are being terminated
            with contextlib.suppress(Unavailable):
                async with (
                    connect(dsn, name=f"writer {schema}", connections=2) as database,
                    PostgresLog(database, schema, SOURCE, SystemEntropy()) as log,
                ):
                    await asyncio.gather(*(one(log, task) for task in range(TASKS)))
                    return

    asyncio.run(everything())


async def follow(place: Place) -> list[tuple[UUID, int]]:
    """Tail the log as a projection does, from where one page ended to the next; commands and clients, in order."""
    seen: list[tuple[UUID, int]] = []
    position, last_time = 0, None
    async with place.log() as log:
        while position < len(CLIENTS):
            head = await log.wait(position, 60)
            page = await log.read(position, limit=1_000)
            assert page, f"nothing after {position} within 60 seconds"
            assert len(page) >= min(head - position, 1_000)
            for event in page:
                position += 1
                assert event.position == position
                assert last_time is None or event.time >= last_time
                last_time = event.time
                assert isinstance(event.data, MenteeAssigned)
                seen.append((event.commandid, int(event.data.client.removeprefix("client:"))))
        assert (await log.head()).position == len(CLIENTS)
        assert await log.read(len(CLIENTS), limit=1) == ()
    return seen


def terminate(place: Place, done: threading.Event, killed: list[int]) -> None:
    """Terminate some of the writers' backends, again and again."""
    chance = random.Random(3)  # noqa: S311 - not a secret
    terminating = (
        b"select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s and random() < 0.3"
    )
    with psycopg.connect(place.server.app_dsn, autocommit=True) as connection:
        while not done.wait(chance.uniform(0.02, 0.3)):
            killed.append(len(connection.execute(terminating, (f"writer {place.schema}",)).fetchall()))


class Writers:
    """The writing processes. One that is killed begins anew, as a process that is restarted would."""

    def __init__(self, place: Place, folder: Path) -> None:
        self._place, self._folder = place, folder
        self._context = multiprocessing.get_context("forkserver")  # imports once; a fork would copy our threads
        self._context.set_forkserver_preload(["tests.log.test_commit_order"])
        self.ended: list[int | None] = []
        self._running = [self._start(writer) for writer in range(WRITERS)]

    def _start(self, writer: int) -> ForkServerProcess:
        given = (self._place.server.app_dsn, self._place.schema, writer, self._folder / str(writer))
        process = self._context.Process(target=write, args=given)
        process.start()
        return process

    def acknowledged(self, writer: int) -> list[tuple[UUID, tuple[int, ...]]]:
        with contextlib.suppress(FileNotFoundError):
            lines = (self._folder / str(writer)).read_text().splitlines()
            return [(UUID(line.split()[0]), tuple(map(int, line.split()[1:]))) for line in lines]
        return []

    def kill(self, writer: int, acknowledged: int) -> None:
        """Kill it in the middle of its work, and start it again."""
        pause = threading.Event()
        while len(self.acknowledged(writer)) < acknowledged:
            pause.wait(0.01)
        self._running[writer].kill()
        self._running[writer].join()
        self.ended.append(self._running[writer].exitcode)
        self._running[writer] = self._start(writer)

    def join(self) -> None:
        for process in self._running:
            process.join(60)
            process.kill()
            process.join()
            self.ended.append(process.exitcode)


def verify(seen: list[tuple[UUID, int]], writers: Writers) -> None:
    """All that was asked for is there once, and where it was said to be."""
    assert sorted(client for _, client in seen) == CLIENTS
    places: defaultdict[UUID, tuple[int, ...]] = defaultdict(tuple)
    for position, (command, _) in enumerate(seen, 1):
        places[command] += (position,)
    assert len(places) == WRITERS * TASKS * DECISIONS_EACH
    for writer in range(WRITERS):
        for command, said in writers.acknowledged(writer):
            assert said == places[command]


def test_a_tailing_reader_misses_none_of_what_many_processes_write(place: Place, tmp_path: Path) -> None:
    writers = Writers(place, tmp_path)
    try:
        seen = asyncio.run(follow(place))
    finally:
        writers.join()
    assert writers.ended == [0] * WRITERS
    verify(seen, writers)


def test_nothing_is_missed_lost_or_doubled_while_connections_and_processes_are_killed(
    place: Place, tmp_path: Path
) -> None:
    done, killed = threading.Event(), list[int]()
    writers = Writers(place, tmp_path)
    terminating = threading.Thread(target=terminate, args=(place, done, killed))
    terminating.start()

    async def promise() -> list[tuple[UUID, int]]:
        following = asyncio.create_task(follow(place))
        for writer in (0, 1):
            await asyncio.to_thread(writers.kill, writer, acknowledged=50 + 100 * writer)
        return await following

    try:
        seen = asyncio.run(promise())
    finally:
        done.set()
        terminating.join()
        writers.join()
    assert writers.ended == [-signal.SIGKILL, -signal.SIGKILL, *[0] * WRITERS]
    assert sum(killed) > 10
    verify(seen, writers)
