"""Settlements, payments and balances, as far as somebody may see them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Literal

from msgspec import Struct

from domain.words import AgreementId, Cents, Organisation, PaymentId, Period, SettlementId, Version
from projections.rows import Rows
from projections.settlement_accounts import NewerDetails, PayeeAccount
from projections.settlement_bank_lines import BankLineView, lines_of_payment
from projections.settlement_claims import Claims
from projections.settlement_rows import Account, Mode, Ordered, Payment, SetOff, Settlement, Shown
from projections.words import CounterpartyId, NumberFromOne, PayOn, WholeCents

PaymentState = Literal["planned", "approved", "part", "paid", "over"]
SettlementState = Literal["settled", "planned", "approved", "paid"]


class PairBetween(Struct, frozen=True, kw_only=True):
    """Two partners in a settlement, seen from the first named: positive is due to it."""

    organisation: Organisation
    counterparty: CounterpartyId
    owed_cents: WholeCents
    """What the counterparty owed it, before anything was set off."""
    owes_cents: WholeCents
    """What it owed the counterparty."""
    set_off_cents: WholeCents
    """What others' payments closed between the two: it is a line of both statements."""
    payment_cents: WholeCents
    """What the counterparty pays it; negative where it pays."""
    event: int
    """The position of the set-off."""


class Position(Struct, frozen=True, kw_only=True):
    """What a settlement comes to for one partner: positive is due to it."""

    organisation: Organisation
    cents: Cents


class PaymentView(Struct, frozen=True, kw_only=True):
    """A payment of a settlement, with what it follows from."""

    payment: PaymentId
    settlement: SettlementId
    number: NumberFromOne
    payer: Organisation
    payee: Organisation
    cents: int
    """What is to be paid, in whole cents of euro; above 0."""
    reference: str
    """The Finnish reference number that a bank gives back."""
    pay_on: PayOn
    state: PaymentState
    """`planned` until the settlement is approved; `approved`: to be paid; then as banks show it: `part`, `paid`, `over`."""
    paid_cents: WholeCents
    """What banks have shown of it."""
    paid_on: date | None
    """The day of the bank's line that made it whole; null until then."""
    because: tuple[PairBetween, ...]
    """The payer's pairs, then the payee's, as far as they led to it and the reader is one of the two."""
    event: int
    """The position where it was ordered."""
    account: PayeeAccount | None = None
    """Where it goes: the payee's account as it was approved, before that as it is; null: the payee had none."""


class SettlementView(Struct, frozen=True, kw_only=True):
    """A settlement of a period under an agreement. Of a partner's own pairs and payments; the coordinator sees all."""

    settlement: SettlementId
    number: NumberFromOne
    period: Period
    agreement: AgreementId
    version: Version
    mode: Mode
    """`gross`: each debt by itself; `pairwise`: one payment for each two; `multilateral`: as few as are needed; `clearing`: through one."""
    clearing: str | None
    """The partner through which all pay; null in other modes."""
    members: tuple[str, ...]
    """The parties among whom it is settled."""
    settled_on: date | None
    """The day on which it was settled, in Helsinki."""
    pay_on: PayOn
    state: SettlementState
    """`settled`: its payments are still being ordered; `planned`: it waits for approval; `approved`; `paid`, all that the
    reader sees."""
    approved: bool
    """Whether its payments may be made."""
    approved_on: date | None
    """The day of approval, in Helsinki; null until then."""
    approval: int | None
    """The position of the approval that holds; null until then."""
    positions: tuple[Position, ...]
    """What it comes to for each partner, netted."""
    pairs: tuple[PairBetween, ...]
    """Every two partners that owe each other something in it."""
    payments: tuple[PaymentView, ...]
    """In the order of their numbers."""
    event: int
    """The cut: the position up to which the log was settled."""
    accounts: str | None = None
    """SHA-256, as 64 hex digits, of account, address and name of all payers and payees that the reader sees, as they are now: who sees
    them all sends it with approve-settlement, so that nothing is approved but what was read. Null where nothing is paid."""
    newer_details: tuple[NewerDetails, ...] = ()
    """Payers and payees of open payments whose account, address or name was set anew since the approval. They are paid as approved
    until somebody who neither settled nor set it sends approve-settlement again."""


class PairBalance(Struct, frozen=True, kw_only=True):
    """How an organisation stands with another, in whole cents with tax: positive is due to it."""

    organisation: Organisation
    counterparty: CounterpartyId
    open_cents: WholeCents
    """Booked or paid too much, but not settled yet: not approved by both, disputed, paid too much by the payee's account against the
    payer's, or later than the last settlement."""
    settled_cents: WholeCents
    """What settlements have counted."""
    to_pay_cents: WholeCents
    """What is settled and still to be paid between the two, after set-offs."""
    paid_cents: WholeCents
    """What it has paid the other, less what it got: banks say so."""


def settlements_of(rows: Rows, period: str, reader: str | None) -> list[SettlementView]:
    """The settlements of a period by number, one for each agreement. `reader`: one partner, for its own part; None: all."""
    return [_settlement(rows, each, reader) for each in settled_in(rows, period)]


def settled_in(rows: Rows, period: str) -> list[Settlement]:
    """The same as rows: of an agreement the last, since it was settled again only where that had come to nothing."""
    found = sorted((each for each in rows.under(Settlement) if each.period == period), key=lambda each: each.number)
    return sorted({each.agreement: each for each in found}.values(), key=lambda each: each.number)


def payment_of(
    rows: Rows, payment: str, reader: str | None
) -> tuple[PaymentView, Settlement, tuple[BankLineView, ...], tuple[int, ...]] | None:
    """A payment, its settlement, the bank's lines that show it, and where they were recorded and taken back.

    None for who is neither payer nor payee.
    """
    ordered = next(iter(rows.under(Ordered, payment)), None)
    if ordered is None:
        return None
    found = next(iter(rows.under(Payment, ordered.settlement, payment)), None)
    settled = next(iter(rows.under(Settlement, ordered.settlement)), None)
    set_offs = rows.under(SetOff, ordered.settlement)
    shown, lines = rows.under(Shown, payment), lines_of_payment(rows, payment)
    if found is None or settled is None or reader not in (None, found.payer, found.payee):
        return None
    events = tuple(each.position for each in shown)
    return _payment(found, settled, set_offs, reader), settled, lines, events


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
        # What was paid too much is owed back like anything that is booked: the next settlement counts it.
        over = account.first_over_cents - account.second_over_cents
        sign = -1 if organisation == pair[1] else 1
        one, other = pair[::sign]
        found.append(
            PairBalance(
                organisation=one,
                counterparty=other,
                open_cents=sign * (booked.second_cents - booked.first_cents + over - settled),
                settled_cents=sign * settled,
                to_pay_cents=sign * (settled + account.moved_cents + account.paid_cents - over),
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
        approval=settled.approved or None,
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
