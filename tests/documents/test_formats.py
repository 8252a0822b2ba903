"""One list of formats for whoever offers documents."""

import pytest
from msgspec import json

from adapters.documents import FORMATS, INVOICE_FORMATS, STATEMENT_FORMATS, NoSuchFormat, render
from domain.words import LANGUAGES
from projections.document import Invoice, StatementDocument
from tests.documents.samples import credit_note, full_statement, hostile_statement, invoice, netted_invoice


def test_the_formats_of_each_document() -> None:
    assert STATEMENT_FORMATS == ("json", "csv", "xlsx", "pdf", "beancount")
    assert INVOICE_FORMATS == ("json", "csv", "xlsx", "pdf", "finvoice")


def test_what_there_is_no_format_of_is_refused() -> None:
    with pytest.raises(NoSuchFormat) as refused:
        render(full_statement(), "finvoice", "fi")
    assert str(refused.value) == "A statement is not written as finvoice; take one of json, csv, xlsx, pdf, beancount."
    with pytest.raises(NoSuchFormat) as unknown:
        render(invoice(), "docx", "fi")
    assert str(unknown.value) == "An invoice is not written as docx; take one of json, csv, xlsx, pdf, finvoice."


@pytest.mark.parametrize("made", [full_statement, hostile_statement, invoice, credit_note])
def test_a_document_made_again_has_the_same_bytes_in_every_format(made: object) -> None:
    """The PDF promises it too, with its own tests."""
    assert callable(made)
    one, again = made(), made()
    offered = STATEMENT_FORMATS if isinstance(one, StatementDocument) else INVOICE_FORMATS
    for name in offered:
        if name != "pdf":
            for language in LANGUAGES:
                assert render(one, name, language) == render(again, name, language), name


def test_json_is_the_document_itself() -> None:
    assert json.decode(render(full_statement(), "json", "fi"), type=StatementDocument) == full_statement()
    assert json.decode(render(invoice(), "json", "sv"), type=Invoice) == invoice()
    assert json.decode(render(netted_invoice(), "json", "sv"), type=Invoice).netted


def test_a_format_says_how_it_is_sent_and_kept() -> None:
    assert {name: (form.media_type.split(";")[0], form.suffix) for name, form in FORMATS.items()} == {
        "json": ("application/json", ".json"),
        "csv": ("text/csv", ".csv"),
        "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
        "pdf": ("application/pdf", ".pdf"),
        "beancount": ("text/plain", ".beancount"),
        "finvoice": ("application/xml", ".finvoice.xml"),
    }
