"""Statements and invoices as CSV (RFC 4180, UTF-8, CRLF): one row a line, figures in whole cents."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import to_builtins

from domain.money import Language
from projections.document import DocumentLine, Invoice, StatementDocument

Cell = str | int | bool | None
FIRST_COLUMNS: Final = (
    "n",
    "occurred_on",
    "recorded_at",
    "kind",
    "counterparty",
    "cents",
    "role",
    "clause",
    "quantity",
    "unit_cents",
    "corrects",
    "project",
    "pathway",
    "step",
    "part",
    "entry",
    "text",
    "events",
)
"""In the order that programs read them by place; what a line says besides stands behind them."""
ADDED_COLUMNS: Final = (
    "counterparty_name",
    "unit",
    "agreement",
    "version",
    "vat_code",
    "vat_rate",
    "vat_ground",
    "vat_cents",
    "gross_cents",
    "sells",
)
_FIGURE = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_BEGINS_A_FORMULA = re.compile(r"""((?:\A|(?<=[;\t\r\n]))"*)(?=[-=+@\uff1d\uff0b\uff0d\uff20'])""")
"""Where a spreadsheet program may begin to calculate, full-width signs included: at the beginning of a text, and behind what such
a program may take for the end of a cell, as the semicolon is where decimals have commas. An apostrophe of the text's own counts too.
"""
_MADE_INERT = re.compile(r"""((?:\A|(?<=[;\t\r\n]))"*)'(?=[-=+@\uff1d\uff0b\uff0d\uff20'])""")


def statement_csv(document: StatementDocument, language: Language) -> bytes:
    head: Mapping[str, Cell] = {
        "partner": document.partner.organisation,
        "period": document.period,
        "constructed": document.constructed,
        "position": document.position,
        "as_of": document.as_of,
    }
    tail: Mapping[str, Cell] = {
        "state": document.state,
        "digest": document.digest,
        "opening_cents": document.opening_cents,
        "closing_cents": document.closing_cents,
    }
    return _rows_of(document.lines, head, tail, language)


def invoice_csv(invoice: Invoice, language: Language) -> bytes:
    head: Mapping[str, Cell] = {
        "number": invoice.number,
        "document": invoice.kind,
        "period": invoice.period,
        "constructed": invoice.constructed,
        "self_billed": invoice.self_billed,
        "seller": invoice.seller.organisation,
        "buyer": invoice.buyer.organisation,
        "issued_on": invoice.issued_on.isoformat(),
        "due_on": None if invoice.netted else invoice.due_on.isoformat(),
        "credits": " ".join(invoice.credits),
        "reference": invoice.reference,
    }
    tail: Mapping[str, Cell] = {
        "document_net_cents": invoice.net_cents,
        "document_vat_cents": invoice.vat_cents,
        "document_gross_cents": invoice.gross_cents,
        "netted": invoice.netted,
        "corrected_statements": " ".join(f"{each.statement}@sha256:{each.digest}" for each in invoice.corrects),
    }
    return _rows_of(invoice.lines, head, tail, language)


def csv_of(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Any table; no text in it becomes a formula where it is opened."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([inert(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def inert(cell: Cell) -> Cell:
    """A text that a spreadsheet program would calculate gets an apostrophe in front, which shows the rest as it is.

    Figures are left alone: a negative sum begins with a minus and has to stay a number. An apostrophe that stands at such a place
    gets another, so that `as_written` has every text back as it was.
    """
    if not isinstance(cell, str) or _FIGURE.fullmatch(cell):
        return cell
    return _BEGINS_A_FORMULA.sub(r"\1'", cell)


def as_written(cell: str) -> str:
    """What stood in a cell before it was made inert."""
    return _MADE_INERT.sub(r"\1", cell)


def _rows_of(
    lines: Iterable[DocumentLine], head: Mapping[str, Cell], tail: Mapping[str, Cell], language: Language
) -> bytes:
    before, after = tuple(head.values()), tuple(tail.values())
    columns = (*head, *FIRST_COLUMNS, *ADDED_COLUMNS, *tail)
    return csv_of(columns, ((*before, *_cells(line, language), *after) for line in lines))


def _cells(line: DocumentLine, language: Language) -> tuple[Cell, ...]:
    vat = line.vat
    said: dict[str, Any] = to_builtins(line)
    said |= {
        "text": line.text[language],
        "events": " ".join(map(str, line.events)),
        "counterparty_name": line.counterparty_name.best(language),
        "vat_code": vat.code if vat else None,
        "vat_rate": vat.rate if vat else None,
        "vat_ground": vat.ground if vat else None,
        "gross_cents": line.cents + line.vat_cents,
    }
    return tuple(said[column] for column in (*FIRST_COLUMNS, *ADDED_COLUMNS))
