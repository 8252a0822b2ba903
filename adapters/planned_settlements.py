"""What a settlement comes to as of its cut, for the policy that plans it."""

from collections.abc import Sequence
from functools import partial

from adapters.projecting.asking import Views
from application.envelope import Recorded
from application.policies import Intention
from application.ports import Log
from domain.kernel import current, facts
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared, RevenueTruedUp
from domain.settlement.events import PeriodSettled
from projections.settlement_held import About, PostedAt, contested_entries
from projections.settlement_plan import plan_of
from projections.settlements import settlements


class PlannedSettlements:
    """Implements `application.policies.Cut`."""

    def __init__(self, views: Views, log: Log) -> None:
        self._views, self._log = views, log

    async def intentions(self, event: Recorded) -> Sequence[Intention]:
        """The commands that plan a settlement: its set-offs, its payments, and that these are all."""
        if not isinstance(event.data, PeriodSettled):
            return ()
        settlement, cut = event.data.settlement, event.position
        entries = (await self._views.ask(settlements, contested_entries, as_of=cut)).value
        about = await posted_about(self._log, entries, cut)
        question = partial(plan_of, settlement=settlement, about=about)
        plan = (await self._views.ask(settlements, question, as_of=cut)).value
        if plan is None:
            raise AssertionError(f"{settlement} was settled at {cut}, but is not known there.")
        return [Intention(name, body) for name, body in plan.commands()]


async def posted_about(log: Log, entries: Sequence[str], upto: int) -> About:
    """What was posted about some entries up to a position. Disputes are few, so each costs a look into the log and no row."""
    return {entry: await _about(log, entry, upto) for entry in entries}


async def _about(log: Log, entry: str, upto: int) -> Sequence[PostedAt]:
    history = await log.look((facts(RevenueShared, RevenueReversed, CostShared, RevenueTruedUp, about=entry),))
    found = [(event.position, current(event.data)) for event in history.events if event.position <= upto]
    return [
        PostedAt(position, posting)
        for position, posting in found
        if isinstance(posting, RevenueShared | RevenueReversed | CostShared | RevenueTruedUp)
    ]
