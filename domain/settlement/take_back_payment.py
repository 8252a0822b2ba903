"""Take back what a bank's line was recorded as: what it added is not paid any more, and the payment is open again."""

from datetime import date

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, InTheFuture, NotYours, Refused, Unknown, Value, facts
from domain.network.events import NetworkFounded, OrganisationRegistered
from domain.settlement.books import BOOKKEEPING, Books
from domain.settlement.events import (
    BankLineListed,
    PaymentOrdered,
    PaymentRecorded,
    PaymentTakenBack,
    PeriodClosed,
    TakenBackAs,
)
from domain.settlement.listed_line import ListedLine
from domain.settlement.shown import LineIdTaken, Shown, known_of, owner_of, sum_of
from domain.words import BankLineId, PaymentId

Seen = (
    PaymentOrdered
    | PaymentRecorded
    | PaymentTakenBack
    | BankLineListed
    | OrganisationRegistered
    | NetworkFounded
    | PeriodClosed
)


class TakeBackPayment(Command, frozen=True):
    """Take back a line that was recorded for a payment, once: what it added is not known to be paid any more.

    The side whose account it is a line of says that the money was returned, or that the line is of something else; the payee
    contests a line of the payer's that its own account does not show; the coordinator says any of them. A line that is of something
    else may be recorded for another payment.
    """

    payment: PaymentId
    bank_line: BankLineId
    """The line that was recorded for it."""
    reason: TakenBackAs
    """`returned`: the money went back; `not-received`: the payee's account does not show what the payer's line says; `wrong-line`: the
    line is of something else."""
    booked_on: date
    """The day on which the money went back, or on which it was seen that the line is not as recorded; not later than today."""
    shown_by: BankLineId | None = None
    """The line of the same account that shows the money going back; null where there is none."""


class NotRecorded(Refused):
    def __init__(self, bank_line: str, payment: str) -> None:
        super().__init__(f"{bank_line} is not recorded for {payment}, so nothing of it can be taken back.")


class TakenBackAlready(Refused):
    def __init__(self, back: PaymentTakenBack) -> None:
        super().__init__(
            f"{back.bank_line} was taken back from {back.payment} on {back.occurred_on} already, as {back.reason}."
        )


class ShownByPayee(Refused):
    def __init__(self, recorded: PaymentRecorded, payee_cents: int) -> None:
        super().__init__(
            f"The account of {recorded.payee} shows {payee_cents} cents of {recorded.payment} itself, so {recorded.bank_line} adds "
            "nothing that was not received; take the payee's line back where that is wrong."
        )


class OwnLineNotReceived(Refused):
    def __init__(self, recorded: PaymentRecorded) -> None:
        super().__init__(
            f"{recorded.bank_line} is a line of the payee {recorded.payee} itself; take it back as returned or as a wrong line."
        )


class BeforePaid(Refused):
    def __init__(self, recorded: PaymentRecorded, day: date) -> None:
        super().__init__(
            f"{recorded.bank_line} was booked on {recorded.occurred_on}; it cannot be taken back on {day}, before that."
        )


class NothingWentBack(Refused):
    def __init__(self, shown_by: str, reason: str) -> None:
        super().__init__(f"{shown_by} shows money going back, but {reason} is no return; take it back as returned.")


class ShownAsPayment(Refused):
    def __init__(self, shown_by: str) -> None:
        super().__init__(
            f"{shown_by} was recognised already as something else, so it does not show that money went back."
        )


class Contested(Value, frozen=True):
    books: Books = Books()
    ordered: PaymentOrdered | None = None
    shown: Shown = Shown()
    """Of the payment, and by the line that is to show the return."""
    line: ListedLine = ListedLine()
    """The line that is to show the return."""


def boundary(command: TakeBackPayment) -> Boundary:
    about = facts(PaymentOrdered, PaymentRecorded, PaymentTakenBack, about=command.payment)
    if command.shown_by is None:
        return (about, BOOKKEEPING)
    shown_by = facts(PaymentRecorded, PaymentTakenBack, BankLineListed, about=command.shown_by)
    return (about, shown_by, facts(OrganisationRegistered), BOOKKEEPING)


