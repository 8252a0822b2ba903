"""Hours that come with no amount any more reach the coordinator's list, in whatever order the policies get to work."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryDocuments, MemoryLog, MemoryMarks
from application.desk import SHARING
from application.envelope import Recorded
from application.policies import POLICIES, Cuts
from domain.kernel import Event
from domain.mentoring.events import HoursLeftOver, SessionHeld
from domain.network.events import FollowUpOpened
from domain.pathways.events import PathwayCompleted
from domain.revenue.events import RevenueReversed, RevenueShared
from domain.revenue.pathway_revenue import SESSIONS_MAX
from tests.domain.story import AGREEMENT
from tests.invariants.network import START, PlayedNetwork

BY_THE_HOUR = {
    "steps": [
        {"take": {"per_unit_cents": 400, "unit": "mentor_hour"}, "to": "role:referrer", "for": "mentoring"},
        {"take": "remaining", "to": "role:provider", "for": "delivery"},
    ]
}
LEFT_OVER = "list-left-over-hours"
PATHWAY = "pathway:p-0"


class Guided(PlayedNetwork):
    """One pathway of one or two steps, whose client has a mentor."""

    def __init__(self) -> None:
        log = MemoryLog("/networks/t", SeededEntropy(1), lambda: START)
        super().__init__(log, MemoryMarks(), MemoryDocuments(), SeededEntropy(2))
        self.sessions = 0

    async def begin(self, steps: int) -> None:
        await self.found(BY_THE_HOUR)
        await self.agreed_pathway(PATHWAY, [10_000] * steps)
        await self.do("assign-mentee", {"mentor": "mentor:m-0", "client": "client:p-0"})

    async def meet(self, times: int) -> None:
        for _ in range(times):
            days = timedelta(days=self.sessions // 96)  # a day has room for 96 quarters of an hour
            self.now = max(self.now, START + days)
            held_on = date(2019, 1, 2) + days
            self.sessions += 1
            body = {"session": f"session:s-{self.sessions}", "mentor": "mentor:m-0", "client": "client:p-0"}
            await self.do("record-session", {**body, "held_on": str(held_on), "hours": "0.25", "pathway": PATHWAY})

    async def deliver(self, step: int) -> None:
        body = {"pathway": PATHWAY, "step": step, "part": 1, "delivered_on": "2019-01-02", "quantities": []}
        await self.asks("deliver-step", body)

    async def complete(self) -> None:
        await self.asks("complete-pathway", {"pathway": PATHWAY})

    async def share(self, step: int) -> None:
        await self.asks("share-revenue", {"pathway": PATHWAY, "step": step, "part": 1, "agreement": AGREEMENT})

    async def take_back(self, step: int, reason: str) -> None:
        for entry in await self.told(RevenueShared):
            if isinstance(entry, RevenueShared) and entry.step == step:
                await self.asks("reverse-entry", {"entry": entry.entry, "reason": reason})

    async def work(self, policy: str) -> None:
        (worker,) = (worker for worker in self.workers() if worker.policy.name == policy)
        await worker.work_off()

    async def told(self, *types: type[Event]) -> list[Event]:
        return [recorded.data for recorded in await self.events() if isinstance(recorded.data, types)]

    async def listed(self) -> list[int]:
        """How many sessions each item of the coordinator's list is about."""
        found = [len(each.sessions) for each in await self.told(HoursLeftOver) if isinstance(each, HoursLeftOver)]
        items = [each for each in await self.told(FollowUpOpened) if isinstance(each, FollowUpOpened)]
        assert [each.code for each in items if each.code != "refused"] == ["hours-left-over"] * len(found)
        return found


def test_hours_that_a_credit_loss_brought_back_are_listed_and_come_with_no_amount_afterwards() -> None:
    async def play() -> None:
        network = Guided()
        await network.begin(1)
        await network.meet(2)
        await network.deliver(1)
        await network.complete()
        await network.work_off()
        assert await network.listed() == []
        await network.take_back(1, "credit-loss")
        await network.work_off()
        assert await network.listed() == [2]
        await network.share(1)
        (_, anew) = await network.told(RevenueShared)
        assert isinstance(anew, RevenueShared)
        assert anew.sessions == ()
        await network.work_off()
        assert await network.listed() == [2]

    asyncio.run(play())


