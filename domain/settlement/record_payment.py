"""Record what a bank's line says of a payment, and what that adds to what is known to be paid."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, InTheFuture, NotYours, Refused, Unknown, Value, facts
from domain.network.events import NetworkFounded, OrganisationRegistered
from domain.settlement.books import BOOKKEEPING, Books
from domain.settlement.events import (
    BankLineListed,
    PaymentOrdered,
    PaymentOutcome,
    PaymentRecorded,
    PaymentTakenBack,
    PeriodClosed,
    SettlementApproved,
)
from domain.settlement.listed_line import ListedLine
from domain.settlement.shown import LineIdTaken, Shown, known_of, owner_of, sum_of
from domain.words import PRICE_CENTS_MAX, BankLineId, PaymentId, SettlementId

Seen = (
    PaymentOrdered
    | PaymentRecorded
    | PaymentTakenBack
    | SettlementApproved
    | BankLineListed
    | OrganisationRegistered
    | NetworkFounded
    | PeriodClosed
)
Side = Literal["payer", "payee"]


class RecordPayment(Command, frozen=True):
    """Record that a line of an account shows a payment, on the payer's account or on the payee's.

    Whatever both accounts show counts once. A partner records the lines of its own account.
    """

    payment: PaymentId
    settlement: SettlementId
    """The settlement that ordered it."""
    bank_line: BankLineId
    side: Side
    """Whose account it is a line of."""
    cents: Annotated[int, Meta(ge=1, le=PRICE_CENTS_MAX)]
    """What the line says, in whole cents of euro, without a sign."""
    booked_on: date
    """The day on which the bank booked it; not later than today, nor before the network's first period."""


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


class TakenBackBefore(Refused):
    def __init__(self, back: PaymentTakenBack) -> None:
        way_out = (
            "; if it is of that payment all the same, record it under another id."
            if back.reason == "wrong-line"
            else "; it is recorded for no payment any more."
        )
        super().__init__(
            f"{back.bank_line} was taken back from {back.payment} on {back.occurred_on} as {back.reason}{way_out}"
        )


class AnotherLine(Refused):
    def __init__(self, recorded: PaymentRecorded) -> None:
        super().__init__(
            f"{recorded.bank_line} is a line of the {recorded.side} {owner_of(recorded)} of {recorded.cents} cents on "
            f"{recorded.occurred_on}; it is recorded as that or not at all."
        )


class ShowsAReturn(Refused):
    def __init__(self, back: PaymentTakenBack) -> None:
        super().__init__(f"{back.shown_by} shows that {back.payment} was {back.reason}; it is no payment.")


class Paid(Value, frozen=True):
    books: Books = Books()
    ordered: PaymentOrdered | None = None
    shown: Shown = Shown()
    """Of the payment, and by the same bank's line of another one."""
    approved: frozenset[str] = frozenset()
    line: ListedLine = ListedLine()


def boundary(command: RecordPayment) -> Boundary:
    return (
        facts(PaymentOrdered, PaymentRecorded, PaymentTakenBack, about=command.payment),
        facts(SettlementApproved, about=command.settlement),
        facts(PaymentRecorded, PaymentTakenBack, BankLineListed, about=command.bank_line),
        facts(OrganisationRegistered),
        BOOKKEEPING,
    )


def evolve(state: Paid, event: Seen) -> Paid:
    match event:
        case NetworkFounded() | PeriodClosed():
            return replace(state, books=state.books.after(event))
        case PaymentOrdered():
            return replace(state, ordered=event)
        case PaymentRecorded() | PaymentTakenBack():
            return replace(state, shown=state.shown.after(event))
        case SettlementApproved():
            return replace(state, approved=state.approved | {event.settlement})
        case BankLineListed() | OrganisationRegistered():
            return replace(state, line=state.line.after(event))


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
    state.line.check_of(owner)
    _check_unused(command, owner, state.shown)
    if command.booked_on > command.asked.on:
        raise InTheFuture("A payment", command.booked_on, command.asked.on)
    state.books.check_begun("A payment", command.booked_on)
    standing = state.shown.standing(ordered.payment)
    line = PaymentRecorded(
        payment=ordered.payment,
        settlement=ordered.settlement,
        bank_line=command.bank_line,
        side=command.side,
        payer=ordered.payer,
        payee=ordered.payee,
        cents=command.cents,
        posted_cents=0,
        outcome="confirmed",
        occurred_on=command.booked_on,
        period=state.books.period_of(command.booked_on),
        parties=ordered.parties,
    )
    before, known = sum_of(standing, command.side), known_of(ordered.cents, standing)
    posted = known_of(ordered.cents, (*standing, line)) - known
    outcome = _outcome(ordered.cents, before=before, shown=before + command.cents, known=known, posted=posted)
    return (replace(line, posted_cents=posted, outcome=outcome),)


def _check_unused(command: RecordPayment, owner: str, shown: Shown) -> None:
    """A line counts once; one that was taken back as of something else may be recorded for that."""
    for back in shown.taken_back:
        if back.shown_by == command.bank_line:
            raise ShowsAReturn(back) if _concerns(command, back) else LineIdTaken(command.bank_line)
    for recorded in shown.recorded:
        if recorded.bank_line != command.bank_line:
            continue
        if not _concerns(command, recorded):
            raise LineIdTaken(command.bank_line)
        back_of = shown.back_of(recorded)
        if back_of is None:
            raise RecognisedAlready(recorded)
        if back_of.reason != "wrong-line" or recorded.payment == command.payment:
            raise TakenBackBefore(back_of)
        if (owner_of(recorded), recorded.side, recorded.cents) != (owner, command.side, command.cents):
            raise AnotherLine(recorded)


def _concerns(command: RecordPayment, of: PaymentRecorded | PaymentTakenBack) -> bool:
    return any(command.asked.acts_for(party) for party in of.parties)


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
