"""The sharing rule as it is stored in events: typed, immutable, exact.

These forms check types only. What a rule must keep to is checked by `parse_rule` when it is drafted; a stored rule
always loads.
"""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, field

from domain.money.rounding import Rounding

ROLE, KEPT = "role:", "kept"


class Tier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A percentage on one band of the amount: from the tier before up to `up_to_cents`; the last tier is open."""

    up_to_cents: int | None = None
    percent: str


class Take(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How much a clause takes: one of `fixed_cents`, `percent`, `per_unit_cents` with `unit`, and `tiers`."""

    fixed_cents: int | None = None
    percent: str | None = None
    of: Literal["remaining"] | None = None
    """What `percent` is of: None is the amount that entered this list of clauses."""
    per_unit_cents: int | None = None
    unit: str | None = None
    tiers: tuple[Tier, ...] = ()
    min_cents: int | None = None
    max_cents: int | None = None
    per: Literal["amount", "pathway"] | None = None
    """What the fixed sum, the minimum and the maximum are counted over; None is each amount."""


class Weighted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One target of a split: an organisation or a role, and its weight."""

    to: str
    weight: str


class Onward(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a clause passes what it takes, when that is more than one target: a split, or clauses of its own."""

    split: tuple[Weighted, ...] = ()
    steps: "tuple[Clause, ...]" = ()


class Clause(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One step of a rule: what it takes, to whom, and what for."""

    take: Take | Literal["remaining"]
    to: str | Onward
    """`org:…`, `role:…`, `kept` (stays with the collector), or onward to several."""
    purpose: str | None = field(default=None, name="for")
    if_unbound: Literal["skip"] | None = None


class SharingRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, cache_hash=True):
    """How revenue is divided. The last clause of every list takes what remains, so every cent is accounted for."""

    rounding: Rounding = "largest-remainder"
    steps: tuple[Clause, ...]


def clauses_of(rule: SharingRule) -> Iterator[tuple[str, Clause]]:
    """Every clause with its path, outer before inner: `steps[0]`, `steps[0].to.steps[1]`, `steps[1]`."""
    return _walk(rule.steps, "")


def _walk(clauses: tuple[Clause, ...], inside: str) -> Iterator[tuple[str, Clause]]:
    for number, clause in enumerate(clauses):
        path = f"{inside}steps[{number}]"
        yield path, clause
        if isinstance(clause.to, Onward):
            yield from _walk(clause.to.steps, f"{path}.to.")


def lies_within(path: str, clause: str) -> bool:
    """Whether a share's path is a clause's own or lies below it (`steps[1].to.split[0]` is within `steps[1]`)."""
    return path == clause or path.startswith(f"{clause}.")
