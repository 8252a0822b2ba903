"""A partner's server on loopback: it keeps what it gets, and answers as a test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from msgspec import Struct


class Delivery(Struct, frozen=True):
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def events(self) -> list[Mapping[str, Any]]:
        return list(json.loads(self.body))

    @property
    def positions(self) -> list[int]:
        return [int(event["sequence"]) for event in self.events]


Respond = Callable[[Delivery], Awaitable[bytes]]
"""The bytes of an answer; none: hang up."""


def status(code: int, *headers: str) -> Respond:
    async def respond(_: Delivery) -> bytes:
        return answered(code, *headers)

    return respond


def answered(code: int, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {code} Said", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Receiver:
    def __init__(self) -> None:
        self.got: list[Delivery] = []
        self.respond: Respond = status(204)
        self.url = ""

    @property
    def positions(self) -> list[int]:
        return [position for delivery in self.got for position in delivery.positions]

    async def until(self, number: int) -> None:
        """Until so many deliveries have come."""
        async with asyncio.timeout(30):
            while len(self.got) < number:  # noqa: ASYNC110 - seen from outside only
                await asyncio.sleep(0.01)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head[1:] if line)}
            delivery = Delivery(headers, await reader.readexactly(int(headers["content-length"])))
            self.got.append(delivery)
            writer.write(await self.respond(delivery))
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    at_work = set[asyncio.Task[None]]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        at_work.add(task)
        try:
            await receiver.serve(reader, writer)
        except asyncio.CancelledError:
            writer.close()
        finally:
            at_work.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"http://127.0.0.1:{port}/tasma?for=all"
    try:
        yield receiver
    finally:
        server.close()
        for task in [*at_work]:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - seen from outside only
            await asyncio.sleep(0.05)
