"""What the command line writes for people is copied from, also where no terminal says how wide it is."""

import pytest

from adapters.cli.session import page, table, write_table
from application.notices import CONSTRUCTED

IDS = ("bank-line:0123456789abcdef0123456789abcdef", "payment:016a1021-9f00-824b-8c3e-de3737c90967")


def test_an_id_stands_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Two of them and what else a table of them says, however narrow the terminal."""
    monkeypatch.setenv("COLUMNS", "40")
    shown = table("line", "booked on", "outcome", "payment", "position", "sum")
    shown.add_row(IDS[0], "2019-11-30", "returned, on the list", IDS[1], "1234567", "€1,234,567.89")
    write_table(shown)
    (row,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("│"))
    assert all(each in row for each in IDS)


def test_what_is_constructed_says_so_at_its_head() -> None:
    made = page(constructed=True)
    made.print("€1.00")
    assert made.export_text() == f"{CONSTRUCTED}\n€1.00\n"
