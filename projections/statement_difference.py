"""What has come to be known of a statement between two moments, line by line, with the events that brought it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct, field

from domain.words import Period
from projections.rows import Rows
from projections.statement import Account, account_of
from projections.statement_because import Taxed
from projections.statement_line import Line
from projections.statement_lines import lines_of
from projections.statement_rows import Balance
from projections.statement_state import State
from projections.words import (
    ClausePath,
    ClosingCents,
    Constructed,
    CounterpartyId,
    EntryOfIt,
    HappenedOn,
    KindOfLine,
    LogPosition,
    OpeningCents,
    PartnerId,
    RecordedAt,
    WholeCents,
)

Key = tuple[str, bool, str | None, int]


class Moment(Struct, frozen=True):
    """An account as it was known at one moment."""

    account: Account | None
    """None: nothing was known of the partner, or the books had not begun."""
    sums: Mapping[str, int]
    """By earlier period, what its lines come to."""
    lines: Mapping[str, Sequence[Line]]
    """Of the earlier periods that were asked for."""


class Side(Struct, frozen=True, kw_only=True):
    """What a statement came to at one of the two moments."""

    position: LogPosition
    state: State | None
    """Null: there was no such statement yet."""
    opening_cents: OpeningCents
    closing_cents: ClosingCents
    lines: int
    """How many lines it had."""


class LineChange(Struct, frozen=True, kw_only=True):
    """One line that came, changed or went."""

    change: Literal["new", "changed", "gone"]
    """Postings only come. Lines of VAT change with the lines they are for, and are gone where the tax on these is 0."""
    period: str
    """The month that it is a line of: an earlier one for what the opening holds of it."""
    n: int
    """Its number, on the later of the two statements that have it."""
    occurred_on: HappenedOn
    kind: KindOfLine
    counterparty: CounterpartyId
    clause: ClausePath
    entry: EntryOfIt
    before_cents: int
    """At the earlier moment, in whole cents of euro; 0 of a new line."""
    after_cents: WholeCents
    """At the later moment; 0 where it is gone."""
    difference_cents: WholeCents
    """After less before; positive: more is due to the partner."""
    events: tuple[int, ...]
    """The positions of the events that brought it, each one of `events` of the whole answer."""


class Caused(Struct, frozen=True, kw_only=True):
    """An event that makes a difference."""

    position: int
    """Its position in the log."""
    type: str
    """What happened, and in which version, such as tasma.revenue.shared.v2."""
    recorded_at: RecordedAt


class StatementDifference(Struct, frozen=True, kw_only=True):
    """What has come between two moments. The differences of opening and lines sum to that of the closings."""

    constructed: Constructed
    partner: PartnerId
    period: Period
    before: Side = field(name="from")
    after: Side = field(name="to")
    difference_cents: WholeCents
    """Of the closings."""
    opening: tuple[LineChange, ...]
    """What was booked meanwhile in earlier months."""
    lines: tuple[LineChange, ...]
    """What was booked meanwhile in this month."""
    events: tuple[Caused, ...]
    """In the order of the log."""


def moment_of(rows: Rows, partner: str, period: str, earlier: Collection[str] | Mapping[str, int]) -> Moment:
    """`earlier`: periods whose lines are wanted too; or sums of another moment, for the periods that differ from these."""
    account = account_of(rows, partner, period)
    sums = {each.period: each.cents for each in rows.under(Balance, partner) if each.period < period}
    if not rows.complete():
        return Moment(account, sums, {})
    wanted = (
        sorted(each for each in {*sums, *earlier} if sums.get(each, 0) != earlier.get(each, 0))
        if isinstance(earlier, Mapping)
        else earlier
    )
    return Moment(account, sums, {each: lines_of(rows, partner, each) for each in wanted})


def difference_of(
    partner: str, period: str, before: Moment, after: Moment, *, since: int, upto: int
) -> StatementDifference:
    """Without events: their types stand in the log. Raises ValueError where the lines do not explain the closings."""
    opening = tuple(
        change
        for month in sorted({*before.lines, *after.lines})
        for change in _changes(month, before.lines.get(month, ()), after.lines.get(month, ()))
    )
    lines = tuple(_changes(period, _lines(before), _lines(after)))
    sides = _side(before, since), _side(after, upto)
    difference = sides[1].closing_cents - sides[0].closing_cents
    if (explained := sum(change.difference_cents for change in (*opening, *lines))) != difference:
        raise ValueError(
            f"{partner} {period} closes {difference} cents higher at {upto} than at {since}; the lines explain {explained}."
        )
    known = after.account or before.account
    return StatementDifference(
        constructed=known is not None and known.constructed,
        partner=partner,
        period=period,
        before=sides[0],
        after=sides[1],
        difference_cents=difference,
        opening=opening,
        lines=lines,
        events=(),
    )


def _lines(moment: Moment) -> Sequence[Line]:
    return moment.account.lines if moment.account else ()


def _side(moment: Moment, position: int) -> Side:
    account = moment.account
    return Side(
        position=position,
        state=account.state if account else None,
        opening_cents=account.opening_cents if account else 0,
        closing_cents=account.closing_cents if account else 0,
        lines=len(account.lines) if account else 0,
    )


def _changes(period: str, before: Sequence[Line], after: Sequence[Line]) -> Iterator[LineChange]:
    """In the order of the later statement; at the end what is gone from it."""
    known = {_key(line): line for line in before}
    postings = {line.n: line.events[0] for line in after if line.kind != "vat"}
    came = {n for n, line in ((line.n, line) for line in after) if _key(line) not in known}
    for line in after:
        old = known.pop(_key(line), None)
        if old is None:
            yield _change("new", period, line, 0, line.cents, _causes(line, None, postings, came))
        elif old.cents != line.cents:
            yield _change("changed", period, line, old.cents, line.cents, _causes(line, old, postings, came))
    for line in known.values():
        taxed = tuple(each.events[0] for each in after if each.n in came and _taxed_alike(each, line))
        yield _change("gone", period, line, line.cents, 0, taxed)


def _key(line: Line) -> Key:
    """What tells a line from all others: of a posting its number, which never changes, of VAT what it is the tax on."""
    return (line.counterparty, line.sells, line.clause, 0) if line.kind == "vat" else ("", False, None, line.n)


def _causes(line: Line, old: Line | None, postings: Mapping[int, int], came: Collection[int]) -> tuple[int, ...]:
    """Of a line of a posting the posting; of one of VAT those of the lines that it is the tax on now and was not before."""
    if not isinstance(line.because, Taxed):
        return line.events[:1]
    before = old.because.lines if old and isinstance(old.because, Taxed) else ()
    return tuple(dict.fromkeys(postings[n] for n in line.because.lines if n in came and n not in before))


def _taxed_alike(line: Line, gone: Line) -> bool:
    tax, other = line.vat, gone.vat
    alike = tax is not None and other is not None and (tax.code, tax.rate) == (other.code, other.rate)
    return alike and line.kind != "vat" and (line.counterparty, line.sells) == (gone.counterparty, gone.sells)


def _change(  # noqa: PLR0917 - what a change is made of
    change: Literal["new", "changed", "gone"], period: str, line: Line, before: int, after: int, events: tuple[int, ...]
) -> LineChange:
    return LineChange(
        change=change,
        period=period,
        n=line.n,
        occurred_on=line.occurred_on,
        kind=line.kind,
        counterparty=line.counterparty,
        clause=line.clause,
        entry=line.entry,
        before_cents=before,
        after_cents=after,
        difference_cents=after - before,
        events=events,
    )
