"""Invoices and credit notes as Finvoice 3.0 (Finance Finland), one message per creditor and debtor.

The message is written in ISO 8859-15, the character set that Finance Finland's implementation guidelines name and every bank reads; a
character beyond it becomes a numeric character reference, so none is lost. Elements and their order are those of the official schema.
"""

import re
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, tostring

from adapters.documents.finvoice_elements import (
    DoesNotFitFinvoice,
    add,
    add_date,
    add_parts,
    add_percent,
    add_sum,
    inside,
    parts_of,
)
from adapters.documents.finvoice_parties import (
    LINE_MOST,
    add_account,
    add_end,
    add_party,
    add_transmission,
    issuer_and_recipient,
)
from adapters.documents.finvoice_rows import FREE_TEXT_MOST, IDENTIFIER_MOST, add_row
from adapters.documents.words import word
from adapters.documents.writing import corrects
from domain.kernel import Refused
from domain.money import Language
from projections.document import Invoice, VatTotal

VERSION: Final = "3.0"
ENCODING: Final = "ISO-8859-15"
CODES: Final = {
    ("invoice", False): ("INV01", "380"),
    ("invoice", True): ("INV07", "389"),
    ("credit-note", False): ("INV02", "381"),
    ("credit-note", True): ("INV02", "261"),
}
"""By kind and whether the buyer wrote it: Finance Finland's code, and that of UNTDID 1001."""
CREDIT_TRANSFER: Final = "58"
"""UNTDID 4461: a SEPA credit transfer."""
_NUMBER_MOST = 20
_GROUND_MOST, _GROUND_LINES = 70, 3
_VIITE = re.compile(r"[0-9]{2,20}")
_RF = re.compile(r"RF[0-9]{2}[0-9A-Za-z]{1,21}")


class NoFinvoiceOfAVoucher(Refused):
    def __init__(self, number: str) -> None:
        super().__init__(
            f"{number} is an internal voucher between units of one legal person: nothing is invoiced, so there is no Finvoice; "
            "take the PDF."
        )


class NoAccountToPayTo(Refused):
    def __init__(self, number: str, seller: str) -> None:
        super().__init__(
            f"{number} has no Finvoice: it demands an account to pay to, and that of {seller} is not known; "
            "record the account (IBAN), or take the PDF."
        )


def invoice_finvoice(invoice: Invoice, language: Language) -> bytes:
    """The message; what it cannot say is refused, never cut off."""
    if invoice.kind == "internal-voucher":
        raise NoFinvoiceOfAVoucher(invoice.number)
    if not invoice.seller.iban:
        raise NoAccountToPayTo(invoice.number, invoice.seller.organisation)
    root = Element("Finvoice", {"Version": VERSION})
    add_transmission(root, invoice)
    add_party(root, "Seller", invoice.seller, language)
    add(root, "SellerOrganisationUnitNumber", invoice.seller.einvoice_address)
    add_account(root, invoice.seller)
    if invoice.self_billed:
        issuer, recipient = issuer_and_recipient(invoice)
        add_end(root, "InvoiceSender", issuer, language)
        add_end(root, "InvoiceRecipient", recipient, language)
    add(root, "InvoiceRecipientLanguageCode", language.upper())
    add_party(root, "Buyer", invoice.buyer, language)
    add(root, "BuyerOrganisationUnitNumber", invoice.buyer.einvoice_address)
    delivered = inside(inside(root, "DeliveryDetails"), "DeliveryPeriodDetails")
    add_date(delivered, "StartDate", invoice.delivered_from)
    add_date(delivered, "EndDate", invoice.delivered_to)
    _add_details(inside(root, "InvoiceDetails"), invoice, language)
    for line in invoice.lines:
        add_row(inside(root, "InvoiceRow"), line, language)
    _add_payment(inside(root, "EpiDetails"), invoice, invoice.seller.iban, language)
    written: bytes = tostring(root, encoding=ENCODING, xml_declaration=True)
    return written + b"\n"


