"""The readers of the bench count each event once, however it arrives, and say how late it was."""

import asyncio
import time
from array import array
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from adapters.bench.feed_catching_up import NoAnswer, Wanted, catch_up
from adapters.bench.feed_listening import Listener, Poller, at_rank, lateness
from adapters.bench.feed_results import FeedResult, Heard, Read, feed_ratios, heard_result, not_measured, read_result
from adapters.bench.feed_server import HOST, cpu_seconds, free_port

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


class Wire(asyncio.Transport):
    """Remembers what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))


def asked(after: int) -> bytes:
    return b"after %d" % after


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
def test_a_listener_counts_events_and_no_comments_however_they_are_cut(size: int) -> None:
    said = HEAD + b':\n\nid: 8\ndata: {"a":{}}\n\nid: 9\ndata: {}\n\n:\n\nid: 10\ndata: {"b":"}"}\n\n'
    listener = Listener(asked, 7)
    listener.connection_made(wire := Wire())
    for n in range(0, len(said), size):
        listener.data_received(said[n : n + size])
    assert listener.fault is None
    assert listener.position == 10
    assert listener.positions[-1] == 10
    assert wire.written == [b"after 7"]


@pytest.mark.parametrize("size", [1, 5, 10_000])
def test_a_poller_asks_again_behind_what_it_got(size: int) -> None:
    answers = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTasma-Position: 9\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\ntasma-position: 9\r\ncontent-length: 4\r\n\r\n[{}]",
        b"HTTP/1.1 200 OK\r\ntasma-position: 12\r\ncontent-length: 0\r\n\r\n",
    ]
    poller = Poller(asked, 7)
    poller.connection_made(wire := Wire())
    for answer in answers:
        for n in range(0, len(answer), size):
            poller.data_received(answer[n : n + size])
    assert wire.written == [b"after 7", b"after 9", b"after 9", b"after 12"]
    assert list(poller.positions) == [9, 12]
    assert poller.fault is None


def test_a_reader_that_is_refused_or_left_says_so() -> None:
    refused, left = Listener(asked, 0), Listener(asked, 3)
    refused.data_received(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
    left.connection_lost(None)
    assert refused.fault == "The server answered b'HTTP/1.1 401 Unauthorized\\r\\n\\r\\n'."
    assert left.fault == "The server hung up at 3 (without an error)."


def test_each_event_is_as_late_as_the_chunk_that_brought_it() -> None:
    """What somebody else committed meanwhile has no moment and does not count; what was there early was not late."""
    moments = {5: 100, 6: 200, 8: 300}
    times, positions = array("q", [90, 1_000, 1_100]), array("q", [5, 8, 9])
    assert lateness(times, positions, moments) == [0, 800, 700]


@pytest.mark.parametrize(("part", "expected"), [(0.5, 50.0), (0.99, 99.0), (1, 100.0), (0.001, 1.0)])
def test_a_rank_is_the_least_that_so_many_did_not_exceed(part: float, expected: float) -> None:
    assert at_rank([n * 1_000_000 for n in range(1, 101)], part) == expected


def heard(p99_ms: float) -> Heard:
    return Heard(
        events=10,
        seconds=2.0,
        p50_ms=1.0,
        p99_ms=p99_ms,
        max_ms=p99_ms,
        server_cpu_seconds=None,
        readers_cpu_seconds=1.0,
    )


def test_ratios_are_of_a_core_where_it_is_known_and_of_the_same_rate() -> None:
    results: list[FeedResult] = [
        read_result(
            "tasma", "pages", 8, [Read(events=n, seconds=1.0, server_cpu_seconds=0.5) for n in (100, 300, 200)]
        ),
        read_result("litestar", "pages", 8, [Read(events=400, seconds=1.0, server_cpu_seconds=0.25)]),
        read_result("tasma", "relay", 1, [Read(events=100, seconds=2.0)]),
        read_result("nats", "relay", 1, [Read(events=100, seconds=1.0, server_cpu_seconds=0.1)]),
        not_measured("tasma", "webhooks", "no receiver"),
        heard_result("tasma", "sse", 500, 20, [heard(4.0), heard(8.0)]),
        heard_result("tasma", "sse", 500, 200, [heard(9.0)]),
        heard_result("litestar", "sse", 500, 20, [heard(3.0)]),
        heard_result("tasma", "long poll", 500, 20, [heard(50.0)]),
    ]
    assert (results[0].per_second, results[0].rounds) == (200.0, [100.0, 300.0, 200.0])
    assert feed_ratios(results) == {"pages/litestar": 0.25, "relay/nats": 0.5, "sse p99/litestar@20": 2.0}


def test_what_a_process_costs_is_counted_with_its_children() -> None:
    own = cpu_seconds(1)
    assert own is None or own >= 0


def wanted(port: int, paths: Sequence[str], headers: Mapping[str, str]) -> Wanted:
    return Wanted(port=port, server=1, paths=paths, headers=headers, connections=2, warm_seconds=0.05, seconds=0.1)


def test_readers_who_catch_up_count_whole_answers_and_begin_apart() -> None:
    """Bodies of any length, heads in pieces: what is counted is what the server has sent."""
    seen: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readline():
            lines = [line async for line in _until_blank(reader)]
            assert b"Accept-Encoding: zstd\r\n" in lines
            seen.append(head.split()[1].decode())
            body = b"x" * (0 if seen[-1] == "/none" else 300_000)
            writer.write(b"HTTP/1.1 200 OK\r\nCont")
            await writer.drain()
            writer.write(b"ent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
        writer.close()

    async def run() -> tuple[int, int]:
        async with await asyncio.start_server(answer, HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
            caught = await asyncio.to_thread(catch_up, wanted(port, ["/none", "/full"], {"Accept-Encoding": "zstd"}))
        return caught.answers, caught.bytes

    answers, size = asyncio.run(run())
    assert {"/none", "/full"} <= set(seen[:4])
    assert 0 < answers <= len(seen)
    assert size % 300_000 == 0


async def _until_blank(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while (line := await reader.readline()) not in {b"\r\n", b""}:
        yield line


def test_readers_who_are_refused_end_the_bench() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def run() -> None:
        async with await asyncio.start_server(answer, HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
            await asyncio.to_thread(catch_up, wanted(port, ["/"], {}))

    with pytest.raises(NoAnswer, match=r"^The server answered b'HTTP/1.1 403 Forbidden"):
        asyncio.run(run())
    began = time.perf_counter()
    with pytest.raises(OSError, match="refused"):
        catch_up(wanted(free_port(), ["/"], {}))
    assert time.perf_counter() - began < 30
