"""A document as a workbook: exact figures, texts that stay texts, the same bytes whenever it is made."""

import io
import tempfile
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.documents.amounts import in_euros
from adapters.documents.words import word
from adapters.documents.workbooks import LINE_COLUMNS, invoice_xlsx, statement_xlsx
from adapters.documents.xlsx import DoesNotFitASheet
from domain.changing import replace
from domain.money import CENTS_LIMIT, Language
from domain.words import LANGUAGES
from projections.document import NumberedDocument, StatementDocument
from tests.documents.reading import Rows, workbook
from tests.documents.samples import (
    DIGEST,
    KSAO,
    XAMK,
    credit_note,
    credit_of_statement,
    full_statement,
    internal_voucher,
    line,
    long_statement,
    netted_invoice,
    owing_statement,
    self_billed,
    statement_of,
)

HEADS = 2
"""Rows above the lines of a constructed document: the notice, and the names of the columns."""


def lines_of(document: StatementDocument, language: Language = "en") -> Rows:
    return workbook(statement_xlsx(document, language))[word("document.sheet.lines", language)]


@given(st.integers(-CENTS_LIMIT + 1, CENTS_LIMIT - 1))
@settings(max_examples=15, deadline=None)
def test_every_sum_that_money_can_be_stands_in_the_file_to_the_cent(cents: int) -> None:
    """Up to 2^53 cents: sixteen digits, written from the decimal itself and never by way of a float."""
    document = statement_of(XAMK, [line("payment", XAMK, cents)], constructed=False)
    assert lines_of(document)[1]["Q"] == in_euros(cents)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "<r><t>=1&2</t></r>", "<r>&</r>", " a ", "_x0041_", "http://x", "1"]
)
def test_a_text_stays_the_text_it_is(text: str) -> None:
    """It becomes no formula, no link, no number and no markup of the file's own, and keeps its blanks."""
    document = statement_of(XAMK, [line("payment", XAMK, 1, text=text)])
    shown = lines_of(document)[HEADS]["G"]
    assert shown == text.replace("_x0041_", "_x005F_x0041_"), "an escape of the format is itself escaped"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_of_constructed_data_stands_on_top_of_every_sheet(language: Language) -> None:
    notice = word("notice.constructed", language)
    for written in (statement_xlsx(full_statement(), language), invoice_xlsx(credit_note(), language)):
        sheets = workbook(written)
        assert len(sheets) == 3
        assert all(rows[0] == {"A": notice} for rows in sheets.values())
    assert all(rows[0] != {"A": notice} for rows in workbook(statement_xlsx(owing_statement(), language)).values())


def test_the_columns_are_named_in_the_language() -> None:
    head = list(lines_of(full_statement(), "sv")[1].values())
    assert head == [word(f"column.{key}", "sv") for key, _ in LINE_COLUMNS]


def test_what_sells_nothing_has_no_net_vat_and_gross() -> None:
    """So the columns sum to what was sold and bought; the balance has a column of its own."""
    rows = lines_of(full_statement())[HEADS:]
    payment = next(row for row in rows if row["D"] == "Payment")
    assert {"N", "O", "P"} & payment.keys() == set()
    assert payment["Q"] == Decimal("-1500.00")
    sale = rows[1]
    assert [sale[c] for c in "NOPQ"] == [Decimal(x) for x in ("125.00", "31.88", "156.88", "125.00")]
    assert (sale["H"], sale["J"]) == (Decimal("2.5"), Decimal("50.00"))


def test_an_invoice_names_what_it_is() -> None:
    credit = workbook(invoice_xlsx(credit_note(), "en"))["Credit note"]
    assert [row["B"] for row in credit if row.get("A") == "Invoices credited"] == [
        "EKAMI-2024-000019",
        "EKAMI-2024-000027",
    ]
    of_statement = workbook(invoice_xlsx(credit_of_statement(), "en"))["Credit note"]
    named = {"A": "Statement corrected", "B": "statement:ekami.2024-08", "C": DIGEST}
    assert [row for row in of_statement if row.get("A") == "Statement corrected"] == [named]
    own = workbook(invoice_xlsx(self_billed(), "fi"))["Lasku"]
    assert {"A": word("notice.self-billed-by", "fi")} in own
    netted = workbook(invoice_xlsx(netted_invoice(), "en"))["Invoice"]
    assert {"A": "Settled with the network's settlement of 2024-09; do not pay separately."} in netted
    assert not {"Due date", "Account (IBAN)", "Reference"} & {row.get("A") for row in netted}
    voucher = workbook(invoice_xlsx(internal_voucher(), "fi"))["Sisäinen tosite"]
    assert {"A": word("notice.voucher", "fi")} in voucher
    assert word("payment.iban", "fi") not in {row.get("A") for row in voucher}


def test_who_numbered_a_document_is_named_in_the_language() -> None:
    numbered = (
        NumberedDocument(number="2024-09/1", issuer=None),
        NumberedDocument(number="2024-09/3", issuer=KSAO.name),
    )
    statement = workbook(statement_xlsx(replace(full_statement(), documents=numbered), "sv"))["Specifikation"]
    assert [row["B"] for row in statement if row.get("A") == "Fakturor och verifikat"] == [
        "2024-09/1",
        "2024-09/3 (Kouvolanejdens yrkesinstitut)",
    ]


def test_a_workbook_tells_no_time_but_the_documents() -> None:
    """Neither when nor where it was made, so that it is the same bytes in a year."""
    with zipfile.ZipFile(io.BytesIO(statement_xlsx(full_statement(), "fi"))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 31, 0, 0, 0)}
        about = archive.read("docProps/core.xml").decode()
    assert about.count("2024-10-03T00:00:00Z") == 2


def test_the_head_of_the_lines_stays_in_sight() -> None:
    with zipfile.ZipFile(io.BytesIO(statement_xlsx(full_statement(), "fi"))) as archive:
        assert b'<pane ySplit="2" topLeftCell="A3"' in archive.read("xl/worksheets/sheet2.xml")


def test_a_text_that_no_cell_takes_is_refused_and_not_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no file is left behind where rows wait to be written."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    document = statement_of(XAMK, [line("payment", XAMK, 1, text="x" * 32_768)], constructed=False)
    with pytest.raises(DoesNotFitASheet) as refused:
        statement_xlsx(document, "en")
    assert str(refused.value) == (
        "Row 2 of the sheet 'Lines' does not fit: a sheet takes 1,048,576 rows and a cell 32,767 characters; "
        "take the CSV, which has no such limits."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_long_statement_is_written_whole() -> None:
    document = long_statement(2_000)
    assert len(lines_of(document)) == HEADS + len(document.lines)
