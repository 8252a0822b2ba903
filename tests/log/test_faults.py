"""Connections and backends die at every moment; what was acknowledged stays, and nothing is there twice."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.postgres.database import connect
from adapters.postgres.log import PostgresLog
from application.ports import Outcome, Raced, Unavailable
from domain.kernel import facts
from domain.mentoring.events import MentorCapacitySet
from tests.log.conftest import Place
from tests.log.decisions import assigned, capacity, command_id, decision, digest


class Proxy:
    """Stands between a client and the server's socket and can lose what either says."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._writers: set[asyncio.StreamWriter] = set()
        self.lose_answers = 0
        """How many answers will be thrown away, each together with its connection."""
        self.lose_questions = 0
        """The same for what the client sends: the server never hears of it."""
        self.mute = False
        """Whether answers are kept back while every connection stays open, as from a server that was stopped."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(self._server)
        both = {writer, server_writer}
        self._writers |= both
        questions = asyncio.create_task(self._pass_on(reader, server_writer, questions=True))
        answers = asyncio.create_task(self._pass_on(server_reader, writer, questions=False))
        await asyncio.wait({questions, answers}, return_when=asyncio.FIRST_COMPLETED)
        for task in (questions, answers):
            task.cancel()
        for end in both:
            end.close()
        self._writers -= both

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, questions: bool) -> None:
        while data := await reader.read(65_536):
            if questions and self.lose_questions:
                self.lose_questions -= 1
                return
            # The server speaks only when it is done: in autocommit the answer comes after the commit.
            if not questions and self.lose_answers:
                self.lose_answers -= 1
                return
            if not questions and self.mute:
                continue
            writer.write(data)
            await writer.drain()

    def cut(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def proxied(place: Place) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy before the server and the connection string that goes through it."""
    given = conninfo_to_dict(place.server.app_dsn)
    socket = f".s.PGSQL.{given['port']}"
    proxy = Proxy(Path(str(given["host"])) / socket)
    with TemporaryDirectory(prefix="p", dir="/tmp") as folder:  # a socket's path must be short
        async with await asyncio.start_unix_server(proxy.serve, Path(folder) / socket):
            try:
                yield proxy, make_conninfo(place.server.app_dsn, host=folder)
            finally:
                proxy.cut()
                await asyncio.sleep(0.01)


async def terminate(place: Place, condition: str = "true", *, name: str) -> int:
    """Terminate backends of an application name; how many there were."""
    async with await AsyncConnection.connect(place.server.app_dsn, autocommit=True) as connection:
        cursor = await connection.execute(
            b"select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s and (%b)"
            % (b"%s", condition.encode()),
            (name,),
        )
        return len(await cursor.fetchall())


def test_an_answer_lost_after_the_commit_is_found_again(place: Place) -> None:
    """The outcome is that of the first sending: same ids, not a repeat, and the events are there once."""

    async def promise() -> None:
        async with proxied(place) as (proxy, dsn), place.log(dsn) as log:
            await log.append(decision(capacity()))
            boundary = (facts(MentorCapacitySet, about="mentor:1"),)
            command = command_id()
            proxy.lose_answers = 1
            outcome = await log.append(decision(capacity(), assigned(), unless=boundary, after=1, command=command))
            assert proxy.lose_answers == 0
            events = await log.read(0, limit=9)
            assert len(events) == 3
            assert [(p.position, p.id) for p in outcome.events] == [(e.position, e.id) for e in events[1:]]
            assert not outcome.repeated
            recalled = await log.recall(command, digest("body"))
            assert recalled == Outcome(position=3, events=outcome.events, repeated=True)

    asyncio.run(promise())


