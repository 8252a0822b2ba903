"""Settlements, payments, bank's lines and balances, as far as somebody may see them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Literal

from msgspec import Struct

from domain.settlement.events import PaymentOutcome
from projections.rows import Rows
from projections.settlement_claims import Claims
from projections.settlement_rows import Account, BankLine, Mode, Ordered, Payment, SetOff, Settlement, Shown

PaymentState = Literal["planned", "approved", "part", "paid", "over"]
SettlementState = Literal["settled", "planned", "approved", "paid"]


class PairBetween(Struct, frozen=True, kw_only=True):
    """Two partners in a settlement, seen from the first named: positive is due to it."""

    organisation: str
    counterparty: str
    owed_cents: int
    """What the counterparty owed it, before anything was set off."""
    owes_cents: int
    """What it owed the counterparty."""
    set_off_cents: int
    """What others' payments closed between the two: it is a line of both statements."""
    payment_cents: int
    """What the counterparty pays it; negative where it pays."""
    event: int
    """The position of the set-off."""


class Position(Struct, frozen=True, kw_only=True):
    """What a settlement comes to for one partner: positive is due to it."""

    organisation: str
    cents: int


class PaymentView(Struct, frozen=True, kw_only=True):
    """A payment of a settlement, with what it follows from."""

    payment: str
    settlement: str
    number: int
    payer: str
    payee: str
    cents: int
    reference: str
    """The Finnish reference number that a bank gives back."""
    pay_on: date | None
    state: PaymentState
    paid_cents: int
    """What banks have shown of it."""
    paid_on: date | None
    because: tuple[PairBetween, ...]
    """The payer's pairs, then the payee's, as far as they led to it and the reader is one of the two."""
    event: int
    """The position where it was ordered."""


class SettlementView(Struct, frozen=True, kw_only=True):
    """A settlement of a period under an agreement. Of a partner's own pairs and payments; the coordinator sees all."""

    settlement: str
    number: int
    period: str
    agreement: str
    version: int
    mode: Mode
    clearing: str | None
    members: tuple[str, ...]
    settled_on: date | None
    pay_on: date | None
    state: SettlementState
    approved: bool
    """Whether its payments may be made."""
    approved_on: date | None
    positions: tuple[Position, ...]
    pairs: tuple[PairBetween, ...]
    payments: tuple[PaymentView, ...]
    event: int
    """The cut: the position up to which the log was settled."""


class BankLineView(Struct, frozen=True, kw_only=True):
    """A line of an account."""

    bank_line: str
    organisation: str
    """Whose account it is a line of."""
    cents: int
    """Positive: came in."""
    booked_on: date | None
    payment: str | None
    """The payment it was recognised as."""
    outcome: PaymentOutcome | None
    posted_cents: int
    """What it added to what is known to be paid; 0 where the other account had said so before."""
    recorded: int | None
    """The position where it was recorded for the payment."""
    period: str | None
    """The month on whose statements it stands."""
    reference: str | None
    reason: str | None
    """Why somebody has to look after it, or had to: unknown, part, over or double; null where nobody ever had to."""
    is_open: bool
    """Whether somebody still has to look after it."""
    how: Literal["returned", "belongs-elsewhere", "paid-later", "kept-on-account"] | None
    """What became of it."""
    events: tuple[int, ...]


class PairBalance(Struct, frozen=True, kw_only=True):
    """How an organisation stands with another, in whole cents with tax: positive is due to it."""

    organisation: str
    counterparty: str
    open_cents: int
    """Booked, but not settled yet: not approved by both, disputed, or later than the last settlement."""
    settled_cents: int
    """What settlements have counted."""
    to_pay_cents: int
    """What is settled and still to be paid between the two, after set-offs."""
    paid_cents: int
    """What it has paid the other, less what it got: banks say so."""


def settlements_of(rows: Rows, period: str, reader: str | None) -> list[SettlementView]:
    """The settlements of a period by number. `reader`: one partner, for its own part; None: all."""
    found = [each for each in rows.under(Settlement) if each.period == period]
    return [_settlement(rows, each, reader) for each in sorted(found, key=lambda each: each.number)]


def payment_of(
    rows: Rows, payment: str, reader: str | None
) -> tuple[PaymentView, Settlement, tuple[BankLineView, ...]] | None:
    """A payment, its settlement, and the bank's lines that show it; None for who is neither payer nor payee."""
    ordered = next(iter(rows.under(Ordered, payment)), None)
    if ordered is None:
        return None
    found = next(iter(rows.under(Payment, ordered.settlement, payment)), None)
    settled = next(iter(rows.under(Settlement, ordered.settlement)), None)
    set_offs = rows.under(SetOff, ordered.settlement)
    lines = [line for shown in rows.under(Shown, payment) for line in rows.under(BankLine, shown.bank_line)]
    if found is None or settled is None or reader not in (None, found.payer, found.payee):
        return None
    return _payment(found, settled, set_offs, reader), settled, tuple(_bank_line(line) for line in lines)


def bank_line_of(rows: Rows, bank_line: str, reader: str | None) -> BankLineView | None:
    """One line; None for who is no party to it."""
    found = next(iter(rows.under(BankLine, bank_line)), None)
    if found is None or not (reader is None or reader in (found.organisation, *found.parties)):
        return None
    return _bank_line(found)


def worklist(rows: Rows, reader: str | None) -> list[BankLineView]:
    """The bank's lines that somebody has to look after, the oldest first; `reader`: those of its own accounts."""
    found = [each for each in rows.under(BankLine) if each.is_open and reader in (None, each.organisation)]
    return [_bank_line(each) for each in sorted(found, key=lambda each: each.listed or each.recorded)]


