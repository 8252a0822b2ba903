"""With synchronous standbys nothing is acknowledged that has not reached them, be it that somebody cancels the waiting."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict

from adapters.postgres.embedded import APP_ROLE, embedded
from adapters.postgres.log import PostgresLog
from adapters.postgres.migrate import migrate
from application.ports import Outcome
from tests.log.conftest import Place
from tests.log.decisions import assigned, command_id, decision, digest

NAME = "standby test"


class Primary:
    """A server whose only synchronous standby is not there, or that needs none."""

    def __init__(self, place: Place, observer: AsyncConnection[tuple[object, ...]]) -> None:
        self.place = place
        self._observer = observer
        self._data = Path(str(conninfo_to_dict(place.server.app_dsn)["host"]))

    async def need_standbys(self, names: str) -> None:
        with (self._data / "postgresql.auto.conf").open("a") as file:
            file.write(f"synchronous_standby_names = '{names}'\n")
        os.kill(int((self._data / "postmaster.pid").read_text().split()[0]), signal.SIGHUP)
        if names:
            await self._in_force()

    async def _in_force(self) -> None:
        """Commit until a commit waits: the setting is passed on by another process, whenever that gets to it."""
        async with await AsyncConnection.connect(self.place.server.app_dsn, autocommit=True) as connection:
            pid = connection.info.backend_pid
            waits = b"select from pg_stat_activity where pid = %s and wait_event = 'SyncRep'"
            while True:
                commit = asyncio.create_task(connection.execute("select pg_logical_emit_message(true, 'probe', '')"))
                while not commit.done():
                    if await (await self._observer.execute(waits, (pid,))).fetchall():
                        await self.cancel(pid)
                        await commit
                        return

    async def until(self, query: bytes, *parameters: object) -> list[tuple[object, ...]]:
        async with asyncio.timeout(20):
            while not (rows := await (await self._observer.execute(query, parameters)).fetchall()):  # noqa: ASYNC110 - seen from outside only
                await asyncio.sleep(0.01)
        return rows

    async def waiting_backend(self) -> object:
        """The backend that waits for a standby, as soon as there is one."""
        query = b"select pid from pg_stat_activity where application_name = %s and wait_event = 'SyncRep'"
        ((pid,),) = await self.until(query, NAME)
        return pid

    async def cancel(self, pid: object) -> None:
        """Cancel its waiting; return when it no longer does that."""
        await self._observer.execute("select pg_cancel_backend(%s)", (pid,))
        gone = b"select where not exists (select from pg_stat_activity where pid = %s and wait_event = 'SyncRep')"
        await self.until(gone, pid)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server of this test's own: what it is told concerns all of it."""
    with embedded(tmp_path_factory.mktemp("primary")) as server:
        yield Place(server, "standbys")


@asynccontextmanager
async def primary(place: Place) -> AsyncIterator[tuple[Primary, PostgresLog]]:
    await migrate(place.server.admin_dsn, place.schema, APP_ROLE)
    async with await AsyncConnection.connect(place.server.app_dsn, autocommit=True) as observer:
        server = Primary(place, observer)
        async with place.log(name=NAME) as log:
            try:
                yield server, log
            finally:
                await server.need_standbys("")


async def acknowledged_only_then(server: Primary, ask: Callable[[], Awaitable[Outcome | None]]) -> Outcome | None:
    """Cancel its waiting for a standby twice, let the third do; the answer may come only after that."""
    task = asyncio.ensure_future(ask())
    for _ in range(2):
        await server.cancel(await server.waiting_backend())
    await server.waiting_backend()
    assert not task.done()
    await server.need_standbys("")
    return await asyncio.wait_for(task, 20)


def test_a_commit_whose_wait_was_cancelled_is_not_acknowledged(alone: Place) -> None:
    async def promise() -> None:
        async with primary(alone) as (server, log):
            head = (await log.append(decision(assigned(1)))).position
            await server.need_standbys("nowhere")
            outcome = await acknowledged_only_then(server, lambda: log.append(decision(assigned(2))))
            assert outcome is not None
            assert (outcome.position, outcome.repeated) == (head + 1, False)
            assert (await log.head()).position == head + 1

    asyncio.run(promise())


def test_a_repeat_is_not_acknowledged_before_what_it_repeats_is_safe(alone: Place) -> None:
    """Another process finds the command recorded; its commit may not have reached the standbys all the same."""

    async def promise() -> None:
        async with primary(alone) as (server, log):
            command = command_id()
            first = await log.append(decision(assigned(1), command=command))
            await server.need_standbys("nowhere")
            again = await acknowledged_only_then(server, lambda: log.append(decision(assigned(1), command=command)))
            assert again == Outcome(position=first.position, events=first.events, repeated=True)
            await server.need_standbys("nowhere")
            recalled = await acknowledged_only_then(server, lambda: log.recall(command, digest("body")))
            assert recalled == again
            await server.need_standbys("nowhere")
            assert await log.recall(command_id(), digest("body")) is None

    asyncio.run(promise())
