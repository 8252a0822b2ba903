"""Reading the values a rule is made of: objects, lists, cents, decimals and names of units."""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from domain.money.decimals import ALLOWED, exact
from domain.money.faults import BadFigure, RuleFault, shown
from domain.money.rounding import CENTS_LIMIT

_UNIT = re.compile(r"[a-z][a-z0-9_-]{0,60}")
_ORGANISATION = re.compile(r"org:[a-z0-9][a-z0-9-]{0,59}")
_PURPOSE = re.compile(r"[^\x00-\x1f]{1,200}")


def fields(raw: object, path: str, *, needs: Sequence[str], allows: Sequence[str] = ()) -> Mapping[str, object]:
    """An object that has every key it needs and none that is not known."""
    if not isinstance(raw, dict):
        raise RuleFault(path, f"is {shown(raw)}, but must be an object.")
    known = (*needs, *(key for key in allows if key not in needs))
    for key in raw:
        if key not in known:
            raise RuleFault(path, f"has the unknown key {shown(key)}; known are {', '.join(known)}.")
    for key in needs:
        if key not in raw:
            raise RuleFault(path, f"lacks {shown(key)}.")
    return raw


def entries(raw: object, path: str, *, most: int) -> Sequence[object]:
    """A list that is neither empty nor too long."""
    if not isinstance(raw, list | tuple):
        raise RuleFault(path, f"is {shown(raw)}, but must be a list.")
    if not 1 <= len(raw) <= most:
        raise RuleFault(path, f"has {len(raw)} entries, but must have 1 to {most}.")
    return raw


def cents(given: Mapping[str, object], key: str, path: str, *, least: int) -> int | None:
    """Whole cents under a key, None where it is left out."""
    return whole(given[key], f"{path}.{key}", least=least) if key in given else None


def whole(raw: object, path: str, *, least: int) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw < CENTS_LIMIT:
        raise RuleFault(path, f"is {shown(raw)}, but must be whole cents from {least} to {CENTS_LIMIT - 1}.")
    return raw


def decimal(raw: object, path: str, *, most: int | None) -> str:
    """An exact decimal from 0, kept as it was written."""
    try:
        value = exact(raw)
    except BadFigure:
        raise RuleFault(path, f"is {shown(raw)}, but must be {ALLOWED}.") from None
    if value < 0 or (most is not None and value > Fraction(most)):
        limits = "0 or more" if most is None else f"from 0 to {most}"
        raise RuleFault(path, f"is {shown(raw)}, but must be {limits}.")
    return str(raw)


def word(raw: object, path: str) -> str:
    if not isinstance(raw, str) or not _UNIT.fullmatch(raw):
        raise RuleFault(path, f'is {shown(raw)}, but must be the name of a unit such as "credit" or "study_right".')
    return raw


def purpose(raw: object, path: str) -> str | None:
    if raw is None or (isinstance(raw, str) and _PURPOSE.fullmatch(raw)):
        return raw
    raise RuleFault(path, f"is {shown(raw)}, but must be a text of 1 to 200 characters on one line.")


def organisation(raw: object, path: str) -> str:
    if not isinstance(raw, str) or not _ORGANISATION.fullmatch(raw):
        raise RuleFault(path, f'is {shown(raw)}, but must be an organisation, as in "org:xamk".')
    return raw
