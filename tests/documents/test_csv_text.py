"""A document as a table: a row a line, figures in cents, no text that a spreadsheet program would calculate."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.documents.csv_text import ADDED_COLUMNS, FIRST_COLUMNS, as_written, inert, invoice_csv, statement_csv
from projections.document import DocumentLine
from tests.documents.reading import table
from tests.documents.samples import (
    DIGEST,
    HOSTILE,
    XAMK,
    credit_note,
    credit_of_statement,
    empty_statement,
    full_statement,
    invoice,
    line,
    netted_invoice,
    statement_of,
)


def test_the_columns_that_programs_know_keep_their_places() -> None:
    """Those of the first statements come first, in their order; what was added stands behind them."""
    head = statement_csv(full_statement(), "en").split(b"\r\n")[0].decode()
    known = (
        "partner,period,constructed,position,as_of,n,occurred_on,recorded_at,kind,counterparty,cents,role,clause,quantity,"
        "unit_cents,corrects,project,pathway,step,part,entry,text,events,"
    )
    assert head.startswith(known)


def test_every_field_of_a_line_has_a_column() -> None:
    fields = set(DocumentLine.__struct_fields__) - {"vat"}
    assert fields <= {*FIRST_COLUMNS, *ADDED_COLUMNS}
    assert {"vat_code", "vat_rate", "vat_ground"} <= set(ADDED_COLUMNS)


def test_a_row_says_what_the_line_says() -> None:
    row = table(statement_csv(full_statement(), "en"))[1]
    assert (row["cents"], row["vat_cents"], row["gross_cents"]) == ("12500", "3188", "15688")
    assert (row["quantity"], row["unit"], row["unit_cents"]) == ("2.5", "credit", "5000")
    assert (row["counterparty"], row["counterparty_name"]) == ("org:ekami", "Etelä-Kymenlaakson ammattiopisto (Ekami)")
    assert (row["project"], row["events"], row["recorded_at"]) == ("", "4211 4180 3977 12", "2024-10-01T06:30:00Z")
    assert row["text"] == "Part 1 of step 1 was delivered, the share is €125.00: 60% of €125.00."


def test_a_statement_without_lines_is_its_head_alone() -> None:
    assert table(statement_csv(empty_statement(), "fi")) == []


def test_an_invoice_says_on_each_row_what_it_belongs_to() -> None:
    rows = table(invoice_csv(credit_note(), "sv"))
    assert [(r["number"], r["document"], r["credits"], r["cents"]) for r in rows] == [
        ("EKAMI-2024-000032", "credit-note", "EKAMI-2024-000019 EKAMI-2024-000027", "-20000"),
        ("EKAMI-2024-000032", "credit-note", "EKAMI-2024-000019 EKAMI-2024-000027", "-1818"),
    ]


def test_a_credit_note_says_which_statement_it_corrects() -> None:
    found = {(r["credits"], r["corrected_statements"]) for r in table(invoice_csv(credit_of_statement(), "sv"))}
    assert found == {("", f"statement:ekami.2024-08@sha256:{DIGEST}")}


def test_an_invoice_says_whether_it_is_paid_by_itself() -> None:
    paid = [
        {(row["netted"], row["due_on"], row["reference"]) for row in table(invoice_csv(each, "fi"))}
        for each in (invoice(), netted_invoice())
    ]
    assert paid == [{("False", "2024-10-24", "1234561")}, {("True", "", "")}]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("\uff1d1", "'\uff1d1"),
        ("a;=1+1", "a;'=1+1"),
        ('a;"=1+1"', 'a;"\'=1+1"'),
        ("a\t+1", "a\t'+1"),
        ("\r\n@x", "\r\n'@x"),
        ("a = b - c", "a = b - c"),
        ("-1234.56", "-1234.56"),
        ("'quoted", "''quoted"),
    ],
)
def test_a_text_that_looks_like_a_formula_is_shown_and_not_calculated(text: str, shown: str) -> None:
    """Where decimals have commas a program parts cells at semicolons, whatever the quotation marks say; figures stay figures."""
    assert inert(text) == shown


@given(st.text(alphabet="=+-@'\";\t\r\n a1\uff1d", max_size=12))
@settings(max_examples=200)
def test_every_text_can_be_had_back_as_it_was(text: str) -> None:
    assert as_written(str(inert(text))) == text


def test_hostile_texts_stay_in_their_cells() -> None:
    text = f'{HOSTILE}\r\n",=2;=3\n'
    (row,) = table(statement_csv(statement_of(XAMK, [line("payment", XAMK, -5, text=text)]), "fi"))
    assert (row["text"], row["cents"]) == (text, "-5")
