"""What the postings of a statement rest on: deliveries, pathways, agreements, decisions, and what was taken back."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from domain.revenue.events import CostShared, RevenueTruedUp
from domain.settlement.events import PaymentRecorded, PaymentTakenBack
from projections.rows import At, Record, Rows, Told
from projections.statement_facts import Reversed, Share, Shared, shares
from projections.statement_postings import Posted, Postings, lines_in
from projections.statement_rows import (
    Bound,
    Decided,
    Delivered,
    LastSheet,
    Payment,
    Posting,
    Recognised,
    Reversal,
    Rule,
    Sheet,
    Stretch,
)

S = TypeVar("S", bound=Record)
Keys = tuple[object, ...]
Entered = tuple[At, Posted]
"""A posting, and where it was recorded."""


class Original(Struct, frozen=True):
    """An entry of which something was taken back."""

    position: int
    fact: Shared | CostShared
    shares: Mapping[str | None, Share]
    """By clause, those that are lines."""
    numbers: Mapping[str | None, int]
    """By clause, the numbers of the lines on the statement of this partner."""
    reversals: Sequence[tuple[int, Reversed]]
    """All that took some of it back, each with its position, in order."""

    def left_of(self, clause: str | None, position: int) -> int:
        """What was left of a share before the reversal at a position."""
        left = self.shares[clause].cents if clause in self.shares else 0
        for at, reversal in self.reversals:
            if at < position:
                left -= sum(share.cents for share in shares(reversal.shares) if share.clause == clause)
        return left


class Behind(Struct, frozen=True):
    """What some postings rest on, by what they name; what is not there is left out."""

    deliveries: Mapping[Keys, Delivered]
    pathways: Mapping[Keys, Bound]
    rules: Mapping[Keys, Rule]
    decided: Mapping[Keys, Decided]
    payments: Mapping[Keys, Payment]
    originals: Mapping[str, Original]
    """Of those that were taken back, by entry."""
    recognised: Mapping[Keys, int] = {}
    """By payment and bank's line, of those that were taken back: the number of its line on the statement of this partner."""
    purposes: dict[Keys, str | None] = {}
    """What clauses are for, as far as it was asked."""

    def pathway(self, pathway: str | None, step: int | None, part: int | None) -> tuple[int, ...]:
        """Where the part was delivered and the pathway agreed; nothing for what is of no pathway."""
        if pathway is None:
            return ()
        delivered, bound = self.deliveries.get((pathway, step, part)), self.pathways.get((pathway,))
        return (delivered.position if delivered else 0, bound.position if bound else 0)

    def paid_back(self, fact: PaymentTakenBack) -> str | None:
        """Period and number of the line that showed as paid what is taken back."""
        n = self.recognised.get((fact.payment, fact.corrects))
        return f"{fact.corrects_period}/{n}" if n else None

    def decision(self, decision: str) -> tuple[int, ...]:
        """Where it was decided, if anybody knows."""
        found = self.decided.get((decision,))
        return (found.position,) if found else ()


def stretches(rows: Rows, partner: str, period: str) -> list[Stretch]:
    full, last = rows.under(Sheet, partner, period), rows.under(LastSheet, partner, period)
    return [*(s for sheet in full for s in sheet.stretches), *(s for sheet in last for s in sheet.stretches)]


def entered(told: Told | None, stretch: Stretch) -> Entered:
    """The posting of a stretch of lines. Raises LookupError when it is missing."""
    if told is None or not isinstance(told.fact, Posted):
        raise LookupError(
            f"The log has no posting at position {stretch.position}, where the line {stretch.first} is from."
        )
    return told.at, told.fact


def stated(partner: str, fact: Posted) -> tuple[Postings, list[Share]]:
    """What an event posts, and those of its shares that are lines of a partner, in order."""
    postings, lines = lines_in(fact)
    return postings, lines if partner == postings.hub else [share for share in lines if share.partner == partner]


def behind_of(rows: Rows, partner: str, postings: Sequence[Entered]) -> Behind:
    """What is looked up is looked up together: each kind is one question to a database."""
    facts = [fact for _, fact in postings]
    parts = [fact for fact in facts if isinstance(fact, Shared | Reversed) and fact.pathway is not None]
    agreed = [fact for fact in facts if isinstance(fact, Shared | Reversed | CostShared | RevenueTruedUp)]
    taxed = [fact for fact in facts if isinstance(fact, Shared | Reversed | CostShared) and fact.vat]
    paid = [fact for fact in facts if isinstance(fact, PaymentRecorded | PaymentTakenBack)]
    return Behind(
        deliveries=_found(rows, Delivered, [(fact.pathway, fact.step, fact.part) for fact in parts]),
        pathways=_found(rows, Bound, [(fact.pathway,) for fact in parts]),
        rules=_found(rows, Rule, [(fact.agreement, fact.version) for fact in agreed]),
        decided=_found(rows, Decided, [(tax.decision,) for fact in taxed for tax in fact.vat]),
        payments=_found(rows, Payment, [(fact.settlement, fact.payment) for fact in paid]),
        originals=_originals(rows, partner, [fact for fact in facts if isinstance(fact, Reversed)]),
        recognised=_recognised(rows, partner, [fact for fact in paid if isinstance(fact, PaymentTakenBack)]),
    )


def _recognised(rows: Rows, partner: str, taken_back: Sequence[PaymentTakenBack]) -> Mapping[Keys, int]:
    periods = dict.fromkeys(fact.corrects_period for fact in taken_back)
    lines = {stretch.position: stretch.first for period in periods for stretch in stretches(rows, partner, period)}
    found = _found(rows, Recognised, [(fact.payment, fact.corrects) for fact in taken_back])
    return {key: lines[row.position] for key, row in found.items() if row.position in lines}


def _originals(rows: Rows, partner: str, taken_back: Sequence[Reversed]) -> Mapping[str, Original]:
    """By entry; nothing as long as not all of it is known."""
    periods = dict.fromkeys(fact.entry_period for fact in taken_back)
    lines = {stretch.position: stretch for period in periods for stretch in stretches(rows, partner, period)}
    entries = dict.fromkeys(fact.entry for fact in taken_back)
    places = [(row.entry, row.position) for entry in entries for row in rows.under(Posting, entry)]
    backs = [(row.entry, row.position) for entry in entries for row in rows.under(Reversal, entry)]
    told = {position: rows.told(position) for _, position in (*places, *backs)}
    known = all(position in lines for _, position in places) and None not in told.values()
    if not rows.complete() and not (known and entries.keys() == dict(places).keys() == dict(backs).keys()):
        return {}
    reversals: dict[str, list[tuple[int, Reversed]]] = {entry: [] for entry in entries}
    for entry, position in backs:
        at, fact = entered(told[position], Stretch(position, 0))
        if isinstance(fact, Reversed):
            reversals[entry].append((at.position, fact))
    found = {}
    for entry, position in places:
        _, fact = entered(told[position], lines[position])
        if isinstance(fact, Shared | CostShared):
            _, due = stated(partner, fact)
            numbers = {share.clause: n for n, share in enumerate(due, lines[position].first)}
            found[entry] = Original(position, fact, {share.clause: share for share in due}, numbers, reversals[entry])
    return found


def _found(rows: Rows, table: type[S], keys: Sequence[Keys]) -> dict[Keys, S]:
    """By key, those that there are."""
    return {key: row for key in dict.fromkeys(keys) for row in rows.under(table, *key)}
