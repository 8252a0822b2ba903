"""Readers who listen, in a process of their own: wanted on stdin, figures on stdout, one line each.

Each reader has a connection and notes when how far it has come, on the clock that all processes of the machine share. What it
gets is counted, not decoded: with hundreds of readers, this process would be what is measured.
"""

import asyncio
import gc
import math
import re
import sys
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, Literal

import msgspec
from msgspec import Struct

from adapters.bench.feed_results import Heard
from adapters.bench.feed_server import HOST, cpu_seconds

CONNECT_AT_ONCE: Final = 50
PATIENCE_SECONDS: Final = 60.0
"""For the last reader to hear the last event."""
POLL_SECONDS: Final = 0.02
POLL_WAIT_SECONDS: Final = 25
POLL_EVENTS: Final = 1_000
EVENT_ENDS: Final = b"}\n\n"
"""Of an event, as opposed to a comment: its data is an object."""
OK: Final = b"HTTP/1.1 200 "
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_POSITION: Final = re.compile(rb"\r\ntasma-position: *(\d+)\r\n", re.IGNORECASE)


class Wanted(Struct, frozen=True, kw_only=True):
    """Who shall listen to what."""

    way: Literal["sse", "long poll"]
    port: int
    server: int
    """The main process of the server, whose costs are counted."""
    path: str
    tokens: Sequence[str]
    """Taken by turns; none: nobody asks for one."""
    readers: int
    after: int


class Ready(Struct, frozen=True):
    """So many have connected, or have heard the first event: that they do is known from then on."""

    readers: int


class Begin(Struct, frozen=True):
    """From now on it counts."""


class Told(Struct, frozen=True):
    """What was said to whom: when each position was there to be sent, in nanoseconds of the monotonic clock."""

    moments: Mapping[int, int]


class Listener(asyncio.Protocol):
    """One reader of a stream that the server never ends."""

    def __init__(self, ask: Callable[[int], bytes], after: int) -> None:
        self.position = after
        self.times, self.positions = array("q"), array("q")
        self.fault: str | None = None
        self._ask = ask
        self._begun = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.ask()

    def ask(self) -> None:
        assert isinstance(self._transport, asyncio.WriteTransport)  # noqa: S101 - for the type checker
        self._transport.write(self._ask(self.position))

    def data_received(self, data: bytes) -> None:
        came = self._rest + data
        if not self._begun:
            if len(came) < len(OK):
                self._rest = came
                return
            self._begun = True
            if not came.startswith(OK):
                self.fault = f"The server answered {came[:200]!r}."
        # What ends in two pieces is counted with the second of them.
        self._rest = came[-2:]
        if events := came.count(EVENT_ENDS):
            self.note(self.position + events)

    def note(self, position: int) -> None:
        self.position = position
        self.times.append(time.monotonic_ns())
        self.positions.append(position)

    def connection_lost(self, exc: Exception | None) -> None:
        self.fault = self.fault or f"The server hung up at {self.position:,} ({exc or 'without an error'})."


class Poller(Listener):
    """One reader that asks again as soon as it has an answer."""

    def data_received(self, data: bytes) -> None:
        self._rest += data
        head, end, body = self._rest.partition(b"\r\n\r\n")
        if not end:
            return
        head += b"\r\n"
        length, position = _LENGTH.search(head), _POSITION.search(head)
        if not head.startswith(OK) or length is None or position is None:
            self.fault = f"The server answered {head[:200]!r}."
        elif len(body) == int(length[1]):
            self._rest = b""
            if (came_to := int(position[1])) > self.position:
                self.note(came_to)
            self.ask()


