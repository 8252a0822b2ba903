"""The lines of a statement, written out from the events of the postings behind it; those of VAT follow from the others."""

from collections.abc import Sequence

from msgspec import Struct

from domain.money import purpose_of
from domain.revenue.events import CostShared, RevenueTruedUp
from domain.settlement.events import Netted, PaymentRecorded, PaymentTakenBack
from projections.rows import At, Rows
from projections.statement_because import because
from projections.statement_behind import Behind, behind_of, entered, stretches
from projections.statement_facts import Reversed, Share, Shared
from projections.statement_line import Line, LineVat
from projections.statement_postings import Posted, lines_in
from projections.statement_rows import Closed, Rule
from projections.statement_vat import vat_lines


def lines_of(rows: Rows, partner: str, period: str) -> tuple[Line, ...]:
    """The lines of one partner and period, in order. Raises LookupError when the posting of one is missing."""
    found = stretches(rows, partner, period)
    closed = next(iter(rows.under(Closed, period)), None)
    told = [rows.told(stretch.position) for stretch in found]
    # Not what others asked for, so that of many statements all is looked up together.
    if None in told and not rows.complete():
        return ()
    postings = [entered(each, stretch) for each, stretch in zip(told, found, strict=True)]
    rests_on = behind_of(rows, partner, postings)
    if not rows.complete():
        return ()
    lines = [
        line
        for stretch, (at, fact) in zip(found, postings, strict=True)
        for line in _lines(partner, stretch.first, at, fact, rests_on)
    ]
    return (*lines, *vat_lines(lines, rests_on, closed))


def _lines(partner: str, first: int, at: At, fact: Posted, behind: Behind) -> list[Line]:
    part = (fact.pathway, fact.step, fact.part) if isinstance(fact, Shared | Reversed) else (None, None, None)
    written = Written(at, fact, behind, behind.pathway(*part))
    return written.lines(partner, first, written.due_to(partner))


def due_to(partner: str, hub: str, due: Sequence[Share]) -> Sequence[Share]:
    """Of the shares that are lines those of one partner: all of them, if it is the hub."""
    return due if partner == hub else [share for share in due if share.partner == partner]


class _Frame(Struct, frozen=True):
    """What all lines of a posting have in common."""

    agreement: str | None = None
    version: int | None = None
    project: str | None = None
    pathway: str | None = None
    step: int | None = None
    part: int | None = None
    cost_key: str | None = None
    """By which it was divided; None of what a sharing rule divides."""
    before: tuple[int, ...] = ()
    """Where that was divided which is taken back."""


def _frame(fact: Posted, behind: Behind) -> _Frame:
    match fact:
        case Shared():
            return _Frame(fact.agreement, fact.version, fact.project, fact.pathway, fact.step, fact.part)
        case Reversed():
            original = behind.originals[fact.entry]
            key = original.fact.key if isinstance(original.fact, CostShared) else None
            where = (fact.pathway, fact.step, fact.part)
            return _Frame(fact.agreement, fact.version, fact.project, *where, key, (original.position,))
        case CostShared():
            return _Frame(fact.agreement, fact.version, fact.project, cost_key=fact.key)
        case RevenueTruedUp():
            return _Frame(fact.agreement, fact.version)
        case Netted() | PaymentRecorded() | PaymentTakenBack():
            return _Frame()


class Written:
    """One posting, and what all its lines say alike, whoever's they are."""

    __slots__ = ("_at", "_behind", "_events", "_fact", "_frame", "_postings", "_rule", "_taxes", "due")

    def __init__(self, at: At, fact: Posted, behind: Behind, where: tuple[int, ...]) -> None:
        """`where`: what `Behind.pathway` says of its part; of what is taken back the original is among what is behind."""
        self._at, self._fact, self._behind = at, fact, behind
        self._postings, self.due = lines_in(fact)
        """The shares that are lines, in order."""
        frame = self._frame = _frame(fact, behind)
        rule = self._rule = behind.rules.get((frame.agreement, frame.version))
        agreed = () if frame.agreement is None else (rule.position if rule else 0,)
        events = self._events = (at.position, *frame.before, *where, *agreed)
        self._taxes = {
            tax.clause: (
                LineVat(code=tax.code, rate=tax.rate, ground=tax.ground, decision=tax.decision),
                (*events, *behind.decision(tax.decision)),
            )
            for tax in self._postings.vat
        }

    def due_to(self, partner: str) -> Sequence[Share]:
        """Those that are lines of one partner."""
        return due_to(partner, self._postings.hub, self.due)

    def sides(self) -> dict[str, Sequence[Share]]:
        """The same of each partner that has lines."""
        hub, due = self._postings.hub, self.due
        if len(due) == 1:
            return {due[0].partner: due, hub: due}
        sides = {partner: due_to(partner, hub, due) for partner in dict.fromkeys(share.partner for share in due)}
        return {**sides, hub: due} if due else {}

    def lines(self, partner: str, first: int, due: Sequence[Share]) -> list[Line]:
        """The lines of one partner, numbered from `first` on; `due`: its shares."""
        at, fact, postings, frame, taxes = self._at, self._fact, self._postings, self._frame, self._taxes
        way, hub = postings.way, postings.hub
        at_hub = partner == hub
        kind, sign = (way.at_hub, -way.sign) if at_hub else (way.kind, way.sign)
        numbers = self._behind.originals[fact.entry].numbers if isinstance(fact, Reversed) else None
        paid_back = self._behind.paid_back(fact) if isinstance(fact, PaymentTakenBack) else None
        untaxed = (None, self._events)
        lines = []
        for n, share in enumerate(due, first):
            clause = share.clause
            vat, events = taxes.get(clause or "", untaxed)
            lines.append(
                # In the order of its fields: millions are written when a period is closed.
                Line(
                    partner,
                    postings.period,
                    n,
                    fact.occurred_on,
                    at.time,
                    kind,
                    share.partner if at_hub else hub,
                    sign * share.cents,
                    share.role,
                    clause,
                    self._purpose(clause),
                    share.terms,
                    f"{fact.entry_period}/{numbers[clause]}" if isinstance(fact, Reversed) and numbers else paid_back,
                    frame.agreement,
                    frame.version,
                    vat,
                    at_hub is way.hub_sells,
                    frame.project,
                    frame.pathway,
                    frame.step,
                    frame.part,
                    None if isinstance(fact, PaymentRecorded | PaymentTakenBack) else postings.posting,
                    None if isinstance(fact, Shared) else because(partner, at.position, fact, share, self._behind),
                    events,
                )
            )
        return lines

    def _purpose(self, clause: str | None) -> str | None:
        frame, known = self._frame, self._behind.purposes
        key = (frame.agreement, frame.version, frame.cost_key, clause)
        if key not in known:
            known[key] = _purpose(self._rule, frame.cost_key, clause)
        return known[key]


def _purpose(rule: Rule | None, cost_key: str | None, clause: str | None) -> str | None:
    if rule is None or clause is None:
        return None
    if cost_key is not None:
        return next((key.purpose for key in rule.cost_keys if key.name == cost_key), None)
    return purpose_of(rule.sharing_rule, clause) if rule.sharing_rule else None