def balances(rows: Rows, organisation: str | None) -> list[PairBalance]:
    """How an organisation stands with each other; None: each two, seen from the smaller id."""
    claims = Claims(rows, {})
    accounts = {(each.first, each.second): each for each in rows.under(Account)}
    found = []
    for pair in sorted({*claims.pairs(), *accounts}):
        if organisation not in (None, *pair):
            continue
        account, booked = accounts.get(pair, Account(*pair)), claims.booked(pair)
        settled = account.second_owed_cents - account.first_owed_cents
        sign = -1 if organisation == pair[1] else 1
        one, other = pair[::sign]
        found.append(
            PairBalance(
                organisation=one,
                counterparty=other,
                open_cents=sign * (booked.second_cents - booked.first_cents - settled),
                settled_cents=sign * settled,
                to_pay_cents=sign * (settled + account.moved_cents + account.paid_cents),
                paid_cents=sign * account.paid_cents,
            )
        )
    return found


def _settlement(rows: Rows, settled: Settlement, reader: str | None) -> SettlementView:
    set_offs = rows.under(SetOff, settled.settlement)
    own = [each for each in rows.under(Payment, settled.settlement) if reader in (None, each.payer, each.payee)]
    payments = sorted(own, key=lambda each: each.number)
    pairs = [each for each in set_offs if reader in (None, each.first, each.second)]
    return SettlementView(
        settlement=settled.settlement,
        number=settled.number,
        period=settled.period,
        agreement=settled.agreement,
        version=settled.version,
        mode=settled.mode,
        clearing=settled.clearing,
        members=settled.members,
        settled_on=settled.settled_on,
        pay_on=settled.pay_on,
        state=_state(settled, payments),
        approved=bool(settled.approved),
        approved_on=settled.approved_on,
        positions=tuple(_positions(pairs, reader)),
        pairs=tuple(_seen_from(reader or each.first, each) for each in pairs),
        payments=tuple(_payment(each, settled, set_offs, reader) for each in payments),
        event=settled.cut,
    )


def _state(settled: Settlement, payments: Iterable[Payment]) -> SettlementState:
    """Paid when all payments that are seen are; without any, at once."""
    if settled.approved:
        return "paid" if all(each.is_paid for each in payments) else "approved"
    return "planned" if settled.planned else "settled"


def _positions(pairs: Iterable[SetOff], reader: str | None) -> Iterator[Position]:
    sums: dict[str, int] = {}
    for each in pairs:
        for organisation in (each.first, each.second):
            seen = _seen_from(organisation, each)
            sums[organisation] = sums.get(organisation, 0) + seen.owed_cents - seen.owes_cents
    for organisation, cents in sorted(sums.items()):
        if reader in (None, organisation):
            yield Position(organisation=organisation, cents=cents)


def _payment(payment: Payment, settled: Settlement, set_offs: Sequence[SetOff], reader: str | None) -> PaymentView:
    return PaymentView(
        payment=payment.payment,
        settlement=payment.settlement,
        number=payment.number,
        payer=payment.payer,
        payee=payment.payee,
        cents=payment.cents,
        reference=payment.reference,
        pay_on=payment.pay_on,
        state=_payment_state(payment, settled),
        paid_cents=payment.paid_cents,
        paid_on=payment.paid_on,
        because=tuple(_because(payment, set_offs, reader)),
        event=payment.position,
    )


def _payment_state(payment: Payment, settled: Settlement) -> PaymentState:
    if not payment.paid_cents:
        return "approved" if settled.approved else "planned"
    if payment.paid_cents > payment.cents:
        return "over"
    return "paid" if payment.is_paid else "part"


def _because(payment: Payment, set_offs: Sequence[SetOff], reader: str | None) -> Iterator[PairBetween]:
    """The pair itself, and each pair of the two of which others' payments closed something: those sum to what is paid."""
    for organisation in (payment.payer, payment.payee):
        for each in set_offs:
            two = {each.first, each.second}
            itself = two == {payment.payer, payment.payee}
            if organisation not in two or not (itself or each.moved_cents) or reader not in (None, *two):
                continue
            if not (itself and organisation == payment.payee):
                yield _seen_from(organisation, each)


def _seen_from(organisation: str, pair: SetOff) -> PairBetween:
    is_first = organisation == pair.first
    sign = 1 if is_first else -1
    return PairBetween(
        organisation=organisation,
        counterparty=pair.second if is_first else pair.first,
        owed_cents=pair.second_owes_cents if is_first else pair.first_owes_cents,
        owes_cents=pair.first_owes_cents if is_first else pair.second_owes_cents,
        set_off_cents=sign * pair.moved_cents,
        payment_cents=sign * (pair.second_pays_cents - pair.first_pays_cents),
        event=pair.position,
    )


def _bank_line(line: BankLine) -> BankLineView:
    return BankLineView(
        bank_line=line.bank_line,
        organisation=line.organisation,
        cents=line.cents,
        booked_on=line.booked_on,
        payment=line.payment,
        outcome=line.outcome,
        posted_cents=line.posted_cents,
        recorded=line.recorded or None,
        period=line.period,
        reference=line.reference,
        reason=line.why or line.reason,
        is_open=line.is_open,
        how=line.how,
        events=tuple(sorted(at for at in (line.recorded, line.listed, line.cleared) if at)),
    )
