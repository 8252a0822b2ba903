"""Bare routes of Litestar under the same granian: the same bytes from memory, and a broadcast to all who listen.

`python -m adapters.http.bench.bare PORT FOLDER NEWS_PORT`: FOLDER holds what is given out, one file an answer; whoever connects
to NEWS_PORT tells one event a line, which every listener is sent.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server
from litestar import Litestar, MediaType, Response, get
from litestar.response import Stream

from adapters.http.serve import BACKLOG

FOLDER, NEWS_PORT = "TASMA_BARE_DIR", "TASMA_BARE_NEWS_PORT"
"""What the worker process is told; `serve` sets it, nobody else."""
LINE_BYTES_MAX: Final = 1_000_000
ENCODINGS: Final = {".zst": {"Content-Encoding": "zstd"}}
"""Of an answer, by the ending of its file."""


class Broadcast:
    """What was told so far; each listener is sent what is new to it as one chunk."""

    def __init__(self) -> None:
        self.listeners = 0
        self._chunks: list[bytes] = []
        self._news = asyncio.Event()

    async def take(self, told: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while line := await told.readline():
            self._chunks.append(b"id: %d\ndata: %b\n\n" % (len(self._chunks) + 1, line.rstrip(b"\n")))
            self._news.set()
            self._news = asyncio.Event()

    async def chunks(self) -> AsyncIterator[bytes]:
        sent = len(self._chunks)
        self.listeners += 1
        try:
            yield b":\n\n"
            while True:
                if sent == len(self._chunks):
                    await self._news.wait()
                new, sent = self._chunks[sent:], len(self._chunks)
                yield new[0] if len(new) == 1 else b"".join(new)
        finally:
            self.listeners -= 1


def create() -> Litestar:
    """The application for the folder and the port that the environment names."""
    answers = {file.stem: (file.read_bytes(), ENCODINGS.get(file.suffix)) for file in _files(os.environ[FOLDER])}
    broadcast = Broadcast()

    @asynccontextmanager
    async def listening(_: Litestar) -> AsyncIterator[None]:
        news_port = int(os.environ[NEWS_PORT])
        async with await asyncio.start_server(broadcast.take, "127.0.0.1", news_port, limit=LINE_BYTES_MAX):
            yield

    @get("/answers/{name:str}", media_type="application/octet-stream")
    async def answer(name: str) -> Response[bytes]:
        content, headers = answers[name]
        return Response(content, headers=headers)

    @get("/live")
    async def live() -> Stream:
        return Stream(broadcast.chunks(), media_type="text/event-stream")

    @get("/live/listeners", media_type=MediaType.TEXT)
    async def listeners() -> str:
        return str(broadcast.listeners)

    handlers: list[Any] = [answer, live, listeners]
    return Litestar(handlers, lifespan=[listening], openapi_config=None, logging_config=None)


def _files(folder: str) -> list[Path]:
    return [path for path in Path(folder).iterdir() if path.is_file()]


def serve(port: int, folder: str, news_port: int) -> None:
    """Serve until SIGTERM, as `adapters.http.serve` does it with one worker."""
    os.environ |= {FOLDER: folder, NEWS_PORT: str(news_port)}
    Server(
        f"{__spec__.name}:{create.__name__}",
        factory=True,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        websockets=False,
        http=HTTPModes.http1,
        backlog=BACKLOG,
        log_level=LogLevels.warning,
        log_access=False,
        workers_kill_timeout=1,
    ).serve()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
