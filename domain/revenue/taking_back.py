"""Taking an entry back, as a whole or in part: stored shares are reversed, each cent once."""

from collections.abc import Mapping

from domain.changing import replace
from domain.kernel import Asked, Refused, Value
from domain.money import exact_part, reverse
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared, ReversalReason, ReversedShare


class ReversedAlready(Refused):
    def __init__(self, entry: str, reversal: str) -> None:
        super().__init__(f"{entry} was taken back by {reversal} already; each cent is reversed once.")


class BeyondWhatIsLeft(Refused):
    def __init__(self, entry: str, asked_cents: int, left_cents: int) -> None:
        super().__init__(
            f"{asked_cents} cents of {entry} cannot be taken back: {left_cents} cents are left of it. Take back so much or less."
        )


class NothingTakenBack(Refused):
    def __init__(self, entry: str, left_cents: int) -> None:
        super().__init__(
            f"0 cents of {entry} would be taken back; give the cents, or leave them out to take back all {left_cents}."
        )


class Standing(Value, frozen=True):
    """An entry and what was taken back of it."""

    entry: RevenueShared | CostShared
    reversals: tuple[RevenueReversed, ...] = ()

    def after(self, event: RevenueReversed) -> "Standing":
        return replace(self, reversals=(*self.reversals, event))

    @property
    def left_cents(self) -> int:
        """What is left of the amount."""
        return self.entry.amount_cents - sum(r.amount_cents for r in self.reversals)

    @property
    def is_gone(self) -> bool:
        """Whether all of it was taken back: of an amount of 0 by one reversal."""
        return bool(self.reversals) and not self.left_cents

    def left_of_clauses(self) -> Mapping[str, int]:
        """By clause, what is left of each share."""
        left = {share.clause: share.cents for share in self.entry.shares}
        for reversal in self.reversals:
            for share in reversal.shares:
                left[share.clause] -= share.cents
        return left

    def taken_back(
        self, asked: Asked, amount_cents: int | None, reason: ReversalReason, period: str, reversal: str
    ) -> RevenueReversed:
        """The reversal of so many cents, or of all that is left. Refused beyond what is left."""
        entry, left = self.entry, self.left_cents
        if self.is_gone:
            raise ReversedAlready(entry.entry, self.reversals[-1].reversal)
        amount = left if amount_cents is None else amount_cents
        if amount > left:
            raise BeyondWhatIsLeft(entry.entry, amount, left)
        if not amount and left:
            raise NothingTakenBack(entry.entry, left)
        clauses = self.left_of_clauses()
        revenue = entry if isinstance(entry, RevenueShared) else None
        roles = {s.clause: s.role for s in revenue.shares} if revenue else {}
        return RevenueReversed(
            reversal=reversal,
            entry=entry.entry,
            of="revenue" if revenue else "cost",
            pathway=revenue.pathway if revenue else None,
            step=revenue.step if revenue else None,
            part=revenue.part if revenue else None,
            agreement=entry.agreement,
            version=entry.version,
            amount_cents=amount,
            entry_amount_cents=entry.amount_cents,
            left_cents=left - amount,
            collected_by=entry.collected_by,
            occurred_on=asked.on,
            period=period,
            entry_occurred_on=entry.occurred_on,
            entry_period=entry.period,
            project=entry.project,
            reason=reason,
            parties=entry.parties,
            shares=tuple(
                ReversedShare(
                    partner=s.partner,
                    role=roles.get(s.clause),
                    clause=s.clause,
                    cents=cents,
                    exact=exact_part(s.exact, amount, entry.amount_cents),
                )
                for s, cents in reverse([(s, clauses[s.clause]) for s in entry.shares], amount)
            ),
            vat=entry.vat,
        )
