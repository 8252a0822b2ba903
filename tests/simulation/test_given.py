"""What simulated histories found or hardly ever come to: each situation by itself, as it is given here."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryDocuments, MemoryLog, MemoryMarks
from adapters.memory.views import MemoryViews
from application.desk import Asker, Cause, Desk
from application.ports import Outcome, Unavailable
from domain.kernel import Command, current
from domain.network.events import FollowUpOpened
from domain.pathways.events import StepDelivered
from domain.revenue.events import RevenueShared
from domain.settlement.close_period import ClosePeriod
from domain.settlement.events import PeriodClosed
from projections.pathways import pathways
from tests.domain.story import AGREEMENT
from tests.invariants.network import COORDINATOR, START, PlayedNetwork
from tests.invariants.promises import check_log, check_money, check_statements
from tests.projections.same import folded, read

PART = {"pathway": "pathway:p-0", "step": 1, "part": 1}
DELIVERY = {**PART, "delivered_on": "2019-01-02", "quantities": [{"unit": "credit", "quantity": "1"}]}


async def a_pathway(log: MemoryLog | None = None) -> PlayedNetwork:
    """Of one part for 100.00, agreed and worked off."""
    log = log or MemoryLog("/networks/t", SeededEntropy(1), lambda: START)
    network = PlayedNetwork(log, MemoryMarks(), MemoryDocuments(), SeededEntropy(2))
    await network.found()
    await network.agreed_pathway("pathway:p-0", [10_000])
    await network.work_off()
    return network


class DeskThatIsWatched(Desk):
    """Something happens once between its look at how far sharing has come and the closing that rests on it."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def _fill(self, command: type[Command], body: Any) -> Mapping[str, object]:  # noqa: ANN401 - any JSON
        filled = await super()._fill(command, body)
        if command is ClosePeriod and self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        return filled


def test_what_is_delivered_while_its_month_is_being_closed_is_shared_in_the_next() -> None:
    """In a constructed network alone, where times are told: the closing goes through, and not a cent is lost or booked twice."""

    async def play() -> None:
        network = await a_pathway()
        desk = DeskThatIsWatched(network.log, network.marks, network.desk.clock, network.entropy)
        evening = datetime.fromisoformat("2019-01-31T20:00:00+02:00")
        desk.meanwhile = lambda: network.desk.carry_out("deliver-step", DELIVERY, COORDINATOR, at=evening)
        network.now = evening + timedelta(hours=12)
        await desk.carry_out("close-period", {"period": "2019-01"}, COORDINATOR, at=network.now)
        last = [type(r.data) for r in (await network.events())[-2:]]
        assert last == [StepDelivered, PeriodClosed], (
            "it was delivered before the closing, which had looked before that"
        )
        await network.work_off()
        (entry,) = [e for r in await network.events() if isinstance(e := current(r.data), RevenueShared)]
        assert (entry.period, entry.occurred_on.isoformat(), entry.amount_cents) == ("2019-02", "2019-01-02", 10_000)
        network.period = "2019-02"
        assert await network.close_next() is None
        await network.work_off()
        events = await network.events()
        check_log(events)
        check_money(events)
        stated = check_statements(events, await network.folded())
        assert {account.period for account in stated.values() if account.lines} == {"2019-02"}

    asyncio.run(play())


class DeskOfAWrongClock(Desk):
    """Its clock is behind whenever it puts something on the coordinator's list, for as long as `wrong` says."""

    wrong = True

    async def carry_out(
        self,
        name: str,
        body: object,
        asker: Asker,
        *,
        key: UUID | None = None,
        at: datetime | None = None,
        cause: Cause | None = None,
    ) -> Outcome:
        if self.wrong and name == "open-follow-up":
            at = START - timedelta(days=1)
        return await super().carry_out(name, body, asker, key=key, at=at, cause=cause)


def test_a_follow_up_that_the_clock_refuses_is_listed_later_and_halts_nobody() -> None:
    """Not the domain refused it: the policy waits before the event, says nothing of a halt, and lists it once."""

    async def play() -> None:
        network = await a_pathway()
        desk = DeskOfAWrongClock(network.log, network.marks, network.desk.clock, network.entropy)
        await network.do("deliver-step", DELIVERY)
        await network.do("share-revenue", {**PART, "agreement": AGREEMENT})
        sharing = network.workers(desk=desk)[0]
        before = await network.events()
        delivered = next(r.position for r in before if isinstance(r.data, StepDelivered))
        for _ in range(2):
            with pytest.raises(Unavailable):
                await sharing.work_off()
        assert await network.events() == before
        assert await network.marks.mark(sharing.policy.name) < delivered
        assert sharing.last_halt is None
        desk.wrong = False
        assert await sharing.work_off() > delivered
        listed = [e for r in await network.events() if isinstance(e := current(r.data), FollowUpOpened)]
        assert [(e.code, e.about) for e in listed] == [("refused", "pathway:p-0")]

    asyncio.run(play())


class FarLog(MemoryLog):
    """Others come in while it is read."""

    async def pages(self, first: int, *, limit: int) -> Sequence[bytes]:
        await asyncio.sleep(0)
        return await super().pages(first, limit=limit)


def test_of_two_questions_at_once_each_is_answered_as_of_its_own_position() -> None:
    """Neither folds on what the other is folding: no event counts twice, and of what came later nothing shows."""

    async def play() -> None:
        log = FarLog("/networks/t", SeededEntropy(1), lambda: START)
        await a_pathway(log)
        events = await log.read(0, limit=1_000)
        views = MemoryViews(log)
        await views.ask(pathways, bool, as_of=len(events) - 5)  # both would go on from here
        moments = (len(events), len(events) - 3)
        asked = (views.ask(pathways, lambda rows: read(pathways, rows), as_of=position) for position in moments)
        for position, answer in zip(moments, await asyncio.gather(*asked), strict=True):
            assert (answer.position, answer.value) == (position, read(pathways, folded(pathways, events[:position])))

    asyncio.run(play())
