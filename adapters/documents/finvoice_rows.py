"""The rows of a Finvoice message: each says its sums, its treatment, and the events that it comes from."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final
from xml.etree.ElementTree import Element

from adapters.documents.finvoice_elements import add, add_date, add_parts, add_percent, add_sum
from adapters.documents.words import word
from domain.money import Language
from projections.document import DocumentLine

FREE_TEXT_MOST: Final = 512
IDENTIFIER_MOST: Final = 70
_QUANTITY_MOST = 14


def add_row(row: Element, line: DocumentLine, language: Language) -> None:
    add(row, "ArticleName", word(f"kind.{line.kind}", language))
    texts = [line.text[language]]
    if line.quantity is not None:
        texts += _add_quantity(row, line, line.quantity)
    add(row, "RowPositionIdentifier", str(line.n))
    add_date(row, "RowDeliveryDate", line.occurred_on)
    if line.agreement is not None:
        texts += _add_or_say(row, "RowAgreementIdentifier", f"{line.agreement} v{line.version}", "agreement", language)
    if line.project is not None:
        texts += _add_or_say(row, "RowProjectReferenceIdentifier", line.project, "project", language)
    known = {
        "pathway": line.pathway,
        "step": line.step,
        "part": line.part,
        "clause": line.clause,
        "role": line.role,
        "corrects": line.corrects,
        "entry": line.entry,
        "events": " ".join(map(str, line.events)),
    }
    texts += [f"{word(f'column.{key}', language)}: {value}" for key, value in known.items() if value is not None]
    for text in texts:
        add_parts(row, "RowFreeText", text, FREE_TEXT_MOST)
    if line.vat:
        add_percent(row, "RowVatRatePercent", line.vat.rate)
        add(row, "RowVatCode", line.vat.code)
    add_sum(row, "RowVatAmount", line.vat_cents)
    add_sum(row, "RowVatExcludedAmount", line.cents)
    add_sum(row, "RowAmount", line.cents + line.vat_cents)


def _add_quantity(row: Element, line: DocumentLine, quantity: str) -> Iterator[str]:
    """A quantity with its price where their product is the row's sum, as readers check; else, or where it is too long, in words.

    What is given back is a negative quantity at the price it was sold for.
    """
    unit = line.unit or ""
    signed = f"-{quantity}" if line.cents < 0 else quantity
    if (
        line.unit_cents is None
        or Fraction(signed) * line.unit_cents != line.cents
        or max(len(signed), len(unit)) > _QUANTITY_MOST
    ):
        yield f"{quantity} {unit}".strip()
        return
    add(row, "InvoicedQuantity", signed.replace(".", ","), QuantityUnitCode=unit)
    add_sum(row, "UnitPriceAmount", line.unit_cents)


def _add_or_say(row: Element, tag: str, value: str, key: str, language: Language) -> Iterator[str]:
    """An element of 70 characters, or as a text what does not fit into it."""
    if len(value) <= IDENTIFIER_MOST:
        add(row, tag, value)
    else:
        yield f"{word(f'column.{key}', language)}: {value}"
