"""Settling, paying and reading the bank back from the command line, on PostgreSQL: the whole way of one month."""

import asyncio
import io
import json
import os
import re
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import pytest

from adapters.cli.output import hand_over
from adapters.postgres.embedded import Server
from adapters.settings import Settings
from adapters.wiring import open_network
from examples.kymenlaakso.bank_statement import Payment
from tests import command
from tests.bank.settled import AGREEMENT, APPROVER, CURSOR, EKAMI, IBANS, XAMK, approve_january, details
from tests.bank.settled_world import file_of
from tests.documents.reading import table

Tasma = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def january(server: Server, fresh_schema: Callable[[], str]) -> Settings:
    """January is approved by all, and nothing of it is settled."""
    settings = Settings(network=fresh_schema(), database_url=server.app_dsn, admin_database_url=server.admin_dsn)

    async def play() -> None:
        async with open_network(settings) as network:
            await approve_january(network)
            await network.catch_up()

    asyncio.run(play())
    return settings


@pytest.fixture(scope="module")
def tasma(january: Settings, server: Server) -> Tasma:
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("TASMA_")},
        "TASMA_DATABASE_URL": server.app_dsn,
        "TASMA_ADMIN_DATABASE_URL": server.admin_dsn,
        "TASMA_NETWORK": january.network,
    }

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return command.run(*arguments, env=environment)

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("january")


def approve(settings: Settings, settlement: str) -> None:
    """As somebody else: at the keyboard all are one person, who settled."""

    async def play() -> None:
        async with open_network(settings) as network:
            await network.desk.carry_out("approve-settlement", {"settlement": settlement}, APPROVER)

    asyncio.run(play())


def move(settings: Settings, body: Mapping[str, Any]) -> None:
    async def play() -> None:
        async with open_network(settings) as network:
            await network.desk.carry_out("set-billing-details", body, APPROVER)

    asyncio.run(play())


def test_a_month_is_settled_paid_and_read_back(january: Settings, tasma: Tasma, folder: Path) -> None:
    """One test, since each step begins from where the one before it ended."""
    (one,) = json.loads(tasma("settle", "2019-01", "--format", "json").stdout)
    assert {(p["payer"], p["payee"], p["cents"]) for p in one["payments"]} == {
        (XAMK, EKAMI, 70_000),
        (XAMK, CURSOR, 20_000),
    }
    pay = ("settle", "2019-01", "--debtor", XAMK, "--format", "pain001")
    unapproved = tasma(*pay)
    assert unapproved.returncode == 1
    assert unapproved.stderr.startswith("There is no payment file for an unapproved settlement")
    shown = " ".join(tasma("settle", "2019-01").stdout.split())
    assert "names at a command line are taken on trust" in shown
    approve(january, one["settlement"])
    file = folder / "pain.xml"
    assert tasma(*pay, "-o", file).returncode == 0
    assert file.read_text().count("<CdtTrfTxInf>") == 2
    move(january, details(EKAMI, "FI4250001510000023"))
    waiting = tasma(*pay)
    assert waiting.stdout == file.read_text()
    assert re.fullmatch(
        rf"The account, address or name of {EKAMI} was set anew on \S+: payments go where they were approved, until somebody who neither "
        r"settled nor set it sends approve-settlement again\.",
        waiting.stderr.splitlines()[-1],
    )

    references = {p["payee"]: p["reference"] for p in one["payments"]}
    camt = folder / "camt.xml"
    lines = [Payment(-70_000, references[EKAMI]), Payment(-5_000, references[CURSOR]), Payment(-1, "1232")]
    body = file_of(XAMK, *lines).replace(b"2019-02-21<", b"2019-02-20<")
    camt.write_bytes(body)
    matched = json.loads(tasma("match", "camt", camt, "--format", "json").stdout)
    assert [(line["outcome"], line["listed"]) for line in matched["lines"]] == [
        ("matched", False),
        ("part", True),
        ("unknown", True),
    ]
    before = min(line["position"] for line in matched["lines"]) - 1
    looked_back = tasma(*pay, "--as-of", before)
    assert looked_back.stdout == file.read_text(), "of what is paid the file that there was is still shown"
    assert looked_back.stderr.splitlines()[-1] == (
        f"This is the file as of position {before}, to be looked at: what was paid, taken back or approved since is not heeded. Hand in "
        "the one without --as-of."
    )
    said = tasma("match", "camt", camt)
    assert said.returncode == 0
    for line in matched["lines"]:
        (row,) = (row for row in said.stdout.splitlines() if line["bank_line"] in row)
        assert (line["payment"] or line["reason"]) in row, "what is copied from stands in one line, also redirected"
    assert "M-1: 3 recognised; 0 entries moved no money." in said.stdout
    assert IBANS[XAMK] not in said.stdout + said.stderr
    early = Payment(-15_000, references[CURSOR], bank_reference="2")
    for booked, sentence in (
        ((early,), "Nothing of the file was taken in: 1 line was refused. A payment on 2019-02-25 lies in the future"),
        (
            (early, Payment(-1, "1232", bank_reference="9")),
            "One line was refused, the others are done: A payment on 2019-02-25 lies in the future",
        ),
    ):
        body = file_of(XAMK, *booked).replace(b"<BookgDt><Dt>2019-02-21<", b"<BookgDt><Dt>2019-02-25<", 1)
        camt.write_bytes(body.replace(b"2019-02-21<", b"2019-02-20<"))
        refused = tasma("match", "camt", camt)
        assert refused.returncode == 1
        assert sentence in refused.stderr

    text = tasma("settle", "2019-01", "--agreement", AGREEMENT).stdout
    assert "CONSTRUCTED" in text
    assert "Settlement 1 of 2019-01 under agreement:a-1 (gross): approved" in text, (
        "settled once, shown as often as asked"
    )
    assert re.search(r"org:cursor.*1000012.*part.*€200\.00", text)


