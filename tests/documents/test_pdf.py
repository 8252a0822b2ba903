"""The PDF says what the document says, in each language, to everybody, and the same bytes whenever it is asked."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import pytest
from pypdf import PdfReader

from adapters.documents import pdf as pdf_of
from adapters.documents.pdf import (
    CHARACTERS_MAX,
    LINES_MAX,
    PressTaken,
    PrintedTooSlowly,
    TooLongToPrint,
    invoice_pdf,
    statement_pdf,
)
from adapters.documents.typst import press
from adapters.documents.words import WORDS, word
from adapters.documents.writing import amount, day, figure, iban, reference
from domain.changing import replace
from domain.money import Language
from domain.money.references import rf
from domain.words import LANGUAGES, Names
from projections.document import DocumentLine, Invoice, StatementDocument, VatTotal, VatTreatment
from tests.documents import samples

NOTHING = re.compile(r"[\s\u00a0\u200b]+")


@cache
def printed(name: str, language: Language) -> bytes:
    if name in samples.STATEMENTS:
        return statement_pdf(samples.STATEMENTS[name](), language)
    return invoice_pdf(samples.INVOICES[name](), language)


def catalogue(pdf: bytes) -> Any:  # noqa: ANN401  # what a PDF says of itself, by its own names
    return PdfReader(io.BytesIO(pdf)).trailer["/Root"]


def claims(pdf: bytes) -> str:
    """The standards it says it keeps."""
    root = catalogue(pdf)
    return root["/Metadata"].get_data().decode() if "/Metadata" in root else ""


def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def closed_up(text: str) -> str:
    """Without any space: where a line breaks is not what is said."""
    return NOTHING.sub("", text)


@cache
def pages_of(name: str, language: Language) -> list[str]:
    return pages(printed(name, language))


@cache
def read(name: str, language: Language) -> str:
    return closed_up("".join(pages_of(name, language)))


def said(name: str, language: Language, *texts: str) -> None:
    for text in texts:
        assert closed_up(text) in read(name, language), text


def missing(text: str, rows: Iterable[Sequence[str]]) -> Sequence[str]:
    """The first row whose texts do not stand there after one another, and after the row before it; none: they all do.

    So no row is found in what another one says, nor in the totals.
    """
    at = 0
    for each in rows:
        for said in map(closed_up, each):
            found = text.find(said, at)
            if found < 0:
                return each
            at = found + len(said)
    return ()


def rows_of(document: StatementDocument | Invoice, language: Language) -> Iterator[Sequence[str]]:
    """Every line, then the tables of totals, as they are printed under each other."""
    for line in document.lines:
        head = f"{line.n}{day(line.occurred_on, language)}{word(f'kind.{line.kind}', language)}"
        texts = line.text[language].replace("-€", "\u2212€"), ", ".join(map(str, line.events))
        if isinstance(document, Invoice):
            yield head, _cells(line, language, voucher=document.kind == "internal-voucher"), *texts
        else:
            yield head, line.counterparty_name.best(language), _cells(line, language, balance=True), *texts
    if isinstance(document, StatementDocument):
        yield from _totals(document, language)
    elif document.kind == "internal-voucher":
        yield (word("total.sum", language) + figure(document.gross_cents, language),)
    else:
        yield from _taxes(word("total.by-vat", language), document.totals, language)


def _totals(document: StatementDocument, language: Language) -> Iterator[Sequence[str]]:
    yield (word("total.closing", language) + figure(document.closing_cents, language),)
    outside = word("total.outside-project", language)
    for table in (
        [(each.name.best(language), each.cents) for each in document.counterparties],
        [(each.project or outside, each.cents) for each in document.projects],
    ):
        if table:
            yield from ((name + figure(cents, language),) for name, cents in table)
            yield (word("total.sum", language) + figure(sum(cents for _, cents in table), language),)
    yield from _taxes(word("total.sold", language), document.sold, language)
    yield from _taxes(word("total.bought", language), document.bought, language)


def _taxes(title: str, totals: Sequence[VatTotal], language: Language) -> Iterator[Sequence[str]]:
    if totals:
        yield (title,)
    for total in totals:
        cells = (total.base_cents, total.vat_cents, total.gross_cents)
        yield (_treatment(total.treatment, language) + "".join(figure(c, language) for c in cells),)


def _treatment(of: VatTreatment | None, language: Language) -> str:
    """As much of its name as tells it from every other."""
    if of is None:
        return word("vat.undecided", language)
    rate = f"{_rate(of, language)}%" if of.code == "S" else ""
    return f"{rate}({of.code}){f', {of.ground}' if of.ground else ''}"


def _rate(of: VatTreatment, language: Language) -> str:
    return of.rate.replace(".", "." if language == "en" else ",")


def _cells(line: DocumentLine, language: Language, *, balance: bool = False, voucher: bool = False) -> str:
    """The figures of a line, side by side; on a voucher there is one."""
    rate = _rate(line.vat, language) if line.vat and not voucher else ""
    supply = line.kind not in {"set-off", "payment", "vat"} and not voucher
    cells = [line.cents, line.vat_cents, line.cents + line.vat_cents] if supply else []
    return rate + "".join(figure(c, language) for c in (*cells, *([line.cents] if balance or voucher else [])))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", samples.STATEMENTS)
def test_a_statement_says_every_figure(name: str, language: Language) -> None:
    document = samples.STATEMENTS[name]()
    assert missing(read(name, language), rows_of(document, language)) == ()
    said(name, language, word("total.opening", language) + figure(document.opening_cents, language))
    said(name, language, amount(document.closing_cents, language), document.digest or "", *document.invoices)
    said(name, language, word("notice.prove", language).format(position=document.position))


@pytest.mark.parametrize(
    ("language", "movement", "columns", "even"),
    [
        (
            "fi",
            "Rivit: Kaakkois-Suomen Ammattikorkeakoulu Oy400,00€",
            "Pienentää saldoaKasvattaa saldoa",
            "Saatavat ja velat ovat yhtä suuret",
        ),
        (
            "sv",
            "Rader med Kaakkois-Suomen Ammattikorkeakoulu Oy400,00€",
            "Minskar saldotÖkar saldot",
            "Fordringar och skulder är lika stora",
        ),
        (
            "en",
            "Lines with South-Eastern Finland University of Applied Sciences€400.00",
            "Takes from the balanceAdds to the balance",
            "What is due and what is owed come to the same",
        ),
    ],
)
def test_who_was_paid_is_not_said_to_pay(language: Language, movement: str, columns: str, even: str) -> None:
    """From opening to closing every partner is named with what moved; a payment made adds to the balance and is no claim."""
    owed = samples.line("share-owed", samples.XAMK, -10_000, samples.EXEMPT)
    paid = samples.line("payment", samples.XAMK, 50_000)
    document = samples.statement_of(samples.EKAMI, [owed, paid], opening_cents=-40_000)
    first = closed_up(pages(statement_pdf(document, language))[0])
    opening, closing = (
        word(f"total.{key}", language) + amount(cents, language)
        for key, cents in (("opening", -40_000), ("closing", 0))
    )
    assert closed_up(opening + movement + closing) in first
    assert closed_up(columns) in first
    assert closed_up(even) in first


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", samples.INVOICES)
def test_an_invoice_says_what_the_law_asks_of_it(name: str, language: Language) -> None:
    """AVL 209 e §: day, number, both with their ids and addresses, what and when, base and tax by rate, unit price, ground."""
    document = samples.INVOICES[name]()
    said(
        name, language, word(f"document.{document.kind}", language), document.number, day(document.issued_on, language)
    )
    for party in (document.seller, document.buyer):
        said(name, language, party.name.best(language), party.legal_person.best(language))
        said(name, language, party.business_id or "", party.vat_number or "")
        said(name, language, f"{party.address.street}{party.address.postal_code}" if party.address else "")
    said(name, language, day(document.delivered_from, language), day(document.delivered_to, language))
    for line in document.lines:
        if line.unit_cents:
            said(name, language, f"\u00d7{amount(line.unit_cents, language)}")
    assert missing(read(name, language), rows_of(document, language)) == ()
    said(name, language, amount(document.gross_cents, language))


@pytest.mark.parametrize("name", [*samples.STATEMENTS, *samples.INVOICES])
def test_a_line_that_is_not_printed_is_missed(name: str) -> None:
    """Whichever it is, and if it is off by a cent: what it says is found in no other line, and not in the totals."""
    document: StatementDocument | Invoice = (
        samples.STATEMENTS[name]() if name in samples.STATEMENTS else samples.INVOICES[name]()
    )
    for n, line in enumerate(document.lines):
        before, after = document.lines[:n], document.lines[n + 1 :]
        for others in ((line, line), (replace(line, cents=line.cents + 1),)):
            asked = rows_of(replace(document, lines=(*before, *others, *after)), "fi")
            assert missing(read(name, "fi"), asked)[0].startswith(f"{line.n}{day(line.occurred_on, 'fi')}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invoice_says_how_it_is_paid(language: Language) -> None:
    document = samples.invoice()
    number = document.reference or ""
    said(
        "invoice", language, iban(document.seller.iban or ""), document.seller.bic or "", day(document.due_on, language)
    )
    said("invoice", language, reference(number), iban(rf(number)))
    said("self-billed", language, word("payment.no-account", language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_settlement_pays_asks_for_no_payment(language: Language) -> None:
    """Neither where to, nor by when, nor under which reference: only that it is paid with the others."""
    document = samples.netted_invoice()
    said("netted", language, word("notice.netted", language).format(period=document.period))
    text = " ".join(pages_of("netted", language))
    for absent in ("payment.title", "payment.iban", "payment.reference", "payment.due-on", "total.to-pay"):
        assert word(absent, language) not in text
    assert iban(document.seller.iban or "") not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_kind_of_document_bears_its_mark(language: Language) -> None:
    said("self-billed", language, word("notice.self-billed-by", language))
    said("credit-note", language, *samples.credit_note().credits, word("notice.credit-to-seller", language))
    (corrected,) = samples.credit_of_statement().corrects
    said("credit-of-statement", language, corrected.statement, corrected.period, corrected.digest)
    said("internal-voucher", language, word("notice.voucher", language))
    for heading in ("payment.title", "payment.reference", "column.treatment"):
        assert word(heading, language) not in " ".join(pages_of("internal-voucher", language))
    assert word("payment.title", language) not in " ".join(pages_of("credit-note", language))


def test_a_period_that_is_open_and_a_past_view_are_called_so() -> None:
    seen = statement_pdf(replace(samples.empty_statement(), as_of=4_100), "en")
    assert "The period is open: these figures may still change." in pages(seen)[0]
    assert "As it was known at position 4100 of the log." in pages(seen)[0]


def test_reverse_charge_is_named() -> None:
    reverse = VatTreatment(code="AE", rate="0", ground="AVL 8 c §")
    document = samples.invoice_of(
        samples.EKAMI, samples.XAMK, [samples.line("share-earned", samples.XAMK, 100, reverse)]
    )
    text = closed_up("".join(pages(invoice_pdf(document, "fi"))))
    assert text.count(closed_up("Käännetty verovelvollisuus")) == 2
    assert closed_up("AVL 8 c §") in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_constructed_data_say_so_on_every_page(language: Language) -> None:
    """And nobody's real figures are called constructed."""
    notice = word("notice.constructed", language)
    for name in ("full", "invoice", "credit-note", "internal-voucher"):
        assert all(notice in page for page in pages_of(name, language))
    for name in ("owing", "empty", "self-billed"):
        assert not any(notice in page for page in pages_of(name, language))


