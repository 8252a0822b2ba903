"""Reading weights: whom a split names, in which order, and in what proportion."""

from collections.abc import Callable
from fractions import Fraction

from domain.money.faults import RuleFault
from domain.money.reading_values import decimal, entries, fields
from domain.money.rule import Weighted

MOST_TARGETS = 100


def read_split(raw: object, path: str, target: Callable[[object, str], str]) -> tuple[Weighted, ...]:
    """Targets with their weights, from an object in document order or from a list; `target` reads one."""
    if isinstance(raw, dict):
        raw = [{"to": to, "weight": weight} for to, weight in raw.items()]
    parts = tuple(_part(each, f"{path}[{n}]", target) for n, each in enumerate(entries(raw, path, most=MOST_TARGETS)))
    if not any(Fraction(part.weight) for part in parts):
        raise RuleFault(path, "has only weights of 0, but at least one must be above 0.")
    return parts


def _part(raw: object, path: str, target: Callable[[object, str], str]) -> Weighted:
    given = fields(raw, path, needs=("to", "weight"))
    return Weighted(
        to=target(given["to"], f"{path}.to"),
        weight=decimal(given["weight"], f"{path}.weight", most=None),
    )
