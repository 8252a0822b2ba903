"""Persons: who answers for a decision, and whether two decisions are one person's."""

_PERSONS = ("person:", "mentor:")


def is_person(actor: str) -> bool:
    """Whether an actor is one human being: a token without a subject is whoever holds it."""
    return actor.startswith(_PERSONS)


def same_person(one: str, other: str) -> bool:
    """Whether two actors are one person: `person:A` and `person:a` are, since tokens were once issued in either case."""
    return one.lower() == other.lower()