def test_a_statement_is_written_as_what_is_asked_for(tasma: Tasma, folder: Path) -> None:
    ask = ("statement", "--partner", EKAMI, "--period", "2019-01")
    (row,) = table(tasma(*ask, "--format", "csv").stdout.encode())
    assert list(row)[:8] == ["partner", "period", "constructed", "position", "as_of", "n", "occurred_on", "recorded_at"]
    assert (row["cents"], row["closing_cents"]) == ("70000", "70000")
    file = folder / "statement.pdf"
    written = tasma(*ask, "--format", "pdf", "--as-of", "2019-01-20", "-o", file)
    assert (written.returncode, written.stdout) == (0, ""), written.stderr
    assert file.read_bytes().startswith(b"%PDF-")


def test_the_e_invoices_of_a_month_come_in_one_file(tasma: Tasma, folder: Path) -> None:
    file = folder / "invoices.zip"
    ask = ("statement", "--partner", EKAMI, "--period", "2019-01", "--format", "finvoice")
    assert tasma(*ask, "-o", file).returncode == 0
    with zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ["ekami.2019-01-1.finvoice.xml"]


def test_a_document_is_found_by_its_id_and_by_its_number(tasma: Tasma, folder: Path) -> None:
    several = tasma("document", "2019-01/1")
    assert several.returncode == 1
    assert several.stderr.startswith("Several issuers have a document 2019-01/1: document:")
    assert several.stderr.endswith("Name it by its id.\n")
    (of_ekami,) = re.findall(r"(document:\S+) of org:ekami to org:xamk", several.stderr)
    found = json.loads(tasma("document", of_ekami).stdout)
    assert (found["seller"]["organisation"], found["number"], found["gross_cents"]) == (EKAMI, "2019-01/1", 70_000)
    file = folder / "invoice.xml"
    assert tasma("document", "ekami.2019-01/1", "--format", "finvoice", "-o", file).returncode == 0
    assert "<InvoiceNumber>2019-01/1<" in file.read_text(encoding="iso-8859-15")


@pytest.mark.parametrize(
    "wrong",
    [
        ("settle", "2019-01", "--debtor", XAMK),
        ("settle", "2019-01", "--format", "pain001"),
        ("settle", "2019-01", "--as-of", "2019-02-20"),
        ("statement", "--partner", EKAMI, "--period", "2019-01", "--format", "pdf", "--line", "1"),
        ("match", "camt", "no-such-file.xml"),
        ("document", "x", "--format", "docx"),
    ],
)
def test_wrong_usage_is_told_apart_from_a_refusal(tasma: Tasma, wrong: tuple[str, ...]) -> None:
    assert tasma(*wrong).returncode == 2


def test_a_period_that_is_none_is_refused(tasma: Tasma) -> None:
    refused = tasma("settle", "2019-13")
    assert (refused.returncode, refused.stderr) == (
        1,
        "'2019-13' is no period; a calendar month such as 2019-11 is.\n",
    )


def test_what_is_no_text_is_not_poured_into_a_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdout", Terminal())
    with pytest.raises(click.UsageError, match="name a file with -o"):
        hand_over(b"PK", None, is_text=False)
    hand_over(b"PK", tmp_path / "x.zip", is_text=False)
    assert (tmp_path / "x.zip").read_bytes() == b"PK"
    with pytest.raises(click.FileError):
        hand_over(b"PK", tmp_path / "no" / "x.zip", is_text=False)
