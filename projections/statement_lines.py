"""The lines of a statement, written out from the postings behind it."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TypeVar

import msgspec
from msgspec import Struct

from domain.money import SharingRule, Terms, purpose_of
from projections.rows import Record, Rows
from projections.statements import Bound, Delivered, Kind, Lines, Posting, Rule

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


class _Written(Struct, frozen=True):
    """A posting with what its lines say beside its own words."""

    posting: Posting
    corrected: Posting | None
    rule: SharingRule | None
    events: tuple[int, ...]
    shares: tuple[Share, ...]
    """Those that the collector owes somebody."""


def lines_of(rows: Rows, partner: str, period: str) -> tuple[Line, ...]:
    """The lines of one partner and period, in order. Raises LookupError when the posting of one is missing."""
    stretches = rows.under(Lines, partner, period)
    written = _written(rows, [stretch.entry for stretch in stretches])
    return tuple(line for stretch in stretches for line in _lines(stretch, written[stretch.entry]))


def _written(rows: Rows, entries: Sequence[str]) -> dict[str, _Written]:
    """The postings of some entries. What is looked up is looked up together: each kind is one question to a database."""
    postings = _found(rows, Posting, [(entry,) for entry in entries])
    originals = _found(rows, Posting, [(p.corrects,) for p in postings.values() if p.corrects])
    bound = [*postings.values(), *originals.values()]
    deliveries = _found(rows, Delivered, [(p.pathway, p.step, p.part) for p in bound])
    pathways = _found(rows, Bound, [(p.pathway,) for p in bound])
    rules = _found(rows, Rule, [(p.agreement, p.version) for p in bound])
    found: dict[str, _Written] = {}
    for entry in entries:
        posting = postings[entry,]
        corrected = originals[posting.corrects,] if posting.corrects else None
        first = corrected or posting
        rule = rules.get((first.agreement, first.version))
        behind = (deliveries.get((first.pathway, first.step, first.part)), pathways.get((first.pathway,)), rule)
        found[entry] = _Written(
            posting=posting,
            corrected=corrected,
            rule=rule.sharing_rule if rule else None,
            events=(
                *((posting.position,) if corrected else ()),
                first.position,
                *(row.position if row else 0 for row in behind),
            ),
            shares=tuple(s for s in _shares(posting.shares) if s.cents and s.partner != posting.collected_by),
        )
    return found


def _found(rows: Rows, table: type[S], keys: Sequence[tuple[object, ...]]) -> dict[tuple[object, ...], S]:
    """By key, those that there are."""
    return {key: row for key in dict.fromkeys(keys) for row in rows.under(table, *key)}


def _lines(stretch: Lines, written: _Written) -> Iterator[Line]:
    posting, corrected, owes = written.posting, written.corrected, stretch.partner == written.posting.collected_by
    sign = -1 if owes is (corrected is None) else 1
    shares = [share for share in written.shares if owes or share.partner == stretch.partner]
    for n, share in enumerate(shares):
        yield Line(
            partner=stretch.partner,
            period=stretch.period,
            n=stretch.first + n,
            occurred_on=posting.occurred_on,
            recorded_at=posting.recorded_at,
            kind=stretch.kind,
            counterparty=share.partner if owes else posting.collected_by,
            cents=sign * share.cents,
            role=share.role,
            clause=share.clause,
            purpose=purpose_of(written.rule, share.clause) if written.rule else None,
            terms=share.terms,
            corrects=f"{corrected.period}/{corrected.firsts[stretch.partner] + n}" if corrected else None,
            project=posting.project,
            pathway=posting.pathway,
            step=posting.step,
            part=posting.part,
            entry=posting.entry,
            events=written.events,
        )
