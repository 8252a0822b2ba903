"""A proxy that knows which question is an append and loses the connection at a chosen moment of it.

It reads what clients say as the messages of PostgreSQL's protocol (chapter "Frontend/Backend Protocol", version 3).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from psycopg.conninfo import conninfo_to_dict, make_conninfo

Moment = Literal["before it is asked", "before its commit", "after its commit"]


class _Line:
    """One connection, as far as it matters here."""

    appends = False
    """Decisions are appended on it."""
    cut = False
    """The append that was asked last is one to be cut."""


class Cutting:
    """Cuts every k-th append."""

    def __init__(self, server: Path, moment: Moment) -> None:
        self._server, self._moment = server, moment
        self._ends: set[asyncio.StreamWriter] = set()
        self._asked = 0
        self.every = 3
        self.cuts = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(self._server)
        ends, line = {writer, server_writer}, _Line()
        self._ends |= ends
        questions = asyncio.create_task(self._questions(reader, server_writer, line))
        answers = asyncio.create_task(self._answers(server_reader, writer, line))
        await asyncio.wait({questions, answers}, return_when=asyncio.FIRST_COMPLETED)
        for task in (questions, answers):
            task.cancel()
        await asyncio.gather(questions, answers, return_exceptions=True)
        for end in ends:
            end.close()
        self._ends -= ends

    def close(self) -> None:
        for end in self._ends:
            end.close()

    async def _questions(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: _Line) -> None:
        length = await reader.readexactly(4)
        writer.write(length + await reader.readexactly(int.from_bytes(length, "big") - 4))  # the start has no kind
        while True:
            head = await reader.readexactly(5)
            body = await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
            match head[:1]:
                case b"P" if b".append(" in body:  # Parse
                    line.appends = True
                case b"B" if line.appends:  # Bind: the question begins
                    self._asked += 1
                    line.cut = self._asked % self.every == 0
                    if line.cut and self._moment == "before it is asked":
                        self.cuts += 1
                        return
                case b"S" if line.cut and self._moment == "before its commit":
                    # Sync commits: by then everything was carried out, and nothing is there yet.
                    self.cuts += 1
                    return
            writer.write(head + body)
            await writer.drain()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: _Line) -> None:
        while data := await reader.read(65_536):
            if line.cut:  # the server speaks when it has committed
                self.cuts += 1
                return
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def cutting(dsn: str, moment: Moment) -> AsyncIterator[tuple[Cutting, str]]:
    """A proxy before a server, and the connection string that goes through it."""
    given = conninfo_to_dict(dsn)
    socket = f".s.PGSQL.{given['port']}"
    proxy = Cutting(Path(str(given["host"])) / socket, moment)
    with TemporaryDirectory(prefix="p", dir="/tmp") as folder:  # a socket's path must be short
        async with await asyncio.start_unix_server(proxy.serve, Path(folder) / socket):
            try:
                yield proxy, make_conninfo(dsn, host=folder)
            finally:
                proxy.close()
