"""The example's year over memory: the same commands, policies and read models without PostgreSQL."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from uuid import UUID

from adapters.cuts import cuts_of
from adapters.due_work import due_work
from adapters.entropy import SeededEntropy
from adapters.kouta.import_records import Imported, import_records, partners_in, standing_in
from adapters.memory.log import MemoryDocuments, MemoryLog, MemoryMarks
from adapters.memory.views import MemoryViews
from application.desk import Asker, Desk
from application.door import command_id
from application.execute import execute
from application.policies import POLICIES
from application.policy_worker import PolicyWorker, work_all
from application.scheduler import Due, expire_due
from domain.changing import replace
from domain.kernel import Asked
from examples.kymenlaakso.year import Offered, Year
from projections.catalogue import Offering, catalogue
from tests.invariants.network import START

IMPORTER = Asker(actor="system:kouta-import", role="coordinator")


class MemoryStage:
    """Implements `examples.kymenlaakso.year.Stage`."""

    def __init__(self, seed: int) -> None:
        entropy = SeededEntropy(seed)
        self.name = "kymenlaakso"
        self.log = MemoryLog("/networks/kymenlaakso", entropy, lambda: START)
        self.marks, self.documents = MemoryMarks(), MemoryDocuments()
        self.desk = Desk(self.log, self.marks, lambda: START, entropy)
        self.views = MemoryViews(self.log)
        cuts = cuts_of(self.views, self.documents, self.log)
        self.workers = [PolicyWorker(p, self.desk, self.log, self.marks, cuts) for p in POLICIES]

    async def import_offerings(self, sources: Sequence[tuple[str, bytes]], at: datetime) -> Sequence[Imported]:
        asked = await self.desk.asked(IMPORTER, at=at)

        def asked_under(key: UUID) -> Asked:
            return replace(asked, command_id=command_id(IMPORTER.actor, None, key))

        return await import_records(
            sources,
            partners=await partners_in(self.log),
            standing=lambda offering: standing_in(self.log, offering),
            execute=lambda command: execute(command, self.log),
            asked=asked_under,
        )

    async def offerings(self) -> Sequence[Offered]:
        answer = await self.views.ask(catalogue, lambda rows: list(rows.under(Offering)))
        return [Offered(o.offering, o.provider, o.price_cents or 0, Decimal(o.credits or 0)) for o in answer.value]

    async def work_off(self) -> None:
        await work_all(self.workers)

    async def expire_due(self, at: datetime) -> None:
        await expire_due(self, self.desk, at)

    async def due(self, today: date) -> Sequence[Due]:
        return await due_work(self.views, today)


@cache
def year_of(seed: int) -> tuple[MemoryStage, Year]:
    """Played once in this process, and read by many: whoever goes on from it plays one of their own."""
    return asyncio.run(played(seed))


@cache
def bodies_of(seed: int) -> tuple[bytes, ...]:
    """Every event of a year, as stored."""
    return tuple(asyncio.run(year_of(seed)[0].log.bodies(0, limit=100_000)))


async def played(seed: int) -> tuple[MemoryStage, Year]:
    """A stage on which the whole year has been played."""
    stage = MemoryStage(seed)
    year = Year(stage, seed=seed, scale=1)
    await year.play()
    return stage, year
