"""However many processes write, a reader that follows the log sees every position, once, in order, and never a gap."""

import asyncio
import multiprocessing
import random
from uuid import UUID

from adapters.entropy import SystemEntropy
from adapters.postgres.database import connect
from adapters.postgres.embedded import Server
from adapters.postgres.log import PostgresLog
from application.ports import Raced
from domain.kernel import facts
from domain.mentoring.events import MenteeAssigned
from tests.log.conftest import SOURCE, Place
from tests.log.decisions import assigned, decision

WRITERS = 8
EVENTS_EACH = 2_500
EVENTS = WRITERS * EVENTS_EACH
MENTORS = 20  # few enough that conditions are broken, many enough that some hold


def write(dsn: str, schema: str, writer: int) -> None:
    """Append decisions of one to four events; every third one under a condition that other writers break."""
    chance = random.Random(writer)  # noqa: S311 - not a secret

    async def append() -> None:
        async with (
            connect(dsn, name=f"writer {writer}", connections=2) as database,
            PostgresLog(database, schema, SOURCE, SystemEntropy()) as log,
        ):
            left = EVENTS_EACH
            number = 0
            while left:
                number += 1
                size = min(left, chance.randint(1, 4))
                new = tuple(assigned(number % MENTORS, writer * EVENTS_EACH + left - n) for n in range(size))
                command = UUID(int=(writer << 96) | (7 << 76) | (2 << 62) | number)
                boundary = (facts(MenteeAssigned, about=f"mentor:{number % MENTORS}"),) if number % 3 == 0 else ()
                while True:
                    after = (await log.head()).position if boundary else 0
                    try:
                        await log.append(decision(*new, unless=boundary, after=after, command=command))
                    except Raced:
                        continue
                    break
                left -= size

    asyncio.run(append())


async def follow(place: Place) -> list[int]:
    """Tail the log as a projection does: from where one page ended to the next; the clients seen, in order."""
    clients: list[int] = []
    position, last_time = 0, None
    async with place.log() as log:
        while position < EVENTS:
            head = await log.wait(position, 30)
            page = await log.read(position, limit=1_000)
            assert page, f"nothing after {position} within 30 seconds"
            assert len(page) >= min(head - position, 1_000)
            for event in page:
                position += 1
                assert event.position == position
                assert last_time is None or event.time >= last_time
                last_time = event.time
                assert isinstance(event.data, MenteeAssigned)
                clients.append(int(event.data.client.removeprefix("client:")))
        assert (await log.head()).position == EVENTS
        assert await log.read(EVENTS, limit=1) == ()
    return clients


def test_a_tailing_reader_misses_none_of_what_eight_processes_write(server: Server, place: Place) -> None:
    context = multiprocessing.get_context("forkserver")  # imports once; a fork of this process would copy its threads
    context.set_forkserver_preload(["tests.log.test_commit_order"])
    writers = [context.Process(target=write, args=(server.app_dsn, place.schema, n)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        clients = asyncio.run(follow(place))
    finally:
        for writer in writers:
            writer.join(30)
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    assert sorted(clients) == list(range(1, EVENTS + 1))
