"""Statements and invoices over HTTP: in every format, in a reader's language, to their two sides and to nobody else."""

import io
import json
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from threading import BoundedSemaphore

import pytest

from adapters.documents import FORMATS, INVOICE_FORMATS, STATEMENT_FORMATS, pdf
from adapters.http.problems import NoSuchForm
from adapters.http.reads.forms import form_of
from adapters.zipped_invoices import NoInvoices, zipped_invoices
from projections.statement import Statement
from tests.bank.settled import CURSOR, EKAMI, XAMK
from tests.bank.settled_world import SettledWorld, served
from tests.documents.reading import table, workbook
from tests.http.world import run

STATEMENT = f"/v1/statements/{EKAMI}/2019-01"
BEGINS = {"json": b"{", "xlsx": b"PK", "pdf": b"%PDF-", "finvoice": b"<?xml", "beancount": b""}


@pytest.fixture(scope="module")
def january() -> Iterator[SettledWorld]:
    """Nobody changes it: ekami has sold xamk 700.00 of teaching, cursor 200.00 of guidance."""
    with served() as world:
        yield world


@pytest.fixture(scope="module")
def invoice(january: SettledWorld) -> str:
    """The path of what ekami invoices xamk."""
    (listed,) = january.get("/v1/documents", EKAMI).json()["items"]
    return f"/v1/documents/{listed['document']}"


