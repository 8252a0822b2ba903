"""Readers who catch up, in a process of their own, so that they cost the server nothing: wanted on stdin, figures on stdout.

They ask on connections that stay open, take the answers without looking into them, and count. One loop over plain sockets: a
client that did more would be what is measured.
"""

import re
import selectors
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Final

import msgspec
from msgspec import Struct

from adapters.bench.feed_server import HOST, cpu_seconds

BUFFER_BYTES: Final = 1 << 18
HEAD_BYTES_MAX: Final = 1 << 16
SILENCE_SECONDS: Final = 30.0
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class Wanted(Struct, frozen=True, kw_only=True):
    """What is to be read, and from whom."""

    port: int
    server: int
    """The main process of the server, whose costs are counted."""
    paths: Sequence[str]
    headers: Mapping[str, str]
    connections: int
    warm_seconds: float
    seconds: float


class Caught(Struct, frozen=True, kw_only=True):
    """What was read in the time measured, and what it took."""

    answers: int
    bytes: int
    """Of the answers' bodies."""
    seconds: float
    server_cpu_seconds: float | None
    own_cpu_seconds: float


class NoAnswer(Exception):
    """Something else came than what was asked for."""

    def __init__(self, head: bytes) -> None:
        super().__init__(f"The server answered {head[:200]!r}.")


class _Connection:
    """One reader: it asks for one thing after another, beginning somewhere, and over again."""

    def __init__(self, wanted: Wanted, requests: Sequence[bytes], first: int) -> None:
        self.socket = socket.create_connection((HOST, wanted.port), timeout=SILENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.bytes = self.answers = 0
        self._requests, self._next = requests, first
        self._head, self._left = b"", 0
        self.ask()

    def ask(self) -> None:
        self.socket.sendall(self._requests[self._next % len(self._requests)])
        self._next += 1

    def take(self, buffer: bytearray) -> None:
        """What has come; after the last of an answer, ask for the next. Raises NoAnswer."""
        came = self.socket.recv_into(buffer)
        if not came:
            raise NoAnswer(b"nothing, and closed the connection")
        if not self._left:
            came = self._begin(bytes(memoryview(buffer)[:came]))
        if came:
            self._left -= came
        if not self._left and not self._head:
            self.answers += 1
            self.ask()

    def _begin(self, came: bytes) -> int:
        """The beginning of an answer: how much of its body has come with it."""
        self._head += came
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if not end:
            if len(self._head) > HEAD_BYTES_MAX:
                raise NoAnswer(self._head)
            return 0
        length = _LENGTH.search(head + b"\r\n")
        if not head.startswith(b"HTTP/1.1 200 ") or length is None:
            raise NoAnswer(head)
        self._head, self._left = b"", int(length[1])
        self.bytes += self._left
        return len(rest)


def catch_up(wanted: Wanted) -> Caught:
    """Read for so long. Raises NoAnswer, OSError."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in wanted.headers.items())
    requests = [f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{lines}\r\n".encode() for path in wanted.paths]
    apart = max(1, len(requests) // wanted.connections)
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        readers = [_Connection(wanted, requests, n * apart) for n in range(wanted.connections)]
        for reader in readers:
            stack.enter_context(reader.socket)
            selector.register(reader.socket, selectors.EVENT_READ, reader)
        _read(selector, wanted.warm_seconds)
        answers, body_bytes = sum(r.answers for r in readers), sum(r.bytes for r in readers)
        cpu, own, began = cpu_seconds(wanted.server), time.process_time(), time.perf_counter()
        _read(selector, wanted.seconds)
        seconds = time.perf_counter() - began
        after = cpu_seconds(wanted.server)
    return Caught(
        answers=sum(r.answers for r in readers) - answers,
        bytes=sum(r.bytes for r in readers) - body_bytes,
        seconds=seconds,
        server_cpu_seconds=None if cpu is None or after is None else after - cpu,
        own_cpu_seconds=time.process_time() - own,
    )


def _read(selector: selectors.BaseSelector, seconds: float) -> None:
    buffer, deadline = bytearray(BUFFER_BYTES), time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        ready = selector.select(SILENCE_SECONDS)
        if not ready:
            raise NoAnswer(f"nothing for {SILENCE_SECONDS:.0f} seconds".encode())
        for key, _ in ready:
            reader: _Connection = key.data
            reader.take(buffer)


if __name__ == "__main__":
    try:
        caught = catch_up(msgspec.json.decode(sys.stdin.buffer.readline(), type=Wanted))
    except (NoAnswer, OSError) as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(msgspec.json.encode(caught) + b"\n")
