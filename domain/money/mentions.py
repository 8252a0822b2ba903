"""What a sharing rule mentions: roles, organisations, units, purposes, and sums counted over a pathway."""

from collections.abc import Container, Iterable, Iterator
from functools import lru_cache

from msgspec import Struct

from domain.money.rule import ROLE, Clause, Onward, SharingRule, Take, clauses_of, lies_within


class NamedRole(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role a rule pays; `skippable` when every clause that pays it may be skipped."""

    role: str
    skippable: bool


def roles_of(rule: SharingRule) -> frozenset[NamedRole]:
    """The roles a rule pays; those not skippable must be bound before a pathway is agreed."""
    named = {target for _, clause in clauses_of(rule) for target in _targets(clause) if target.startswith(ROLE)}
    needed = {role for clause in rule.steps if not clause.if_unbound for role in unbound_roles(clause, ())}
    return frozenset(NamedRole(role=role, skippable=role not in needed) for role in named)


def unbound_roles(clause: Clause, bound: Container[str]) -> tuple[str, ...]:
    """The roles without which a clause cannot pay, in the order named; inner clauses that may be skipped need none."""
    own = [target for target in _targets(clause) if target.startswith(ROLE) and target not in bound]
    inner = clause.to.steps if isinstance(clause.to, Onward) else ()
    below = [role for each in inner if not each.if_unbound for role in unbound_roles(each, bound)]
    return tuple(dict.fromkeys(own + below))


def organisations_of(rule: SharingRule) -> frozenset[str]:
    """The organisations a rule pays by name."""
    return frozenset(
        target for _, clause in clauses_of(rule) for target in _targets(clause) if target.startswith("org:")
    )


def units_of(rule: SharingRule) -> frozenset[str]:
    """The units whose quantities must come with every amount."""
    return frozenset(
        clause.take.unit for _, clause in clauses_of(rule) if isinstance(clause.take, Take) and clause.take.unit
    )


def clauses_counting(rule: SharingRule, unit: str) -> frozenset[str]:
    """The paths of the clauses that pay by a unit."""
    return frozenset(
        path for path, clause in clauses_of(rule) if isinstance(clause.take, Take) and clause.take.unit == unit
    )


@lru_cache(maxsize=4_096)  # asked for every share of every posting, and a network has few rules
def purpose_of(rule: SharingRule, path: str) -> str | None:
    """What a share is for, by its path: the `for` of its clause, else of the nearest clause around that."""
    purpose = None
    for clause_path, clause in clauses_of(rule):
        if lies_within(path, clause_path) and clause.purpose is not None:
            purpose = clause.purpose
    return purpose


def taken_by_clause(rule: SharingRule, shares: Iterable[tuple[str, int]]) -> dict[str, int]:
    """What each clause that counts per pathway took before: the `taken` that `share` asks for.

    `shares` are the (clause, cents) of every stored share of the pathway under this rule, reversed ones as further
    pairs with the opposite sign. A clause took the shares of its own path and of all paths below it, so a split and
    nested steps count whole.
    """
    booked = tuple(shares)
    return {
        path: sum(cents for share_path, cents in booked if lies_within(share_path, path))
        for path, clause in clauses_of(rule)
        if isinstance(clause.take, Take) and clause.take.per == "pathway"
    }


def _targets(clause: Clause) -> Iterator[str]:
    """The targets a clause names itself, not those of its inner clauses."""
    if isinstance(clause.to, str):
        yield clause.to
    else:
        yield from (part.to for part in clause.to.split)