@pytest.mark.parametrize("form", STATEMENT_FORMATS)
def test_a_statement_is_read_in_every_format_by_suffix_and_by_what_is_accepted(
    january: SettledWorld, form: str
) -> None:
    media_type = FORMATS[form].media_type
    named = january.get(STATEMENT + FORMATS[form].suffix, EKAMI)
    accepted = january.get(STATEMENT, EKAMI, {"Accept": media_type.partition(";")[0]})
    assert named.status_code == accepted.status_code == 200, named.text
    assert named.headers["content-type"] == accepted.headers["content-type"] == media_type
    assert named.content == accepted.content
    assert named.content.startswith(BEGINS.get(form, b""))
    again = january.get(STATEMENT + FORMATS[form].suffix, EKAMI, {"If-None-Match": named.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert len(named.headers["tasma-position"]) > 0


@pytest.mark.parametrize("form", INVOICE_FORMATS)
@pytest.mark.parametrize("who", [EKAMI, XAMK])
def test_an_invoice_is_read_in_every_format_by_both_sides(
    january: SettledWorld, invoice: str, form: str, who: str
) -> None:
    media_type = FORMATS[form].media_type
    named = january.get(invoice + FORMATS[form].suffix, who)
    accepted = january.get(invoice, who, {"Accept": media_type.partition(";")[0]})
    assert named.status_code == accepted.status_code == 200, named.text
    assert named.headers["content-type"] == accepted.headers["content-type"] == media_type
    assert named.content == accepted.content
    assert named.content.startswith(BEGINS.get(form, b""))
    again = january.get(invoice + FORMATS[form].suffix, who, {"If-None-Match": named.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_all_formats_come_to_the_same_sum(january: SettledWorld, invoice: str) -> None:
    statement = january.get(STATEMENT, EKAMI).json()
    assert (statement["closing_cents"], len(statement["lines"])) == (70_000, 1)
    assert [row["cents"] for row in table(january.get(f"{STATEMENT}.csv", EKAMI).content)] == ["70000"]
    assert "700.00 EUR" in january.get(f"{STATEMENT}.beancount", EKAMI).text
    assert workbook(january.get(f"{STATEMENT}.xlsx", EKAMI).content)
    assert january.get(invoice, EKAMI).json()["gross_cents"] == 70_000
    assert '<InvoiceTotalVatIncludedAmount AmountCurrencyIdentifier="EUR">700,00<' in (
        january.get(f"{invoice}.finvoice.xml", XAMK).text
    )


def test_the_posting_file_balances_on_the_partner_s_own_accounts(january: SettledWorld) -> None:
    answer = january.get(f"{STATEMENT}.postings.csv", EKAMI)
    rows = table(answer.content)
    assert answer.headers["content-type"] == FORMATS["csv"].media_type
    assert sorted((row["debit"], row["credit"]) for row in rows) == [("", "700.00"), ("700.00", "")]


@pytest.mark.parametrize("path", [STATEMENT, "invoice"])
def test_a_document_speaks_the_language_that_is_asked_for(january: SettledWorld, invoice: str, path: str) -> None:
    path = invoice if path == "invoice" else path
    said = {lang: january.get(f"{path}.csv?lang={lang}", EKAMI).content for lang in ("fi", "sv", "en")}
    assert january.get(f"{path}.csv", EKAMI).content == said["fi"], "Finnish unless it is said"
    assert len(set(said.values())) == 3
    wrong = january.get(f"{path}.pdf?lang=de", EKAMI)
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["where"] == "?lang"


@pytest.mark.parametrize(
    "accept", ["text/html", "image/png, text/html;q=0.5", "application/pdf;q=0", "application/pdf;q=-1"]
)
def test_what_there_is_no_form_of_is_said_with_what_there_is(january: SettledWorld, invoice: str, accept: str) -> None:
    for path, offered in ((STATEMENT, STATEMENT_FORMATS), (invoice, INVOICE_FORMATS)):
        answer = january.get(path, EKAMI, {"Accept": accept})
        assert (answer.status_code, answer.json()["type"]) == (406, "/problems/no-such-form")
        for name in offered:
            assert FORMATS[name].media_type.partition(";")[0] in answer.json()["detail"]
    suffixed = january.get(f"{STATEMENT}.finvoice.xml", EKAMI)
    assert suffixed.status_code == 406
    assert suffixed.json()["detail"] == (
        "This is not available as .finvoice.xml; it is available as .json, .csv, .xlsx, .pdf, .beancount, .postings.csv."
    )
    assert ".postings.csv" not in january.get(f"{invoice}.docx", EKAMI).json()["detail"], "that is of statements alone"


@pytest.mark.parametrize("suffix", [".csv", ".postings.csv"])
def test_by_the_days_of_happening_there_is_json_alone_and_what_was_asked_for_is_named(
    january: SettledWorld, suffix: str
) -> None:
    answer = january.get(f"{STATEMENT}{suffix}?effective=2019-01-31", EKAMI)
    assert (answer.status_code, answer.json()["detail"]) == (
        406,
        f"This is not available as {suffix} by the days of happening; it is available as .json.",
    )


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("application/pdf, */*;q=0.1", "pdf"),
        ("*/*, application/pdf", "pdf"),
        ("application/json;q=0.2, text/csv", "csv"),
        ("text/csv;q=0.5, application/json;q=0.6", "json"),
        ("image/png, application/*;q=0.2", "json"),
        ("text/plain;q=0, application/pdf;q=0.001", "pdf"),
        ("APPLICATION/PDF; Q=1.000", "pdf"),
        ("application/pdf;q=-1, text/csv;q=0.1", "csv"),
        ("application/pdf;q=nan, text/csv;q=0.1", "csv"),
        ("application/pdf;q=2, text/csv;q=0.1", "csv"),
        ("application/pdf;q=0.5000, text/csv;q=0.1", "csv"),
        ('application/pdf;q="1", application/pdf;q=, text/csv;q=0.1', "csv"),
        ("application/pdf;q=1;q=0, application/pdf;q = 1, text/csv;q=0.1", "csv"),
        ("application/pdf;q, text/csv;q=0.1", "csv"),
        (",, text/csv, ", "csv"),
        ("application/json;q=0, */*", "csv"),
    ],
)
def test_what_is_preferred_is_given(accept: str, form: str) -> None:
    """RFC 9110, section 12.5.1: by weight, and what is named before what stands for any; what is weighed by no weight is not heard."""
    assert form_of("", accept, STATEMENT_FORMATS) == form


def test_who_comes_while_a_long_document_is_printed_is_told_to_ask_again(
    january: SettledWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other formats are given meanwhile."""
    monkeypatch.setattr(pdf, "LONG", 0)
    monkeypatch.setattr(pdf, "_long_press", BoundedSemaphore(0))
    answer = january.get(f"{STATEMENT}.pdf", EKAMI)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/press-taken")
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["detail"].startswith("Another long document is being printed. ")
    assert january.get(f"{STATEMENT}.xlsx", EKAMI).status_code == 200


def test_a_format_that_weighs_nothing_is_not_given() -> None:
    with pytest.raises(NoSuchForm):
        form_of("", "application/json;q=0.0", STATEMENT_FORMATS)


@pytest.mark.parametrize("who", [CURSOR, "mentor", "funder", "project auditor", XAMK])
def test_another_partner_s_document_does_not_exist(january: SettledWorld, invoice: str, who: str) -> None:
    """A statement is one's own alone, an invoice also its other side's."""
    statement = january.get(f"{STATEMENT}.pdf", who)
    assert statement.status_code == 404
    statuses = [january.get(invoice + suffix, who).status_code for suffix in ("", ".json", ".docx")]
    assert statuses == ([200, 200, 406] if who == XAMK else [404] * 3), "its forms are no business of others"
    other = january.get("/v1/documents/document:0168f4a2-7c00-8123-9abc-0123456789ab", EKAMI)
    assert other.status_code == 404
    assert january.get(f"/v1/documents?partner={EKAMI}", CURSOR).status_code == 404


def test_the_e_invoices_of_a_month_are_one_file_with_the_same_bytes_each_time(january: SettledWorld) -> None:
    """Of whoever issued them; who only bought has none."""
    one, two = (run(zipped_invoices(january.views, EKAMI, "2019-01", "fi")) for _ in range(2))
    assert one == two
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        assert archive.namelist() == ["ekami.2019-01-1.finvoice.xml"]
        assert b"<Finvoice " in archive.read("ekami.2019-01-1.finvoice.xml")
    with pytest.raises(NoInvoices) as none:
        run(zipped_invoices(january.views, XAMK, "2019-01", "fi"))
    assert str(none.value) == (
        "org:xamk has issued no invoice of 2019-01: its statement is not issued yet, or it sold nothing to others."
    )


def test_the_list_shows_each_side_its_own(january: SettledWorld) -> None:
    def listed(who: str, query: str = "") -> list[tuple[str, str]]:
        return [(d["seller"], d["buyer"]) for d in january.get(f"/v1/documents{query}", who).json()["items"]]

    assert listed(EKAMI) == [(EKAMI, XAMK)]
    assert sorted(listed(XAMK, "?period=2019-01")) == sorted(listed("coordinator")) == [(CURSOR, XAMK), (EKAMI, XAMK)]
    assert listed("auditor", f"?partner={CURSOR}") == [(CURSOR, XAMK)]
    assert listed(EKAMI, "?period=2019-02") == []


def test_as_of_an_earlier_position_it_is_as_it_was_known_then(january: SettledWorld, invoice: str) -> None:
    closed = next(event.position for event in january.events() if type(event.data).__name__ == "PeriodClosed")
    before = january.get(f"{STATEMENT}.csv?as_of={closed - 1}", EKAMI)
    assert {row["state"] for row in table(before.content)} == {"open"}
    assert january.get(f"{invoice}?as_of={closed}", EKAMI).status_code == 404, "it was issued after the closing"
    now = january.get(f"{invoice}?as_of={january.head}", EKAMI)
    assert now.content == january.get(invoice, EKAMI).content
    assert now.headers["tasma-position"] == str(january.head)
    assert january.get(f"{invoice}?at_least={january.head + 1}", EKAMI).status_code == 503


def test_what_was_issued_has_the_digest_that_the_log_holds(january: SettledWorld) -> None:
    statement = january.get(STATEMENT, EKAMI)
    issued = next(
        e.data for e in january.events() if getattr(e.data, "partner", None) == EKAMI and hasattr(e.data, "digest")
    )
    assert json.loads(statement.content)["digest"] == getattr(issued, "digest", None)
    assert sha256(statement.content).hexdigest() != statement.json()["digest"], "state and texts stand outside it"
    assert set(statement.json()) == set(Statement.__struct_fields__)


def test_every_form_is_described_as_what_it_is(january: SettledWorld) -> None:
    paths = january.get("/openapi.json", None).json()["paths"]
    for path, forms in (
        ("/v1/statements/{partner}/{period}", STATEMENT_FORMATS),
        ("/v1/documents/{document}", INVOICE_FORMATS),
    ):
        read = paths[path]["get"]
        content = read["responses"]["200"]["content"]
        assert set(content) == {FORMATS[form].media_type for form in forms}
        assert content["application/pdf"]["schema"] == {"type": "string", "format": "binary"}
        assert "#/components/schemas/" in str(content["application/json"]["schema"])
        assert content[FORMATS["csv"].media_type]["schema"] == {"type": "string"}
        assert {"304", "404", "406"} <= set(read["responses"])
        assert "lang" in {parameter["name"] for parameter in read["parameters"]}
