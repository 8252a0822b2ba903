"""A log that is watched: nothing is appended to a database that lost what was signed, and what is appended is counted."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from adapters.custody import Custody
from application.envelope import Recorded
from application.ports import Decision, Head, History, Log, Outcome, Raced
from domain.kernel import Boundary


class WatchedLog:
    """Implements `application.ports.Log` by another one. Its counts are those of this process since it began."""

    def __init__(self, log: Log, custody: Custody) -> None:
        self.decisions = self.events = 0
        """What was appended."""
        self._log, self._custody = log, custody

    @property
    def era(self) -> int:
        return self._log.era

    async def look(self, boundary: Boundary) -> History:
        before, era = self._custody.highest, self._log.era
        history = await self._log.look(boundary)
        await self._custody.saw(history.head, before=before)
        await self._judge_another(era)
        return history

    async def append(self, decision: Decision) -> Outcome:
        self._custody.admit()
        era = self._log.era
        try:
            outcome = await self._log.append(decision)
        except Raced:
            await self._judge_another(era)
            self._custody.admit()
            raise
        if not outcome.repeated:
            self.decisions += 1
            self.events += len(outcome.events)
        return outcome

    async def recall(self, command_id: UUID, digest: bytes) -> Outcome | None:
        return await self._log.recall(command_id, digest)

    async def read(self, after: int, *, limit: int) -> Sequence[Recorded]:
        return await self._log.read(after, limit=limit)

    async def bodies(self, after: int, *, limit: int) -> Sequence[bytes]:
        return await self._log.bodies(after, limit=limit)

    async def pages(self, first: int, *, limit: int) -> Sequence[bytes]:
        return await self._log.pages(first, limit=limit)

    async def packed_pages(self, first: int, *, limit: int) -> Sequence[bytes]:
        return await self._log.packed_pages(first, limit=limit)

    async def body(self, position: int) -> bytes | None:
        return await self._log.body(position)

    async def head(self) -> Head:
        before = self._custody.highest
        head = await self._log.head()
        await self._custody.saw(head.position, before=before)
        return head

    async def last_before(self, moment: datetime) -> int:
        return await self._log.last_before(moment)

    async def wait(self, after: int, seconds: float) -> int:
        before = self._custody.highest
        head = await self._log.wait(after, seconds)
        # Who listens may know less than who has asked: only a head that is asked for shows that the log got shorter.
        return (await self.head()).position if head < before else head

    async def _judge_another(self, era: int) -> None:
        """Where the log is not the one it was, find out at once whether it still holds all that was signed."""
        if self._log.era != era:
            await self._custody.judge(by_root=True)
