"""One partner's statement of one period: opening, lines, closing, and the digest that fixes it once it is closed."""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import asdict

from domain.calendar import day_of
from domain.canonical import canonical
from domain.words import LANGUAGES, Names, Period
from projections.issued import IssuedChanged
from projections.rows import Rows
from projections.statement_forms import FORM, ContentForm1, ContentForm2, Subtotal, line_form_1, line_form_2
from projections.statement_line import Line, StatementLine
from projections.statement_lines import lines_of
from projections.statement_rows import Balance, Closed, Issued, Network, Organisation, Rule
from projections.statement_state import State, state_of
from projections.statement_text import text_of
from projections.words import (
    AskedAsOf,
    ClosingCents,
    Constructed,
    LogPosition,
    NetworkName,
    OpeningCents,
    PartnerId,
    WholeCents,
)


class StatementChanged(IssuedChanged):
    """A statement that was issued is recomputed to something else: the history or this program is damaged."""

    def __init__(self, partner: str, period: str, issued: str, recomputed: str) -> None:
        super().__init__(
            f"The statement of {partner} for {period} was issued with the digest {issued} and is recomputed to {recomputed}; "
            "it must not be relied on before the coordinator has found out why."
        )


class Statement(Struct, frozen=True, kw_only=True):
    """A partner's account of a month. `position` is the cut of a closed period; of an open one, where it was asked."""

    form: int
    """That of the digest, counted from 1: a form never changes, content that says more is another one."""
    network: NetworkName
    constructed: Constructed
    partner: PartnerId
    period: Period
    position: LogPosition
    as_of: AskedAsOf
    state: State
    """How far it is: `open` until the month is closed; then issued, checked by one person and approved by another, unless a
    line is disputed; then settled, and paid. It stands outside the digest."""
    opening_cents: OpeningCents
    closing_cents: ClosingCents
    digest: str | None
    """SHA-256 of the canonical content; null while the period is open: nothing is fixed yet."""
    lines: tuple[StatementLine, ...]
    """In the order of their numbers."""
    subtotals: tuple[Subtotal, ...]
    """What the lines with each counterparty come to, in order of id."""
    own_cents: WholeCents
    """What the partner collected and kept, without VAT: information, no part of the balance."""


class Total(Struct, frozen=True, kw_only=True):
    """One partner's figures of a period."""

    partner: str
    opening_cents: int
    earned_cents: int
    owed_cents: int
    cost_cents: int
    corrected_cents: int
    trued_up_cents: int
    set_off_cents: int
    paid_cents: int
    vat_cents: int
    closing_cents: int
    lines: int


class Account(Struct, frozen=True, kw_only=True):
    """What the rows hold of a statement: its figures, not yet its words."""

    network: str
    constructed: bool
    partner: str
    period: str
    form: int
    """That in which it was issued, else the newest."""
    cut: int | None
    """null while the period is open."""
    issued_on: date | None
    """In Helsinki; null until the statement is issued."""
    state: State
    opening_cents: int
    closing_cents: int
    own_cents: int
    lines: tuple[Line, ...]
    names: Mapping[str, Names | None]
    """Of the counterparties."""
    rules: tuple[Rule, ...]
    """The agreements behind the lines."""
    issued_digest: str | None
    """As the log has it; None until the statement is issued."""

    @property
    def subtotals(self) -> tuple[Subtotal, ...]:
        sums: dict[str, int] = {}
        for line in self.lines:
            sums[line.counterparty] = sums.get(line.counterparty, 0) + line.cents
        return tuple(Subtotal(counterparty=c, cents=cents) for c, cents in sorted(sums.items()))

    @property
    def document(self) -> bytes | None:
        """Form, partner, period, cut, balances and the lines without their text, as canonical JSON; None while open."""
        if self.cut is None:
            return None
        if self.form == 1:
            return canonical(
                ContentForm1(
                    form=1,
                    partner=self.partner,
                    period=self.period,
                    position=self.cut,
                    opening_cents=self.opening_cents,
                    lines=tuple(map(line_form_1, self.lines)),
                    subtotals=self.subtotals,
                    closing_cents=self.closing_cents,
                )
            )
        return canonical(
            ContentForm2(
                form=self.form,
                partner=self.partner,
                period=self.period,
                position=self.cut,
                opening_cents=self.opening_cents,
                lines=tuple(map(line_form_2, self.lines)),
                subtotals=self.subtotals,
                closing_cents=self.closing_cents,
            )
        )

    @property
    def digest(self) -> str | None:
        """SHA-256 of the document; None while open."""
        document = self.document
        return None if document is None else sha256(document).hexdigest()

    @property
    def dispute_days(self) -> int:
        """Business days in which its lines may be disputed: the most that an agreement behind them gives."""
        return max((rule.dispute_days for rule in self.rules), default=Rule("", 0).dispute_days)

    @property
    def tacit_approval(self) -> bool:
        """Whether silence approves it: every agreement behind its lines has to say so."""
        return bool(self.rules) and all(rule.tacit_approval for rule in self.rules)

    def verified(self) -> str | None:
        """The digest, None while open. Raises StatementChanged when it is not what was issued."""
        digest = self.digest
        if digest and self.issued_digest and digest != self.issued_digest:
            raise StatementChanged(self.partner, self.period, self.issued_digest, digest)
        return digest

    def statement(self, position: int, as_of: int | None) -> Statement:
        """The statement in words, asked at a position: an open one has no cut of its own.

        Raises StatementChanged when it is not what was issued.
        """
        digest = self.verified()
        return Statement(
            form=self.form,
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
            lines=tuple(StatementLine(**asdict(line_form_2(line)), text=self._text(line)) for line in self.lines),
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
    state = state_of(rows, partner, period)
    lines = lines_of(rows, partner, period)
    if not rows.complete() or network is None or period < network.first_period or not (known or balances):
        return None
    opening = sum(b.cents for b in balances if b.period < period)
    counterparties = sorted({line.counterparty for line in lines})
    agreements = sorted({(line.agreement, line.version) for line in lines if line.agreement and line.version})
    return Account(
        network=network.network,
        constructed=network.constructed,
        partner=partner,
        period=period,
        form=issued.form if issued else FORM,
        cut=closed.position if closed else None,
        issued_on=day_of(issued.issued_at) if issued and issued.issued_at else None,
        state=state,
        opening_cents=opening,
        closing_cents=opening + sum(line.cents for line in lines),
        own_cents=sum(b.own_cents for b in balances if b.period == period),
        lines=lines,
        rules=tuple(rule for agreement in agreements for rule in rows.under(Rule, *agreement)),
        issued_digest=issued.digest if issued else None,
        names={
            c: organisations[c].name_at(closed.position if closed else None) if c in organisations else None
            for c in counterparties
        },
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
        cost_cents=now.cost_cents,
        corrected_cents=now.corrected_cents,
        trued_up_cents=now.trued_up_cents,
        set_off_cents=now.set_off_cents,
        paid_cents=now.paid_cents,
        vat_cents=now.vat_cents,
        closing_cents=opening + now.cents,
        lines=now.lines + now.vat_lines,
    )