@pytest.mark.parametrize(
    ("name", "language"),
    [("full", "fi"), ("empty", "sv"), ("hostile", "en"), ("invoice", "sv"), ("internal-voucher", "en")],
)
def test_it_can_be_heard(name: str, language: Language) -> None:
    """Tagged, with its language, a title and a described chart: it claims PDF/UA-1, which typst checks as it prints."""
    pdf = printed(name, language)
    root = catalogue(pdf)
    assert "/StructTreeRoot" in root
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith(language)
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "pdfuaid:part>1<" in claims(pdf)
    assert all(tag in pdf for tag in (b"/S/Table", b"/S/TH", b"/S/H1"))
    assert (b"/S/Figure" in pdf and b"/Alt" in pdf) == (name in {"full", "hostile"})


def test_what_was_issued_is_for_the_archive() -> None:
    """PDF/A-2a, dated on the day of issue; a period that is open has no day yet."""
    assert "pdfaid:part>2<" in claims(printed("full", "fi"))
    issued, still_open = (dict(PdfReader(io.BytesIO(printed(name, "fi"))).metadata or {}) for name in ("full", "empty"))
    assert issued == {
        "/Title": "Korvauslaskelma: Kaakkois-Suomen Ammattikorkeakoulu Oy, syyskuu 2024",
        "/Author": "Täsmä · Kymenlaakson osaamisverkosto",
        "/Creator": issued["/Creator"],
        "/CreationDate": "D:20241003000000Z",
        "/ModDate": "D:20241003000000Z",
    }
    assert set(still_open) == {"/Title", "/Author", "/Creator"}


