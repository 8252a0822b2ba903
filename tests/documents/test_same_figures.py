"""Whatever a document is written as, a reader of that format finds the same figures: balances, every line, every tax.

A PDF is read in `test_pdf.py`, row by row.
"""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, fromstring

import pytest
from beancount import loader
from beancount.core import data
from hypothesis import given, settings
from msgspec import json

from adapters.documents import render
from adapters.documents.beancount import NETWORK
from adapters.documents.words import word
from projections.document import Invoice, StatementDocument, VatTotal
from tests.documents.random_documents import invoices, statements
from tests.documents.reading import Rows, Value, table, workbook
from tests.documents.samples import INVOICES, STATEMENTS

Tax = tuple[str, str, str]
"""Code, rate and ground; empty: none was decided."""


class Figures(NamedTuple):
    opening_cents: int
    closing_cents: int
    lines: list[tuple[int, int, int]]
    """Number, cents, cents of VAT."""
    taxes: Counter[tuple[Tax, str]]
    """Cents of base and of VAT by treatment."""


def of_statement(document: StatementDocument) -> Figures:
    lines = [(x.n, x.cents, x.vat_cents) for x in document.lines]
    return Figures(document.opening_cents, document.closing_cents, lines, taxes_of((*document.sold, *document.bought)))


def of_invoice(document: Invoice) -> Figures:
    lines = [(x.n, x.cents, x.vat_cents) for x in document.lines]
    return Figures(0, document.gross_cents, lines, taxes_of(document.totals))


def taxes_of(totals: Iterable[VatTotal]) -> Counter[tuple[Tax, str]]:
    found: Counter[tuple[Tax, str]] = Counter()
    for t in totals:
        key = (t.treatment.code, t.treatment.rate, t.treatment.ground or "") if t.treatment else ("", "", "")
        found[key, "base"] += t.base_cents
        found[key, "vat"] += t.vat_cents
    return found


def cents(value: Value | None) -> int:
    """Of a decimal of euros; whatever is no whole cent fails."""
    in_cents = Decimal(str(value or 0).replace(",", ".")) * 100
    assert in_cents == int(in_cents)
    return int(in_cents)


# --- readers -----------------------------------------------------------------------------------------------------------
def from_json(written: bytes, document: type[Any]) -> Figures:
    read = json.decode(written, type=document)
    return of_statement(read) if isinstance(read, StatementDocument) else of_invoice(read)


def from_csv(written: bytes, whole: Figures, opening: str | None, closing: str) -> Figures:
    """A row a line: of a document without lines nothing is left to compare."""
    rows = table(written)
    taxes: Counter[tuple[Tax, str]] = Counter()
    for row in rows:
        if row["kind"] not in ("vat", "set-off", "payment"):
            key = (row["vat_code"], row["vat_rate"], row["vat_ground"])
            taxes[key, "base"] += int(row["cents"])
            taxes[key, "vat"] += int(row["vat_cents"])
    lines = [(int(row["n"]), int(row["cents"]), int(row["vat_cents"])) for row in rows]
    first = {int(row[opening]) for row in rows} if opening else {0}
    last = {int(row[closing]) for row in rows}
    if not rows:
        return whole
    assert len(first) == len(last) == 1
    return Figures(first.pop(), last.pop(), lines, taxes)


def from_xlsx(written: bytes, whole: Figures, titles: tuple[str, ...]) -> Figures:
    sheets = list(workbook(written).values())
    head, lines, totals = sheets
    named = {row["A"]: row.get("B") for row in (*head, *totals) if "A" in row}
    of_lines = [row for row in lines if isinstance(row.get("A"), Decimal)]
    supplies = {n for n, _, vat_cents in whole.lines if vat_cents}
    assert supplies <= {int(row["A"]) for row in of_lines if "O" in row}
    read = [(int(row["A"]), cents(row["Q"]), cents(row.get("O"))) for row in of_lines]
    taxes: Counter[tuple[Tax, str]] = Counter()
    for title in titles:
        taxes.update(taxes_under(totals, title))
    opening = cents(named.get(word("total.opening", "sv")))
    closing = cents(named.get(word("total.closing", "sv")) or named.get(word("total.gross", "sv")))
    return Figures(opening, closing, read, taxes)


