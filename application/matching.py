"""Lines of an account matched to the payments that they show: by what the bank gives back, never by the amount alone."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from application.bank import BankLine
from domain.changing import replace
from domain.kernel import derived
from domain.words import PRICE_CENTS_MAX

Reason = Literal[
    "account-of-nobody",
    "no-reference",
    "unknown-reference",
    "other-account",
    "other-counterparty",
    "wrong-direction",
    "nothing-to-return",
    "as-recorded",
    "too-large",
]
"""Why a line fits no payment. nothing-to-return: it takes back what is not recorded for the payment it names. other-account: it
is a line of neither side's account. other-counterparty: it names a payment, but its money went to an account that was never one
of the payee's, or came from another organisation's than the payer's. as-recorded: a line of the same account, sum and day is
recorded for the payment, and this one would pay it twice; banks say one line in several forms. too-large: no payment is. Where
a line that is as recorded or of another counterparty is right all the same, record-payment records it by hand."""
Side = Literal["payer", "payee"]

Ends = tuple[frozenset[str], frozenset[str]]
"""Whose the account of a line is, and whose the account is that its money went to or came from; of the latter nobody may be known."""

_NIL = UUID(int=0)
"""A line is read from files at any time, so its keys have no time in front."""


class RecordedLine(Struct, frozen=True, kw_only=True):
    """A line that is recorded for a payment, and was not taken back."""

    id: str
    """Of the line, as `BankLine` has it."""
    side: Side
    cents: int
    """Above 0."""
    booked_on: date


class OpenPayment(Struct, frozen=True, kw_only=True):
    """A payment that a line may show; paid ones too, since somebody may pay twice."""

    payment: str
    settlement: str
    payer: str
    payee: str
    reference: str
    """As the line has it: plain, without spaces and leading zeros."""
    cents: int
    """As it was ordered."""
    invoices: tuple[str, ...] = ()
    """References of the invoices that it pays, in the same form; each issuer numbers its own, so others may have the same."""
    recorded: tuple[RecordedLine, ...] = ()
    """In order; needed of what a line names, and where a line takes something back."""


class Wanted(Struct, frozen=True, kw_only=True):
    """A command to be sent for a line, under a key that follows from the line: sent again, it changes nothing."""

    name: str
    body: Mapping[str, Any]
    key: UUID


class Match(Struct, frozen=True, kw_only=True):
    """What a line of an account is."""

    line: BankLine
    organisation: str | None
    """Whose account it is a line of; null: nobody's here."""
    payment: OpenPayment | None
    reason: Reason | None
    """Null where a payment was found."""
    commands: tuple[Wanted, ...]
    """What records it, takes back what it reverses, or puts it on the list. Of an account that is nobody's here there are none: a
    stranger's line has no place in the log, and whoever brought the file is told."""