def _add_details(details: Element, invoice: Invoice, language: Language) -> None:
    for number in (invoice.number, *invoice.credits):
        if len(number) > _NUMBER_MOST:
            raise DoesNotFitFinvoice("invoice number", number, f"{_NUMBER_MOST} characters")
    code, united_nations = CODES[invoice.kind, invoice.self_billed]
    named = word(f"document.{invoice.kind}", language)
    named = f"{named} ({word('notice.self-billed', language)})" if invoice.self_billed else named
    add(details, "InvoiceTypeCode", code, CodeListAgencyIdentifier="SPY")
    add(details, "InvoiceTypeCodeUN", united_nations)
    add_parts(details, "InvoiceTypeText", named, LINE_MOST, pieces=1, what="kind of document")
    add(details, "OriginCode", "Original")
    add(details, "InvoiceNumber", invoice.number)
    add_date(details, "InvoiceDate", invoice.issued_on)
    # A statement has its month for a number; whose it is and its digest stand among the definitions.
    originals = (*invoice.credits, *(each.period for each in invoice.corrects))
    if len(originals) == 1:
        add(details, "OriginalInvoiceNumber", originals[0])
    for number in originals:
        add(inside(details, "OriginalInvoiceReference"), "InvoiceNumber", number)
    add_date(details, "InvoicingPeriodStartDate", invoice.delivered_from)
    add_date(details, "InvoicingPeriodEndDate", invoice.delivered_to)
    if len(invoice.agreements) == 1 and len(invoice.agreements[0]) <= IDENTIFIER_MOST:
        add(details, "AgreementIdentifier", invoice.agreements[0])
    for each in invoice.corrects:
        definition = inside(details, "DefinitionDetails")
        add(definition, "DefinitionHeaderText", f"{word('head.corrects', language)} {each.period}, SHA-256")
        add(definition, "DefinitionValue", each.digest)
    add_sum(details, "RowsTotalVatExcludedAmount", invoice.net_cents)
    add_sum(details, "InvoiceTotalVatExcludedAmount", invoice.net_cents)
    add_sum(details, "InvoiceTotalVatAmount", invoice.vat_cents)
    add_sum(details, "InvoiceTotalVatIncludedAmount", invoice.gross_cents)
    for total in invoice.totals:
        _add_vat(inside(details, "VatSpecificationDetails"), total, language)
    for text in _free_texts(invoice, language):
        add_parts(details, "InvoiceFreeText", text, FREE_TEXT_MOST)
    if not invoice.netted:
        add_date(inside(details, "PaymentTermsDetails"), "InvoiceDueDate", invoice.due_on)


def _free_texts(invoice: Invoice, language: Language) -> Iterator[str]:
    if invoice.constructed:
        yield word("notice.constructed", language)
    if invoice.self_billed:
        yield word("notice.self-billed-by", language)
    if invoice.netted:
        yield word("notice.netted", language).format(period=invoice.period)
    if invoice.credits:
        yield word("notice.credit", language).format(numbers=", ".join(invoice.credits))
    for each in invoice.corrects:
        yield corrects(each, language)
    yield f"{invoice.network_name.best(language)}, {word('head.period', language)} {invoice.period}"
    for agreement in invoice.agreements:
        yield f"{word('head.agreement', language)}: {agreement}"


def _add_vat(details: Element, total: VatTotal, language: Language) -> None:
    treatment = total.treatment
    add_sum(details, "VatBaseAmount", total.base_cents)
    if treatment:
        add_percent(details, "VatRatePercent", treatment.rate)
        add(details, "VatCode", treatment.code)
    add_sum(details, "VatRateAmount", total.vat_cents)
    why = word(f"vat.{treatment.code if treatment else 'undecided'}", language)
    if treatment and treatment.ground:
        why = f"{why}, {treatment.ground}"
    add_parts(details, "VatFreeText", why, _GROUND_MOST, pieces=_GROUND_LINES, what="ground of a VAT treatment")


def _add_payment(payment: Element, invoice: Invoice, iban: str, language: Language) -> None:
    """To whom the sum is paid; a credit note's is negative, and it orders no payment. What is netted instructs to pay 0.00."""
    reference = invoice.reference or ""
    identification = inside(payment, "EpiIdentificationDetails")
    add_date(identification, "EpiDate", invoice.issued_on)
    add(identification, "EpiReference", reference)
    parties = inside(payment, "EpiPartyDetails")
    add(inside(parties, "EpiBfiPartyDetails"), "EpiBfiIdentifier", invoice.seller.bic, IdentificationSchemeName="BIC")
    payee = inside(parties, "EpiBeneficiaryPartyDetails")
    # The payee's full name stands among the seller's details; here is room for one line of it.
    add(payee, "EpiNameAddressDetails", next(parts_of(invoice.seller.legal_person.best(language), LINE_MOST)))
    add(payee, "EpiAccountID", iban, IdentificationSchemeName="IBAN")
    instruction = inside(payment, "EpiPaymentInstructionDetails")
    if _VIITE.fullmatch(reference):
        add(instruction, "EpiRemittanceInfoIdentifier", reference, IdentificationSchemeName="SPY")
    elif _RF.fullmatch(reference):
        add(instruction, "EpiRemittanceInfoIdentifier", reference, IdentificationSchemeName="ISO")
    add_sum(instruction, "EpiInstructedAmount", 0 if invoice.netted else invoice.gross_cents)
    add(instruction, "EpiCharge", "SHA", ChargeOption="SHA")
    add_date(instruction, "EpiDateOptionDate", invoice.due_on)
    if invoice.kind == "invoice" and not invoice.netted:
        add(instruction, "EpiPaymentMeansCode", CREDIT_TRANSFER)