def evolve(state: Contested, event: Seen) -> Contested:
    match event:
        case NetworkFounded() | PeriodClosed():
            return replace(state, books=state.books.after(event))
        case PaymentOrdered():
            return replace(state, ordered=event)
        case PaymentRecorded() | PaymentTakenBack():
            return replace(state, shown=state.shown.after(event))
        case BankLineListed() | OrganisationRegistered():
            return replace(state, line=state.line.after(event))


def decide(command: TakeBackPayment, state: Contested) -> tuple[Event, ...]:
    ordered, shown = state.ordered, state.shown
    # A payment is between two: to everybody else it does not exist.
    if ordered is None or not any(command.asked.acts_for(party) for party in ordered.parties):
        raise Unknown(command.payment)
    recorded = next((each for each in shown.of(ordered.payment) if each.bank_line == command.bank_line), None)
    if recorded is None:
        raise NotRecorded(command.bank_line, ordered.payment)
    _check_whose(command, recorded)
    if back := shown.back_of(recorded):
        raise TakenBackAlready(back)
    _check_return(command, shown)
    state.line.check_of(owner_of(recorded))
    if command.booked_on > command.asked.on:
        raise InTheFuture("A return", command.booked_on, command.asked.on)
    if command.booked_on < recorded.occurred_on:
        raise BeforePaid(recorded, command.booked_on)
    standing = shown.standing(ordered.payment)
    left = tuple(each for each in standing if each is not recorded)
    posted = known_of(ordered.cents, standing) - known_of(ordered.cents, left)
    if command.reason == "not-received" and not posted:
        raise ShownByPayee(recorded, sum_of(standing, "payee"))
    corrected = _posted(recorded, shown) if posted else recorded
    return (
        PaymentTakenBack(
            payment=ordered.payment,
            settlement=ordered.settlement,
            bank_line=recorded.bank_line,
            side=recorded.side,
            payer=ordered.payer,
            payee=ordered.payee,
            cents=recorded.cents,
            posted_cents=posted,
            reason=command.reason,
            shown_by=command.shown_by,
            corrects=corrected.bank_line,
            corrects_period=corrected.period,
            by=command.asked.actor,
            occurred_on=command.booked_on,
            period=state.books.period_of(command.booked_on),
            parties=ordered.parties,
        ),
    )


def _check_whose(command: TakeBackPayment, recorded: PaymentRecorded) -> None:
    if command.reason != "not-received":
        if not command.asked.acts_for(owner_of(recorded)):
            raise NotYours(command.asked, owner_of(recorded), "take back a line of its account")
        return
    if not command.asked.acts_for(recorded.payee):
        raise NotYours(command.asked, recorded.payee, "say what its account did not receive")
    if recorded.side == "payee":
        raise OwnLineNotReceived(recorded)


def _check_return(command: TakeBackPayment, shown: Shown) -> None:
    """A line shows one thing: what was recorded as a payment, or has shown a return, shows no other."""
    if command.shown_by is None:
        return
    if command.reason != "returned":
        raise NothingWentBack(command.shown_by, command.reason)
    used: list[PaymentRecorded | PaymentTakenBack] = [
        *(each for each in shown.recorded if each.bank_line == command.shown_by),
        *(each for each in shown.taken_back if each.shown_by == command.shown_by),
    ]
    for each in used:
        known = any(command.asked.acts_for(party) for party in each.parties)
        raise ShownAsPayment(command.shown_by) if known else LineIdTaken(command.shown_by)


def _posted(recorded: PaymentRecorded, shown: Shown) -> PaymentRecorded:
    """The line whose posting goes: the other side's, where this one had said the same after it."""
    added = [each for each in shown.of(recorded.payment) if each.posted_cents]
    return recorded if recorded.posted_cents else added[-1]


take_back_payment = Decider(
    command=TakeBackPayment,
    boundary=boundary,
    initial=Contested(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "finance-approve"},
    example={
        "payment": "payment:0168f4a2-7c00-8123-9abc-0123456789ab",
        "bank_line": "bank-line:9f86d081884c7d659a2feaa0c55ad015",
        "reason": "returned",
        "booked_on": "2019-04-24",
        "shown_by": "bank-line:b5bb9d8014a0f9b1d61e21e796d78dcc",
    },
)