def match(
    lines: Sequence[BankLine],
    payments: Sequence[OpenPayment],
    own: Mapping[str, Collection[str]],
    *,
    of_person: Mapping[str, Collection[str]] | None = None,
    read: Collection[str] = (),
) -> Sequence[Match]:
    """What each line is, in the order of the lines.

    A payment is known by its id, which comes back as EndToEndId, else by its reference, else by that of an invoice which it pays
    and no other payment between the two accounts; the line must be one of the payer's account that went out, or of the payee's
    that came in. `own`: by IBAN the organisations whose account it is, as a set: units
    of one legal person may share one. `of_person`: the same with everybody of the legal persons whose account it is; null: they
    have no others. `read`: the ids of lines that were recorded before.

    Where a line says which account the money went to or came from, what goes out has to go to an account that was the payee's or
    its legal person's; what comes in may come from any but another organisation's: a payer may have accounts nobody knows here.

    A line that takes back what the bank had booked fits a line of the same account that is recorded for the same payment, with the
    same cents the other way, the last one first; what a file records and takes back is both.

    A line that would pay twice what was ordered, and looks like one that another file had shown, is not taken for another: what is
    paid too much is owed back.
    """
    by_id = {end_to_end(each.payment): each for each in payments}
    times = Counter(each.reference for each in payments)
    by_reference = {each.reference: each for each in payments if times[each.reference] == 1}
    by_invoice: dict[str, list[OpenPayment]] = {}
    for each in payments:
        for reference in set(each.invoices):
            by_invoice.setdefault(reference, []).append(each)
    standing = {each.payment: list(each.recorded) for each in payments}
    of_anybody = own if of_person is None else of_person

    def matched(line: BankLine) -> Match:
        owners = frozenset(own.get(line.iban, ()))
        others = frozenset(of_anybody.get(line.counterparty_iban or "", ()))
        known = by_id.get(closed_up(line.end_to_end_id)) or by_reference.get(line.reference or "")
        if known is None and line.reference not in times:
            known = _invoiced(_as_booked(line), by_invoice.get(line.reference or "", ()), owners, others)
        if line.is_reversal and known:
            recorded = () if line.id in read else standing[known.payment]
            return _taking_back(line, known, (owners, others), recorded)
        return _matched(line, known, (owners, others), is_new=line.id not in read)

    found: dict[int, Match] = {}
    for n, line in sorted(enumerate(lines), key=lambda each: (each[1].is_reversal, each[0])):
        one = found[n] = matched(line)
        if one.payment and line.id not in read:
            _keep(line, one.payment, one.organisation, standing[one.payment.payment])
    return [found[n] for n in range(len(lines))]


def _as_booked(line: BankLine) -> BankLine:
    """The way the money went at first."""
    return replace(line, cents=-line.cents) if line.is_reversal else line


def _keep(line: BankLine, payment: OpenPayment, organisation: str | None, standing: list[RecordedLine]) -> None:
    """What the lines after this one find recorded."""
    side: Side = "payer" if organisation == payment.payer else "payee"
    if line.is_reversal:
        standing.remove(_reversed(line, side, standing)[-1])
    else:
        standing.append(RecordedLine(id=line.id, side=side, cents=abs(line.cents), booked_on=line.booked_on))


def _reversed(line: BankLine, side: Side, standing: Sequence[RecordedLine]) -> Sequence[RecordedLine]:
    """What a line may take back, the last one most likely."""
    return [
        each
        for each in standing
        if (each.side, each.cents) == (side, abs(line.cents)) and each.booked_on <= line.booked_on
    ]


def _taking_back(
    line: BankLine,
    payment: OpenPayment,
    ends: Ends,
    standing: Sequence[RecordedLine],
) -> Match:
    """Money that a payer had paid comes in again, or what a payee had got goes out."""
    owners, _ = ends
    side, reason = _side(_as_booked(line), payment, ends)
    if side and (meant := _reversed(line, side, standing)):
        organisation = payment.payer if side == "payer" else payment.payee
        wanted = _returning(line, payment, meant[-1])
        return Match(line=line, organisation=organisation, payment=payment, reason=None, commands=(wanted,))
    return _unmatched(line, owners, (reason or "nothing-to-return") if owners else "account-of-nobody")


def _invoiced(
    line: BankLine, payments: Sequence[OpenPayment], owners: frozenset[str], others: frozenset[str]
) -> OpenPayment | None:
    """The one payment that is meant by an invoice's reference; None where it could be another as well."""
    meant = [each for each in payments if _direction(line, each, owners)]
    if len(meant) > 1:
        meant = [each for each in meant if _side(line, each, (owners, others))[0]]
    return meant[0] if len(meant) == 1 else None


def _matched(line: BankLine, found: OpenPayment | None, ends: Ends, *, is_new: bool) -> Match:
    owners, _ = ends
    if owners and found:
        side, reason = _side(line, found, ends)
        if side and is_new and _is_as_recorded(line, found, side):
            side, reason = None, "as-recorded"
        if abs(line.cents) > PRICE_CENTS_MAX:
            side, reason = None, "too-large"
        if side:
            organisation = found.payer if side == "payer" else found.payee
            return Match(
                line=line,
                organisation=organisation,
                payment=found,
                reason=None,
                commands=(_recording(line, found, side),),
            )
    else:
        reason = _unfound(line, owners)
    return _unmatched(line, owners, reason)