async def listen(
    wanted: Wanted, hear: Callable[[type[Told] | type[Begin]], Told | Begin], say: Callable[[Struct], None]
) -> None:
    """Connect, wait for the first event, listen, and tell the figures. Raises SystemExit with a sentence."""
    listeners = await _connected(wanted)
    say(Ready(len(listeners)))
    await _reach(listeners, wanted.after + 1)
    # The collector's pauses are not the server's.
    gc.collect()
    gc.disable()
    for listener in listeners:
        listener.times, listener.positions = array("q"), array("q")
    say(Ready(len(listeners)))
    await asyncio.to_thread(hear, Begin)
    began, own, cpu = time.perf_counter(), time.process_time(), cpu_seconds(wanted.server)
    told = await asyncio.to_thread(hear, Told)
    assert isinstance(told, Told)  # noqa: S101 - for the type checker
    await _reach(listeners, max(told.moments))
    seconds, own, after = time.perf_counter() - began, time.process_time() - own, cpu_seconds(wanted.server)
    late = sorted(late for listener in listeners for late in lateness(listener.times, listener.positions, told.moments))
    say(
        Heard(
            events=len(told.moments),
            seconds=seconds,
            p50_ms=at_rank(late, 0.5),
            p99_ms=at_rank(late, 0.99),
            max_ms=at_rank(late, 1),
            server_cpu_seconds=None if cpu is None or after is None else after - cpu,
            readers_cpu_seconds=own,
        )
    )


def lateness(times: Sequence[int], positions: Sequence[int], moments: Mapping[int, int]) -> list[int]:
    """Of each event how long it took to one reader, in nanoseconds; what came before the writer knew took no time."""
    found, passed = [], min(moments) - 1
    for at, position in zip(times, positions, strict=True):
        found += [max(0, at - moments[n]) for n in range(passed + 1, position + 1) if n in moments]
        passed = max(passed, position)
    return found


def at_rank(late: Sequence[int], part: float) -> float:
    """The lateness that this part of all did not exceed, in milliseconds."""
    return round(late[max(0, math.ceil(len(late) * part) - 1)] / 1e6, 2)


async def _connected(wanted: Wanted) -> list[Listener]:
    loop = asyncio.get_running_loop()
    found: list[Listener] = []
    for first in range(0, wanted.readers, CONNECT_AT_ONCE):
        numbers = range(first, min(first + CONNECT_AT_ONCE, wanted.readers))
        some = await asyncio.gather(
            *(loop.create_connection(partial(_listener, wanted, n), HOST, wanted.port) for n in numbers)
        )
        found += [listener for _, listener in some]
    return found


def _listener(wanted: Wanted, n: int) -> Listener:
    token = f"Authorization: Bearer {wanted.tokens[n % len(wanted.tokens)]}\r\n" if wanted.tokens else ""
    poll = f"&limit={POLL_EVENTS}&wait={POLL_WAIT_SECONDS}" if wanted.way == "long poll" else ""

    def ask(after: int) -> bytes:
        return f"GET {wanted.path}?after={after}{poll} HTTP/1.1\r\nHost: {HOST}\r\n{token}\r\n".encode()

    return (Poller if wanted.way == "long poll" else Listener)(ask, wanted.after)


async def _reach(listeners: Sequence[Listener], position: int) -> None:
    """Wait until all have come so far."""
    deadline = time.perf_counter() + PATIENCE_SECONDS
    while behind := [listener for listener in listeners if listener.position < position]:
        if fault := next((listener.fault for listener in listeners if listener.fault), None):
            sys.exit(fault)
        if time.perf_counter() > deadline:
            least = min(listener.position for listener in behind)
            sys.exit(
                f"{len(behind):,} of {len(listeners):,} readers have not come to {position:,}, one is at {least:,}."
            )
        await asyncio.sleep(POLL_SECONDS)


def _hear(form: type[Told] | type[Begin]) -> Told | Begin:
    return msgspec.json.decode(sys.stdin.buffer.readline(), type=form)


def _say(what: Struct) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(listen(msgspec.json.decode(sys.stdin.buffer.readline(), type=Wanted), _hear, _say))