def test_hours_wait_as_long_as_another_part_may_be_shared_anew() -> None:
    """One part is a credit loss, the other was an error: what is shared anew takes the hours of both."""

    async def play() -> None:
        network = Guided()
        await network.begin(2)
        await network.meet(2)
        await network.deliver(1)
        await network.deliver(2)
        await network.complete()
        await network.work_off()
        await network.take_back(2, "entered-in-error")
        await network.take_back(1, "credit-loss")
        await network.work_off()
        assert await network.listed() == []
        await network.share(2)
        assert len(cast("RevenueShared", (await network.told(RevenueShared))[-1]).sessions) == 2

    asyncio.run(play())


def test_hours_that_an_entry_has_no_room_for_are_listed_though_the_completion_was_worked_off_first() -> None:
    async def play() -> None:
        network = Guided()
        await network.begin(1)
        await network.meet(SESSIONS_MAX + 10)
        await network.deliver(1)
        await network.complete()
        await network.work(LEFT_OVER)
        assert await network.listed() == []
        await network.work_off()
        assert await network.listed() == [10]

    asyncio.run(play())


def test_it_is_asked_for_after_what_may_leave_hours_over_and_after_nothing_else() -> None:
    """Most sharings ask for nothing, and a reversal only where nobody is to share anew."""

    async def play() -> list[type[Event]]:
        network = Guided()
        await network.begin(2)
        await network.meet(1)
        await network.deliver(1)
        await network.deliver(2)
        await network.complete()
        await network.work_off()
        await network.take_back(1, "entered-in-error")
        await network.share(1)
        await network.take_back(1, "credit-loss")
        await network.take_back(2, "cancelled")
        return [type(event.data) for event in await network.events() if await _asks(event)]

    assert asyncio.run(play()) == [SessionHeld, PathwayCompleted, RevenueReversed]


async def _asks(event: Recorded) -> bool:
    (policy,) = (policy for policy in POLICIES if policy.name == LEFT_OVER)
    return [i.name async for i in policy.plan(event, cast("Cuts", None))] == [LEFT_OVER]


moves = st.one_of(
    st.tuples(st.sampled_from(["deliver", "loss", "error", "anew"]), st.integers(1, 2)),
    st.sampled_from([("meet", 0), ("complete", 0), ("sharing works", 0), ("listing works", 0)]),
)


@settings(max_examples=25, deadline=None)
@given(before=st.lists(moves, max_size=8), after=st.lists(moves, max_size=8))
def test_in_the_end_each_session_is_counted_in_or_listed_whatever_the_order(
    before: Sequence[tuple[str, int]], after: Sequence[tuple[str, int]]
) -> None:
    """When all is delivered and complete, what was an error is shared anew, and the policies have worked."""

    async def play() -> None:
        network = Guided()
        await network.begin(2)
        ends = [("deliver", 1), ("deliver", 2), ("complete", 0), ("sharing works", 0)]
        await _play(network, [("meet", 0), *before, *ends, *after, ("sharing works", 0)])
        for step in (1, 2):
            if await _to_be_shared_anew(network, step):
                await network.share(step)
        await network.work_off()
        gone = {e.entry for e in await network.told(RevenueReversed) if isinstance(e, RevenueReversed)}
        found: list[str] = []
        for event in await network.told(RevenueShared, HoursLeftOver):
            if isinstance(event, HoursLeftOver) or (isinstance(event, RevenueShared) and event.entry not in gone):
                found += event.sessions
        assert sorted(found) == sorted(f"session:s-{n}" for n in range(1, network.sessions + 1))
        await network.listed()  # each on the list once

    asyncio.run(play())


async def _play(network: Guided, chosen: Sequence[tuple[str, int]]) -> None:
    for move, step in chosen:
        match move:
            case "meet":
                await network.meet(30)
            case "deliver":
                await network.deliver(step)
            case "complete":
                await network.complete()
            case "anew":
                await network.share(step)
            case "loss" | "error":
                await network.take_back(step, "credit-loss" if move == "loss" else "entered-in-error")
            case _:
                await network.work(SHARING if move == "sharing works" else LEFT_OVER)


async def _to_be_shared_anew(network: Guided, step: int) -> bool:
    """Whether the last that happened to a part is that an error was taken back."""
    told = [e for e in await network.told(RevenueShared, RevenueReversed) if getattr(e, "step", None) == step]
    return isinstance(told[-1], RevenueReversed) and told[-1].reason == "entered-in-error"
