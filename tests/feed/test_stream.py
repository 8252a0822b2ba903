"""The feed as it happens, from a real server of two processes: nothing is missed, nothing comes twice, whatever breaks off."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import psycopg
import pytest
from psycopg import sql

from adapters.clock import system_clock
from adapters.postgres.database import connect
from adapters.postgres.tokens import tokens_in
from application.access import Issued, Wish
from tests.custody.restoring import body_of
from tests.custody.served import PATIENCE_SECONDS, Served
from tests.custody.test_workers import served

__all__ = ["served"]

READERS = 100


class Told(msgspec.Struct):
    """One event of a stream."""

    event: str = "message"
    id: int | None = None
    data: bytes | None = None


async def told(response: httpx.Response) -> AsyncIterator[Told]:
    """What a stream says, read as the standard has it."""
    one, rest = Told(), b""
    async for chunk in response.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            name, _, value = line.partition(b": ")
            match name:
                case b"":
                    if one != Told():
                        yield one
                    one = Told()
                case b"id":
                    one.id = int(value)
                case b"data":
                    one.data = value
                case b"event":
                    one.event = value.decode()
                case _:
                    raise AssertionError(line)


class Follower:
    """A client that keeps what it got and where it was, and comes back when it is cut off."""

    def __init__(self, served: Served, question: str = "", bearer: str | None = None) -> None:
        self.url = f"{served.url}/v1/feed/stream?{question}"
        self.headers = {"Authorization": f"Bearer {bearer}"} if bearer else dict(served.headers)
        self.got: list[tuple[int, bytes]] = []
        self.position: int | None = None
        self.ends: list[str] = []
        self.times = 0

    async def follow(self, client: httpx.AsyncClient, upto: int) -> None:
        """Follow until a position, through lost connections."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (self.position or 0) < upto and not self.ends:
                try:
                    await self.once(client, upto)
                except httpx.TransportError:
                    await asyncio.sleep(0.05)

    async def once(self, client: httpx.AsyncClient, upto: int) -> None:
        again = {} if self.position is None else {"Last-Event-ID": str(self.position)}
        self.times += 1
        async with client.stream("GET", self.url, headers=self.headers | again) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            async for one in told(response):
                if one.event == "resume":
                    self.ends.append((one.data or b"").decode())
                    return
                assert one.id is not None
                assert one.id > (self.position or 0)
                self.position = one.id
                if one.data is not None:
                    self.got.append((one.id, one.data))
                if one.id >= upto:
                    return


def stored(served: Served) -> list[tuple[int, bytes]]:
    with psycopg.connect(served.server.app_dsn) as connection:
        table = sql.Identifier(served.settings.network, "event")
        rows = connection.execute(sql.SQL("select position, data from {} order by position").format(table))
        return [(position, bytes(data)) for position, data in rows.fetchall()]


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=PATIENCE_SECONDS, limits=httpx.Limits(max_connections=None))


async def register(served: Served, *names: str) -> int:
    """The position of the last of them."""
    position = 0
    for name in names:
        answer = await asyncio.to_thread(served.send, "register-organisation", body_of(name))
        assert answer.status_code == 201, answer.text
        position = answer.json()["position"]
    return position


async def issue(served: Served, wish: Wish) -> Issued:
    async with connect(served.settings.database_url or "", connections=1) as database:
        return await tokens_in(database, served.settings.network, system_clock).issue(wish)


async def revoke(served: Served, token: str) -> None:
    async with connect(served.settings.database_url or "", connections=1) as database:
        await tokens_in(database, served.settings.network, system_clock).revoke(token)


def test_what_happens_is_heard_and_what_was_missed_is_made_up_for(served: Served) -> None:
    async def promise() -> None:
        async with client() as one:
            follower = Follower(served)
            await follower.follow(one, await register(served, *(f"first-{n}" for n in range(5))))
            missed = await register(served, *(f"second-{n}" for n in range(5)))
            following = asyncio.create_task(follower.follow(one, missed + 3))
            await register(served, *(f"third-{n}" for n in range(3)))
            await following
            assert follower.got == stored(served)
            assert follower.times == 2

    asyncio.run(promise())


def test_who_wants_something_else_moves_on_all_the_same(served: Served) -> None:
    async def promise() -> None:
        async with client() as one:
            follower = Follower(served, "types=tasma.revenue.*")
            await follower.follow(one, await register(served, "elsewhere"))
            assert (follower.got, follower.position) == ([], len(stored(served)))

    asyncio.run(promise())


def test_a_revoked_token_ends_its_stream_and_says_where_to_go_on(served: Served) -> None:
    async def promise() -> None:
        issued = await issue(served, Wish(role="subscriber", organisation="org:xamk"))
        async with client() as one:
            follower = Follower(served, bearer=issued.token)
            head = len(stored(served))
            following = asyncio.create_task(follower.follow(one, head + 1_000))
            while follower.position != head:  # noqa: ASYNC110 - seen from outside only
                await asyncio.sleep(0.01)
            await revoke(served, issued.id)
            await following
            (end,) = follower.ends
            assert msgspec.json.decode(end) == {
                "after": head,
                "why": "This token has been revoked; ask the coordinator for a new one.",
            }
            again = await one.get(follower.url, headers=follower.headers)
            assert again.status_code == 401

    asyncio.run(promise())


def test_a_hundred_readers_miss_nothing_when_a_process_is_killed(served: Served) -> None:
    """Each comes back with the last position it saw, to the other process or the next one."""

    async def promise() -> None:
        head = len(stored(served))
        followers = [Follower(served) for _ in range(READERS)]
        async with client() as one:
            following = [asyncio.create_task(f.follow(one, head + 30)) for f in followers]
            while not all(f.position == head for f in followers):  # noqa: ASYNC110 - seen from outside only
                await asyncio.sleep(0.05)
            await register(served, *(f"before-{n}" for n in range(10)))
            await asyncio.to_thread(_kill_one, served)
            await asyncio.to_thread(_registered, served, [f"after-{n}" for n in range(20)])
            await asyncio.gather(*following)
        events = stored(served)
        assert len(events) == head + 30
        assert all(follower.got == events for follower in followers)
        assert sum(follower.times for follower in followers) > READERS  # some were cut off

    asyncio.run(promise())


def _kill_one(served: Served) -> None:
    own = Path(f"/proc/{served.process.pid}")
    children = Path(own, f"task/{served.process.pid}/children").read_text(encoding="ascii").split()
    os.kill(int(children[-1]), signal.SIGKILL)
    served.until(served.answers)


def _registered(served: Served, names: list[str]) -> None:
    """Register each, again where the connection went to the process that was killed."""
    for name in names:
        served.until(lambda name=name: _is_registered(served, name))  # type: ignore[misc] # a default of another kind


def _is_registered(served: Served, name: str) -> bool:
    try:
        return served.send("register-organisation", body_of(name)).status_code in {201, 409}
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "9" * 30])
def test_a_last_event_id_that_is_none_is_refused(served: Served, given: str) -> None:
    answer = httpx.get(f"{served.url}/v1/feed/stream", headers=served.headers | {"Last-Event-ID": given})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-header")


def test_a_last_event_id_that_is_given_twice_is_refused(served: Served) -> None:
    given = [*served.headers.items(), ("Last-Event-ID", "1"), ("Last-Event-ID", "2")]
    answer = httpx.get(f"{served.url}/v1/feed/stream", headers=given)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-header")


def test_asked_for_its_headers_alone_it_ends_at_once(served: Served) -> None:
    answer = httpx.head(f"{served.url}/v1/feed/stream", headers=served.headers)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
