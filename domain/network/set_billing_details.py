"""Set where an organisation is invoiced and paid: address, VAT number, account, e-invoice address."""

from typing import Annotated

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, NotYours, Refused, Unknown
from domain.network import sepa
from domain.network.accounts import STATED, Accounts, Stated
from domain.network.business_ids import is_finnish_vat_number
from domain.network.events import Address, BillingDetailsSet
from domain.network.letters import POSTAL_CODE, STREET_MAX, TOWN_MAX, as_banks_take
from domain.words import Line, Organisation, form

Iban = Annotated[str, form(r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}(?![\s\S])", "an IBAN without spaces in capitals")]
Bic = Annotated[str, form(r"^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?(?![\s\S])", "a BIC of 8 or 11 characters in capitals")]
VatNumber = Annotated[
    str, form(r"^[A-Z]{2}[A-Z0-9]{2,13}(?![\s\S])", "a VAT number with its country such as FI24729082")
]


class SetBillingDetails(Command, frozen=True):
    """Set all billing details of an organisation anew; what is left out is no longer there, but an account is only ever replaced.

    A unit without details of its own is invoiced with those of its legal person. Account, bank and address are taken as banks
    take them, in the SEPA area; whose account it is, no check digit can tell, so compare it with the bank. Payments that
    were approved go where they were approved: somebody else approves their settlement again before they go to another account.
    """

    organisation: Organisation
    address: Address
    vat_number: VatNumber | None = None
    """Null: it is in no register of VAT."""
    iban: Iban | None = None
    """The account that is paid to and from."""
    bic: Bic | None = None
    """The bank of the account; it may be left out."""
    einvoice_address: Line | None = None
    """Where e-invoices go to, such as an OVT number; null: nowhere."""
    einvoice_operator: Line | None = None
    """Who carries them there; given with the address or not at all."""


class OutsideSepa(Refused):
    def __init__(self, iban: str) -> None:
        super().__init__(
            f"{iban} is an account in {iban[:2]}, which no SEPA transfer reaches; give an account in the SEPA area."
        )


class WrongIbanLength(Refused):
    def __init__(self, iban: str) -> None:
        country = iban[:2]
        super().__init__(
            f"{iban} has {len(iban)} characters, and an IBAN of {country} has {sepa.length_of(country)}. Compare it with the bank's."
        )


class WrongIbanForm(Refused):
    def __init__(self, iban: str) -> None:
        super().__init__(
            f"{iban} has letters where an IBAN of {iban[:2]} has digits, or digits where it has letters. Compare it with the bank's."
        )


class WrongIban(Refused):
    def __init__(self, iban: str) -> None:
        super().__init__(f"{iban} is no account: its check digits do not fit. Compare it with the bank's.")


class BankElsewhere(Refused):
    def __init__(self, bic: str, iban: str) -> None:
        super().__init__(
            f"{bic} is a bank in {bic[4:6]}, and {iban} an account in {iban[:2]}; give the BIC of the bank that keeps the account."
        )


class TooLongForBanks(Refused):
    def __init__(self, what: str, text: str, limit: int) -> None:
        super().__init__(
            f"{what} has {len(text)} characters as banks take it, and a payment has room for {limit}; shorten it."
        )


class NoPostalCode(Refused):
    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text} is no postal code that banks take; it has up to 16 letters, digits, spaces and hyphens."
        )


class AccountLeftOut(Refused):
    def __init__(self, organisation: str, iban: str) -> None:
        super().__init__(
            f"{organisation} has the account {iban}, and payments may be on their way to it; give it again or another one: "
            "an account is replaced, never taken away."
        )


class WrongVatNumber(Refused):
    def __init__(self, vat_number: str) -> None:
        super().__init__(
            f"{vat_number} is no Finnish VAT number: FI is followed by the eight digits of a business id, and its check digit does not fit."
        )


class AnothersAccount(Refused):
    """Whose it is or was is told to those who speak for it, and to nobody else."""

    def __init__(self, iban: str, owner: str) -> None:
        super().__init__(
            f"{iban} is, or was, the account of {owner}; only units of one legal person share an account. Compare it with the bank's, or "
            "give another account. Where it was set there by mistake, that is replaced first; then the coordinator sets it here."
        )


class HalfAnEinvoiceAddress(Refused):
    def __init__(self) -> None:
        super().__init__("An e-invoice finds its way by address and operator; give both or none.")


class NothingNew(Refused):
    def __init__(self, organisation: str) -> None:
        super().__init__(f"The billing details of {organisation} are these already.")


def boundary(command: SetBillingDetails) -> Boundary:  # noqa: ARG001 - an account may be anybody's already
    return (STATED,)


def evolve(state: Accounts, event: Stated) -> Accounts:
    return state.after(event)


def decide(command: SetBillingDetails, state: Accounts) -> tuple[Event, ...]:
    if command.organisation not in state.registered:
        raise Unknown(command.organisation)
    if not command.asked.acts_for(command.organisation):
        raise NotYours(command.asked, command.organisation, "say where it is invoiced and paid")
    _check_account(command, state)
    _check_address(command.address)
    if command.vat_number and command.vat_number.startswith("FI") and not is_finnish_vat_number(command.vat_number):
        raise WrongVatNumber(command.vat_number)
    if (command.einvoice_address is None) is not (command.einvoice_operator is None):
        raise HalfAnEinvoiceAddress
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


def _check_account(command: SetBillingDetails, state: Accounts) -> None:
    iban, before = command.iban, state.newest.get(command.organisation)
    if iban is None:
        if before and before.iban:
            raise AccountLeftOut(command.organisation, before.iban)
        return
    if not sepa.is_in_sepa(iban):
        raise OutsideSepa(iban)
    if len(iban) != sepa.length_of(iban[:2]):
        raise WrongIbanLength(iban)
    if not sepa.has_form(iban):
        raise WrongIbanForm(iban)
    if not sepa.is_iban(iban):
        raise WrongIban(iban)
    if command.bic and not sepa.may_keep(command.bic, iban):
        raise BankElsewhere(command.bic, iban)
    person = state.person(command.organisation)
    # Older logs let an account pass to somebody else; who has it now goes on having it.
    if (owner := state.whose.get(iban, person)) != person and not (before and before.iban == iban):
        may_pass = command.asked.role == "coordinator" and not state.is_in_use(iban)
        if not may_pass:
            raise AnothersAccount(iban, owner if command.asked.acts_for(owner) else "another organisation")
    name = state.holder(command.organisation).name.best("fi")
    as_banks_take(f"The name of {person}", name)


def _check_address(address: Address) -> None:
    for what, text, limit in (("The street", address.street, STREET_MAX), ("The town", address.town, TOWN_MAX)):
        taken = as_banks_take(what, text)
        if len(taken) > limit:
            raise TooLongForBanks(what, taken, limit)
    if not POSTAL_CODE.fullmatch(address.postal_code):
        raise NoPostalCode(address.postal_code)


set_billing_details = Decider(
    command=SetBillingDetails,
    boundary=boundary,
    initial=Accounts(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "finance-approve"},
    signed=True,
    example={
        "organisation": "org:xamk",
        "address": {"street": "Patteristonkatu 3", "postal_code": "50100", "town": "Mikkeli"},
        "vat_number": "FI24729082",
        "iban": "FI2112345600000785",
        "bic": "NDEAFIHH",
    },
)
