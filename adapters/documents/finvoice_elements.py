"""The elements of a Finvoice message: texts that fit, sums and percentages with decimal commas, dates, names in pieces."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from adapters.documents.amounts import in_euros
from domain.kernel import Refused

SHORTEST: Final = 2
"""Names and places have at least so many characters."""
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class DoesNotFitFinvoice(Refused):
    def __init__(self, what: str, value: str, allowed: str) -> None:
        super().__init__(
            f"The {what} {value!r} does not fit into Finvoice, which takes {allowed}; shorten it, or take the PDF."
        )


def inside(parent: Element, tag: str) -> Element:
    return SubElement(parent, tag)


def add(parent: Element, tag: str, text: str | None, **attributes: str) -> None:
    """What is not known has no element; what XML has no way to write becomes the sign for that."""
    if text is not None:
        SubElement(parent, tag, attributes).text = _NOT_XML.sub("\ufffd", text)


def add_date(parent: Element, tag: str, day: date) -> None:
    add(parent, tag, f"{day:%Y%m%d}", Format="CCYYMMDD")


def add_sum(parent: Element, tag: str, cents: int) -> None:
    """`-1234,56`: a decimal comma, no groups."""
    add(parent, tag, str(in_euros(cents)).replace(".", ","), AmountCurrencyIdentifier="EUR")


def add_percent(parent: Element, tag: str, rate: str) -> None:
    whole, _, decimals = rate.partition(".")
    decimals = decimals.rstrip("0")
    if not re.fullmatch(r"[0-9]{1,3}", whole) or len(decimals) > 4:  # noqa: PLR2004  # as the schema has percentages
        raise DoesNotFitFinvoice("VAT rate", rate, "up to 999 percent with four decimals")
    add(parent, tag, f"{whole},{decimals}" if decimals else whole)


def add_parts(parent: Element, tag: str, text: str, most: int, *, pieces: int | None = None, what: str = "") -> None:
    """A text in as many elements as it needs; `what` it is, where it must have two characters and at most so many pieces."""
    found = list(parts_of(text, most))
    if what and (len(text) < SHORTEST or (pieces and len(found) > pieces)):
        allowed = (
            f"{SHORTEST} to {most} characters"
            if pieces == 1
            else f"{pieces or 'any number of'} lines of {SHORTEST} to {most}"
        )
        raise DoesNotFitFinvoice(what, text, allowed)
    for part in found:
        add(parent, tag, part)


def parts_of(text: str, most: int) -> Iterator[str]:
    """Pieces of at most so many characters, parted between words where that can be; none but a whole text is shorter than two."""
    while len(text) > most:
        cut = text.rfind(" ", SHORTEST, most + 1)
        cut = cut if cut > 0 and len(text) - cut > SHORTEST else most - SHORTEST
        yield text[:cut]
        text = text[cut:].removeprefix(" ")
    yield text
