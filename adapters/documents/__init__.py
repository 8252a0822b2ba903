"""Statements and invoices as people and programs take them: one set of figures, in every format.

`FORMATS` is the list that HTTP and the command line offer; a format that is added here is offered by both.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from msgspec import json

from adapters.documents.beancount import statement_beancount
from adapters.documents.csv_text import invoice_csv, statement_csv
from adapters.documents.finvoice import invoice_finvoice
from adapters.documents.pdf import invoice_pdf, statement_pdf
from adapters.documents.workbooks import invoice_xlsx, statement_xlsx
from domain.kernel import Refused
from domain.money import Language
from projections.document import Invoice, StatementDocument

_encode = json.Encoder(order="deterministic").encode


class NoSuchFormat(Refused):
    def __init__(self, document: str, asked: str, offered: tuple[str, ...]) -> None:
        super().__init__(f"{document} is not written as {asked}; take one of {', '.join(offered)}.")


class Format(NamedTuple):
    """A form of documents. `statement`, `invoice`: how it is written, None where there is no such thing."""

    media_type: str
    suffix: str
    """Of a file of it, with the dot."""
    statement: Callable[[StatementDocument, Language], bytes] | None
    invoice: Callable[[Invoice, Language], bytes] | None


def as_json(document: StatementDocument | Invoice, _: Language) -> bytes:
    """As it is, in all languages."""
    return _encode(document)


FORMATS: Final[Mapping[str, Format]] = {
    "json": Format("application/json", ".json", as_json, as_json),
    "csv": Format("text/csv; charset=utf-8; header=present", ".csv", statement_csv, invoice_csv),
    "xlsx": Format(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx", statement_xlsx, invoice_xlsx
    ),
    "pdf": Format("application/pdf", ".pdf", statement_pdf, invoice_pdf),
    "beancount": Format("text/plain; charset=utf-8", ".beancount", statement_beancount, None),
    "finvoice": Format("application/xml", ".finvoice.xml", None, invoice_finvoice),
}
"""By the name under which it is asked for."""
STATEMENT_FORMATS: Final = tuple(name for name, form in FORMATS.items() if form.statement)
INVOICE_FORMATS: Final = tuple(name for name, form in FORMATS.items() if form.invoice)


def render(document: StatementDocument | Invoice, name: str, language: Language) -> bytes:
    """The document in a format, the same bytes whenever it is written again; what has no such form is refused."""
    form = FORMATS.get(name)
    match document:
        case StatementDocument():
            if form is None or form.statement is None:
                raise NoSuchFormat("A statement", name, STATEMENT_FORMATS)
            return form.statement(document, language)
        case Invoice():
            if form is None or form.invoice is None:
                raise NoSuchFormat("An invoice", name, INVOICE_FORMATS)
            return form.invoice(document, language)
