"""Streams of the application itself, without a server between: what is sent is seen as it is sent."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self

import msgspec
from litestar.types import HTTPDisconnectEvent, Message, Scope

from tests.http.world import World

PATIENCE_SECONDS = 20


class Listener:
    """Somebody who listens to a stream, takes what comes, and hangs up."""

    def __init__(
        self, world: World, question: str = "", who: str = "coordinator", *, path: str = "/v1/feed/stream"
    ) -> None:
        self._world, self._question, self._who, self._path = world, question, who, path
        self.messages: list[Message] = []
        self.hang_up = asyncio.Event()
        self.take: Callable[[], Awaitable[object]] | None = None
        """What is done before a chunk is taken."""
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.hang_up.set()
        await self.ended()

    @property
    def status(self) -> int | None:
        return self.messages[0]["status"] if self.messages else None  # type: ignore[typeddict-item]

    @property
    def pieces(self) -> list[bytes]:
        return [m.get("body", b"") for m in self.messages[1:]]  # type: ignore[misc]

    @property
    def text(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def events(self) -> list[tuple[int, bytes]]:
        """Positions and bytes of what was told."""
        found = []
        for block in self.text.split(b"\n\n"):
            match block.split(b"\n"):
                case [number, data] if number.startswith(b"id: "):
                    found.append((int(number[4:]), data.removeprefix(b"data: ")))
                case _:
                    pass
        return found

    @property
    def position(self) -> int:
        return max((int(line[4:]) for line in self.text.split(b"\n") if line.startswith(b"id: ")), default=0)

    @property
    def resume(self) -> Any:  # noqa: ANN401 - any JSON
        """The last words, if there are any."""
        _, found, said = self.text.partition(b"event: resume\ndata: ")
        return msgspec.json.decode(said) if found else None

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():  # noqa: ASYNC110 - seen from outside only
                await asyncio.sleep(0.005)

    async def ended(self) -> None:
        assert self._task is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(self._task)

    async def _listen(self) -> None:
        async def receive() -> HTTPDisconnectEvent:
            await self.hang_up.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body" and self.take is not None:
                await self.take()
            self.messages.append(message)

        bearer = self._world.bearers[self._who]
        scope: Any = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": self._path, "raw_path": self._path.encode(), "root_path": "", "state": {},
            "query_string": self._question.encode(), "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
            "headers": [(b"host", b"test"), (b"authorization", f"Bearer {bearer}".encode())],
        }  # fmt: skip
        wanted: Scope = scope
        await self._world.client.app(wanted, receive, send)
