"""A connection that is hung up when its server says nothing: who waits finds it lost, and can go on with another.

A server that is stopped, or whose disk hangs, ends no connection. Without this whoever holds one for long, to lead or to
rebuild, would stand still with it, and a cancellation would wait as well.
"""

import asyncio
from typing import Any, Self, TypeVar

from psycopg import AsyncConnection
from psycopg.abc import PQGen

from adapters.postgres.database import SILENT_SECONDS, hanging_up

T = TypeVar("T")


class Impatient(AsyncConnection[Any]):
    """Each wait for the server has an end: one for each statement, or what of it is sent or fetched at a time."""

    silent_seconds = SILENT_SECONDS

    @classmethod
    async def held(cls, info: str, *, silent_seconds: float | None = None) -> Self:
        """Connect, in autocommit. Raises OperationalError."""
        connection = await cls.connect(info, autocommit=True)
        connection.silent_seconds = silent_seconds or cls.silent_seconds
        return connection

    async def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:  # noqa: ANN401 - as the driver has it, by version
        """Wait as the driver does. Raises OperationalError also where the server was silent for too long."""
        with hanging_up(self, asyncio.get_running_loop().time() + self.silent_seconds):
            return await super().wait(gen, *args, **kwargs)