def _is_as_recorded(line: BankLine, payment: OpenPayment, side: Side) -> bool:
    """Whether it looks like a line that was recorded before, and the account would show more than was ordered with both."""
    before = [each for each in payment.recorded if each.side == side]
    return sum(each.cents for each in before) + abs(line.cents) > payment.cents and any(
        (each.cents, each.booked_on) == (abs(line.cents), line.booked_on) and each.id != line.id for each in before
    )


def _unmatched(line: BankLine, owners: frozenset[str], reason: Reason | None) -> Match:
    holder = min(owners, default=None)
    return Match(
        line=line,
        organisation=holder,
        payment=None,
        reason=reason,
        commands=(_listing(line, holder),) if holder else (),
    )


def _unfound(line: BankLine, owners: frozenset[str]) -> Reason:
    if not owners:
        return "account-of-nobody"
    return "unknown-reference" if line.reference or line.end_to_end_id else "no-reference"


def _side(line: BankLine, payment: OpenPayment, ends: Ends) -> tuple[Side | None, Reason | None]:
    """On whose side the account shows the payment; else why it shows it on nobody's."""
    owners, others = ends
    side = _direction(line, payment, owners)
    if side is None:
        return None, "wrong-direction" if owners & {payment.payer, payment.payee} else "other-account"
    expected = payment.payee if side == "payer" else payment.payer
    if expected in others or line.counterparty_iban is None:
        return side, None
    # Every account of a payee that anybody was told to pay to is known here; those that a payer pays from may not be.
    return (side, None) if side == "payee" and not others else (None, "other-counterparty")


def _direction(line: BankLine, payment: OpenPayment, owners: frozenset[str]) -> Side | None:
    if payment.payer in owners and line.cents < 0:
        return "payer"
    return "payee" if payment.payee in owners and line.cents > 0 else None


def _recording(line: BankLine, payment: OpenPayment, side: str) -> Wanted:
    body = {
        "payment": payment.payment,
        "settlement": payment.settlement,
        "bank_line": f"bank-line:{line.id}",
        "side": side,
        "cents": abs(line.cents),
        "booked_on": line.booked_on.isoformat(),
    }
    return Wanted(name="record-payment", body=body, key=_key(line, "record-payment"))


def _returning(line: BankLine, payment: OpenPayment, taken_back: RecordedLine) -> Wanted:
    body = {
        "payment": payment.payment,
        "bank_line": f"bank-line:{taken_back.id}",
        "reason": "returned",
        "booked_on": line.booked_on.isoformat(),
        "shown_by": f"bank-line:{line.id}",
    }
    return Wanted(name="take-back-payment", body=body, key=_key(line, "take-back-payment"))


def _listing(line: BankLine, organisation: str) -> Wanted:
    body = {
        "bank_line": f"bank-line:{line.id}",
        "organisation": organisation,
        "cents": line.cents,
        "reference": line.reference,
        "payment": None,
        "reason": "unknown",
        "booked_on": line.booked_on.isoformat(),
    }
    return Wanted(name="list-bank-line", body=body, key=_key(line, "list-bank-line"))


def _key(line: BankLine, name: str) -> UUID:
    return derived(_NIL, "bank-line", line.id, name)


def end_to_end(payment: str) -> str:
    """The id of a payment as a bank carries it: 35 characters are all it has room for."""
    return payment.removeprefix("payment:").replace("-", "")


def closed_up(end_to_end_id: str | None) -> str:
    """An EndToEndId in the form of `end_to_end`, however a bank has written it."""
    return (end_to_end_id or "").replace("-", "").lower()
