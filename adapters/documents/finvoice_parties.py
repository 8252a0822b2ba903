"""Who sells, buys, sends and gets a Finvoice message."""

import hashlib
import re
from typing import Final
from xml.etree.ElementTree import Element

from msgspec import json

from adapters.documents.finvoice_elements import add, add_parts, inside
from domain.calendar import HELSINKI, start_of
from domain.money import Language
from projections.document import Invoice, Party

FINNISH_ORGANISATION, OVT_CODE = "0212", "0216"
"""ISO 6523: whose numbers a Finnish business id and an e-invoice address are."""
NAME_MOST: Final = 70
LINE_MOST: Final = 35
_STREETS = 3
_BUSINESS_ID = re.compile(r"[0-9]{7}-[0-9]")
_OVT = re.compile(r"0037[0-9]{8}[0-9A-Z]{0,5}")
_encode = json.Encoder(order="deterministic").encode


def add_transmission(root: Element, invoice: Invoice) -> None:
    """The way of the message, where both ends of it are known. Who writes the invoice sends it: of a self-billed one the buyer."""
    sender, receiver = issuer_and_recipient(invoice)
    if not all(
        (sender.einvoice_address, sender.einvoice_operator, receiver.einvoice_address, receiver.einvoice_operator)
    ):
        return
    way = inside(root, "MessageTransmissionDetails")
    end = inside(way, "MessageSenderDetails")
    add(end, "FromIdentifier", sender.einvoice_address, **_scheme(_OVT, sender.einvoice_address, OVT_CODE))
    add(end, "FromIntermediator", sender.einvoice_operator)
    end = inside(way, "MessageReceiverDetails")
    add(end, "ToIdentifier", receiver.einvoice_address, **_scheme(_OVT, receiver.einvoice_address, OVT_CODE))
    add(end, "ToIntermediator", receiver.einvoice_operator)
    message = inside(way, "MessageDetails")
    # The same invoice written again is the same message, so that whoever gets it twice can tell; nothing here is drawn or timed.
    add(message, "MessageIdentifier", f"{invoice.number}-{hashlib.sha256(_encode(invoice)).hexdigest()[:24]}")
    add(message, "MessageTimeStamp", start_of(invoice.issued_on).astimezone(HELSINKI).isoformat())


def issuer_and_recipient(invoice: Invoice) -> tuple[Party, Party]:
    return (invoice.buyer, invoice.seller) if invoice.self_billed else (invoice.seller, invoice.buyer)


def add_party(root: Element, who: str, party: Party, language: Language) -> None:
    """The legal person, with the unit of it that is meant as its trading name."""
    details = inside(root, f"{who}PartyDetails")
    legal, unit = party.legal_person.best(language), party.name.best(language)
    _add_identity(details, who, party)
    add_parts(details, f"{who}OrganisationName", legal, NAME_MOST, what=f"name of {party.organisation}")
    if unit != legal:
        add_parts(
            details, f"{who}OrganisationTradingName", unit, NAME_MOST, pieces=1, what=f"name of {party.organisation}"
        )
    add(details, f"{who}OrganisationTaxCode", party.vat_number)
    if party.address:
        where = inside(details, f"{who}PostalAddressDetails")
        of = f"of {party.organisation}"
        add_parts(where, f"{who}StreetName", party.address.street, LINE_MOST, pieces=_STREETS, what=f"street {of}")
        add_parts(where, f"{who}TownName", party.address.town, LINE_MOST, pieces=1, what=f"town {of}")
        code = f"{who}PostCodeIdentifier"
        add_parts(where, code, party.address.postal_code, LINE_MOST, pieces=1, what=f"postal code {of}")
        add(where, "CountryCode", party.address.country)


def add_end(root: Element, who: str, party: Party, language: Language) -> None:
    """Who sends or gets the message, where those are not the seller and the buyer."""
    details = inside(root, f"{who}PartyDetails")
    _add_identity(details, who, party)
    name = party.legal_person.best(language)
    add_parts(details, f"{who}OrganisationName", name, LINE_MOST, what=f"name of {party.organisation}")
    add(details, f"{who}OrganisationTaxCode", party.vat_number)


def add_account(root: Element, seller: Party) -> None:
    if seller.iban and seller.bic:
        account = inside(inside(root, "SellerInformationDetails"), "SellerAccountDetails")
        add(account, "SellerAccountID", seller.iban, IdentificationSchemeName="IBAN")
        add(account, "SellerBic", seller.bic, IdentificationSchemeName="BIC")


def _add_identity(details: Element, who: str, party: Party) -> None:
    scheme = _scheme(_BUSINESS_ID, party.business_id, FINNISH_ORGANISATION)
    add(details, f"{who}PartyIdentifier", party.business_id, **scheme)


def _scheme(form: re.Pattern[str], text: str | None, scheme: str) -> dict[str, str]:
    return {"SchemeID": scheme} if text and form.fullmatch(text) else {}