def taxes_under(rows: Rows, title: str) -> Counter[tuple[Tax, str]]:
    at = next(n for n, row in enumerate(rows) if row.get("A") == title)
    found: Counter[tuple[Tax, str]] = Counter()
    for row in rows[at + 2 :]:
        if "G" not in row:
            break
        key = (str(row.get("B", "")), str(row.get("C", "")), str(row.get("D", "")))
        found[key, "base"] += cents(row["E"])
        found[key, "vat"] += cents(row["F"])
        assert cents(row["G"]) == cents(row["E"]) + cents(row["F"])
    return found


def from_beancount(written: bytes) -> tuple[int, int, list[tuple[int, int, int]]]:
    entries, errors, _ = loader.load_string(written.decode())
    assert errors == []
    balances = [e for e in entries if isinstance(e, data.Balance) and e.account == NETWORK]
    opening, closing = (cents(e.amount.number) for e in sorted(balances, key=lambda each: each.date))
    lines = [e for e in entries if isinstance(e, data.Transaction) and "line" in e.meta]
    read = [(int(e.meta["line"]), units(e.postings[0]), cents(e.meta["vat"].number)) for e in lines]
    return opening, closing, sorted(read)


def units(posting: data.Posting) -> int:
    assert posting.units is not None, "an Amount of nothing is false"
    return cents(posting.units.number)


def from_finvoice(written: bytes, *, netted: bool) -> Figures:
    root = fromstring(written)  # noqa: S314 - our own bytes
    taxes: Counter[tuple[Tax, str]] = Counter()
    lines = []
    for row in root.iter("InvoiceRow"):
        net, vat = said(row, "RowVatExcludedAmount"), said(row, "RowVatAmount")
        assert said(row, "RowAmount") == net + vat
        lines.append((int(row.findtext("RowPositionIdentifier") or 0), net, vat))
    for each in root.iter("VatSpecificationDetails"):
        rate = (each.findtext("VatRatePercent") or "").replace(",", ".")
        ground = " ".join(text.text or "" for text in each.iter("VatFreeText")).partition(", ")[2]
        key = (each.findtext("VatCode") or "", rate, ground)
        taxes[key, "base"] += said(each, "VatBaseAmount")
        taxes[key, "vat"] += said(each, "VatRateAmount")
    total = said(root, "InvoiceDetails/InvoiceTotalVatIncludedAmount")
    instructed = said(root, "EpiDetails/EpiPaymentInstructionDetails/EpiInstructedAmount")
    assert instructed == (0 if netted else total)
    return Figures(0, total, lines, taxes)


def said(element: Element, path: str) -> int:
    return cents(element.findtext(path))


# --- promises ----------------------------------------------------------------------------------------------------------
def check_statement(document: StatementDocument) -> None:
    whole = of_statement(document)
    assert from_json(render(document, "json", "fi"), StatementDocument) == whole
    assert from_csv(render(document, "csv", "fi"), whole, "opening_cents", "closing_cents") == whole
    titles = (word("total.sold", "sv"), word("total.bought", "sv"))
    assert from_xlsx(render(document, "xlsx", "sv"), whole, titles) == whole
    assert from_beancount(render(document, "beancount", "en")) == whole[:3]


def check_invoice(document: Invoice) -> None:
    whole = of_invoice(document)
    assert from_json(render(document, "json", "fi"), Invoice) == whole
    assert from_csv(render(document, "csv", "fi"), whole, None, "document_gross_cents") == whole
    assert from_xlsx(render(document, "xlsx", "sv"), whole, (word("total.by-vat", "sv"),)) == whole
    if document.kind != "internal-voucher" and document.seller.iban:
        assert from_finvoice(render(document, "finvoice", "fi"), netted=document.netted) == whole


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_says_the_same_in_every_format(name: str) -> None:
    check_statement(STATEMENTS[name]())


@pytest.mark.parametrize("name", INVOICES)
def test_an_invoice_says_the_same_in_every_format(name: str) -> None:
    check_invoice(INVOICES[name]())


@given(statements())
@settings(max_examples=20, deadline=None)
def test_any_statement_says_the_same_in_every_format(document: StatementDocument) -> None:
    check_statement(document)


@given(invoices())
@settings(max_examples=20, deadline=None)
def test_any_invoice_says_the_same_in_every_format(document: Invoice) -> None:
    check_invoice(document)