@pytest.mark.parametrize("name", ["full", "empty", "invoice"])
def test_the_same_document_is_the_same_bytes(name: str) -> None:
    """Also from a process of another day, zone, place and order of hashes."""
    kind = "statement" if name in samples.STATEMENTS else "invoice"
    code = (
        f"import sys; from adapters.documents.pdf import {kind}_pdf; from tests.documents.samples import {kind.upper()}S;"
        f"sys.stdout.buffer.write({kind}_pdf({kind.upper()}S[{name!r}](), 'sv'))"
    )
    there = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "86400"}
    again = subprocess.run(  # noqa: S603  # this interpreter, code of this test
        [sys.executable, "-c", code],
        env={**os.environ, **there},
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert sha256(again.stdout).digest() == sha256(printed(name, "sv")).digest()


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_that_look_like_markup_are_texts(language: Language) -> None:
    said("hostile", language, samples.HOSTILE, samples.LETTERS, "A#1-*x*", "=1+1", "Sanahirviö" * 30)
    assert "#panic" in pages_of("hostile", language)[0]


@pytest.mark.parametrize("name", ["東京 \U0001f600", "\ue000"])
def test_letters_that_no_font_has_do_not_stop_it(name: str) -> None:
    """They are boxes to the eye; the text is kept, tagged still, but claims no standard."""
    document = replace(samples.owing_statement(), partner=samples.party("org:tokyo", Names(en=name)))
    pdf = statement_pdf(document, "en")
    assert "/StructTreeRoot" in catalogue(pdf)
    assert "pdfuaid" not in claims(pdf)
    assert "pdfaid" not in claims(pdf)
    assert amount(document.closing_cents, "en") in "".join(pages(pdf))


@pytest.mark.parametrize("count", [17, 18])
def test_the_head_is_on_every_page_of_the_lines_and_the_sums_are_never_alone(count: int) -> None:
    """Around the number of lines that fill a page: on the page of the sums there is a line above them."""
    read_pages = [closed_up(page) for page in pages(statement_pdf(samples.long_statement(count), "en"))]
    head, sums, line = (closed_up(text) for text in ("To balance (€)", "Lines of the period", "recorded 1 Oct 2024"))
    above, found, _ = next(page for page in read_pages if sums in page).partition(sums)
    assert found
    assert line in above
    for page in read_pages:
        before, named, _ = page.partition(line)
        assert not named or head in before


def test_what_is_too_long_to_print_is_refused() -> None:
    """Before it is printed: memory for it is given to a document that fits."""
    document = samples.owing_statement()
    first, *others = document.lines
    with pytest.raises(TooLongToPrint) as refused:
        statement_pdf(replace(document, lines=(first,) * (LINES_MAX + 1)), "fi")
    assert (
        str(refused.value)
        == "The document has 12,001 lines; a PDF takes 12,000. Take it as XLSX or CSV, which hold all of them."
    )
    endless = replace(first, text=dict.fromkeys(LANGUAGES, "x" * CHARACTERS_MAX))
    with pytest.raises(
        TooLongToPrint,
        match=r"^The document has 4 lines of 9,00\d,\d{3} characters together; a PDF takes 8,000,000 characters\. "
        r"Take it as XLSX or CSV, which hold all of them\.$",
    ):
        statement_pdf(replace(document, lines=(endless, *others)), "fi")


def test_nobody_waits_while_a_long_document_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waited would hold a thread that others need: a second long one is sent away at once, a short one is printed."""
    monkeypatch.setattr(pdf_of, "_long_press", BoundedSemaphore(0))
    document = samples.empty_statement()
    assert statement_pdf(document, "fi").startswith(b"%PDF")
    monkeypatch.setattr(pdf_of, "LONG", 0)
    with pytest.raises(PressTaken) as refused:
        statement_pdf(document, "fi")
    assert str(refused.value) == (
        "Another long document is being printed. Ask again in a moment, or take it as XLSX or CSV, which wait for nobody."
    )


def test_what_is_not_printed_in_time_is_given_up_in_a_sentence_and_the_next_is_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It names none of this machine's files, as the runner's own words would."""
    monkeypatch.setattr(pdf_of, "LONG", 0)
    document = samples.empty_statement()
    with monkeypatch.context() as hurried:
        hurried.setattr(pdf_of, "SECONDS_MAX", 0)
        with pytest.raises(PrintedTooSlowly) as refused:
            statement_pdf(document, "fi")
    assert str(refused.value) == (
        "The document of 0 lines was not printed within 0 seconds. Ask again when there is less to do here, or take it as XLSX "
        "or CSV."
    )
    assert refused.value.__cause__ is None, "what has a cause is answered with that of the database"
    assert statement_pdf(document, "fi").startswith(b"%PDF")


def test_the_press_asks_nobody() -> None:
    """Templates take in nothing but each other: a package or a file from elsewhere would be fetched as a document is printed."""
    for template in press.TEMPLATES.glob("*.typ"):
        text = template.read_text(encoding="utf-8")
        assert set(re.findall(r"#import (.*)", text)) <= {'"look.typ": *'}
        assert not re.search(r"@preview|plugin\(|image\(|read\(|eval\(", text)


def test_every_word_is_in_every_language() -> None:
    for key, each in WORDS.items():
        assert all(each), key
        fields = [sorted(re.findall(r"{\w+}", text)) for text in each]
        assert fields[0] == fields[1] == fields[2], key
