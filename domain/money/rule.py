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
    """Where the band ends, in whole cents of euro; null: it is open."""
    percent: str
    """What is taken of the band, in percent, as an exact decimal."""


class Take(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How much a clause takes: one of `fixed_cents`, `percent`, `per_unit_cents` with `unit`, and `tiers`."""

    fixed_cents: int | None = None
    """A sum in whole cents of euro."""
    percent: str | None = None
    """A part in percent, as an exact decimal."""
    of: Literal["remaining"] | None = None
    """What `percent` is of: null is the amount that entered this list of clauses."""
    per_unit_cents: int | None = None
    """What is taken for each unit that is delivered, in whole cents of euro."""
    unit: str | None = None
    """The unit that is counted, such as `credit`."""
    tiers: tuple[Tier, ...] = ()
    """Percentages on bands of the amount."""
    min_cents: int | None = None
    """The least that is taken, in whole cents of euro."""
    max_cents: int | None = None
    """The most that is taken, in whole cents of euro."""
    per: Literal["amount", "pathway"] | None = None
    """What the fixed sum, the minimum and the maximum are counted over; null is each amount."""


class Weighted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One target of a split: an organisation or a role, and its weight."""

    to: str
    """`org:…` or `role:…`."""
    weight: str
    """The weight, as an exact decimal; what there is is divided in proportion."""


class Onward(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a clause passes what it takes, when that is more than one target: a split, or clauses of its own."""

    split: tuple[Weighted, ...] = ()
    """Targets with weights."""
    steps: "tuple[Clause, ...]" = ()
    """Clauses in order, for what the clause takes."""


class Clause(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One step of a rule: what it takes, to whom, and what for."""

    take: Take | Literal["remaining"]
    """How much it takes; `remaining`: all that is left."""
    to: str | Onward
    """`org:…`, `role:…`, `kept` (stays with the collector), or onward to several."""
    purpose: str | None = field(default=None, name="for")
    """What it is for, in a word or two."""
    if_unbound: Literal["skip"] | None = None
    """`skip`: it takes nothing where its role is bound to nobody; null: such a rule cannot be used."""


class SharingRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, cache_hash=True):
    """How revenue is divided. The last clause of every list takes what remains, so every cent is accounted for."""

    rounding: Rounding = "largest-remainder"
    """Who gets the cents that division leaves over."""
    steps: tuple[Clause, ...]
    """The clauses, in the order in which they take."""


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
