"""The demo: the year is played on an open network, then shown."""

import time
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from adapters.due_work import DUE_WORK
from adapters.kouta.import_records import Imported
from adapters.postgres.leader import Leader
from adapters.wiring import Network
from application.desk import Desk
from application.policy_worker import PolicyWorker, work_all
from application.scheduler import expire_due
from domain.changing import replace
from examples.kymenlaakso.report import report
from examples.kymenlaakso.year import Offered, Year
from projections.catalogue import Offering, catalogue

READ_SECONDS = 3_600
"""For the read models to take the whole year in, however many times larger it is."""


async def demo(network: Network, *, seed: int, scale: int) -> Year:
    """Play the year, seal and sign it, and print what came of it."""
    began = time.perf_counter()
    stage = Stage(network)
    year = Year(stage, seed=seed, scale=scale)
    await year.play()
    await stage.work_off()
    await network.leader.catch_up_once(READ_SECONDS)
    await network.sealer.seal()
    await report(network, year, seconds=time.perf_counter() - began)
    return year


class Stage:
    """The network as the year sees it."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.desk: Desk = network.desk
        self.name = network.settings.network
        # Which of several commands a database takes first is chance, and here all chance comes from the seed.
        self.workers = [
            PolicyWorker(replace(worker.policy, together=False), worker.desk, worker.log, worker.marks, worker.cuts)
            for worker in network.policies
        ]
        # Every morning only the deadlines are looked at; the other read models catch up at the end.
        due_models = [projection for projection, _ in DUE_WORK]
        self.board = Leader(dsn=network.dsn, network=network.settings.network, log=network.log, projections=due_models)

    async def import_offerings(self, sources: Sequence[tuple[str, bytes]], at: datetime) -> Sequence[Imported]:
        return await self.network.import_kouta(sources, {}, at)

    async def offerings(self) -> Sequence[Offered]:
        await self.network.leader.catch_up_once()
        answer = await self.network.views.ask(catalogue, lambda rows: list(rows.under(Offering)))
        return [Offered(o.offering, o.provider, o.price_cents or 0, Decimal(o.credits or 0)) for o in answer.value]

    async def work_off(self) -> None:
        await work_all(self.workers)

    async def expire_due(self, at: datetime) -> None:
        await self.board.catch_up_once()
        await expire_due(self.network, self.desk, at)
