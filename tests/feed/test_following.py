"""Who follows the feed gets all they may see and nothing else, at the cost of nobody, and is told why when it ends."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, ParamSpec, TypeVar

import pytest
from structlog.testing import capture_logs

from adapters.http.feed import events, followers, speaking, stream
from adapters.http.feed.followers import Followers
from adapters.http.feed.hanging_up import hang_up
from application import pulse, tail
from application.access import Token
from application.feed import Portion, Reader
from application.ports import Unavailable
from domain.changing import replace
from tests.feed.listening import Listener
from tests.feed.test_batches import bodies, visible
from tests.http.conftest import world
from tests.http.world import COORDINATOR, WISHES, World

__all__ = ["world"]

P = ParamSpec("P")
T = TypeVar("T")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(tail, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(tail, "REST_SECONDS", 0.01)


@pytest.fixture
def all_seen(world: World) -> dict[str, list[bytes]]:
    """What each may see, asked before there is a loop."""
    return {who: visible(world, who) for who in WISHES}


def stumbling(
    really: Callable[P, Awaitable[T]], away: asyncio.Event, fault: type[Exception]
) -> Callable[P, Awaitable[T]]:
    async def stumble(*given: P.args, **named: P.kwargs) -> T:
        if away.is_set():
            raise fault("The database is gone.")
        return await really(*given, **named)

    return stumble


async def register(world: World, name: str) -> int:
    world.later(seconds=1)
    body: dict[str, Any] = {"organisation": f"org:{name}", "name": {"fi": name}, "kind": "other"}
    return (await world.desk.carry_out("register-organisation", body, COORDINATOR)).position


def test_everybody_hears_exactly_what_they_may_see(world: World, all_seen: dict[str, list[bytes]]) -> None:
    """And each is brought to the end of the log, also by what is not theirs; of others' money there is not a word."""
    head = world.head

    async def promise() -> None:
        async with AsyncExitStack() as stack:
            for who, expected in all_seen.items():
                one = await stack.enter_async_context(Listener(world, who=who))
                await one.until(lambda one=one: one.position == head)  # type: ignore[misc] # a default of another kind
                assert [body for _, body in one.events if body] == expected
                if who in ("cursor", "mentor", "funder"):
                    assert b"amount_cents" not in one.text

    asyncio.run(promise())


def test_from_any_position_on_all_that_follows_comes_once_and_in_order(world: World) -> None:
    stored = list(enumerate(bodies(world), 1))

    async def promise() -> None:
        for after in range(len(stored) + 1):
            async with Listener(world, f"after={after}") as one:
                await one.until(lambda one=one: one.status == 200)  # type: ignore[misc] # a default of another kind
                if after < len(stored):
                    await one.until(lambda one=one: one.position == len(stored))  # type: ignore[misc] # the same
                assert one.events == stored[after:]

    asyncio.run(promise())


def test_what_is_the_same_for_many_is_made_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of one moment are one string of bytes, whoever takes it."""
    made = list[int]()
    portion = world.feed.portion

    async def counted(reader: Reader, after: int, *, limit: int) -> Portion:
        made.append(after)
        return await portion(reader, after, limit=limit)

    monkeypatch.setattr(world.feed, "portion", counted)

    async def promise() -> None:
        head = (await world.log.head()).position
        async with AsyncExitStack() as stack:
            listeners = [await stack.enter_async_context(Listener(world)) for _ in range(50)]
            for one in listeners:
                await one.until(lambda one=one: one.position == head)  # type: ignore[misc] # a default of another kind
            made.clear()
            position = await register(world, "uusi")
            for one in listeners:
                await one.until(lambda one=one: one.position == position)  # type: ignore[misc] # the same
            assert made == [head]
            assert len({id(one.messages[-1]["body"]) for one in listeners}) == 1  # type: ignore[typeddict-item]

    asyncio.run(promise())


def test_who_takes_nothing_is_cut_off_and_holds_up_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaking, "TAKE_SECONDS", 0.2)
    monkeypatch.setattr(speaking, "LOOK_SECONDS", 0.02)

    async def promise() -> None:
        slow = Listener(world)
        slow.take = asyncio.Event().wait
        async with Listener(world) as other, slow:
            for n in range(5):
                position = await register(world, f"uusi-{n}")
                await other.until(lambda position=position: other.position == position)  # type: ignore[misc] # a default
            await slow.ended()
            assert slow.text == b""
            position = await register(world, "last")
            await other.until(lambda: other.position == position)
            assert other.resume is None

    with capture_logs() as logs:
        asyncio.run(promise())
    assert {"event": "feed.not_taken", "seconds": 0.2, "closed": False, "log_level": "info"} in logs


def test_who_takes_nothing_of_a_large_batch_is_cut_off_and_what_was_kept_for_them_is_free(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaking, "TAKE_SECONDS", 0.2)
    monkeypatch.setattr(speaking, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(events, "PIECE_BYTES", 1_000)
    whole = b"[" + b",".join(bodies(world)) + b"]"
    monkeypatch.setattr(followers, "LENT_BYTES_MAX", len(whole) + 1)

    async def promise() -> None:
        slow = Listener(world, path="/v1/feed")
        slow.take = asyncio.Event().wait
        async with slow:
            await slow.until(lambda: slow.status == 200)
            async with Listener(world, path="/v1/feed") as other:
                await other.until(lambda: len(other.messages) > 1)
                assert other.status == 503
            await slow.ended()
            assert slow.text == b""
        async with Listener(world, path="/v1/feed") as other:
            await other.ended()
            assert (other.status, other.text) == (200, whole)
            assert max(map(len, other.pieces)) == 1_000

    asyncio.run(promise())


def test_the_connection_of_who_takes_nothing_is_closed() -> None:
    """That one and no other."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ends = [socket.create_connection(server.getsockname()) for _ in range(2)]
        accepted = [server.accept()[0] for _ in ends]
        try:
            scope: Any = {"client": ends[0].getsockname(), "server": server.getsockname()}
            assert hang_up(scope)
            assert ends[0].recv(1) == b""
            accepted[1].sendall(b"x")
            assert ends[1].recv(1) == b"x"
            accepted[0].close()
            assert not hang_up(scope)
        finally:
            for one in (*ends, *accepted):
                one.close()


