"""One partner's statement of one period: opening, lines, closing, and the digest that fixes it once it is closed."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, to_builtins

from domain.calendar import month_after
from domain.canonical import digest_of
from domain.words import LANGUAGES
from projections.rows import Rows
from projections.statement_text import text_of
from projections.statements import Account, Closed, Issued, Kind, Line, Network, Organisation

if TYPE_CHECKING:
    from dataclasses import replace  # typed; msgspec's own takes and gives anything
else:
    from msgspec.structs import replace

FORM = 1
"""The form of the digested content. A later form gets its own number; this one keeps recomputing."""


class StatementLine(Struct, frozen=True, kw_only=True):
    n: int
    occurred_on: date
    recorded_at: datetime
    kind: Kind
    counterparty: str
    cents: int
    role: str | None
    clause: str
    quantity: str | None
    unit_cents: int | None
    corrects: str | None
    vat: None
    """No VAT treatment is decided in this form: all amounts exclude VAT."""
    project: str | None
    pathway: str
    step: int
    part: int
    entry: str
    text: Mapping[str, str]
    events: tuple[int, ...]


class Subtotal(Struct, frozen=True, kw_only=True):
    counterparty: str
    cents: int


class Statement(Struct, frozen=True, kw_only=True):
    """As the contract forms it. `position` is the cut of a closed period; of an open one, where it was asked."""

    form: int
    network: str
    constructed: bool
    partner: str
    period: str
    position: int
    as_of: int | None
    state: Literal["open", "closed", "issued"]
    opening_cents: int
    closing_cents: int
    digest: str | None
    """None while the period is open: nothing is fixed yet."""
    lines: tuple[StatementLine, ...]
    subtotals: tuple[Subtotal, ...]
    own_cents: int


class Total(Struct, frozen=True, kw_only=True):
    """One partner's figures of a period."""

    partner: str
    opening_cents: int
    earned_cents: int
    owed_cents: int
    corrected_cents: int
    closing_cents: int
    lines: int


def statement_of(rows: Rows, partner: str, period: str) -> Statement | None:
    """The statement of an organisation that was ever admitted or posted to; None for any other, or before the books began.

    While the period is open `position` is 0 until `asked_at` says where it was asked.
    """
    network = next(iter(rows.under(Network)), None)
    accounts = rows.under(Account, partner)
    known = any(o.partner for o in rows.under(Organisation, partner))
    if network is None or period < network.first_period or not (known or accounts):
        return None
    opening = sum(a.cents for a in accounts if a.period < period)
    lines = tuple(_line(rows, line) for line in rows.under(Line, partner, period))
    closed = next(iter(rows.under(Closed, period)), None)
    issued = next(iter(rows.under(Issued, partner, period)), None)
    statement = Statement(
        form=FORM,
        network=network.network,
        constructed=network.constructed,
        partner=partner,
        period=period,
        position=closed.position if closed else 0,
        as_of=None,
        state="issued" if issued else "closed" if closed else "open",
        opening_cents=opening,
        closing_cents=opening + sum(line.cents for line in lines),
        digest=None,
        lines=lines,
        subtotals=_subtotals(lines),
        own_cents=sum(a.own_cents for a in accounts if a.period == period),
    )
    return replace(statement, digest=digest_of(digested(statement))) if closed else statement


def asked_at(statement: Statement, position: int, as_of: int | None) -> Statement:
    """The statement with the position it was asked at: an open one has no cut of its own."""
    return replace(statement, position=statement.position or position, as_of=as_of)


def digested(statement: Statement) -> dict[str, Any]:
    """What the digest covers: form, partner, period, cut, balances and the lines without their text."""
    content: dict[str, Any] = to_builtins(
        {
            "form": statement.form,
            "partner": statement.partner,
            "period": statement.period,
            "position": statement.position,
            "opening_cents": statement.opening_cents,
            "lines": statement.lines,
            "subtotals": statement.subtotals,
            "closing_cents": statement.closing_cents,
        }
    )
    for line in content["lines"]:
        del line["text"]
    return content


def totals(rows: Rows, period: str) -> list[Total]:
    """Every partner's figures of a period, by id; the closings of all of them sum to zero."""
    return [_total(rows, partner, period) for partner in partners_stated(rows)]


def partners_stated(rows: Rows) -> list[str]:
    """Every organisation ever admitted or posted to, in order of id."""
    admitted = {o.organisation for o in rows.under(Organisation) if o.partner}
    return sorted(admitted | {a.partner for a in rows.under(Account)})


def open_period(rows: Rows) -> str | None:
    """The earliest period that is not closed."""
    network = next(iter(rows.under(Network)), None)
    closed = [c.period for c in rows.under(Closed)]
    return month_after(max(closed)) if closed else network.first_period if network else None


def _total(rows: Rows, partner: str, period: str) -> Total:
    accounts = rows.under(Account, partner)
    lines = rows.under(Line, partner, period)
    opening = sum(a.cents for a in accounts if a.period < period)
    return Total(
        partner=partner,
        opening_cents=opening,
        earned_cents=sum(line.cents for line in lines if line.kind == "share-earned"),
        owed_cents=sum(line.cents for line in lines if line.kind == "share-owed"),
        corrected_cents=sum(line.cents for line in lines if line.kind == "correction"),
        closing_cents=opening + sum(line.cents for line in lines),
        lines=len(lines),
    )


def _line(rows: Rows, line: Line) -> StatementLine:
    return StatementLine(
        n=line.n,
        occurred_on=line.occurred_on,
        recorded_at=line.recorded_at,
        kind=line.kind,
        counterparty=line.counterparty,
        cents=line.cents,
        role=line.role,
        clause=line.clause,
        quantity=line.terms.quantity if line.terms else None,
        unit_cents=line.terms.unit_cents if line.terms else None,
        corrects=line.corrects,
        vat=None,
        project=line.project,
        pathway=line.pathway,
        step=line.step,
        part=line.part,
        entry=line.entry,
        text={language: text_of(line, _name(rows, line.counterparty, language), language) for language in LANGUAGES},
        events=line.events,
    )


def _name(rows: Rows, organisation: str, language: Literal["fi", "sv", "en"]) -> str:
    row = next(iter(rows.under(Organisation, organisation)), None)
    return row.name.best(language) if row and row.name else organisation


def _subtotals(lines: tuple[StatementLine, ...]) -> tuple[Subtotal, ...]:
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.counterparty] = sums.get(line.counterparty, 0) + line.cents
    return tuple(Subtotal(counterparty=c, cents=cents) for c, cents in sorted(sums.items()))
