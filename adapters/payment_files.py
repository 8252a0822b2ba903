"""What a debtor hands to its bank: the payments of an approved settlement that are not made yet."""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from hashlib import sha256
from typing import Literal

from msgspec import Struct

from adapters.bank.payable import why_not
from adapters.projecting.asking import Views
from adapters.settlement_accounts import accounts_in_time
from application.bank import Account, PaymentFile, Transfer
from application.envelope import decode
from application.matching import end_to_end
from application.ports import Log
from domain.calendar import banking_day_from, day_of
from domain.kernel import Refused, Unknown
from domain.network.accounts import Accounts, Holder
from projections.rows import Rows
from projections.settlement_accounts import NewerDetails, newer_details
from projections.settlement_rows import BankLine, Payment, Settlement, Shown
from projections.settlement_views import settled_in
from projections.settlements import settlements

_LONGEST_ID, _DIGITS = 35, 8


Due = tuple[Settlement, Sequence[Payment], AbstractSet[str]]


class LeftOut(Struct, frozen=True):
    """A payment that is not in the file, and why; it stays to be paid."""

    payment: str
    payee: str
    reason: Literal["no-account", "not-payable", "contested"]
    why: str
    """A sentence, with the way out."""


class FileOf(Struct, frozen=True):
    """A payment file, the position it holds for, and what its debtor has to know beside it."""

    file: PaymentFile
    position: int
    left_out: tuple[LeftOut, ...] = ()
    again: tuple[Payment, ...] = ()
    """Payments of which something stood recorded that was taken back since; their payer may have made them before."""
    contradicted: tuple[Payment, ...] = ()
    """Payments of which the two accounts show different sums: the payer may have made the rest already."""
    newer: tuple[NewerDetails, ...] = ()
    """Of its debtor and payees, whose details were set anew since the approval: it does not heed them."""


class SettledTwice(Refused):
    def __init__(self, period: str, agreements: Iterable[str]) -> None:
        super().__init__(f"{period} was settled under {' and '.join(agreements)}; say of which agreement.")


class NoFileYet(Refused):
    def __init__(self, settled: Settlement) -> None:
        super().__init__(
            f"There is no payment file for an unapproved settlement, and {settled.settlement} of {settled.period} is not approved; "
            "somebody else than who settled approves it with approve-settlement."
        )


class NothingToPay(Refused):
    def __init__(self, debtor: str, settled: Settlement, *, paid: bool) -> None:
        why = "has paid all that it was to pay" if paid else "is to pay nothing"
        super().__init__(f"{debtor} {why} in {settled.settlement} of {settled.period}; there is no payment file.")


class DetailsMissing(Refused):
    def __init__(self, organisation: str, missing: Sequence[str], needed_for: str, *, set_since: bool = False) -> None:
        several = len(missing) > 1
        them, are = ("them", "are") if several else ("it", "is")
        way_out = (
            "that was set since, and somebody who neither settled nor set it approves it with approve-settlement."
            if set_since
            else f"{organisation} or the coordinator sets {them} with set-billing-details, and somebody else approves that with "
            "approve-settlement."
        )
        super().__init__(
            f"Of {organisation} {' and '.join(missing)} {are} missing as it was approved, and {needed_for} needs {them}; {way_out}"
        )


class NothingPayable(Refused):
    def __init__(self, debtor: str, settled: Settlement, left_out: Sequence[LeftOut]) -> None:
        many = len(left_out)
        what = "The one payment" if many == 1 else f"None of the {many:,} payments"
        can, first = ("cannot", ": ") if many == 1 else ("can", "; the first: ")
        super().__init__(
            f"{what} that {debtor} has to make in {settled.settlement} of {settled.period} {can} be carried out{first}{left_out[0].why}"
        )


async def payment_file_of(
    views: Views,
    log: Log,
    *,
    period: str,
    debtor: str,
    agreement: str | None = None,
    as_of: int | None = None,
    at_least: int | None = None,
) -> FileOf:
    """The file of one debtor; made again it has the same bytes until something of it was paid or it was approved again.

    What it says of payers and payees was approved: accounts, names and addresses are those that held when the settlement was
    approved last. It is executed on the day on which the settlement is to be paid, but never before that approval. What cannot be
    carried out is left out and named; after another approval the file holds all that no bank has shown as paid by then, so have
    the bank's statements read before it is handed in. Raises Unknown, SettledTwice, NoFileYet, NothingToPay, DetailsMissing,
    NothingPayable.
    """
    question = partial(_ordered, period=period, debtor=debtor, agreement=agreement)
    answer = await views.ask(settlements, question, as_of=as_of, at_least=at_least)
    settled, due, contested = answer.value
    approval = await log.body(settled.approved) if settled.approved else None
    if approval is None or settled.pay_on is None:
        raise NoFileYet(settled)
    unpaid = [payment for payment in due if not payment.is_paid]
    if not unpaid:
        raise NothingToPay(debtor, settled, paid=bool(due))
    accounts = await accounts_in_time(log)
    approved, now = accounts.at(settled.approved), accounts.at(answer.position)
    payer = _debtor(debtor, approved, now)
    found = [
        _contested(each) if each.payment in contested else _transfer(each, payer, approved, now) for each in unpaid
    ]
    transfers = tuple(each for each in found if isinstance(each, Transfer))
    left_out = tuple(each for each in found if isinstance(each, LeftOut))
    if not transfers:
        raise NothingPayable(debtor, settled, left_out)
    named = {each.end_to_end_id for each in transfers}
    within = [each for each in unpaid if end_to_end(each.payment) in named]
    again = tuple(each for each in within if each.taken_back)
    contradicted = tuple(each for each in within if each.is_contradicted)
    approved_at = decode(approval).time
    file = PaymentFile(
        message_id=message_id(settled.number, debtor, transfers, sum(payment.taken_back for payment in again)),
        created_at=approved_at,
        debtor=payer,
        execution_on=banking_day_from(max(settled.pay_on, day_of(approved_at))),
        transfers=transfers,
    )
    newer = newer_details((debtor, *(payment.payee for payment in unpaid)), approved, now)
    return FileOf(file, answer.position, left_out, again, contradicted, tuple(newer))


