"""An invoice as Finvoice 3.0: what the official schema takes, what a bank needs, or a refusal in a sentence."""

from datetime import date
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given, settings

from adapters.documents.finvoice import NoAccountToPayTo, NoFinvoiceOfAVoucher, invoice_finvoice
from adapters.documents.finvoice_elements import DoesNotFitFinvoice
from domain.changing import replace
from domain.money import Language
from domain.words import LANGUAGES, Names
from projections.document import Invoice
from tests.documents import samples
from tests.documents.random_documents import invoices
from tests.documents.samples import (
    EKAMI,
    HOSTILE,
    LETTERS,
    LONG,
    STANDARD,
    XAMK,
    credit_note,
    credit_of_statement,
    invoice,
    invoice_of,
    line,
    netted_invoice,
    party,
)
from tests.official_schemas import FINVOICE, valid_xml

SALE = line("share-earned", XAMK, 10_000, STANDARD)


def message(of: Invoice) -> Element:
    return fromstring(invoice_finvoice(of, "fi"))  # noqa: S314 - our own bytes


def texts(element: Element, tag: str) -> list[str]:
    return [found.text or "" for found in element.iter(tag)]


@given(invoices())
@settings(max_examples=20, deadline=None)
def test_whatever_is_invoiced_is_valid_by_the_official_schema(drawn: Invoice) -> None:
    valid_xml(invoice_finvoice(drawn, "sv"), FINVOICE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_samples_are_valid_in_every_language(language: Language) -> None:
    bare = party(
        "org:bare", Names(fi="Å " + "pitkänimi" * 20), bic=None, business_id=None, vat_number=None, address=None
    )
    long = party("org:long", LONG, einvoice_operator=None, address=replace_street("Pitkäkatu " * 9))
    for each in (
        invoice(),
        credit_note(),
        credit_of_statement(),
        replace(credit_of_statement(), credits=("7",), self_billed=True),
        netted_invoice(),
        invoice_of(bare, long, [SALE], agreements=("agreement:a v1", "agreement:b v2"), reference=None),
        invoice_of(long, bare, [SALE], self_billed=True),
        invoice_of(
            EKAMI, XAMK, [line("correction", XAMK, -5, None)], kind="credit-note", self_billed=True, credits=("7",)
        ),
    ):
        valid_xml(invoice_finvoice(each, language), FINVOICE)


def replace_street(street: str) -> object:
    return replace(samples.XAMK.address, street=street.strip()) if samples.XAMK.address else None


def test_an_invoice_says_what_is_paid_to_whom_and_by_when() -> None:
    written = message(invoice())
    assert texts(written, "InvoiceTypeCode") == ["INV01"]
    assert texts(written, "InvoiceTypeCodeUN") == ["380"]
    assert texts(written, "InvoiceNumber") == ["EKAMI-2024-000031"]
    assert texts(written, "EpiAccountID") == ["FI2112345600000785"]
    assert texts(written, "EpiBfiIdentifier") == ["NDEAFIHH"]
    assert texts(written, "EpiRemittanceInfoIdentifier") == ["1234561"]
    assert texts(written, "EpiInstructedAmount") == ["3256,87"]
    assert texts(written, "EpiDateOptionDate") == ["20241024"]
    assert texts(written, "InvoiceDueDate") == ["20241024"]
    assert texts(written, "SellerOrganisationName") == ["Kotkan-Haminan seudun koulutuskuntayhtymä"]
    assert texts(written, "SellerOrganisationTradingName") == ["Etelä-Kymenlaakson ammattiopisto (Ekami)"]
    assert texts(written, "SellerOrganisationTaxCode") == ["FI19586945"]
    assert texts(written, "BuyerPartyIdentifier") == ["2472908-2"]
    assert texts(written, "BuyerTownName") == ["Mikkeli"]


def test_what_the_settlement_pays_instructs_no_payment() -> None:
    """The schema wants a sum and a day: it is 0.00, without a reference, a due date or a means of payment; a sentence says why."""
    written = message(netted_invoice())
    assert texts(written, "EpiInstructedAmount") == ["0,00"]
    assert texts(written, "InvoiceTotalVatIncludedAmount") == ["3256,87"]
    for absent in ("EpiRemittanceInfoIdentifier", "InvoiceDueDate", "EpiPaymentMeansCode"):
        assert texts(written, absent) == []
    assert texts(written, "EpiReference") == [""]
    assert "Maksetaan verkoston tilityksessä 2024-09: älä maksa erikseen." in texts(written, "InvoiceFreeText")


def test_each_treatment_has_its_base_rate_tax_and_ground() -> None:
    said = [[child.text for child in each] for each in message(invoice()).iter("VatSpecificationDetails")]
    assert said == [
        ["1818,18", "0", "E", "0,00", "Veroton myynti, AVL 39-40 §"],
        ["999,99", "24", "S", "240,00", "Verollinen myynti"],
        ["158,33", "25,5", "S", "40,37", "Verollinen myynti"],
    ]


def test_a_credit_note_names_the_invoices_and_orders_no_payment() -> None:
    written = message(credit_note())
    assert texts(written, "InvoiceTypeCode") == ["INV02"]
    assert [texts(each, "InvoiceNumber") for each in written.iter("OriginalInvoiceReference")] == [
        ["EKAMI-2024-000019"],
        ["EKAMI-2024-000027"],
    ]
    assert texts(written, "InvoiceTotalVatIncludedAmount") == ["-269,18"]
    assert texts(written, "EpiPaymentMeansCode") == []


def test_a_credit_note_names_the_statement_where_it_has_no_invoice_to_name() -> None:
    """A statement's number is its month, which fits where a number stands; its digest is a definition of its own."""
    written = message(credit_of_statement())
    assert texts(written, "OriginalInvoiceNumber") == ["2024-08"]
    assert [texts(each, "InvoiceNumber") for each in written.iter("OriginalInvoiceReference")] == [["2024-08"]]
    assert texts(written, "DefinitionHeaderText") == ["Oikaistava laskelma 2024-08, SHA-256"]
    assert texts(written, "DefinitionValue") == [samples.DIGEST]
    assert (
        f"Hyvitys oikaisee korvauslaskelman 2024-08 (statement:ekami.2024-08), tiiviste (SHA-256) {samples.DIGEST}."
        in texts(written, "InvoiceFreeText")
    )


def test_a_self_billed_invoice_is_sent_by_the_buyer_to_the_seller() -> None:
    """It keeps its seller and buyer; the message goes the other way, and the codes say who wrote it."""
    written = message(invoice_of(EKAMI, XAMK, [SALE], self_billed=True))
    assert texts(written, "InvoiceTypeCode") == ["INV07"]
    assert texts(written, "InvoiceTypeCodeUN") == ["389"]
    assert texts(written, "InvoiceTypeText") == ["Lasku (Itselaskutus)"]
    assert texts(written, "FromIdentifier") == [XAMK.einvoice_address]
    assert texts(written, "ToIdentifier") == [EKAMI.einvoice_address]
    assert texts(written, "SellerPartyIdentifier") == [EKAMI.business_id]
    assert texts(written, "InvoiceSenderPartyIdentifier") == [XAMK.business_id]
    assert texts(written, "InvoiceRecipientPartyIdentifier") == [EKAMI.business_id]
    credit = message(replace(credit_note(), self_billed=True))
    assert (texts(credit, "InvoiceTypeCode"), texts(credit, "InvoiceTypeCodeUN")) == (["INV02"], ["261"])


@pytest.mark.parametrize("missing", ["einvoice_address", "einvoice_operator"])
def test_a_message_has_a_way_only_where_both_ends_of_it_are_known(missing: str) -> None:
    buyer = replace(XAMK, **{missing: None})  # type: ignore[arg-type]  # both are texts or unknown
    assert list(message(invoice_of(EKAMI, buyer, [SALE])).iter("MessageTransmissionDetails")) == []


def test_the_same_invoice_is_the_same_message_and_another_is_another() -> None:
    one, again = message(invoice()), message(invoice())
    other = message(replace(invoice(), due_on=date(2024, 10, 25)))
    (identifier,) = texts(one, "MessageIdentifier")
    assert identifier.startswith("EKAMI-2024-000031-")
    assert texts(again, "MessageIdentifier") == [identifier] != texts(other, "MessageIdentifier")
    assert texts(one, "MessageTimeStamp") == ["2024-10-03T00:00:00+03:00"]


def test_a_row_says_its_sums_its_treatment_and_where_it_comes_from() -> None:
    row = list(message(invoice()).iter("InvoiceRow"))[1]
    said = {child.tag: child.text for child in row}
    assert (said["InvoicedQuantity"], said["UnitPriceAmount"]) == ("2,5", "50,00")
    assert (said["RowVatExcludedAmount"], said["RowVatAmount"], said["RowAmount"]) == ("125,00", "31,87", "156,87")
    assert (said["RowVatRatePercent"], said["RowVatCode"]) == ("25,5", "S")
    assert (said["RowPositionIdentifier"], said["RowDeliveryDate"]) == ("2", "20240912")
    assert said["RowAgreementIdentifier"] == "agreement:kymenlaakso-2019 v2"
    assert "Tapahtumat: 4211 4180 3977 12" in texts(row, "RowFreeText")


@pytest.mark.parametrize(
    ("cents", "quantity", "written"),
    [(12_500, "2.5", ["2,5"]), (-12_500, "2.5", ["-2,5"]), (12_499, "2.5", []), (5_000, "1.0000000000000", [])],
)
def test_a_quantity_with_a_price_multiplies_to_the_sum_or_is_said_in_words(
    cents: int, quantity: str, written: list[str]
) -> None:
    """Readers multiply; what is given back is a negative quantity. A share is seldom a whole price, and then it is a text."""
    row = line("share-earned", XAMK, cents, STANDARD, quantity=quantity, unit="credit", unit_cents=5_000)
    found = message(invoice_of(EKAMI, XAMK, [row]))
    assert texts(found, "InvoicedQuantity") == written
    assert (f"{quantity} credit" in texts(found, "RowFreeText")) is (written == [])


def test_no_character_is_lost_in_the_banks_character_set() -> None:
    """ISO 8859-15; what it has no place for is a numeric reference, what XML has none for is marked."""
    text = f"{HOSTILE} {LETTERS} 漢字 \U0001f600"
    written = invoice_finvoice(
        invoice_of(EKAMI, XAMK, [replace(SALE, text=dict.fromkeys(LANGUAGES, f"{text}\x01"))]), "fi"
    )
    assert written.startswith(b"<?xml version='1.0' encoding='ISO-8859-15'?>\n")
    assert "€".encode("iso8859-15") in written
    assert texts(fromstring(written), "RowFreeText")[0] == f"{text}\ufffd"  # noqa: S314 - our own bytes


def test_a_long_text_is_parted_between_words_and_kept_whole() -> None:
    text = "sanoja ja sanoja " * 100 + "loppu"
    row = replace(SALE, text=dict.fromkeys(LANGUAGES, text))
    parts = texts(message(invoice_of(EKAMI, XAMK, [row])), "RowFreeText")[:4]
    assert " ".join(parts) == text
    assert max(map(len, parts)) <= 512


def test_constructed_data_say_so_first() -> None:
    assert texts(message(invoice()), "InvoiceFreeText")[0].startswith("Rakennettu esimerkkiaineisto")
    assert "Rakennettu" not in str(texts(message(replace(invoice(), constructed=False)), "InvoiceFreeText"))


def test_what_finvoice_cannot_say_is_refused_in_a_sentence() -> None:
    with pytest.raises(NoFinvoiceOfAVoucher) as refused:
        message(samples.internal_voucher())
    assert str(refused.value) == (
        "KOUVOLA-S-2024-000002 is an internal voucher between units of one legal person: nothing is invoiced, so there is no "
        "Finvoice; take the PDF."
    )
    with pytest.raises(NoAccountToPayTo) as unknown:
        message(samples.self_billed())
    assert str(unknown.value) == (
        "XAMK-I-2024-000004 has no Finvoice: it demands an account to pay to, and that of org:cursor is not known; "
        "record the account (IBAN), or take the PDF."
    )
    with pytest.raises(DoesNotFitFinvoice) as long:
        message(replace(invoice(), number="EKAMI-2024-0000000031"))
    assert str(long.value) == (
        "The invoice number 'EKAMI-2024-0000000031' does not fit into Finvoice, which takes 20 characters; "
        "shorten it, or take the PDF."
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"address": replace_street("x" * 120)},
        {"name": Names(fi="a" * 80)},
        {"legal_person": Names(fi="Å")},
    ],
)
def test_a_party_that_does_not_fit_is_refused_and_not_cut_off(changed: dict[str, Any]) -> None:
    with pytest.raises(DoesNotFitFinvoice):
        message(invoice_of(replace(EKAMI, **changed), XAMK, [SALE]))


@pytest.mark.parametrize(("rate", "written"), [("25.5", "25,5"), ("10.50", "10,5"), ("0", "0"), ("14.00", "14")])
def test_a_rate_has_a_comma_and_no_idle_zeros(rate: str, written: str) -> None:
    treatment = replace(STANDARD, rate=rate)
    found = message(invoice_of(EKAMI, XAMK, [replace(SALE, vat=treatment)]))
    assert texts(found, "RowVatRatePercent") == [written]


def test_a_rate_with_more_decimals_than_the_format_has_is_refused() -> None:
    with pytest.raises(DoesNotFitFinvoice) as refused:
        message(invoice_of(EKAMI, XAMK, [replace(SALE, vat=replace(STANDARD, rate="10.12345"))]))
    assert "up to 999 percent with four decimals" in str(refused.value)
