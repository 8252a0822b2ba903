"""A receiver of webhooks, in a process of its own: it takes what is posted to it, says that it did, and counts."""

import asyncio
import re
import sys
from typing import Final

import msgspec
from msgspec import Struct

from adapters.bench.feed_server import HOST

TAKEN: Final = b"HTTP/1.1 204 No Content\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
HEAD_BYTES_MAX: Final = 1 << 16


class Receiving(Struct, frozen=True):
    """It can be posted to."""

    port: int


class Count(Struct, frozen=True):
    """Say what has come since the last time."""


class Received(Struct, frozen=True):
    posts: int
    bytes: int


class Receiver:
    """Counts what comes on all of its connections."""

    def __init__(self) -> None:
        self.posts = self.bytes = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                self.posts += 1
                self.bytes += len(body)
                writer.write(TAKEN)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def receive() -> None:
    """Until nobody asks any longer what has come."""
    receiver = Receiver()
    async with await asyncio.start_server(receiver.take, HOST, 0, limit=HEAD_BYTES_MAX) as server:
        _say(Receiving(server.sockets[0].getsockname()[1]))
        while await asyncio.to_thread(sys.stdin.buffer.readline):
            _say(Received(receiver.posts, receiver.bytes))
            receiver.posts = receiver.bytes = 0


def _say(what: Struct) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(receive())
