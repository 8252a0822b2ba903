"""A drafted rule or cost key over the events of history, one after the other, as it would have divided each.

What a clause takes once per pathway follows from what it would have taken before, and what was taken back is taken back of the
drafted shares as well. An entry is forgotten as soon as nothing more can come of it: kept are sums of pathways and the entries
that are known to be corrected later.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Generic, TypeVar

from domain.agreements.events import AgreementEnteredIntoForce
from domain.kernel import Event, current, parties_of
from domain.money import (
    CostKey,
    CostQuantityMissing,
    CostQuantityUnowed,
    CostShare,
    QuantityMissing,
    RoleUnbound,
    Share,
    SharingRule,
    Take,
    clauses_of,
    divide_cost,
    nearest_cent,
    reverse,
    share,
    taken_by_clause,
)
from domain.pathways.events import PathwayAgreed
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared
from domain.words import PROVIDER, quantities_of
from projections.rows import facts_of
from projections.what_if import Comparison, Parts, Tally

D = TypeVar("D", bound=Share | CostShare)
CORRECTIONS = facts_of(RevenueReversed)
"""What the first pass over history is about."""
DIVISIONS = facts_of(PathwayAgreed | RevenueShared | RevenueReversed | CostShared)
"""What the second one is about."""


class Scope:
    """Which entries are tried: those of an agreement, in some months, that a partner is a party to."""

    def __init__(self, agreement: str, first: str | None, last: str | None, of: str | None) -> None:
        """`of`: what is told follows from what this partner may see and from nothing else; None: from everything."""
        self.agreement, self.first, self.last, self.of = agreement, first, last, of

    def admits(self, event: Event) -> bool:
        """Whether an event of the agreement may be looked at."""
        return getattr(event, "agreement", None) == self.agreement and (self.of is None or self.of in parties_of(event))

    def counts(self, period: str) -> bool:
        """Whether an entry in the books of a month counts; those of others may still have taken something before."""
        return (self.first is None or self.first <= period) and (self.last is None or period <= self.last)


class Corrected:
    """The first pass: which entries were taken back, and what is left of each."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.left_cents: dict[str, int] = {}

    def see(self, event: Event) -> None:
        event = current(event)
        if isinstance(event, RevenueReversed) and self._scope.admits(event):
            self.left_cents[event.entry] = event.left_cents


class _Divided(Generic[D]):
    """An entry divided both ways, and what is left of it."""

    def __init__(self, position: int, entry: RevenueShared | CostShared, then: Iterable[D]) -> None:
        self.position, self.entry = position, entry
        self.left_cents = entry.amount_cents
        shares: Iterable[Share | CostShare] = entry.shares
        self.now = {each.clause: (each.partner, each.cents) for each in shares}
        self.then: list[tuple[D, int]] = [(each, each.cents) for each in then]

    def take_back(self, event: RevenueReversed) -> list[tuple[str, int]]:
        """Take back as much of the drafted shares as of the stored ones; by clause, what that was."""
        for each in event.shares:
            partner, cents = self.now[each.clause]
            self.now[each.clause] = partner, cents - each.cents
        whole = sum(cents for _, cents in self.then)
        if not event.left_cents:
            amount = whole
        elif whole == self.left_cents:
            amount = event.amount_cents
        else:  # a key that asks for other sums than were booked
            amount = nearest_cent(Fraction(whole * event.amount_cents, self.left_cents))
        back = reverse(self.then, amount)
        self.then = [(each, cents - less) for (each, cents), (_, less) in zip(self.then, back, strict=True)]
        self.left_cents = event.left_cents
        return [(each.clause, -less) for each, less in back]

    def tell(self, tally: Tally) -> None:
        """What a drafted key leaves of the costs, or asks beyond them, is the payer's."""
        then = [(each.partner, each.clause, cents) for each, cents in self.then]
        rest = self.left_cents - sum(cents for _, _, cents in then)
        payers: Parts = [(self.entry.collected_by, "paid_by", rest)] if rest else []
        now = [(partner, clause, cents) for clause, (partner, cents) in self.now.items()]
        tally.add(self.position, self.entry, now, [*then, *payers])


