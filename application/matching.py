"""Lines of an account matched to the payments that they show: by what the bank gives back, never by the amount alone."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from application.bank import BankLine
from domain.kernel import derived

Reason = Literal["account-of-nobody", "no-reference", "unknown-reference", "other-account", "wrong-direction"]
"""Why a line fits no payment."""

_NIL = UUID(int=0)
"""A line is read from files at any time, so its keys have no time in front."""


class OpenPayment(Struct, frozen=True, kw_only=True):
    """A payment that a line may show; paid ones too, since somebody may pay twice."""

    payment: str
    settlement: str
    payer: str
    payee: str
    reference: str
    """As the line has it: plain, without spaces and leading zeros."""
    invoices: tuple[str, ...] = ()
    """References of the invoices that it pays, in the same form; each issuer numbers its own, so others may have the same."""


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
    """What records it, or puts it on the list. Of an account that is nobody's here there are none, unless a reader stands for it:
    a stranger's line has no place in the log, and whoever brought the file is told."""


def match(
    lines: Sequence[BankLine],
    payments: Sequence[OpenPayment],
    own: Mapping[str, Collection[str]],
    *,
    reader: str | None = None,
) -> Sequence[Match]:
    """What each line is, in the order of the lines.

    A payment is known by its id, which comes back as EndToEndId, else by its reference, else by that of an invoice which it pays
    and no other payment between the two accounts; the line must be one of the payer's account that went out, or of the payee's
    that came in. `own`: by IBAN the organisations whose account it is, as a set: units
    of one legal person may share one. `reader`: the organisation that lines of unknown accounts are listed for.
    """
    by_id = {end_to_end(each.payment): each for each in payments}
    times = Counter(each.reference for each in payments)
    by_reference = {each.reference: each for each in payments if times[each.reference] == 1}
    by_invoice: dict[str, list[OpenPayment]] = {}
    for each in payments:
        for reference in set(each.invoices):
            by_invoice.setdefault(reference, []).append(each)
    found = []
    for line in lines:
        owners = frozenset(own.get(line.iban, ()))
        known = by_id.get(_closed_up(line.end_to_end_id)) or by_reference.get(line.reference or "")
        if known is None and line.reference not in times:
            others = frozenset(own.get(line.counterparty_iban or "", ()))
            known = _invoiced(line, by_invoice.get(line.reference or "", ()), owners, others)
        found.append(_matched(line, known, owners, reader))
    return found


def _invoiced(
    line: BankLine, payments: Sequence[OpenPayment], owners: frozenset[str], others: frozenset[str]
) -> OpenPayment | None:
    """The one payment that is meant by an invoice's reference; None where it could be another as well."""
    meant = [each for each in payments if _side(line, each, owners)[0]]
    if len(meant) > 1:
        meant = [each for each in meant if others & {each.payer, each.payee}]
    return meant[0] if len(meant) == 1 else None


def _matched(line: BankLine, found: OpenPayment | None, owners: frozenset[str], reader: str | None) -> Match:
    if owners and found:
        side, reason = _side(line, found, owners)
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
    holder = min(owners) if owners else reader
    return Match(
        line=line,
        organisation=min(owners, default=None),
        payment=None,
        reason=reason,
        commands=(_listing(line, holder),) if holder else (),
    )


def _unfound(line: BankLine, owners: frozenset[str]) -> Reason:
    if not owners:
        return "account-of-nobody"
    return "unknown-reference" if line.reference or line.end_to_end_id else "no-reference"


def _side(
    line: BankLine, payment: OpenPayment, owners: frozenset[str]
) -> tuple[Literal["payer", "payee"] | None, Reason | None]:
    """On whose side the account shows the payment; else why it shows it on nobody's."""
    if payment.payer in owners and line.cents < 0:
        return "payer", None
    if payment.payee in owners and line.cents > 0:
        return "payee", None
    return None, "wrong-direction" if owners & {payment.payer, payment.payee} else "other-account"


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


def _closed_up(end_to_end_id: str | None) -> str:
    return (end_to_end_id or "").replace("-", "").lower()
