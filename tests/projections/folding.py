"""A log in PostgreSQL whose folds can be held up, and views over it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from adapters.entropy import SystemEntropy
from adapters.postgres.database import Database, connect
from adapters.postgres.log import PostgresLog
from adapters.postgres.views import Views
from application.envelope import Recorded
from tests.projections.mentors import append
from tests.projections.same import Ground


class HeldLog(PostgresLog):
    """Holds up who folds, with a connection, as a slow database would; and notes what is read."""

    def __init__(self, database: Database, network: str) -> None:
        super().__init__(database, network, "/networks/test", SystemEntropy())
        self._lent = database
        self.gate = asyncio.Event()
        self.gate.set()
        self.come: asyncio.Queue[int] = asyncio.Queue()
        """One item for each time that somebody came to the gate."""
        self.gone: asyncio.Queue[int] = asyncio.Queue()
        """One item for each time that somebody was cancelled there."""
        self.ending = asyncio.Event()
        """Until it is set, who is cancelled at the gate does not end."""
        self.ending.set()
        self.marked: asyncio.Queue[int] = asyncio.Queue()
        """One item for each event that was looked up: who looked it up goes on before anybody else does."""
        self.held = self.held_most = 0
        self.fault: Exception | None = None
        """What becomes of whoever passes the gate."""
        self.fault_of_cancelled: Exception | None = None
        """What becomes of whoever is cancelled there."""
        self.read_after: list[int] = []

    async def pages(self, first: int, *, limit: int) -> Sequence[bytes]:
        self.held += 1
        self.held_most = max(self.held, self.held_most)
        try:
            async with self._lent.connection():
                self.come.put_nowait(first)
                await self.gate.wait()
            if self.fault:
                raise self.fault
            return await super().pages(first, limit=limit)
        except asyncio.CancelledError:
            self.gone.put_nowait(first)
            await self.ending.wait()
            if self.fault_of_cancelled:
                raise self.fault_of_cancelled from None
            raise
        finally:
            self.held -= 1

    async def read(self, after: int, *, limit: int) -> Sequence[Recorded]:
        self.read_after.append(after)
        return await super().read(after, limit=limit)

    async def body(self, position: int) -> bytes | None:
        found = await super().body(position)
        self.marked.put_nowait(position)
        return found

    def note_anew(self) -> None:
        """Forget who came and what was read so far."""
        for queue in self.come, self.gone, self.marked:
            while not queue.empty():
                queue.get_nowait()
        self.read_after.clear()


class Scene:
    def __init__(self, ground: Ground, log: HeldLog, database: Database) -> None:
        self.ground, self.log = ground, log
        self.views = Views(connect=database.connection, network=ground.network, log=log)
        self._number = 0

    async def decide(self, *capacities: int) -> int:
        """Append one event each, all decisions of their own; the last position."""
        position = 0
        for capacity in capacities:
            self._number += 1
            position = await append(self.log, capacity, number=self._number)
        return position


@asynccontextmanager
async def scene(ground: Ground) -> AsyncIterator[Scene]:
    async with connect(ground.server.app_dsn) as database, HeldLog(database, ground.network) as log:
        yield Scene(ground, log, database)
