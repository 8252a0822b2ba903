"""Set where an organisation is invoiced and paid: address, VAT number, account, e-invoice address."""

import re
from collections.abc import Mapping
from typing import Annotated

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, NotYours, Refused, Unknown, Value, facts
from domain.network.events import Address, BillingDetailsSet, OrganisationRegistered
from domain.words import Line, Organisation, form

Seen = OrganisationRegistered | BillingDetailsSet
Iban = Annotated[str, form(r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}(?![\s\S])", "an IBAN without spaces in capitals")]
Bic = Annotated[str, form(r"^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?(?![\s\S])", "a BIC of 8 or 11 characters in capitals")]
VatNumber = Annotated[
    str, form(r"^[A-Z]{2}[A-Z0-9]{2,13}(?![\s\S])", "a VAT number with its country such as FI24729082")
]


class SetBillingDetails(Command, frozen=True):
    """Set all billing details of an organisation anew; what is left out is no longer there.

    A unit without details of its own is invoiced with those of its legal person. The account's check digits are looked at, and of
    a Finnish VAT number too; whose account it is, no check digit can tell, so compare it with the bank.
    """

    organisation: Organisation
    address: Address
    vat_number: VatNumber | None = None
    iban: Iban | None = None
    bic: Bic | None = None
    einvoice_address: Line | None = None
    einvoice_operator: Line | None = None


class WrongIban(Refused):
    def __init__(self, iban: str) -> None:
        super().__init__(f"{iban} is no account: its check digits do not fit. Compare it with the bank's.")


class WrongVatNumber(Refused):
    def __init__(self, vat_number: str) -> None:
        super().__init__(
            f"{vat_number} is no Finnish VAT number: FI is followed by the eight digits of a business id, and its check digit does not fit."
        )


class AnothersAccount(Refused):
    def __init__(self, iban: str, organisation: str) -> None:
        super().__init__(
            f"{iban} is the account of {organisation}; only units of one legal person share an account. Compare it with the bank's."
        )


class HalfAnEinvoiceAddress(Refused):
    def __init__(self) -> None:
        super().__init__("An e-invoice finds its way by address and operator; give both or none.")


class NothingNew(Refused):
    def __init__(self, organisation: str) -> None:
        super().__init__(f"The billing details of {organisation} are these already.")


class Details(Value, frozen=True):
    persons: Mapping[str, str] = {}
    """Of each registered organisation, the legal person that it is or belongs to."""
    newest: Mapping[str, BillingDetailsSet] = {}


def boundary(command: SetBillingDetails) -> Boundary:  # noqa: ARG001 - an account may be anybody's already
    return (facts(OrganisationRegistered, BillingDetailsSet),)


def evolve(state: Details, event: Seen) -> Details:
    match event:
        case OrganisationRegistered():
            return replace(state, persons={**state.persons, event.organisation: event.unit_of or event.organisation})
        case BillingDetailsSet():
            return replace(state, newest={**state.newest, event.organisation: event})


def decide(command: SetBillingDetails, state: Details) -> tuple[Event, ...]:
    if command.organisation not in state.persons:
        raise Unknown(command.organisation)
    if not command.asked.acts_for(command.organisation):
        raise NotYours(command.asked, command.organisation, "say where it is invoiced and paid")
    if command.iban and not is_iban(command.iban):
        raise WrongIban(command.iban)
    if command.vat_number and command.vat_number.startswith("FI") and not is_finnish_vat_number(command.vat_number):
        raise WrongVatNumber(command.vat_number)
    if (command.einvoice_address is None) is not (command.einvoice_operator is None):
        raise HalfAnEinvoiceAddress
    for each in state.newest.values():
        if each.iban == command.iban is not None and not _is_one(state, each.organisation, command.organisation):
            raise AnothersAccount(command.iban, each.organisation)
    details = BillingDetailsSet(
        organisation=command.organisation,
        address=command.address,
        vat_number=command.vat_number,
        iban=command.iban,
        bic=command.bic,
        einvoice_address=command.einvoice_address,
        einvoice_operator=command.einvoice_operator,
        by=command.asked.actor,
        set_on=command.asked.on,
    )
    before = state.newest.get(command.organisation)
    if before and replace(before, by=details.by, set_on=details.set_on) == details:
        raise NothingNew(command.organisation)
    return (details,)


def _is_one(state: Details, one: str, other: str) -> bool:
    """Whether two organisations are, or belong to, one legal person."""
    return state.persons[one] == state.persons[other]


def is_iban(text: str) -> bool:
    """Whether the check digits fit: the first four characters behind the rest, letters as 10 to 35, modulo 97 is 1 (ISO 13616)."""
    turned = text[4:] + text[:4]
    return text.isascii() and text.isalnum() and int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def is_finnish_vat_number(text: str) -> bool:
    """FI and the business id without its dash (Tax Administration); the weights are those of `register-organisation`."""
    if not re.fullmatch(r"FI[0-9]{8}", text):
        return False
    rest = sum(w * int(d) for w, d in zip((7, 9, 10, 5, 8, 4, 2), text[2:9], strict=True)) % 11
    return rest != 1 and int(text[-1]) == (11 - rest) % 11


set_billing_details = Decider(
    command=SetBillingDetails,
    boundary=boundary,
    initial=Details(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "finance-approve"},
    example={
        "organisation": "org:xamk",
        "address": {"street": "Patteristonkatu 3", "postal_code": "50100", "town": "Mikkeli"},
        "vat_number": "FI24729082",
        "iban": "FI2112345600000785",
        "bic": "NDEAFIHH",
    },
)
