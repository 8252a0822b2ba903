"""The list of bank's lines that fit no payment, or not as ordered: somebody looks after each of them."""

from datetime import date
from typing import Literal

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, InTheFuture, NotYours, Refused, Unknown, Value, facts
from domain.network.events import NetworkFounded
from domain.settlement.books import Books
from domain.settlement.events import BankLineCleared, BankLineListed, PaymentRecorded, PaymentTakenBack
from domain.settlement.shown import LineIdTaken, owner_of
from domain.words import BankLineId, Cents, Line, Organisation, PaymentId

Seen = PaymentRecorded | PaymentTakenBack | BankLineListed | BankLineCleared | NetworkFounded

LOOKED_AFTER = frozenset({"part", "over", "double"})
"""Outcomes that somebody has to look after."""
_TAKES_BACK = {"returned": ("was returned", "returned"), "belongs-elsewhere": ("belongs elsewhere", "wrong-line")}
"""What is said by taking a recorded line back, and the reason for it there."""


class ListBankLine(Command, frozen=True):
    """Put a line of an account on the list of what somebody has to look after.

    It fits no payment (`unknown`), or it was recorded for one as a part of it, as more than was ordered, or as paid twice.
    """

    bank_line: BankLineId
    """An id that follows from the line itself, so that it is the same whenever its file is read."""
    organisation: Organisation
    """Whose account it is a line of."""
    cents: Cents
    """What the line says; positive: came in."""
    reference: Line | None
    """As the bank gives it; null where the line has none."""
    payment: PaymentId | None
    """The payment that it was recorded for; null where it fits none."""
    reason: Literal["unknown", "part", "over", "double"]
    """`unknown`: it fits no payment; `part`: less than was still to be paid; `over`: more than that; `double`: it was all paid
    before."""
    booked_on: date
    """The day on which the bank booked it; not later than today, nor before the network's first period."""


class ClearBankLine(Command, frozen=True):
    """Say what became of a bank's line on the list of what somebody has to look after.

    What was recorded as a part, too much or paid twice is on it, and so is what was taken back, whether somebody has put it there
    or not. Of a line that stands as recorded nothing is returned and nothing belongs elsewhere before it is taken back: only that
    changes what is owed.
    """

    bank_line: BankLineId
    how: Literal["returned", "belongs-elsewhere", "paid-later", "kept-on-account"]
    """What became of its money: it was returned, belongs elsewhere, its rest was paid later, or it is kept on the account."""


class ListedAlready(Refused):
    def __init__(self, listed: BankLineListed) -> None:
        super().__init__(f"{listed.bank_line} is on the list of {listed.organisation} already, as {listed.reason}.")


class Recognised(Refused):
    def __init__(self, recorded: PaymentRecorded) -> None:
        super().__init__(
            f"{recorded.bank_line} was recognised as {recorded.payment} on the {recorded.side}'s side, {recorded.cents} cents, "
            f"{recorded.outcome}; it is listed as that or not at all."
        )


class OnListAsTakenBack(Refused):
    def __init__(self, back: PaymentTakenBack) -> None:
        super().__init__(
            f"{back.bank_line} was taken back from {back.payment} as {back.reason}, and is on the list as that already."
        )


class ShowsAReturn(Refused):
    def __init__(self, back: PaymentTakenBack) -> None:
        super().__init__(
            f"{back.shown_by} shows that {back.payment} was {back.reason}; {back.bank_line} is on the list."
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


class NothingToClear(Refused):
    def __init__(self, recorded: PaymentRecorded) -> None:
        super().__init__(
            f"{recorded.bank_line} stands recorded for {recorded.payment} with {recorded.cents} cents, {recorded.outcome}, and there "
            "is nothing to clear of it. Where the other account shows another sum of the payment, take one of the lines back with "
            "take-back-payment."
        )


class StandsRecorded(Refused):
    def __init__(self, recorded: PaymentRecorded, how: str) -> None:
        happened, reason = _TAKES_BACK[how]
        super().__init__(
            f"{recorded.bank_line} stands recorded for {recorded.payment} with {recorded.cents} cents, {recorded.outcome}, and counts as "
            f"long as it does; if its money {happened}, take it back with take-back-payment as {reason}."
        )


class Listed(Value, frozen=True):
    books: Books = Books()
    recorded: PaymentRecorded | None = None
    back: PaymentTakenBack | None = None
    """What took it back last, unless it was recorded for something else since; or what it shows itself."""
    listed: BankLineListed | None = None
    cleared: BankLineCleared | None = None


def boundary(command: ListBankLine | ClearBankLine) -> Boundary:
    return (
        facts(PaymentRecorded, PaymentTakenBack, BankLineListed, BankLineCleared, about=command.bank_line),
        facts(NetworkFounded),
    )


def evolve(state: Listed, event: Seen) -> Listed:
    match event:
        case NetworkFounded():
            return replace(state, books=state.books.after(event))
        case PaymentRecorded():
            # What was looked after before is to be looked after anew: it was of something else.
            return replace(state, recorded=event, back=None, cleared=None)
        case PaymentTakenBack():
            return replace(state, back=event, cleared=None)
        case BankLineListed():
            return replace(state, listed=event)
        case BankLineCleared():
            return replace(state, cleared=event)


def put_on_list(command: ListBankLine, state: Listed) -> tuple[Event, ...]:
    if not command.asked.acts_for(command.organisation):
        raise NotYours(command.asked, command.organisation, "list a line of its account")
    _check_concerned(command, state)
    if state.back:
        raise OnListAsTakenBack(state.back) if state.back.bank_line == command.bank_line else ShowsAReturn(state.back)
    if state.listed:
        raise ListedAlready(state.listed)
    _check_as_recorded(command, state.recorded)
    if command.booked_on > command.asked.on:
        raise InTheFuture("A bank's line", command.booked_on, command.asked.on)
    state.books.check_begun("A bank's line", command.booked_on)
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
    organisation, standing = _on_list_of(state, command.bank_line), _standing(state)
    if organisation is None and standing and command.asked.acts_for(owner_of(standing)):
        raise NothingToClear(standing)
    if organisation is None or not command.asked.acts_for(organisation):
        raise Unknown(f"{command.bank_line} on the list")
    if state.cleared:
        raise ClearedAlready(state.cleared)
    if standing and command.how in _TAKES_BACK:
        raise StandsRecorded(standing, command.how)
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


def _check_concerned(command: ListBankLine, state: Listed) -> None:
    """To those whom a line does not concern nothing is said but that there is one."""
    for known in (state.recorded, state.listed, state.back):
        if known and not any(command.asked.acts_for(party) for party in known.parties):
            raise LineIdTaken(command.bank_line)


def _on_list_of(state: Listed, bank_line: str) -> str | None:
    """Whoever listed a line, it is looked after as what it was recorded or taken back as since."""
    if state.back:  # what shows that money went back is looked after with the line that it went back of
        return owner_of(state.back) if state.back.bank_line == bank_line else None
    if state.recorded:
        return owner_of(state.recorded) if state.recorded.outcome in LOOKED_AFTER else None
    return state.listed.organisation if state.listed else None


def _standing(state: Listed) -> PaymentRecorded | None:
    """What the line is recorded as, unless that was taken back."""
    return None if state.back else state.recorded


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
    if said != (owner_of(recorded), cents, recorded.payment, recorded.outcome):
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
