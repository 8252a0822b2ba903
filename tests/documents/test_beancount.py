"""A statement is a ledger that another bookkeeping program accepts, with the same balances."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core import data
from hypothesis import given, settings

from adapters.documents.amounts import in_euros
from adapters.documents.beancount import NETWORK, OPENING, statement_beancount
from domain.changing import replace
from projections.document import StatementDocument
from tests.documents.random_documents import statements
from tests.documents.samples import HOSTILE, STATEMENTS, XAMK, full_statement, line, statement_of


def loaded(document: StatementDocument) -> tuple[list[Any], list[Any]]:
    entries, errors, _ = loader.load_string(statement_beancount(document, "fi").decode())
    return entries, errors


def transactions(document: StatementDocument) -> list[Any]:
    entries, errors = loaded(document)
    assert errors == []
    return [entry for entry in entries if isinstance(entry, data.Transaction)]


@given(statements())
@settings(max_examples=15, deadline=None)
def test_any_statement_is_a_ledger_with_the_balances_of_the_document(document: StatementDocument) -> None:
    """Every posting sums to zero, every line stands there once, and the account of the network ends at the closing balance."""
    found = transactions(document)
    opening, *booked = sorted(found, key=lambda t: t.meta.get("line", 0))
    assert [(t.meta["line"], t.postings[0].units.number) for t in booked] == [
        (each.n, in_euros(each.cents)) for each in document.lines
    ]
    assert [p.account for p in opening.postings] == [NETWORK, OPENING]
    assert all(sum(p.units.number for p in t.postings) == Decimal(0) for t in found)
    closing = sum((t.postings[0].units.number for t in found), Decimal(0))
    assert closing == in_euros(document.closing_cents)


def checked(file: Path, ledger: bytes) -> tuple[int, str]:
    file.write_bytes(ledger)
    check = (sys.executable, "-m", "beancount.scripts.check", "--no-cache", str(file))
    done = subprocess.run(check, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603  # a program of the tests' own environment
    return done.returncode, done.stdout + done.stderr


def test_the_program_itself_accepts_the_ledger_and_would_miss_a_cent(tmp_path: Path) -> None:
    ledger = statement_beancount(full_statement(), "sv")
    assert checked(tmp_path / "right.beancount", ledger) == (0, "")
    wrong = ledger.replace(b"balance Assets:Network  1250.00", b"balance Assets:Network  1250.01")
    code, said = checked(tmp_path / "wrong.beancount", wrong)
    assert code == 1
    assert "Balance failed for 'Assets:Network'" in said


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_sample_loads_without_a_fault(name: str) -> None:
    assert loaded(STATEMENTS[name]())[1] == []


@pytest.mark.parametrize("changed", ["opening_cents", "closing_cents"])
def test_a_cent_too_much_in_a_balance_is_found(changed: str) -> None:
    """The balances are asserted without the tolerance of a cent that the program would allow on its own."""
    document = full_statement()
    entries, errors = loaded(replace(document, **{changed: getattr(document, changed) + 1}))
    assert entries
    assert errors


def test_a_line_says_where_it_comes_from() -> None:
    found = {t.meta["line"]: t for t in transactions(full_statement()) if "line" in t.meta}
    known = dict(found[2].meta)
    assert found[2].postings[1].account == "Income:Ekami:Share-earned"
    assert (known["entry"], known["clause"], known["agreement"], known["version"]) == (
        "entry:0168f4a2-7c00-8123-9abc-0123456789ab",
        "steps[2]",
        "agreement:kymenlaakso-2019",
        Decimal(2),
    )
    assert known["events"] == "4211 4180 3977 12"
    assert (known["vat-code"], known["vat-rate"]) == ("S", "25.5")
    assert "project" not in known
    assert found[1].meta["project"] == "S20967"


def test_a_fact_from_before_the_period_stands_on_its_first_day_and_says_its_own() -> None:
    late = next(t for t in transactions(full_statement()) if t.meta.get("line") == 3)  # the third line
    assert (str(late.date), str(late.meta["occurred-on"])) == ("2024-09-01", "2024-08-29")


def test_no_text_breaks_out_of_its_quotation_marks() -> None:
    """Quotation marks, backslashes, ends of lines and controls stay inside the narration."""
    text = f'{HOSTILE}\\" \n2024-01-01 open Assets:Stolen\r\u2028\x00\x1b end \\'
    (booked,) = (t for t in transactions(statement_of(XAMK, [line("payment", XAMK, 5, text=text)])) if "line" in t.meta)
    assert booked.narration == f'{HOSTILE}\\"  2024-01-01 open Assets:Stolen     end \\'
