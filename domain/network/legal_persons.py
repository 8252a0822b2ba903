"""Which organisations are one legal person: what one of them passes to another is no supply, is not set off and not paid."""

from collections.abc import Mapping


def of_one_person(persons: Mapping[str, str], one: str, other: str) -> bool:
    """Whether two organisations are, or belong to, one legal person; `persons`: of units, the legal person."""
    return persons.get(one, one) == persons.get(other, other)