def test_a_server_that_says_nothing_any_more_is_waited_for_no_longer_than_said(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by whom it was asked for nor by those behind; the same commands later find out what became of them."""
    monkeypatch.setattr("adapters.postgres.dedicated.DEADLINE_SECONDS", 0.5)
    monkeypatch.setattr("adapters.postgres.database.SILENT_SECONDS", 0.5)

    async def promise() -> None:
        async with proxied(place) as (proxy, dsn), place.log(dsn) as log:
            await log.append(decision(capacity()))
            proxy.mute = True
            commands = [command_id() for _ in range(3)]
            asked = [log.append(decision(capacity(), command=command)) for command in commands]
            silent = await asyncio.wait_for(
                asyncio.gather(*asked, log.look((facts(MentorCapacitySet),)), return_exceptions=True), 20
            )
            assert [type(answer) for answer in silent] == 4 * [Unavailable]
            assert {str(answer) for answer in silent} == {"The database does not answer; try again in a moment."}
            with pytest.raises(Unavailable):
                await asyncio.wait_for(log.head(), 20)
            proxy.mute = False
            outcomes = [await log.append(decision(capacity(), command=command)) for command in commands]
            assert sorted(outcome.position for outcome in outcomes) == [2, 3, 4]
            assert (await log.head()).position == 4

    asyncio.run(promise())


def test_a_lost_answer_to_a_repeat_stays_a_repeat(place: Place) -> None:
    async def promise() -> None:
        async with proxied(place) as (proxy, dsn), place.log(dsn) as log:
            command = command_id()
            first = await log.append(decision(capacity(), command=command))
            proxy.lose_answers = 2
            again = await log.append(decision(capacity(), command=command))
            assert again == Outcome(position=1, events=first.events, repeated=True)

    asyncio.run(promise())


def test_a_question_that_never_arrived_is_asked_again(place: Place) -> None:
    async def promise() -> None:
        async with proxied(place) as (proxy, dsn), place.log(dsn) as log:
            await log.append(decision(capacity()))
            proxy.lose_questions = 2
            outcome = await log.append(decision(capacity()))
            assert (outcome.position, outcome.repeated) == (2, False)
            proxy.lose_questions = 1
            assert (await log.look((facts(MentorCapacitySet),))).head == 2

    asyncio.run(promise())


@pytest.mark.usefixtures("one_batch")
def test_an_answer_lost_to_many_at_once_is_found_again_by_each(place: Place) -> None:
    """Conditions, a lost race and a repeat among them: everybody hears what would have been heard."""

    async def promise() -> None:
        async with proxied(place) as (proxy, dsn), place.log(dsn) as log:
            await log.append(decision(capacity()))
            known = command_id()
            await log.append(decision(capacity(), command=known))
            about_one, about_two = (facts(MentorCapacitySet, about=f"mentor:{n}") for n in (1, 2))
            for lost in (1, 3):
                head = (await log.head()).position
                batches, proxy.lose_answers = log.appends.batches, lost
                answers = await asyncio.gather(
                    *(log.append(decision(assigned(9, n), unless=(about_two,), after=0)) for n in range(14)),
                    log.append(decision(capacity(), unless=(about_one,), after=1)),
                    log.append(decision(capacity(), command=known)),
                    return_exceptions=True,
                )
                assert (proxy.lose_answers, log.appends.batches) == (0, batches + 1)
                placed = [a for a in answers[:14] if isinstance(a, Outcome)]
                assert [(a.position, a.repeated) for a in placed] == [(head + n, False) for n in range(1, 15)]
                raced, repeated = answers[14:]
                assert isinstance(raced, Raced)
                assert isinstance(repeated, Outcome)
                assert (repeated.position, repeated.repeated) == (2, True)
                assert (await log.head()).position == head + 14

    asyncio.run(promise())


def test_when_nothing_helps_the_log_says_so_and_a_later_repeat_finds_out(place: Place) -> None:
    async def promise() -> None:
        async with proxied(place) as (proxy, dsn), place.log(dsn) as log:
            await log.head()
            command = command_id()
            proxy.lose_answers = 1000
            with pytest.raises(Unavailable, match="The database cannot be reached: "):
                await log.append(decision(capacity(), command=command))
            proxy.lose_answers = 0
            assert (await log.append(decision(capacity(), command=command))).position == 1
            assert (await log.head()).position == 1

    asyncio.run(promise())


def test_no_server_is_said_in_a_sentence(tmp_path: Path) -> None:
    async def promise() -> None:
        async with connect(f"host={tmp_path} dbname=x user=secret password=hidden"):
            pass

    with pytest.raises(Unavailable) as refused:
        asyncio.run(promise())
    sentence = str(refused.value)
    assert sentence.startswith("The database cannot be reached: ")
    assert sentence.endswith("Check that it runs and TASMA_DATABASE_URL.")
    assert str(tmp_path) in sentence
    assert "hidden" not in sentence


def test_waiting_goes_on_when_the_listening_backend_dies(place: Place) -> None:
    async def promise() -> None:
        name = f"wait {place.schema}"
        async with place.log() as writer, place.log(name=name) as reader:
            waiting = asyncio.create_task(reader.wait(0, 20))
            for _ in range(100):
                if await terminate(place, "query like 'listen %%' or query like '%%max(position)%%'", name=name):
                    break
                await asyncio.sleep(0.02)
            else:
                pytest.fail("there was no listening backend")
            await writer.append(decision(capacity()))
            assert await waiting == 1
            # And the new connection listens again.
            later = asyncio.create_task(reader.wait(1, 20))
            await asyncio.sleep(0.5)
            loop = asyncio.get_running_loop()
            started = loop.time()
            await writer.append(decision(capacity()))
            assert await later == 2
            assert loop.time() - started < 0.9

    asyncio.run(promise())


def test_what_nobody_announced_is_noticed_all_the_same(place: Place) -> None:
    """A connection that no longer listens (a pooler did that) is read from once a second."""

    async def promise() -> None:
        async with place.log() as writer, place.log() as reader:
            reader._listener._listen = b"select 1"  # noqa: SLF001 - as if LISTEN had gone to another connection
            waiting = asyncio.create_task(reader.wait(0, 20))
            await asyncio.sleep(0.2)
            await writer.append(decision(capacity()))
            assert await waiting == 1

    asyncio.run(promise())


def test_backends_terminated_all_the_time_lose_and_double_nothing(place: Place) -> None:
    """Twelve writers, four to a log, while backends are terminated at random for three seconds, or more on a busy machine."""
    name = f"fault {place.schema}"
    chance = random.Random(4)  # noqa: S311 - not a secret
    done = asyncio.Event()
    acknowledged: dict[int, str] = {}

    async def write(log: PostgresLog, writer: int) -> None:
        number = 0
        while not done.is_set():
            number += 1
            mentor = writer % 6
            boundary = (facts(MentorCapacitySet, about=f"mentor:{mentor}"),)
            command = command_id()
            while True:
                try:
                    after = (await log.look(boundary)).head
                    new = capacity(mentor), assigned(writer, number)
                    outcome = await log.append(decision(*new, unless=boundary, after=after, command=command))
                except (Raced, Unavailable):
                    continue
                break
            for place_of_event in outcome.events:
                assert place_of_event.position not in acknowledged
                acknowledged[place_of_event.position] = str(place_of_event.id)

    async def write_together(first: int) -> None:
        async with place.log(name=name, seed=first) as log:
            await asyncio.gather(*(write(log, first + n) for n in range(4)))

    async def destroy() -> int:
        killed = 0
        loop = asyncio.get_running_loop()
        started = loop.time()
        while loop.time() < started + 3 or (len(acknowledged) < 100 and loop.time() < started + 30):
            killed += await terminate(place, f"random() < {chance.uniform(0.2, 0.8)}", name=name)
            await asyncio.sleep(chance.uniform(0.001, 0.08))
        done.set()
        return killed

    async def promise() -> None:
        async with asyncio.TaskGroup() as tasks:
            for first in (0, 4, 8):
                tasks.create_task(write_together(first))
            killing = tasks.create_task(destroy())
        assert killing.result() > 20
        async with place.log() as log:
            head = (await log.head()).position
            events = await log.read(0, limit=head + 10)
        assert [e.position for e in events] == list(range(1, head + 1))
        # Every writer went on until its command was done, so what is there is exactly what was acknowledged.
        assert {e.position: str(e.id) for e in events} == acknowledged
        assert len({e.commandid for e in events}) == head // 2
        assert head >= 100

    asyncio.run(promise())
