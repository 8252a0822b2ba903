"""What a drafted rule would have made of history: the answer, partner by partner, with the entries that weigh most in it."""

from collections.abc import Iterable, Sequence
from heapq import heappush, heappushpop

from msgspec import Struct, field

from domain.revenue.events import CostShared, RevenueShared
from domain.words import AgreementId, EntryId, Period
from projections.words import Constructed, HappenedOn, LogPosition, PartnerId, WholeCents

CAUSES_MAX = 10


class ClauseCents(Struct, frozen=True):
    """What one clause gives, of costs puts on, a partner."""

    clause: str
    """The path of the clause, such as `steps[0]`."""
    cents: int
    """In whole cents of euro without VAT."""


class Cause(Struct, frozen=True, kw_only=True):
    """One entry whose division would have come out otherwise for a partner."""

    position: int
    """Where it stands in the log."""
    entry: EntryId
    pathway: str | None
    """Null of costs."""
    occurred_on: HappenedOn
    period: Period
    now: tuple[ClauseCents, ...]
    """By the clauses that divided it; what was taken back of it is taken off."""
    then: tuple[ClauseCents, ...]
    """By the drafted ones."""
    now_cents: int
    """What the clauses that divided it came to for the partner, in whole cents of euro."""
    then_cents: WholeCents
    """What the drafted ones would have come to."""
    difference_cents: WholeCents
    """Then less now."""


class PartnerDifference(Struct, frozen=True, kw_only=True):
    """One partner under the rule that divided, and under the drafted one."""

    partner: PartnerId
    now_cents: int
    """Under the rule that divided, in whole cents of euro without VAT."""
    then_cents: WholeCents
    """Under the drafted one."""
    difference_cents: WholeCents
    """Then less now."""
    causes: tuple[Cause, ...]
    """The entries with the largest differences, at most 10; of equal ones the earlier first."""


class NotDivided(Struct, frozen=True, kw_only=True):
    """Entries that the drafted rule could not have divided: they are left out of both sides."""

    why: str
    """The sentence that says what the drafted rule lacks for them."""
    entries: int
    """How many they are."""
    cents: WholeCents
    """What is left of them."""
    first_position: int
    """Where the first of them stands in the log."""
    first_entry: EntryId


class Comparison(Struct, frozen=True, kw_only=True):
    """All entries of one sort. Both sides sum to the same amount."""

    entries: int
    """Those that were divided anew; what was wholly taken back is not among them."""
    amount_cents: WholeCents
    """What is left of them."""
    partners: tuple[PartnerDifference, ...]
    """In order of id. Of revenue what each gets, what a collector keeps included; of costs what each bears, the payer too."""
    not_divided: tuple[NotDivided, ...]
    """By reason, in the order of the log."""


class WhatIf(Struct, frozen=True, kw_only=True):
    """What would have been. It is computed from the log up to a position, and nothing of it is written anywhere."""

    constructed: Constructed
    agreement: AgreementId
    position: LogPosition
    first: str | None = field(name="from")
    """The first month whose entries count; null: from the beginning."""
    last: str | None = field(name="to")
    """The last one; null: up to the end."""
    of: str | None
    """The partner that asked: it is shown its own side of the entries that it is a party to. Null: all of everybody."""
    sharing: Comparison | None
    """Null where no sharing rule was drafted."""
    costs: Comparison | None
    """Null where no cost key was drafted."""


Parts = Sequence[tuple[str, str, int]]
"""Partner, clause, cents."""


class Tally:
    """Adds up entries. It keeps a sum and the largest causes of each partner, and no entry beside these."""

    def __init__(self) -> None:
        self._entries = self._amount = 0
        self._now: dict[str, int] = {}
        self._then: dict[str, int] = {}
        self._largest: dict[str, list[tuple[int, int, Cause]]] = {}
        self._not_divided: dict[str, NotDivided] = {}

    def add(self, position: int, entry: RevenueShared | CostShared, now: Parts, then: Parts) -> None:
        """Count one entry, divided both ways. Raises ValueError where the two do not come to the same."""
        amount = sum(cents for _, _, cents in now)
        if amount != (other := sum(cents for _, _, cents in then)):
            raise ValueError(f"{entry.entry} comes to {amount} cents as it was divided and to {other} anew.")
        self._entries += 1
        self._amount += amount
        for partner in dict.fromkeys(partner for partner, _, _ in (*now, *then)):
            before, after = _of(partner, now), _of(partner, then)
            cause = _cause(position, entry, before, after)
            self._now[partner] = self._now.get(partner, 0) + cause.now_cents
            self._then[partner] = self._then.get(partner, 0) + cause.then_cents
            if cause.difference_cents:
                self._weigh(partner, cause)

    def leave_out(self, position: int, entry: str, cents: int, why: str) -> None:
        """Count an entry that could not be divided, of which so many cents are left."""
        found = self._not_divided.get(why)
        if found is None:
            found = NotDivided(why=why, entries=0, cents=0, first_position=position, first_entry=entry)
        first = min((found.first_position, found.first_entry), (position, entry))
        self._not_divided[why] = NotDivided(
            why=why,
            entries=found.entries + 1,
            cents=found.cents + cents,
            first_position=first[0],
            first_entry=first[1],
        )

    def comparison(self, of: str | None) -> Comparison:
        """All that was counted; `of`: to be shown to this partner, whose own row is all it is shown."""
        partners = sorted(self._now) if of is None else [of]
        return Comparison(
            entries=self._entries,
            amount_cents=self._amount,
            partners=tuple(self._difference(partner) for partner in partners),
            not_divided=tuple(sorted(self._not_divided.values(), key=lambda each: each.first_position)),
        )

    def _weigh(self, partner: str, cause: Cause) -> None:
        largest = self._largest.setdefault(partner, [])
        ranked = (abs(cause.difference_cents), -cause.position, cause)
        if len(largest) < CAUSES_MAX:
            heappush(largest, ranked)
        else:
            heappushpop(largest, ranked)

    def _difference(self, partner: str) -> PartnerDifference:
        now, then = self._now.get(partner, 0), self._then.get(partner, 0)
        largest = sorted(self._largest.get(partner, ()), key=lambda each: (-each[0], -each[1]))
        return PartnerDifference(
            partner=partner,
            now_cents=now,
            then_cents=then,
            difference_cents=then - now,
            causes=tuple(cause for _, _, cause in largest),
        )


def _of(partner: str, parts: Parts) -> tuple[ClauseCents, ...]:
    return tuple(ClauseCents(clause, cents) for who, clause, cents in parts if who == partner and cents)


def _cause(
    position: int, entry: RevenueShared | CostShared, now: Iterable[ClauseCents], then: Iterable[ClauseCents]
) -> Cause:
    before, after = tuple(now), tuple(then)
    now_cents, then_cents = sum(c.cents for c in before), sum(c.cents for c in after)
    return Cause(
        position=position,
        entry=entry.entry,
        pathway=entry.pathway if isinstance(entry, RevenueShared) else None,
        occurred_on=entry.occurred_on,
        period=entry.period,
        now=before,
        then=after,
        now_cents=now_cents,
        then_cents=then_cents,
        difference_cents=then_cents - now_cents,
    )
