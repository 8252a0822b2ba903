"""What a bank would take: a payment file with every number and name in the spelling that the bank gets, or a refusal."""

import re
from datetime import UTC

from msgspec.structs import replace

from adapters.bank.identifiers import bic_of, iban_of, is_business_id, looks_like_business_id
from application.bank import Account, BankFault, PaymentFile, Transfer
from domain.calendar import banking_day_from
from domain.money.faults import shown
from domain.money.references import is_rf, plain, rf
from domain.network.letters import IDENTIFIER, POSTAL_CODE, STREET_MAX, TOWN_MAX, cut_at_a_word, strange_in, written
from domain.network.sepa import is_in_sepa

MOST_CENTS = 99_999_999_999
"""999,999,999.99 euro, the most that one SEPA transfer carries (European Payments Council, EPC132-08)."""
NO_ID = "NOTPROVIDED"
"""What stands where an identification is demanded and there is none."""

_LONGEST_NAME = 70
_COUNTRY = re.compile(r"[A-Z]{2}")
_FINLAND = "FI"


def payable(file: PaymentFile) -> PaymentFile:
    """The file as it goes to the bank; a `BankFault` names the transfer that no bank would take."""
    what = "The payment file"
    _check_id(file.message_id, f"{what}'s message id")
    if file.created_at.tzinfo is None:
        raise BankFault(f"{what} was made at {file.created_at}, a time without its zone; give the zone too.")
    if not file.transfers:
        raise BankFault(f"{what} {file.message_id} holds no transfers; there is nothing to hand to a bank.")
    if (next_day := banking_day_from(file.execution_on)) != file.execution_on:
        raise BankFault(
            f"{what} {file.message_id} is to be executed on {file.execution_on}, which is no banking day in Finland and "
            f"of TARGET; the next one is {next_day}."
        )
    debtor = _account(file.debtor, f"{what} {file.message_id}: the debtor")
    transfers = tuple(
        _transfer(transfer, debtor, f"Transfer {n} ({transfer.end_to_end_id})", f"Transfer {n}")
        for n, transfer in enumerate(file.transfers, start=1)
    )
    _check_apart(transfers)
    return replace(file, created_at=file.created_at.astimezone(UTC), debtor=debtor, transfers=transfers)


def why_not(transfer: Transfer, debtor: Account, name: str) -> str | None:
    """Why no bank would carry out a transfer, in a sentence that calls it by its name; None where one would."""
    payer = replace(debtor, iban=iban_of(debtor.iban) or debtor.iban)
    try:
        _transfer(transfer, payer, name, name)
    except BankFault as fault:
        return str(fault)
    return None


def _transfer(transfer: Transfer, debtor: Account, name: str, short: str) -> Transfer:
    _check_id(transfer.end_to_end_id, f"{short}'s end-to-end id")
    if transfer.end_to_end_id == NO_ID:
        raise BankFault(f"{name} says that it has no end-to-end id; give it one, by which its payment is found again.")
    if not 0 < transfer.cents <= MOST_CENTS:
        raise BankFault(
            f"{name} pays {transfer.cents} cents; a SEPA transfer pays from 1 to {MOST_CENTS} cents. "
            "Leave it out, or divide it."
        )
    payee = _account(transfer.payee, f"{name}: the payee")
    if payee.iban == debtor.iban:
        raise BankFault(f"{name} pays from {debtor.iban} to that same account; leave it out.")
    return replace(transfer, payee=payee, reference=_reference(transfer.reference, payee, name))


def _reference(text: str, payee: Account, name: str) -> str:
    """An RF reference stays one; a viite is known in Finland alone, so an account elsewhere gets its RF reference."""
    known = plain(text)
    if known is None:
        raise BankFault(
            f"{name} has the reference {shown(text)}, which is neither a viite nor an RF reference: "
            "their check digits do not fit. Take it from the document that is paid."
        )
    is_national = not known.startswith("RF")
    return rf(known) if is_national and (is_rf(text) or not payee.iban.startswith(_FINLAND)) else known


def _account(account: Account, whose: str) -> Account:
    iban = iban_of(account.iban)
    if iban is None:
        raise BankFault(
            f"{whose} has the IBAN {shown(account.iban)}, whose length, form or check digits are wrong; correct it."
        )
    if not is_in_sepa(iban):
        raise BankFault(f"{whose} has the IBAN {iban}, in a country that no SEPA transfer reaches; pay it another way.")
    bic = None if account.bic is None else bic_of(account.bic)
    if account.bic is not None and bic is None:
        raise BankFault(
            f"{whose} has the BIC {shown(account.bic)}, which is none (ISO 9362: 8 or 11 letters and digits, with a "
            "country in fifth place); correct it or leave it out."
        )
    return _at_its_address(
        replace(
            account,
            name=_text(account.name, f"{whose}'s name", _LONGEST_NAME),
            business_id=_business_id(account.business_id, whose),
            iban=iban,
            bic=bic,
        ),
        whose,
    )


def _business_id(text: str | None, whose: str) -> str | None:
    """A Finnish business id with its check digit, or a company's number in another register."""
    if text is None:
        return None
    if not IDENTIFIER.fullmatch(text) or (looks_like_business_id(text) and not is_business_id(text)):
        raise BankFault(f"{whose} has the business id {shown(text)}, which is none; correct it.")
    return text


def _at_its_address(account: Account, whose: str) -> Account:
    """Structured, so that no bank has to guess: with town and country, or none at all. A country alone is none."""
    if account.street is None and account.postal_code is None and account.town is None:
        return replace(account, country=None)
    if account.town is None or account.country is None:
        raise BankFault(f"{whose} has an address without town or country; give both, or no address.")
    if not _COUNTRY.fullmatch(account.country):
        raise BankFault(f"{whose} has the country {shown(account.country)}; a country is two letters, such as FI.")
    if account.postal_code is not None and not POSTAL_CODE.fullmatch(account.postal_code):
        raise BankFault(
            f"{whose} has the postal code {shown(account.postal_code)}; it has up to 16 letters, digits, spaces and hyphens."
        )
    street = None if account.street is None else _text(account.street, f"{whose}'s street", STREET_MAX)
    return replace(account, street=street, town=_text(account.town, f"{whose}'s town", TOWN_MAX))


def _text(text: str, what: str, limit: int) -> str:
    taken = written(text)
    if (letter := strange_in(taken)) is not None:
        raise BankFault(f"{what} {shown(text)} has {letter!a} in it, which banks do not take; spell it otherwise.")
    if not taken:
        raise BankFault(f"{what} is empty; give it.")
    return cut_at_a_word(taken, limit)


def _check_id(text: str, what: str) -> None:
    if not IDENTIFIER.fullmatch(text):
        raise BankFault(
            f"{what} is {shown(text)}; it has from 1 to 35 letters without marks, digits, spaces and signs of "
            "/-?:().,'+, no space or slash at either end, and no two slashes together."
        )


def _check_apart(transfers: tuple[Transfer, ...]) -> None:
    seen: dict[str, int] = {}
    for n, transfer in enumerate(transfers, start=1):
        first = seen.setdefault(transfer.end_to_end_id, n)
        if first != n:
            raise BankFault(
                f"Transfers {first} and {n} both have the end-to-end id {transfer.end_to_end_id}; give each its own."
            )
