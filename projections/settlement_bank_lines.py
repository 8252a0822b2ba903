"""Bank's lines as somebody may see them, and which of them somebody has to look after."""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from msgspec import Struct

from domain.settlement.events import PaymentOutcome, TakenBackAs
from domain.words import BankLineId, Period
from projections.rows import Rows
from projections.settlement_rows import BankLine, Contradicted, Ordered, Payment, Shown, ToLookAfter
from projections.words import WholeCents


class BackView(Struct, frozen=True, kw_only=True):
    """That a line was taken back from its payment."""

    reason: TakenBackAs
    """Why: the money went back, the payee did not receive it, or the line is of something else."""
    posted_cents: int
    """What left what is known to be paid, in whole cents of euro; 0 where the other account still showed as much."""
    booked_on: date | None
    """The day on which the money went back, or on which it was seen."""
    period: Period | None
    """The month on whose statements it stands."""
    event: int
    """The position where it was taken back."""


class BankLineView(Struct, frozen=True, kw_only=True):
    """A line of an account."""

    bank_line: BankLineId
    organisation: str
    """Whose account it is a line of."""
    cents: WholeCents
    """Positive: came in."""
    booked_on: date | None
    """The day on which the bank booked it."""
    payment: str | None
    """The payment it was recognised as."""
    outcome: PaymentOutcome | None
    """`matched`: all is paid; `part`; `over`; `double`: it was all paid before; `confirmed`: the other account had said so;
    null: unknown."""
    posted_cents: WholeCents
    """What it added to what is known to be paid; 0 where the other account had said so before."""
    recorded: int | None
    """The position where it was recorded for the payment."""
    period: str | None
    """The month on whose statements it stands."""
    reference: str | None
    """As the bank gives it; null where the line has none."""
    reason: str | None
    """Why somebody has to look after it, or had to: unknown, part, over or double, as it was recorded or listed; returned,
    not-received or wrong-line, as it was taken back; contradicted, where the other account shows another sum of the payment; null
    where nobody ever had to."""
    is_open: bool
    """Whether somebody still has to look after it."""
    how: Literal["returned", "belongs-elsewhere", "paid-later", "kept-on-account"] | None
    """What became of it."""
    payer_cents: WholeCents | None
    """What the payer's account shows of the payment in all; null where the line is of none."""
    payee_cents: WholeCents | None
    """What the payee's account shows of it."""
    taken_back: BackView | None
    """Null where it stands as recorded."""
    takes_back: BankLineId | None
    """The line whose money it shows going back; null where it shows none."""
    events: tuple[int, ...]
    """The positions of what is recorded of it."""


def lines_of_payment(rows: Rows, payment: str) -> tuple[BankLineView, ...]:
    """The bank's lines that show a payment, or showed it until they were taken back; not those that are of another one now."""
    own = {payment_row.payment: payment_row for payment_row in _payments(rows, payment)}
    lines = dict.fromkeys(shown.bank_line for shown in rows.under(Shown, payment))
    found = [line for bank_line in lines for line in rows.under(BankLine, bank_line) if line.payment in own]
    return tuple(_seen(rows, line) for line in found)


def bank_line_of(rows: Rows, bank_line: str, reader: str | None) -> BankLineView | None:
    """One line; None for who is no party to it."""
    found = next(iter(rows.under(BankLine, bank_line)), None)
    if found is None or not (reader is None or reader in (found.organisation, *found.parties)):
        return None
    return _seen(rows, found)


def worklist(rows: Rows, reader: str | None) -> list[BankLineView]:
    """The bank's lines that somebody has to look after, the oldest first; `reader`: those of its own accounts."""
    found = {line.bank_line: line for each in rows.under(ToLookAfter) for line in rows.under(BankLine, each.bank_line)}
    for payment in rows.under(Contradicted):
        found |= {line.bank_line: line for line in _newest(rows, payment.payment)}
    own = [each for each in found.values() if reader in (None, each.organisation)]
    return [_seen(rows, each) for each in sorted(own, key=lambda each: each.taken_back or each.listed or each.recorded)]


def _newest(rows: Rows, payment: str) -> Iterable[BankLine]:
    """Of each account the last line that stands for a payment: where the two contradict each other it stands for the others."""
    lines = dict.fromkeys(shown.bank_line for shown in rows.under(Shown, payment))
    found = [line for bank_line in lines for line in rows.under(BankLine, bank_line) if line.payment == payment]
    standing = sorted((line for line in found if not line.taken_back), key=lambda line: line.recorded)
    return {line.organisation: line for line in standing}.values()


def _payments(rows: Rows, payment: str) -> Iterable[Payment]:
    return [
        each for ordered in rows.under(Ordered, payment) for each in rows.under(Payment, ordered.settlement, payment)
    ]


def _seen(rows: Rows, line: BankLine) -> BankLineView:
    payment = next(iter(_payments(rows, line.payment)), None) if line.payment else None
    contradicted = payment is not None and payment.is_contradicted and line in _newest(rows, payment.payment)
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
        reason=line.why if line.is_open else "contradicted" if contradicted else line.why or line.reason,
        is_open=line.is_open or contradicted,
        how=line.how,
        payer_cents=payment.payer_cents if payment else None,
        payee_cents=payment.payee_cents if payment else None,
        taken_back=_back(line),
        takes_back=line.takes_back,
        events=tuple(sorted(at for at in (line.recorded, line.listed, line.cleared, line.taken_back) if at)),
    )


def _back(line: BankLine) -> BackView | None:
    if not line.taken_back or line.back_as is None:
        return None
    return BackView(
        reason=line.back_as,
        posted_cents=line.back_cents,
        booked_on=line.back_on,
        period=line.back_period,
        event=line.taken_back,
    )
