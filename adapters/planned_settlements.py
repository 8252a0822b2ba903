"""What a settlement comes to as of its cut, for the policy that plans it."""

from collections.abc import Sequence
from functools import partial

from adapters.projecting.asking import Views
from application.envelope import Recorded
from application.policies import Intention
from application.ports import Log
from domain.kernel import Criterion, current, facts
from domain.revenue.bills import bill_of
from domain.revenue.events import BillDivided, CostShared, RevenueReversed, RevenueShared, RevenueTruedUp
from domain.settlement.events import PeriodSettled
from projections.settlement_held import About, PostedAt, contested_entries, is_about_the_same
from projections.settlement_plan import plan_of
from projections.settlement_supplies import Posting
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
    own = await _posted(log, facts(RevenueShared, RevenueReversed, CostShared, RevenueTruedUp, about=entry), upto)
    for each in own:
        if isinstance(each.posting, RevenueTruedUp) or entry == getattr(each.posting, "reversal", None):
            found, bill = await _about_the_same(log, each.posting, upto)
            later = (x for x in found if x.position > each.position)
            return [*own, *(x for x in later if is_about_the_same(x.posting, each.posting, bill))]
    return own


async def _about_the_same(log: Log, correction: Posting, upto: int) -> tuple[Sequence[PostedAt], frozenset[str]]:
    """What may be about the same as a correction, and the entries of the bill that it takes back."""
    match correction:
        case RevenueTruedUp():
            return await _posted(log, facts(RevenueTruedUp, about=correction.drift), upto), frozenset()
        case RevenueReversed(of="revenue", pathway=str(pathway)):
            return await _posted(log, facts(RevenueShared, RevenueReversed, about=pathway), upto), frozenset()
        case _:
            bill = await _entries_of_bill(log, correction.entry, upto)
            found = [await _posted(log, facts(CostShared, RevenueReversed, about=entry), upto) for entry in bill]
            return sorted((each for some in found for each in some), key=lambda each: each.position), frozenset(bill)


async def _entries_of_bill(log: Log, entry: str, upto: int) -> Sequence[str]:
    """All entries that divide the same bill as one; where nothing names the bill, that one alone."""
    for each in await _posted(log, facts(CostShared, about=entry), upto):
        if isinstance(each.posting, CostShared) and each.posting.voucher:
            history = await log.look((facts(BillDivided, about=bill_of(each.posting.voucher)),))
            divided = [current(event.data) for event in history.events if event.position <= upto]
            payer = each.posting.collected_by
            return [e.entry for e in divided if isinstance(e, BillDivided) and e.paid_by == payer] or [entry]
    return [entry]


async def _posted(log: Log, criterion: Criterion, upto: int) -> list[PostedAt]:
    history = await log.look((criterion,))
    found = [(event.position, current(event.data)) for event in history.events if event.position <= upto]
    return [
        PostedAt(position, posting)
        for position, posting in found
        if isinstance(posting, RevenueShared | RevenueReversed | CostShared | RevenueTruedUp)
    ]
