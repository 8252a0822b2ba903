"""The list of bank's lines that fit no payment, or not as ordered: somebody looks after each of them."""

from datetime import date
from typing import Literal

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, InTheFuture, NotYours, Refused, Unknown, Value, facts
from domain.settlement.events import BankLineCleared, BankLineListed, PaymentRecorded
from domain.words import BankLineId, Cents, Line, Organisation, PaymentId

Seen = PaymentRecorded | BankLineListed | BankLineCleared

LOOKED_AFTER = frozenset({"part", "over", "double"})
"""Outcomes that somebody has to look after."""


class ListBankLine(Command, frozen=True):
    """Put a line of an account on the list of what somebody has to look after.

    It fits no payment (`unknown`), or it was recorded for one as a part of it, as more than was ordered, or as paid twice.
    """

    bank_line: BankLineId
    organisation: Organisation
    cents: Cents
    reference: Line | None
    payment: PaymentId | None
    reason: Literal["unknown", "part", "over", "double"]
    booked_on: date


class ClearBankLine(Command, frozen=True):
    """Say what became of a line on the list.

    What was recorded as a part, too much or paid twice is on it, whether somebody has put it there or not.
    """

    bank_line: BankLineId
    how: Literal["returned", "belongs-elsewhere", "paid-later", "kept-on-account"]


class ListedAlready(Refused):
    def __init__(self, listed: BankLineListed) -> None:
        super().__init__(f"{listed.bank_line} is on the list of {listed.organisation} already, as {listed.reason}.")


class Recognised(Refused):
    def __init__(self, recorded: PaymentRecorded) -> None:
        super().__init__(
            f"{recorded.bank_line} was recognised as {recorded.payment} on the {recorded.side}'s side, {recorded.cents} cents, "
            f"{recorded.outcome}; it is listed as that or not at all."
        )


class NotRecognised(Refused):
    def __init__(self, bank_line: str, payment: str) -> None:
        super().__init__(
            f"{bank_line} is not recorded for {payment}; record it first, or list it as unknown without a payment."
        )


class UnknownPayment(Refused):
    def __init__(self, bank_line: str, reason: str) -> None:
        super().__init__(f"{bank_line} is listed as {reason}, but of which payment is not said; name it.")


class ClearedAlready(Refused):
    def __init__(self, cleared: BankLineCleared) -> None:
        super().__init__(f"{cleared.bank_line} was cleared on {cleared.cleared_on} already: {cleared.how}.")


class Listed(Value, frozen=True):
    recorded: PaymentRecorded | None = None
    listed: BankLineListed | None = None
    cleared: BankLineCleared | None = None


def boundary(command: ListBankLine | ClearBankLine) -> Boundary:
    return (facts(PaymentRecorded, BankLineListed, BankLineCleared, about=command.bank_line),)


def evolve(state: Listed, event: Seen) -> Listed:
    match event:
        case PaymentRecorded():
            return replace(state, recorded=event)
        case BankLineListed():
            return replace(state, listed=event)
        case BankLineCleared():
            return replace(state, cleared=event)


def put_on_list(command: ListBankLine, state: Listed) -> tuple[Event, ...]:
    if not command.asked.acts_for(command.organisation):
        raise NotYours(command.asked, command.organisation, "list a line of its account")
    if state.listed:
        raise ListedAlready(state.listed)
    _check_as_recorded(command, state.recorded)
    if command.booked_on > command.asked.on:
        raise InTheFuture("A bank's line", command.booked_on, command.asked.on)
    return (
        BankLineListed(
            bank_line=command.bank_line,
            organisation=command.organisation,
            cents=command.cents,
            reference=command.reference,
            payment=command.payment,
            reason=command.reason,
            booked_on=command.booked_on,
            parties=(command.organisation,),
        ),
    )


def clear(command: ClearBankLine, state: Listed) -> tuple[Event, ...]:
    organisation = _on_list_of(state)
    if organisation is None or not command.asked.acts_for(organisation):
        raise Unknown(f"{command.bank_line} on the list")
    if state.cleared:
        raise ClearedAlready(state.cleared)
    return (
        BankLineCleared(
            bank_line=command.bank_line,
            organisation=organisation,
            how=command.how,
            by=command.asked.actor,
            cleared_on=command.asked.on,
            parties=(organisation,),
        ),
    )


def _on_list_of(state: Listed) -> str | None:
    if state.listed:
        return state.listed.organisation
    recorded = state.recorded
    return _owner(recorded) if recorded and recorded.outcome in LOOKED_AFTER else None


def _owner(recorded: PaymentRecorded) -> str:
    return recorded.payer if recorded.side == "payer" else recorded.payee


def _check_as_recorded(command: ListBankLine, recorded: PaymentRecorded | None) -> None:
    """What is listed says what the log says of the line."""
    if recorded is None:
        if command.payment is not None:
            raise NotRecognised(command.bank_line, command.payment)
        if command.reason != "unknown":
            raise UnknownPayment(command.bank_line, command.reason)
        return
    cents = -recorded.cents if recorded.side == "payer" else recorded.cents
    said = (command.organisation, command.cents, command.payment, command.reason)
    if said != (_owner(recorded), cents, recorded.payment, recorded.outcome):
        raise Recognised(recorded)


list_bank_line = Decider(
    command=ListBankLine,
    boundary=boundary,
    initial=Listed(),
    evolve=evolve,
    decide=put_on_list,
    may={"coordinator": None, "partner": "finance-approve"},
    example={
        "bank_line": "bank-line:9f86d081884c7d659a2feaa0c55ad015",
        "organisation": "org:ekami",
        "cents": 4200,
        "reference": "1000012",
        "payment": None,
        "reason": "unknown",
        "booked_on": "2019-04-23",
    },
)
clear_bank_line = Decider(
    command=ClearBankLine,
    boundary=boundary,
    initial=Listed(),
    evolve=evolve,
    decide=clear,
    may={"coordinator": None, "partner": "finance-approve"},
    example={"bank_line": "bank-line:9f86d081884c7d659a2feaa0c55ad015", "how": "returned"},
)
