"""What stands at a place of a record, which may hold any JSON: an object, a list, a text, an exact number, or a defect."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

_SHOWN_MAX = 60
_PLAIN = re.compile(r"[\w.,:#+/-]+")


class Defect(Exception):
    """Why a record is refused: the end of a sentence that begins with its oid. It never leaves `read_record`."""


def object_at(value: object, where: str) -> Mapping[str, Any]:
    """An object; an empty one where there is nothing."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    raise Defect(f"has {shown(value)} at {where}, where an object belongs. Fetch the record again.")


def list_at(value: object, where: str) -> list[Any]:
    """A list; an empty one where there is nothing."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise Defect(f"has {shown(value)} at {where}, where a list belongs. Fetch the record again.")


def objects_at(value: object, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects of a list, each after its place, such as `tarjoajat[0]`."""
    for n, item in enumerate(list_at(value, where)):
        place = f"{where}[{n}]"
        yield place, object_at(item, place)


def text_at(value: object, where: str) -> str | None:
    """A text; None where there is none or it is empty."""
    if value is None or isinstance(value, str):
        return value or None
    raise Defect(f"has {shown(value)} at {where}, where a text belongs. Fetch the record again.")


def code_at(value: object, where: str) -> str | None:
    """The code (`koodiUri`) of an object from a national code list."""
    return text_at(object_at(value, where).get("koodiUri"), f"{where}.koodiUri")


def codes_at(value: object, where: str) -> list[str]:
    """The codes of a list of such objects."""
    return [code for place, item in objects_at(value, where) if (code := code_at(item, place))]


def number_at(value: object, where: str) -> Decimal | None:
    """An exact number. A float is refused: what it was before it was rounded nobody knows."""
    match value:
        case None:
            return None
        case bool():
            pass
        case int() if abs(value) < 10**30:
            return Decimal(value)
        case Decimal() if value.is_finite() and abs(value.adjusted()) < 30 and len(value.as_tuple().digits) < 30:  # noqa: PLR2004 - wider than any price, narrow enough to print
            return value
    raise Defect(f"has {shown(value)} at {where}, where an exact number belongs. Correct it in Kouta.")


def shown(value: object) -> str:
    """A value in a sentence, short enough to be read; a text is quoted unless it is one plain word or code."""
    match value:
        case Mapping():
            text = "an object"
        case list():
            text = "a list"
        case None:
            text = "nothing"
        case str() if _PLAIN.fullmatch(value):
            text = value
        case str() if not value.isprintable():
            text = ascii(value)
        case int() if abs(value) >= 10**_SHOWN_MAX:  # Python refuses to print more than 4,300 digits
            text = "a number of many digits"
        case Decimal():
            text = str(value)
        case _:
            text = repr(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 1]}…"
