"""Which organisations are units of one legal person: between them nothing is set off and nothing is paid."""

from collections.abc import Iterable


def within_one(units: Iterable[tuple[str, str]], one: str, other: str) -> bool:
    """Whether two organisations are one legal person; `units` pairs each unit with the legal person that it belongs to."""
    persons = dict(units)
    return persons.get(one, one) == persons.get(other, other)
