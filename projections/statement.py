"""One partner's statement of one period: opening, lines, closing, and the digest that fixes it once it is closed."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from msgspec import Struct, convert, to_builtins

from domain.canonical import digest_of
from domain.words import LANGUAGES, Names
from projections.rows import Rows
from projections.statement_lines import Line, lines_of
from projections.statement_text import text_of
from projections.statements import Balance, Closed, Issued, Kind, Network, Organisation

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


class LineForm1(Struct, frozen=True, kw_only=True):
    """What form 1 digests of a line. It never changes: a line that says more is another form."""

    n: int
    occurred_on: date
    recorded_at: datetime
    kind: str
    counterparty: str
    cents: int
    role: str | None
    clause: str
    quantity: str | None
    unit_cents: int | None
    corrects: str | None
    vat: None
    project: str | None
    pathway: str
    step: int
    part: int
    entry: str
    events: tuple[int, ...]


class StatementChanged(Exception):
    """A statement that was issued is recomputed to something else: the history or this program is damaged."""

    def __init__(self, partner: str, period: str, issued: str, recomputed: str) -> None:
        super().__init__(
            f"The statement of {partner} for {period} was issued with the digest {issued} and is recomputed to {recomputed}; "
            "it must not be relied on before the coordinator has found out why."
        )


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
    """SHA-256 of the canonical content; null while the period is open: nothing is fixed yet."""
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


class Account(Struct, frozen=True, kw_only=True):
    """What the rows hold of a statement: its figures, not yet its words."""

    network: str
    constructed: bool
    partner: str
    period: str
    cut: int | None
    """null while the period is open."""
    state: Literal["open", "closed", "issued"]
    opening_cents: int
    closing_cents: int
    own_cents: int
    lines: tuple[Line, ...]
    names: Mapping[str, Names | None]
    """Of the counterparties."""
    issued_digest: str | None
    """As the log has it; None until the statement is issued."""

    @property
    def subtotals(self) -> tuple[Subtotal, ...]:
        sums: dict[str, int] = {}
        for line in self.lines:
            sums[line.counterparty] = sums.get(line.counterparty, 0) + line.cents
        return tuple(Subtotal(counterparty=c, cents=cents) for c, cents in sorted(sums.items()))

    @property
    def digest(self) -> str | None:
        """SHA-256 over form, partner, period, cut, balances and the lines without their text; None while open."""
        if self.cut is None:
            return None
        content: dict[str, Any] = to_builtins(
            {
                "form": FORM,
                "partner": self.partner,
                "period": self.period,
                "position": self.cut,
                "opening_cents": self.opening_cents,
                "lines": [convert(_line(line, {}), LineForm1, from_attributes=True) for line in self.lines],
                "subtotals": self.subtotals,
                "closing_cents": self.closing_cents,
            }
        )
        return digest_of(content)

    def statement(self, position: int, as_of: int | None) -> Statement:
        """The statement in words, asked at a position: an open one has no cut of its own.

        Raises StatementChanged when it is not what was issued.
        """
        digest = self.digest
        if digest and self.issued_digest and digest != self.issued_digest:
            raise StatementChanged(self.partner, self.period, self.issued_digest, digest)
        return Statement(
            form=FORM,
            network=self.network,
            constructed=self.constructed,
            partner=self.partner,
            period=self.period,
            position=self.cut or position,
            as_of=as_of,
            state=self.state,
            opening_cents=self.opening_cents,
            closing_cents=self.closing_cents,
            digest=digest,
            lines=tuple(_line(line, self._text(line)) for line in self.lines),
            subtotals=self.subtotals,
            own_cents=self.own_cents,
        )

    def _text(self, line: Line) -> Mapping[str, str]:
        name = self.names[line.counterparty]
        return {
            language: text_of(line, name.best(language) if name else line.counterparty, language)
            for language in LANGUAGES
        }


def account_of(rows: Rows, partner: str, period: str) -> Account | None:
    """The account of an organisation that was ever admitted or posted to; None for any other, or before the books began."""
    network = next(iter(rows.under(Network)), None)
    balances = rows.under(Balance, partner)
    # All of them, who are few, in the first round of look-ups: whose names are needed would be known only after the last.
    organisations = {o.organisation: o for o in rows.under(Organisation)}
    known = partner in organisations and organisations[partner].partner
    closed = next(iter(rows.under(Closed, period)), None)
    issued = next(iter(rows.under(Issued, partner, period)), None)
    lines = lines_of(rows, partner, period)
    if not rows.complete() or network is None or period < network.first_period or not (known or balances):
        return None
    opening = sum(b.cents for b in balances if b.period < period)
    counterparties = sorted({line.counterparty for line in lines})
    return Account(
        network=network.network,
        constructed=network.constructed,
        partner=partner,
        period=period,
        cut=closed.position if closed else None,
        state="issued" if issued else "closed" if closed else "open",
        opening_cents=opening,
        closing_cents=opening + sum(line.cents for line in lines),
        own_cents=sum(b.own_cents for b in balances if b.period == period),
        lines=lines,
        issued_digest=issued.digest if issued else None,
        names={c: organisations[c].name if c in organisations else None for c in counterparties},
    )


def totals(rows: Rows, period: str) -> list[Total]:
    """Every partner's figures of a period, by id; the closings of all of them sum to zero."""
    return [_total(rows, partner, period) for partner in partners_stated(rows)]


def partners_stated(rows: Rows) -> list[str]:
    """Every organisation ever admitted or posted to, in order of id."""
    admitted = {o.organisation for o in rows.under(Organisation) if o.partner}
    return sorted(admitted | {a.partner for a in rows.under(Balance)})


def _total(rows: Rows, partner: str, period: str) -> Total:
    accounts = rows.under(Balance, partner)
    opening = sum(a.cents for a in accounts if a.period < period)
    now = next((a for a in accounts if a.period == period), Balance(partner, period))
    return Total(
        partner=partner,
        opening_cents=opening,
        earned_cents=now.earned_cents,
        owed_cents=now.owed_cents,
        corrected_cents=now.corrected_cents,
        closing_cents=opening + now.cents,
        lines=now.lines,
    )


def _line(line: Line, text: Mapping[str, str]) -> StatementLine:
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
        text=text,
        events=line.events,
    )