def test_who_hears_nothing_for_a_while_hears_that_the_line_is_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BEAT_SECONDS", 0.05)
    head = world.head

    async def promise() -> None:
        async with Listener(world, f"after={head}") as one:
            await one.until(lambda: one.text.startswith(b":\n\n:\n\n"))

    asyncio.run(promise())


@pytest.mark.parametrize("ended", ["revoked", "expired"])
def test_a_token_that_is_no_longer_good_ends_all_its_streams(
    world: World, monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    """And no other's. Nothing that happened since is given out."""
    monkeypatch.setattr(followers, "ASK_SECONDS", 0.05)
    head = world.head

    async def promise() -> None:
        async with (
            Listener(world, who="auditor") as one,
            Listener(world, who="auditor") as two,
            Listener(world) as other,
        ):
            for listener in (one, two, other):
                await listener.until(lambda listener=listener: listener.position == head)  # type: ignore[misc] # a default
            if ended == "revoked":
                auditor = next(t for t in await world.tokens.list() if t.subject == "person:a")
                await world.tokens.revoke(auditor.id)
                why = "This token has been revoked; ask the coordinator for a new one."
            else:
                world.later(days=400)
                why = "This token was good until 2019-12-31; ask the coordinator for a new one."
            for listener in (one, two):
                await listener.ended()
                assert listener.resume == {"after": head, "why": why}
            position = await register(world, "uusi")
            await other.until(lambda: other.position == position)

    asyncio.run(promise())


@pytest.mark.parametrize("ended", ["revoked", "put back"])
def test_who_waits_for_a_batch_is_told_what_ends_it(world: World, monkeypatch: pytest.MonkeyPatch, ended: str) -> None:
    """And gets nothing that was recorded after."""
    monkeypatch.setattr(followers, "ASK_SECONDS", 0.0)
    head = world.head

    async def promise() -> None:
        async with Listener(world, f"after={head}&wait=20", "auditor", path="/v1/feed") as one:
            await one.until(lambda: world.client.app.state["followers"].pulse.waiting)
            if ended == "revoked":
                auditor = next(t for t in await world.tokens.list() if t.subject == "person:a")
                await world.tokens.revoke(auditor.id)
            else:
                kept = world.log._kept  # noqa: SLF001 - what another backup holds
                kept[-1] = replace(kept[-1], body=kept[-1].body.replace(b'"actor":"', b'"actor":"x', 1))
            await register(world, "uusi")
            await one.ended()
            assert one.status == (401 if ended == "revoked" else 409)
            assert b"org:uusi" not in one.text

    asyncio.run(promise())


def test_while_nobody_can_tell_whether_a_token_is_good_the_line_is_kept_and_nothing_given_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followers, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(stream, "BEAT_SECONDS", 0.05)
    get, away = world.store.get, asyncio.Event()

    async def unreachable(token_id: str) -> Token | None:
        if away.is_set():
            raise Unavailable("The database is gone.")
        return await get(token_id)

    monkeypatch.setattr(world.store, "get", unreachable)
    head = world.head

    async def promise() -> None:
        async with Listener(world) as one:
            await one.until(lambda: one.position == head)
            away.set()
            position = await register(world, "uusi")
            beats = one.text.count(b":\n\n")
            await one.until(lambda: one.text.count(b":\n\n") > beats + 2)
            assert one.position == head
            away.clear()
            await one.until(lambda: one.position == position)
            assert one.resume is None

    asyncio.run(promise())


def test_a_log_that_cannot_be_reached_for_a_while_ends_no_stream(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of who is at its end nor of who is still far behind; nor does a fault of ours."""
    away = asyncio.Event()
    for name in ("head", "bodies", "pages", "wait"):
        fault = RuntimeError if name == "wait" else Unavailable
        monkeypatch.setattr(world.log, name, stumbling(getattr(world.log, name), away, fault))
    head = world.head

    async def promise() -> None:
        async with Listener(world) as one:
            await one.until(lambda: one.position == head)
            away.set()
            async with Listener(world, f"after={head}&types=tasma.network.*") as late:
                await late.until(lambda: late.status == 200)
                position = await register(world, "uusi")
                await asyncio.sleep(0.1)  # some beats of it
                away.clear()
                for listener in (one, late):
                    await listener.until(lambda listener=listener: listener.position == position)  # type: ignore[misc] # a default
                    assert listener.resume is None

    with capture_logs() as logs:
        asyncio.run(promise())
    assert "feed.failed" in {entry["event"] for entry in logs}


def test_a_log_that_was_put_back_ends_the_streams_that_were_further(world: World) -> None:
    """Waiting would pass over, in silence, what is recorded anew at the positions they have."""
    head = world.head

    async def promise() -> None:
        async with Listener(world) as one:
            await one.until(lambda: one.position == head)
            del world.log._kept[-2:]  # noqa: SLF001 - what a restored backup lacks
            await one.ended()
            assert one.resume["after"] == head
            assert one.resume["why"].startswith(
                f"The log ends at {head - 2}, before the position {head}: it was put back"
            )

    asyncio.run(promise())


def test_a_log_that_is_another_one_ends_every_stream(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it has grown past the reader meanwhile."""
    head = world.head

    async def promise() -> None:
        async with Listener(world) as one:
            await one.until(lambda: one.position == head)
            monkeypatch.setattr(type(world.log), "era", 1)
            await one.ended()
            assert one.resume["after"] == head
            assert one.resume["why"].startswith(f"The log was put back to an earlier state and ends at {head} now.")

    asyncio.run(promise())


def test_a_log_that_was_replaced_ends_every_stream_though_it_is_longer(world: World) -> None:
    """Known by the event where the stream had come to, in a process that neither decides nor looks."""
    head = world.head
    kept = world.log._kept  # noqa: SLF001 - what another backup holds

    async def promise() -> None:
        async with Listener(world) as one:
            await one.until(lambda: one.position == head)
            kept[-1] = replace(kept[-1], body=kept[-1].body.replace(b'"actor":"', b'"actor":"x', 1))
            await register(world, "uusi")
            await one.ended()
            assert one.position == head
            assert one.resume["after"] == head
            assert one.resume["why"].startswith(f"The log was put back to an earlier state and ends at {head + 1} now.")

    asyncio.run(promise())


def test_nobody_holds_unlimited_streams(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither with one token nor all together; who hangs up makes room again."""
    monkeypatch.setattr(followers, "OF_A_TOKEN_MAX", 2)
    monkeypatch.setattr(followers, "OF_ALL_MAX", 3)

    async def refused(listener: Listener) -> tuple[int | None, Any, Any]:
        async with listener as one:
            await one.until(lambda: len(one.messages) > 1)
        headers = dict(one.messages[0]["headers"])  # type: ignore[typeddict-item]
        return one.status, headers[b"retry-after"], headers[b"content-type"]

    async def promise() -> None:
        async with Listener(world) as one, Listener(world) as two:
            await one.until(lambda: one.position and two.position)
            assert await refused(Listener(world)) == (429, b"1", b"application/problem+json")
            async with Listener(world, who="xamk") as third:
                await third.until(lambda: third.position)
                assert await refused(Listener(world, who="ekami")) == (503, b"1", b"application/problem+json")
        async with Listener(world) as again:
            await again.until(lambda: again.position)

    asyncio.run(promise())


def test_a_process_that_stops_says_so_on_every_stream(world: World) -> None:
    head = world.head
    why = "This server is stopping; ask again in a moment, another one goes on where this one ended."

    async def promise() -> None:
        everybody: Followers = world.client.app.state["followers"]
        async with Listener(world) as one, Listener(world, "types=tasma.revenue.*", "xamk") as two:
            await one.until(lambda: one.position == two.position == head)
            everybody.stop()
            for listener in (one, two):
                await listener.ended()
                assert listener.resume == {"after": head, "why": why}
        async with Listener(world) as late:
            await late.until(lambda: len(late.messages) > 1)
            assert late.status == 503

    asyncio.run(promise())
