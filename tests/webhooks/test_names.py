"""A name that hangs costs its own delivery its time, and nobody else anything: no other delivery, and not the end of the process."""

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct, field

from adapters.webhooks.connecting import NAME_NOT_FOUND, Failed
from adapters.webhooks.names import NO_ROOM, Names
from adapters.webhooks.sending import TOO_SLOW, Sender
from tests.webhooks.receivers import receiver, saying
from tests.webhooks.test_sending import BODY, HEADERS, OK, SECONDS

REPOSITORY = Path(__file__).parents[2]


class Resolver(Struct):
    """The system's, with names that hang until they are let go."""

    asked: list[str] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    real, resolver = socket.getaddrinfo, Resolver()

    def found(host: str, port: int | None, *args: int, **more: int) -> object:
        if not host.endswith(".test"):
            return real(host, port, *args, **more)
        resolver.asked.append(host)
        if host.startswith("slow"):
            resolver.let_go.wait(60)
        return real("127.0.0.1", port, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    yield resolver
    resolver.let_go.set()


def test_names_that_hang_hold_up_no_other_name(resolver: Resolver) -> None:
    """Their lookups run on when their deliveries are over."""

    async def sent() -> None:
        async with (
            receiver(saying(OK)) as seen,
            Sender(private=True, connections=4, seconds_max=SECONDS) as hasty,
        ):
            slow = [hasty.send(f"http://slow-{number}.test/", HEADERS, BODY) for number in range(4)]
            assert {answer.why for answer in await asyncio.gather(*slow)} == {TOO_SLOW}
            hasty._seconds_max = 10  # noqa: SLF001 - the good one has the time of every delivery
            assert (await hasty.send(seen.url("good.test"), HEADERS, BODY)).why == ""
        assert len(resolver.asked) == 5

    asyncio.run(sent())


def test_deliveries_to_one_name_share_a_lookup_that_one_of_them_may_leave(resolver: Resolver) -> None:
    async def looked_up() -> None:
        names = Names()
        waiting = [asyncio.create_task(names.addresses("slow.test", port)) for port in (80, 443, 8_080)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
        resolver.let_go.set()
        assert await asyncio.gather(*waiting[1:]) == [["127.0.0.1"]] * 2
        assert resolver.asked == ["slow.test"]
        assert await names.addresses("slow.test", 80) == ["127.0.0.1"], "asked anew for the next connection"
        assert len(resolver.asked) == 2

    asyncio.run(looked_up())


def test_who_finds_no_room_is_told_so_at_once_and_finds_some_later(resolver: Resolver) -> None:
    async def looked_up() -> None:
        names = Names(lookups_max=2)
        waiting = [asyncio.create_task(names.addresses(f"slow-{number}.test", 80)) for number in range(2)]
        await asyncio.sleep(0)
        async with Sender(private=True, resolve=names.addresses) as sender:
            answer = await sender.send("http://good.test/", HEADERS, BODY)
        assert (answer.status, answer.why) == (None, NO_ROOM)
        resolver.let_go.set()
        await asyncio.gather(*waiting)
        assert await names.addresses("good.test", 80) == ["127.0.0.1"]

    asyncio.run(looked_up())


def test_a_system_that_gives_no_thread_has_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    names = Names(lookups_max=1)
    for _ in range(2):
        with pytest.raises(Failed) as failed:
            asyncio.run(names.addresses("good.test", 80))
        assert failed.value.why == NO_ROOM


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_NONAME, "not known"), UnicodeError("label too long")])
def test_a_name_that_the_system_does_not_know_is_not_found(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fails(*_: object, **__: object) -> object:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fails)

    async def sent() -> None:
        async with Sender(private=True) as sender:
            assert (await sender.send("http://receiver.test/", HEADERS, BODY)).why == NAME_NOT_FOUND

    asyncio.run(sent())


HANGING = """
import asyncio, socket, time
from adapters.webhooks.sending import Sender

socket.getaddrinfo = lambda *_, **__: time.sleep(120)

async def main():
    async with Sender(private=True, seconds_max=0.1) as sender:
        print((await sender.send("http://slow.test/", {}, b"")).why)

asyncio.run(main())
"""


def test_a_process_ends_while_a_name_is_still_looked_up() -> None:
    started = time.monotonic()
    ended = subprocess.run(  # noqa: S603 - this interpreter, and the script above
        [sys.executable, "-W", "error", "-c", HANGING],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (ended.stdout, ended.stderr) == (f"{TOO_SLOW}\n", "")
    assert time.monotonic() - started < 60
