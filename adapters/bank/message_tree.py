"""A bank's XML as a tree: taken apart within limits, and asked for what stands in it by its place."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]  # it ships no types
from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]  # it ships no types

from application.bank import BankFault
from domain.calendar import day_of
from domain.money.faults import shown

MOST_BYTES = 20 * 1024 * 1024
MOST_ELEMENTS = 1_000_000
DEEPEST = 32
"""Twice the depth of an account statement."""
LONGEST_ID = 35
"""Characters of ISO 20022's Max35Text, which every identification in a statement is."""
NOTHING_READ = "Nothing of the file was taken in; fetch it from the bank again, or ask the bank about it."

_SUPPLEMENT = "SplmtryData"
"""Where, and where alone, elements of other namespaces may stand."""
_ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
_DATE = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}){_ZONE}")
_MOMENT = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]+)?{_ZONE}")
"""XML Schema's date and dateTime, of four-digit years: what Python reads besides, no bank writes."""


class Part:
    """An element of a bank's message, and where it stands in words."""

    __slots__ = ("_element", "_space", "_where")

    def __init__(self, element: Element, space: str, where: str) -> None:
        self._element = element
        self._space = space
        self._where = where

    @property
    def name(self) -> str:
        return self._element.tag.removeprefix(self._space)

    def at(self, where: str) -> "Part":
        """The same element under a fuller name of its place."""
        return Part(self._element, self._space, where)

    def fault(self, what: str, way_out: str = NOTHING_READ) -> BankFault:
        """A refusal that begins with the place: `what` continues its sentence."""
        return BankFault(f"{self._where} {what}. {way_out}")

    def parts(self, name: str) -> Iterator["Part"]:
        return (Part(found, self._space, self._where) for found in self._element.findall(f"{self._space}{name}"))

    def has_only(self, *names: str) -> None:
        """Refuse what is not known here: unread, it could be money left out."""
        for child in self._element:
            name = child.tag.removeprefix(self._space)
            if name not in names and name != _SUPPLEMENT:
                raise self.fault(f"has an element {quoted(name)} in {self.name}, which no such message has")

    def part(self, path: str) -> "Part | None":
        """The element under a path such as `Refs/EndToEndId`, or None; what stands twice where one belongs is refused."""
        element = self._element
        for name in path.split("/"):
            found = element.findall(f"{self._space}{name}")
            if not found:
                return None
            if len(found) > 1:
                raise self.fault(f"has {len(found)} elements {name}, where one belongs")
            element = found[0]
        return Part(element, self._space, self._where)

    def needed(self, path: str) -> "Part":
        if (part := self.part(path)) is None:
            raise self.fault(f"has no {path}, which belongs there")
        return part

    def attribute(self, name: str) -> str | None:
        return self._element.get(name)

    def text(self, path: str = ".") -> str | None:
        """The text under a path, without the spaces around it; None where there is none."""
        part = self if path == "." else self.part(path)
        return None if part is None else ((part._element.text or "").strip() or None)  # noqa: SLF001 - of its own class

    def needed_text(self, path: str = ".") -> str:
        if (text := self.text(path)) is None:
            raise self.fault(f"has no {self.name if path == '.' else path}, which belongs there")
        return text

    def id_text(self, path: str) -> str | None:
        """An identification: a text of at most 35 characters."""
        text = self.text(path)
        if text is not None and (len(text) > LONGEST_ID or not text.isprintable()):
            raise self.fault(f"has {quoted(text)} as {path}, which has up to {LONGEST_ID} printable characters")
        return text

    def day(self, path: str) -> date | None:
        """The day under a path, a date or a moment; a moment with its zone falls on a day in Helsinki."""
        for kind in ("Dt", "DtTm"):
            if (text := self.text(f"{path}/{kind}")) is not None:
                try:
                    return _day(text, kind)
                except (ValueError, OverflowError):
                    raise self.fault(f"has {quoted(text)} as {path}, which is no date") from None
        return None


def quoted(text: str) -> str:
    """A text of the file as a refusal quotes it: short, and without signs that a terminal would obey."""
    return shown(text if text.isprintable() else ascii(text))


def tree_of(body: bytes) -> tuple[Part, str]:
    """The root of a message and its namespace."""
    if len(body) > MOST_BYTES:
        raise BankFault(
            f"The file has {len(body):,} bytes; a bank's message is read up to {MOST_BYTES:,} bytes. "
            "Have the bank send it in several."
        )
    growing = _Growing()
    parser = DefusedXMLParser(target=growing, forbid_dtd=True)
    try:
        parser.feed(body)
        root = parser.close()
    except DefusedXmlException:
        raise BankFault(
            f"The file declares a document type or entities of its own, as no bank's message does. {NOTHING_READ}"
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        raise BankFault(f"The file is not whole XML ({error}). {NOTHING_READ}") from None
    space, brace, _ = root.tag.rpartition("}")
    return Part(root, space + brace, "The file"), space.removeprefix("{")


class _Growing:
    """Builds the tree and stops where it would grow beyond its limits or out of its namespace."""

    def __init__(self) -> None:
        self._tree = TreeBuilder()
        self._space: str | None = None
        self._elements = self._depth = self._supplement_at = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST:
            raise BankFault(f"The file nests elements more than {DEEPEST} deep, as no statement does. {NOTHING_READ}")
        if self._elements > MOST_ELEMENTS:
            raise BankFault(
                f"The file has more than {MOST_ELEMENTS:,} elements, which is more than is read at once. "
                "Have the bank send it in several."
            )
        space, _, name = tag.rpartition("}")
        if self._space is None:
            self._space = space
        if not self._supplement_at and name == _SUPPLEMENT:
            self._supplement_at = self._depth
        if not self._supplement_at and space != self._space:
            raise BankFault(
                f"The file has an element {quoted(name)} of another namespace ({quoted(space.removeprefix('{'))}) than "
                f"its own. {NOTHING_READ}"
            )
        self._tree.start(tag, attributes)

    def end(self, tag: str) -> None:
        if self._depth == self._supplement_at:
            self._supplement_at = 0
        self._depth -= 1
        self._tree.end(tag)

    def data(self, text: str) -> None:
        self._tree.data(text)

    def close(self) -> Element:
        return self._tree.close()


def _day(text: str, kind: str) -> date:
    if (found := (_DATE if kind == "Dt" else _MOMENT).fullmatch(text)) is None:
        raise ValueError(text)
    if kind == "Dt":  # its zone moves no day
        return date.fromisoformat(found[1])
    moment = datetime.fromisoformat(text)
    return moment.date() if moment.tzinfo is None else day_of(moment)
