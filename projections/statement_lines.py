"""The lines of a statement, written out from the events of the postings behind it."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TypeVar

import msgspec
from msgspec import Struct

from domain.money import Terms, purpose_of
from projections.rows import At, Record, Rows, Told
from projections.statement_facts import Reversed, Shared
from projections.statements import Bound, Delivered, Kind, LastSheet, Posting, Rule, Sheet, Stretch

S = TypeVar("S", bound=Record)


class Line(Struct, frozen=True):
    """What one share makes due to one partner, or owed by it."""

    partner: str
    period: str
    n: int
    occurred_on: date
    recorded_at: datetime
    kind: Kind
    counterparty: str
    cents: int
    """Positive: due to the partner."""
    role: str | None
    clause: str
    purpose: str | None
    terms: Terms | None
    """How the cents came about; a correction has the terms of the line it corrects there."""
    corrects: str | None
    """Period and number of the corrected line: `2019-10/7`."""
    project: str | None
    pathway: str
    step: int
    part: int
    entry: str
    events: tuple[int, ...]
    """The posting first, then delivery, pathway agreement, agreement in force."""


class Share(Struct, frozen=True, gc=False):
    """What a line says of its share."""

    partner: str
    role: str | None
    clause: str
    cents: int
    terms: Terms | None = None


_shares = msgspec.json.Decoder(tuple[Share, ...]).decode


def lines_of(rows: Rows, partner: str, period: str) -> tuple[Line, ...]:
    """The lines of one partner and period, in order. Raises LookupError when the posting of one is missing."""
    stretches = _stretches(rows, partner, period)
    told = [rows.told(stretch.position) for stretch in stretches]
    if not rows.complete():
        return ()
    postings = [_posting(each, stretch) for each, stretch in zip(told, stretches, strict=True)]
    behind = _behind(rows, partner, [fact for _, fact in postings])
    if not rows.complete():
        return ()
    return tuple(
        line
        for stretch, (at, fact) in zip(stretches, postings, strict=True)
        for line in _lines(partner, stretch, at, fact, behind)
    )


def _stretches(rows: Rows, partner: str, period: str) -> list[Stretch]:
    full, last = rows.under(Sheet, partner, period), rows.under(LastSheet, partner, period)
    return [*(s for sheet in full for s in sheet.stretches), *(s for sheet in last for s in sheet.stretches)]


def _posting(told: Told | None, stretch: Stretch) -> tuple[At, Shared | Reversed]:
    if told is None or not isinstance(told.fact, Shared | Reversed):
        raise LookupError(
            f"The log has no posting at position {stretch.position}, where the line {stretch.first} is from."
        )
    return told.at, told.fact


class _Behind(Struct, frozen=True):
    """What some postings rest on, by what they name."""

    deliveries: dict[tuple[object, ...], Delivered]
    pathways: dict[tuple[object, ...], Bound]
    rules: dict[tuple[object, ...], Rule]
    originals: dict[tuple[object, ...], Posting]
    """Of those that were taken back."""
    firsts: dict[int, int]
    """The number of the first line of each posting that may have been taken back, by its position."""

    def rule(self, fact: Shared | Reversed) -> Rule | None:
        return self.rules.get((fact.agreement, fact.version))

    def events(self, at: At, fact: Shared | Reversed) -> tuple[int, ...]:
        """The positions of the events behind a posting, its own first."""
        rows = (
            self.deliveries.get((fact.pathway, fact.step, fact.part)),
            self.pathways.get((fact.pathway,)),
            self.rule(fact),
        )
        back = (self.originals[fact.entry,].position,) if isinstance(fact, Reversed) else ()
        return (at.position, *back, *(row.position if row else 0 for row in rows))


def _behind(rows: Rows, partner: str, facts: Sequence[Shared | Reversed]) -> _Behind:
    """What is looked up is looked up together: each kind is one question to a database."""
    taken_back = [fact for fact in facts if isinstance(fact, Reversed)]
    return _Behind(
        deliveries=_found(rows, Delivered, [(fact.pathway, fact.step, fact.part) for fact in facts]),
        pathways=_found(rows, Bound, [(fact.pathway,) for fact in facts]),
        rules=_found(rows, Rule, [(fact.agreement, fact.version) for fact in facts]),
        originals=_found(rows, Posting, [(fact.entry,) for fact in taken_back]),
        firsts={
            stretch.position: stretch.first
            for period in dict.fromkeys(fact.entry_period for fact in taken_back)
            for stretch in _stretches(rows, partner, period)
        },
    )


def _found(rows: Rows, table: type[S], keys: Sequence[tuple[object, ...]]) -> dict[tuple[object, ...], S]:
    """By key, those that there are."""
    return {key: row for key in dict.fromkeys(keys) for row in rows.under(table, *key)}


def _lines(partner: str, stretch: Stretch, at: At, fact: Shared | Reversed, behind: _Behind) -> Iterator[Line]:
    owes, events, rule = partner == fact.collected_by, behind.events(at, fact), behind.rule(fact)
    back = fact if isinstance(fact, Reversed) else None
    kind: Kind = "correction" if back else "share-owed" if owes else "share-earned"
    sign = -1 if owes is (back is None) else 1
    first = behind.firsts[behind.originals[back.entry,].position] if back else 0
    due = [share for share in _shares(fact.shares) if share.cents and share.partner != fact.collected_by]
    for n, share in enumerate(share for share in due if owes or share.partner == partner):
        yield Line(
            partner=partner,
            period=fact.period,
            n=stretch.first + n,
            occurred_on=fact.occurred_on,
            recorded_at=at.time,
            kind=kind,
            counterparty=share.partner if owes else fact.collected_by,
            cents=sign * share.cents,
            role=share.role,
            clause=share.clause,
            purpose=purpose_of(rule.sharing_rule, share.clause) if rule and rule.sharing_rule else None,
            terms=share.terms,
            corrects=f"{back.entry_period}/{first + n}" if back else None,
            project=fact.project,
            pathway=fact.pathway,
            step=fact.step,
            part=fact.part,
            entry=back.reversal if back else fact.entry,
            events=events,
        )
