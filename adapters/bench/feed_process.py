"""A process of readers, told on stdin and heard on stdout, one JSON document a line."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType
from typing import TypeVar

import msgspec
from msgspec import Struct

from domain.kernel import Refused

T = TypeVar("T", bound=Struct)


class ReadersFailed(Refused):
    def __init__(self, way: str, why: str) -> None:
        super().__init__(f"Nothing is measured of {way}: its readers gave up. {why}")


class Readers:
    """The process, from the side that started it."""

    def __init__(self, way: str, process: asyncio.subprocess.Process) -> None:
        self._way, self._process = way, process

    async def tell(self, what: Struct) -> None:
        if self._process.stdin is None:
            raise ReadersFailed(self._way, "Nobody listens to what they are told.")
        self._process.stdin.write(msgspec.json.encode(what) + b"\n")
        await self._process.stdin.drain()

    async def hear(self, form: type[T]) -> T:
        """The next thing they say. Raises ReadersFailed."""
        line = await self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            said = await self._process.stderr.read() if self._process.stderr else b""
            why = said.decode(errors="replace").strip().rpartition("\n")[2]
            raise ReadersFailed(self._way, why or "They said nothing.")
        return msgspec.json.decode(line, type=form)


@asynccontextmanager
async def readers_of(way: str, module: ModuleType) -> AsyncIterator[Readers]:
    """A child of this process that runs a module, ended with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module.__name__,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        limit=1 << 24,
        start_new_session=True,  # Ctrl-C reaches this process alone, which then stops the other
    )
    try:
        yield Readers(way, process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