class TriedRule:
    """A drafted sharing rule over every revenue of an agreement."""

    def __init__(self, rule: SharingRule, scope: Scope, corrected: Mapping[str, int]) -> None:
        """`corrected`: by entry what is left of it, of those that were ever taken back."""
        self._rule, self._scope, self._corrected = rule, scope, corrected
        self._counts_pathways = any(isinstance(c.take, Take) and c.take.per == "pathway" for _, c in clauses_of(rule))
        self._roles: dict[str, dict[str, str]] = {}
        self._taken: dict[str, dict[str, int]] = {}
        self._held: dict[str, _Divided[Share]] = {}
        self._tally = Tally()

    def see(self, position: int, event: Event) -> None:
        event = current(event)
        if not self._scope.admits(event):
            return
        match event:
            case PathwayAgreed():
                self._roles[event.pathway] = {bound.role: bound.organisation for bound in event.roles}
            case RevenueShared():
                self._divide(position, event)
            case RevenueReversed(of="revenue", pathway=str(pathway)) if held := self._held.get(event.entry):
                self._take(pathway, held.take_back(event))
            case _:
                pass

    def comparison(self, of: str | None) -> Comparison:
        """At the end, with the entries of which a part was taken back; `of`: to be shown to this partner."""
        for held in self._held.values():
            self._tell(held)
        self._held.clear()
        return self._tally.comparison(of)

    def _divide(self, position: int, entry: RevenueShared) -> None:
        left = self._corrected.get(entry.entry)
        try:
            division = share(
                self._rule,
                entry.amount_cents,
                collected_by=entry.collected_by,
                bind={PROVIDER: entry.provider, **self._roles.get(entry.pathway, {})},
                quantities=quantities_of(entry.quantities),
                taken=self._taken.get(entry.pathway),
            )
        except (RoleUnbound, QuantityMissing) as fault:
            if left != 0 and self._scope.counts(entry.period):
                self._tally.leave_out(position, entry.entry, entry.amount_cents if left is None else left, str(fault))
            return
        self._take(entry.pathway, [(each.clause, each.cents) for each in division.shares])
        divided = _Divided(position, entry, division.shares)
        if left is None:
            self._tell(divided)
        else:
            self._held[entry.entry] = divided

    def _take(self, pathway: str, shares: Iterable[tuple[str, int]]) -> None:
        if self._counts_pathways:
            taken = self._taken.setdefault(pathway, {})
            for clause, cents in taken_by_clause(self._rule, shares).items():
                taken[clause] = taken.get(clause, 0) + cents

    def _tell(self, divided: _Divided[Share]) -> None:
        if self._corrected.get(divided.entry.entry) != 0 and self._scope.counts(divided.entry.period):
            divided.tell(self._tally)


class TriedCostKey:
    """A drafted cost key over all costs that were divided by the key of its name."""

    def __init__(
        self,
        key: CostKey,
        scope: Scope,
        corrected: Mapping[str, int],
        versions: Iterable[AgreementEnteredIntoForce],
    ) -> None:
        """`versions`: in force; what parties have waived stays waived."""
        self._key, self._scope, self._corrected = key, scope, corrected
        self._waived = {
            v.version: frozenset(frozenset(w.between) for w in v.clauses.waivers if not w.keys or key.name in w.keys)
            for v in versions
        }
        self._held: dict[str, _Divided[CostShare]] = {}
        self._tally = Tally()

    def see(self, position: int, event: Event) -> None:
        event = current(event)
        if not self._scope.admits(event):
            return
        match event:
            case CostShared() if event.key == self._key.name and self._scope.counts(event.period):
                if self._corrected.get(event.entry) != 0:
                    self._divide(position, event)
            case RevenueReversed(of="cost") if held := self._held.get(event.entry):
                held.take_back(event)
            case _:
                pass

    def comparison(self, of: str | None) -> Comparison:
        """At the end, with the entries of which a part was taken back; `of`: to be shown to this partner."""
        for held in self._held.values():
            held.tell(self._tally)
        self._held.clear()
        return self._tally.comparison(of)

    def _divide(self, position: int, entry: CostShared) -> None:
        counted: dict[str, dict[str, str]] = {}
        for each in entry.quantities:
            counted.setdefault(each.partner, {})[each.unit] = each.quantity
        left = self._corrected.get(entry.entry)
        if entry.collected_by != self._key.paid_by:
            why = f"{entry.collected_by} paid this, and by the drafted {self._key.name} it is {self._key.paid_by} that pays."
            self._tally.leave_out(position, entry.entry, entry.amount_cents if left is None else left, why)
            return
        try:
            shares = divide_cost(
                self._key,
                amount_cents=entry.amount_cents if self._key.costs.split else None,
                quantities=counted,
                waived=self._waived.get(entry.version, frozenset()),
            )
        except (CostQuantityMissing, CostQuantityUnowed) as fault:
            self._tally.leave_out(position, entry.entry, entry.amount_cents if left is None else left, str(fault))
            return
        divided = _Divided(position, entry, shares)
        if left is None:
            divided.tell(self._tally)
        else:
            self._held[entry.entry] = divided