def _ordered(rows: Rows, *, period: str, debtor: str, agreement: str | None) -> Due:
    """The settlement, the payments of a debtor by number, and which of these its payee contests."""
    wanted = [each for each in settled_in(rows, period) if agreement in (None, each.agreement)]
    if not wanted:
        raise Unknown(f"settlement of {period}" + (f" under {agreement}" if agreement else ""))
    if len(wanted) > 1:
        raise SettledTwice(period, sorted(each.agreement for each in wanted))
    (settled,) = wanted
    own = [payment for payment in rows.under(Payment, settled.settlement) if payment.payer == debtor]
    contested = frozenset(payment.payment for payment in own if payment.taken_back and _is_contested(rows, payment))
    return settled, sorted(own, key=lambda payment: payment.number), contested


def _is_contested(rows: Rows, payment: Payment) -> bool:
    """Whether a line by which it was paid was not received, and the payer has not looked after that yet."""
    lines = {shown.bank_line for shown in rows.under(Shown, payment.payment)}
    return any(
        known.payment == payment.payment and known.back_as == "not-received" and known.is_open
        for line in lines
        for known in rows.under(BankLine, line)
    )


def _contested(payment: Payment) -> LeftOut:
    """Nobody is made to pay twice by the word of who is paid alone."""
    return LeftOut(
        payment.payment,
        payment.payee,
        reason="contested",
        why=(
            f"{payment.payee} has not received what the account of {payment.payer} shows of {payment.payment}; {payment.payer} asks its "
            "bank, and takes the line off its list with clear-bank-line when it is to be paid again."
        ),
    )


def _transfer(payment: Payment, payer: Account, approved: Accounts, now: Accounts) -> Transfer | LeftOut:
    """What is still open of a payment, or why no bank would carry it out."""
    payee = approved.holder(payment.payee)
    if payee.iban is None:
        set_since = now.holder(payment.payee).iban is not None
        needed_for = f"a payment of {payment.payer} to it"
        missing = DetailsMissing(payment.payee, ["the IBAN"], needed_for, set_since=set_since)
        return LeftOut(payment.payment, payment.payee, reason="no-account", why=str(missing))
    transfer = Transfer(
        end_to_end_id=end_to_end(payment.payment),
        payee=_account(payee, payee.iban),
        cents=payment.cents - payment.paid_cents,
        reference=payment.reference,
    )
    why = why_not(transfer, payer, f"{payment.payment} to {payment.payee}")
    return transfer if why is None else LeftOut(payment.payment, payment.payee, reason="not-payable", why=why)


def _debtor(organisation: str, approved: Accounts, now: Accounts) -> Account:
    payer, later = approved.holder(organisation), now.holder(organisation)
    missing = [name for name, given in (("the IBAN", payer.iban), ("the BIC", payer.bic)) if given is None]
    if payer.iban is None or missing:
        set_since = None not in (later.iban, later.bic)
        raise DetailsMissing(organisation, missing, "its payment file", set_since=set_since)
    return _account(payer, payer.iban)


def _account(holder: Holder, iban: str) -> Account:
    address = holder.address
    return Account(
        name=holder.name.best("fi"),
        business_id=holder.business_id,
        street=address.street if address else None,
        postal_code=address.postal_code if address else None,
        town=address.town if address else None,
        country=address.country if address else None,
        iban=iban,
        bic=holder.bic,
    )


def message_id(number: int, debtor: str, transfers: Iterable[Transfer], taken_back: int = 0) -> str:
    """The number of the settlement, the debtor, and a digest of what is paid.

    A bank takes a message id once. So the same file is paid once however often it is handed in, and what is left after a part
    was paid or left out, or goes to another account, is another file. `taken_back`: how often something of these payments was; what
    was returned and is paid again is another file too. The day is no part of it: where another approval moves nothing but that, the
    bank that has taken the earlier file refuses the later one, and nobody is paid twice.
    """
    paid = "\n".join([debtor, *(f"{each.end_to_end_id} {each.cents} {each.payee.iban}" for each in transfers)])
    if taken_back:
        paid += f"\ntaken back {taken_back}"
    digest = sha256(paid.encode()).hexdigest()[:_DIGITS]
    name = re.sub(r"[^A-Za-z0-9]+", "-", debtor.removeprefix("org:"))
    room = _LONGEST_ID - len(f"{number}--{digest}")
    return f"{number}-{name[:room]}-{digest}"
