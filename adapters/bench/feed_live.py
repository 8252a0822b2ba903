"""Listening: hundreds of readers of a stream, or who ask again and again, while others commit; beside a bare broadcast."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from adapters.bench import feed_listening
from adapters.bench.feed_catch_up import BARE
from adapters.bench.feed_listening import Begin, Ready, Told, Wanted
from adapters.bench.feed_process import ReadersFailed, readers_of
from adapters.bench.feed_results import NAME, FeedResult, Heard, heard_result
from adapters.bench.feed_server import HOST, Serving, fetch, serving_bare
from adapters.bench.rounds import Say
from adapters.bench.samples import Referrals
from adapters.postgres.bench.room import Room
from application.ports import Log

LISTENING_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.02
WRITERS: Final = 16
"""Who commit by turns; when the database is slow, more."""


class Sent(NamedTuple):
    """An event that is there to be sent."""

    position: int
    at: int
    """Nanoseconds of the monotonic clock, which all processes of a machine share."""


class Speaker(Struct, frozen=True, kw_only=True):
    """Who is listened to."""

    system: str
    way: Literal["sse", "long poll"]
    server: Serving
    path: str
    tokens: Sequence[str]
    tell: Callable[[], Awaitable[Sent]]
    head: Callable[[], Awaitable[int]]
    heard_by: Callable[[], Awaitable[int]] | None = None
    """How many listen; None: who connects late misses nothing."""


async def measure_live(
    room: Room,
    serving: Serving,
    log: Log,
    tokens: Sequence[str],
    *,
    readers: int,
    commits: Sequence[int],
    seconds: float,
    rounds: int,
    seed: int,
    say: Say,
) -> Sequence[FeedResult]:
    """Each rate of commits, every speaker by turns. Raises ReadersFailed, ServerSilent."""
    sample, found = Referrals(seed), list[FeedResult]()
    async with AsyncExitStack() as stack:
        bare = await stack.enter_async_context(_bare(room, sample))
        appending = _appending(log, sample)
        position = _position(log)
        speakers = [
            Speaker(
                system=NAME,
                way="sse",
                server=serving,
                path="/v1/feed/stream",
                tokens=tokens,
                tell=appending,
                head=position,
            ),
            bare,
            Speaker(
                system=NAME,
                way="long poll",
                server=serving,
                path="/v1/feed",
                tokens=tokens,
                tell=appending,
                head=position,
            ),
        ]
        for rate in commits:
            heard: list[list[Heard]] = [[] for _ in speakers]
            for turn in range(1, rounds + 1):
                for speaker, each in zip(speakers, heard, strict=True):
                    each.append(await _round(speaker, readers, rate, seconds))
                    say(
                        f"{speaker.way}, {readers} readers, {rate} commits/s, round {turn} of {rounds}: {speaker.system} "
                        f"{each[-1].p50_ms:,.1f} ms, 99 % within {each[-1].p99_ms:,.1f} ms"
                    )
            found += [
                heard_result(speaker.system, speaker.way, readers, rate, each)
                for speaker, each in zip(speakers, heard, strict=True)
            ]
    return found


async def _round(speaker: Speaker, readers: int, rate: int, seconds: float) -> Heard:
    wanted = Wanted(
        way=speaker.way,
        port=speaker.server.port,
        server=speaker.server.pid,
        path=speaker.path,
        tokens=speaker.tokens,
        readers=readers,
        after=await speaker.head(),
    )
    async with readers_of(speaker.way, feed_listening) as listening:
        await listening.tell(wanted)
        await listening.hear(Ready)
        if speaker.heard_by:
            await _until_heard(speaker, readers, speaker.heard_by)
        await speaker.tell()
        await listening.hear(Ready)
        await listening.tell(Begin())
        await listening.tell(Told({sent.position: sent.at for sent in await _paced(speaker, rate, seconds)}))
        return await listening.hear(Heard)


async def _until_heard(speaker: Speaker, readers: int, heard_by: Callable[[], Awaitable[int]]) -> None:
    deadline = time.perf_counter() + LISTENING_SECONDS
    while (there := await heard_by()) < readers:
        if time.perf_counter() > deadline:
            raise ReadersFailed(speaker.way, f"Only {there:,} of {readers:,} got through to {speaker.system}.")
        await asyncio.sleep(POLL_SECONDS)


async def _paced(speaker: Speaker, rate: int, seconds: float) -> Sequence[Sent]:
    """So many a second, whether or not the one before is done."""
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        telling = []
        for n in range(max(1, round(rate * seconds))):
            await asyncio.sleep(began + n / rate - time.perf_counter())
            telling.append(group.create_task(_awaited(speaker.tell)))
    return [task.result() for task in telling]


async def _awaited(tell: Callable[[], Awaitable[Sent]]) -> Sent:
    return await tell()


def _appending(log: Log, sample: Referrals) -> Callable[[], Awaitable[Sent]]:
    """One commit of one event through the log's own door, each by a writer who has nothing else to do just then."""
    free, seen = list(range(WRITERS)), [0] * WRITERS
    for writer in free:
        sample.fact(writer)  # made now: what takes time later makes moments late

    async def tell() -> Sent:
        if not free:
            free.append(len(seen))
            seen.append(0)
        writer = free.pop()
        outcome = await log.append(sample.decision(writer, sample.boundary(writer), seen[writer]))
        at = time.monotonic_ns()
        seen[writer] = outcome.position
        free.append(writer)
        return Sent(outcome.position, at)

    return tell


def _position(log: Log) -> Callable[[], Awaitable[int]]:
    async def head() -> int:
        return (await log.head()).position

    return head


@asynccontextmanager
async def _bare(room: Room, sample: Referrals) -> AsyncIterator[Speaker]:
    """The bare broadcast, told what to send on a connection of its own."""
    folder = room.folder / "none"
    folder.mkdir()
    async with serving_bare(room, folder) as server:
        _, news = await asyncio.open_connection(HOST, server.news_port)
        line, sent = sample.whole(0) + b"\n", 0

        async def tell() -> Sent:
            nonlocal sent
            sent += 1
            at = time.monotonic_ns()
            news.write(line)
            return Sent(sent, at)

        async def head() -> int:
            return sent

        async def heard_by() -> int:
            return int((await fetch(server.port, "/live/listeners")).body)

        try:
            yield Speaker(
                system=BARE, way="sse", server=server, path="/live", tokens=(), tell=tell, head=head, heard_by=heard_by
            )
        finally:
            news.close()
            await news.wait_closed()
