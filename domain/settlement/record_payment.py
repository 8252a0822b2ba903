"""Record what a bank's line says of a payment, and what that adds to what is known to be paid."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, InTheFuture, NotYours, Refused, Unknown, Value, facts
from domain.network.events import NetworkFounded
from domain.settlement.books import BOOKKEEPING, Books
from domain.settlement.events import (
    PaymentOrdered,
    PaymentOutcome,
    PaymentRecorded,
    PeriodClosed,
    SettlementApproved,
)
from domain.words import PRICE_CENTS_MAX, BankLineId, PaymentId, SettlementId

Seen = PaymentOrdered | PaymentRecorded | SettlementApproved | NetworkFounded | PeriodClosed
Side = Literal["payer", "payee"]


class RecordPayment(Command, frozen=True):
    """Record that a line of an account shows a payment, on the payer's account or on the payee's.

    Whatever both accounts show counts once. A partner records the lines of its own account.
    """

    payment: PaymentId
    settlement: SettlementId
    bank_line: BankLineId
    side: Side
    cents: Annotated[int, Meta(ge=1, le=PRICE_CENTS_MAX)]
    booked_on: date


class NotApproved(Refused):
    def __init__(self, payment: str, settlement: str) -> None:
        super().__init__(
            f"{payment} belongs to {settlement}, which is not approved: nothing of it is to be paid yet. Approve it first."
        )


class OtherSettlement(Refused):
    def __init__(self, ordered: PaymentOrdered, settlement: str) -> None:
        super().__init__(f"{ordered.payment} belongs to {ordered.settlement}, not to {settlement}.")


class RecognisedAlready(Refused):
    def __init__(self, recorded: PaymentRecorded) -> None:
        super().__init__(
            f"{recorded.bank_line} was recognised already as {recorded.payment} on {recorded.occurred_on}; it counts once."
        )


class Paid(Value, frozen=True):
    books: Books = Books()
    ordered: PaymentOrdered | None = None
    recorded: tuple[PaymentRecorded, ...] = ()
    """For the payment, or by the same bank's line for another one."""
    approved: frozenset[str] = frozenset()


def boundary(command: RecordPayment) -> Boundary:
    return (
        facts(PaymentOrdered, PaymentRecorded, about=command.payment),
        facts(SettlementApproved, about=command.settlement),
        facts(PaymentRecorded, about=command.bank_line),
        BOOKKEEPING,
    )


def evolve(state: Paid, event: Seen) -> Paid:
    match event:
        case NetworkFounded() | PeriodClosed():
            return replace(state, books=state.books.after(event))
        case PaymentOrdered():
            return replace(state, ordered=event)
        case PaymentRecorded():
            return replace(state, recorded=(*state.recorded, event))
        case SettlementApproved():
            return replace(state, approved=state.approved | {event.settlement})


def decide(command: RecordPayment, state: Paid) -> tuple[Event, ...]:
    ordered = state.ordered
    # A payment is between two: to everybody else it does not exist.
    if ordered is None or not any(command.asked.acts_for(party) for party in ordered.parties):
        raise Unknown(command.payment)
    owner = ordered.payer if command.side == "payer" else ordered.payee
    if not command.asked.acts_for(owner):
        raise NotYours(command.asked, owner, "record what its account shows")
    if ordered.settlement != command.settlement:
        raise OtherSettlement(ordered, command.settlement)
    if ordered.settlement not in state.approved:
        raise NotApproved(ordered.payment, ordered.settlement)
    for recorded in state.recorded:
        if recorded.bank_line == command.bank_line:
            raise RecognisedAlready(recorded)
    if command.booked_on > command.asked.on:
        raise InTheFuture("A payment", command.booked_on, command.asked.on)
    shown = {side: _sum(each for each in state.recorded if each.side == side) for side in ("payer", "payee")}
    before = shown[command.side]
    known = _known(ordered.cents, shown)
    posted = _known(ordered.cents, {**shown, command.side: before + command.cents}) - known
    return (
        PaymentRecorded(
            payment=ordered.payment,
            settlement=ordered.settlement,
            bank_line=command.bank_line,
            side=command.side,
            payer=ordered.payer,
            payee=ordered.payee,
            cents=command.cents,
            posted_cents=posted,
            outcome=_outcome(ordered.cents, before=before, shown=before + command.cents, known=known, posted=posted),
            occurred_on=command.booked_on,
            period=state.books.period_of(command.booked_on),
            parties=ordered.parties,
        ),
    )


def _sum(recorded: Iterable[PaymentRecorded]) -> int:
    return sum(each.cents for each in recorded)


def _known(ordered: int, shown: Mapping[str, int]) -> int:
    """What is known to be paid: what both accounts show counts once.

    A payer's own word counts for no more than was ordered: what goes beyond is owed back, so it counts when the payee's account
    shows it.
    """
    return max(min(shown["payer"], ordered), shown["payee"])


def _outcome(ordered: int, *, before: int, shown: int, known: int, posted: int) -> PaymentOutcome:
    """`before`, `shown`: of the same account, without and with the line; `known`: what was known to be paid, without it."""
    if before >= ordered:
        return "double"
    if shown > ordered:
        return "over"
    if not posted:
        return "confirmed"
    return "matched" if known + posted == ordered else "part"


record_payment = Decider(
    command=RecordPayment,
    boundary=boundary,
    initial=Paid(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "finance-approve"},
    example={
        "payment": "payment:0168f4a2-7c00-8123-9abc-0123456789ab",
        "settlement": "settlement:0168f4a2-7c00-8123-9abc-0123456789ab",
        "bank_line": "bank-line:9f86d081884c7d659a2feaa0c55ad015",
        "side": "payer",
        "cents": 10000,
        "booked_on": "2019-04-23",
    },
)
