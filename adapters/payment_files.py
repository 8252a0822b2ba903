"""What a debtor hands to its bank: the payments of an approved settlement that are not made yet."""

import re
from collections.abc import Iterable, Sequence
from functools import partial
from hashlib import sha256

from msgspec import Struct

from adapters.projecting.asking import Views
from application.bank import Account, PaymentFile, Transfer
from application.envelope import decode
from application.matching import end_to_end
from application.ports import Log
from domain.calendar import banking_day_from
from domain.kernel import Refused, Unknown
from projections.document import Party
from projections.documents import Directory, directory, documents
from projections.rows import Rows
from projections.settlement_rows import Payment, Settlement
from projections.settlements import settlements

_LONGEST_ID, _DIGITS = 35, 8


class FileOf(Struct, frozen=True):
    """A payment file, and the position it holds for."""

    file: PaymentFile
    position: int


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
    def __init__(self, organisation: str, missing: Sequence[str], needed_for: str) -> None:
        them = "them" if len(missing) > 1 else "it"
        super().__init__(
            f"Of {organisation} {' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing, and {needed_for} needs {them}; "
            f"{organisation} or the coordinator sets {them} with set-billing-details."
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
    """The file of one debtor; made again it has the same bytes until something of it was paid or somebody's details changed.

    Accounts are those that hold now: whoever moved to another bank is paid there. Raises Unknown, SettledTwice, NoFileYet,
    NothingToPay, DetailsMissing.
    """
    question = partial(_ordered, period=period, debtor=debtor, agreement=agreement)
    answer = await views.ask(settlements, question, as_of=as_of, at_least=at_least)
    settled, due = answer.value
    approval = await log.body(settled.approved) if settled.approved else None
    if approval is None or settled.pay_on is None:
        raise NoFileYet(settled)
    unpaid = [payment for payment in due if not payment.is_paid]
    if not unpaid:
        raise NothingToPay(debtor, settled, paid=bool(due))
    parties = (await views.ask(documents, directory, as_of=as_of, at_least=answer.position)).value
    transfers = tuple(_transfer(payment, parties) for payment in unpaid)
    file = PaymentFile(
        message_id=message_id(settled.number, debtor, transfers),
        created_at=decode(approval).time,
        debtor=_debtor(parties.party(debtor)),
        execution_on=banking_day_from(settled.pay_on),
        transfers=transfers,
    )
    return FileOf(file, answer.position)


def _ordered(rows: Rows, *, period: str, debtor: str, agreement: str | None) -> tuple[Settlement, list[Payment]]:
    """The settlement, and the payments of a debtor by number."""
    wanted = [each for each in rows.under(Settlement) if each.period == period and agreement in (None, each.agreement)]
    if not wanted:
        raise Unknown(f"settlement of {period}" + (f" under {agreement}" if agreement else ""))
    if len(wanted) > 1:
        raise SettledTwice(period, sorted(each.agreement for each in wanted))
    (settled,) = wanted
    own = [payment for payment in rows.under(Payment, settled.settlement) if payment.payer == debtor]
    return settled, sorted(own, key=lambda payment: payment.number)


def _transfer(payment: Payment, parties: Directory) -> Transfer:
    """What is still open of a payment."""
    payee = parties.party(payment.payee)
    if payee.iban is None:
        raise DetailsMissing(payment.payee, ["the IBAN"], f"a payment of {payment.payer} to it")
    return Transfer(
        end_to_end_id=end_to_end(payment.payment),
        payee=_account(payee, payee.iban),
        cents=payment.cents - payment.paid_cents,
        reference=payment.reference,
    )


def _debtor(party: Party) -> Account:
    missing = [name for name, given in (("the IBAN", party.iban), ("the BIC", party.bic)) if given is None]
    if party.iban is None or missing:
        raise DetailsMissing(party.organisation, missing, "its payment file")
    return _account(party, party.iban)


def _account(party: Party, iban: str) -> Account:
    """The legal person: that is whom a bank knows."""
    address = party.address
    return Account(
        name=party.legal_person.best("fi"),
        business_id=party.business_id,
        street=address.street if address else None,
        postal_code=address.postal_code if address else None,
        town=address.town if address else None,
        country=address.country if address else None,
        iban=iban,
        bic=party.bic,
    )


def message_id(number: int, debtor: str, transfers: Iterable[Transfer]) -> str:
    """The number of the settlement, the debtor, and a digest of what is paid.

    A bank takes a message id once. So the same file is paid once however often it is handed in, and what is left after a part
    was paid, or goes to another account, is another file.
    """
    paid = "\n".join([debtor, *(f"{each.end_to_end_id} {each.cents} {each.payee.iban}" for each in transfers)])
    digest = sha256(paid.encode()).hexdigest()[:_DIGITS]
    name = re.sub(r"[^A-Za-z0-9]+", "-", debtor.removeprefix("org:"))
    room = _LONGEST_ID - len(f"{number}--{digest}")
    return f"{number}-{name[:room]}-{digest}"
