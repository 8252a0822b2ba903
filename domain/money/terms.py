"""The terms of a share: everything needed to compute its cents again by hand."""

from fractions import Fraction
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from domain.money.rule import Tier

Kind = Literal["fixed", "percent", "percent-of-remaining", "per-unit", "tiers", "remaining"]


class Terms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """How one share came about; what does not apply is left out.

    `base_cents`, `earlier_cents` and `taken_before_cents` carry the sign of what they count; the rule's own figures
    (fixed sum, unit price, tiers, minimum, maximum) and `short_cents` are never negative. With a negative base the
    share is computed as if the base were positive, and then its sign is turned.
    """

    kind: Kind
    """What sort of clause it is; it says which of the other figures are there."""
    base_cents: int
    """What the clause reckons on, in cents: for the two kinds of `remaining` what was left, else what entered its list."""
    earlier_cents: int | None = None
    """What earlier clauses of the list took, in cents; only where the base is what they left."""
    fixed_cents: int | None = None
    """The fixed sum that the clause takes, in cents."""
    percent: str | None = None
    """What part of the base it takes, in percent, as an exact decimal."""
    unit_cents: int | None = None
    """What it takes for one unit, in cents."""
    unit: str | None = None
    """The unit that is counted, such as `credit`."""
    quantity: str | None = None
    """A decimal; `num/den` where no decimal is exact."""
    tiers: tuple[Tier, ...] = ()
    """Percentages on bands of the base."""
    min_cents: int | None = None
    """The least that the clause takes, in cents."""
    max_cents: int | None = None
    """The most that the clause takes, in cents."""
    taken_before_cents: int | None = None
    """What the clause took from earlier amounts of the pathway, in cents; null where it counts each amount alone."""
    short_cents: int = 0
    """How much less it took because no more was left, in cents."""
    weight: str | None = None
    """The weight of this target where the clause is split between several, as an exact decimal."""
    weights_total: str | None = None
    """The sum of the weights of all targets of the split."""
    rounding: Literal["first-listed"] | None = None
    """How the split gave away the cents that its floors left over; null is by largest remainder."""
    left_over_cents: int = 0
    """How many cents the floors of the split left over; they were given away one by one."""
    place: int | None = None
    """The share's place in the queue for a left-over cent, from 1."""
    within: "Terms | None" = None
    """The terms of the clause around it, when that passed what it took through clauses of its own."""


def reckoned(terms: Terms, base: Fraction) -> Fraction:
    """What the terms ask of a base (not negative) before minimum and maximum, without rounding."""
    match terms.kind:
        case "fixed":
            return Fraction(max(0, (terms.fixed_cents or 0) - _before(terms)))
        case "percent" | "percent-of-remaining":
            return base * Fraction(terms.percent or 0) / 100
        case "per-unit":
            return (terms.unit_cents or 0) * Fraction(terms.quantity or 0)
        case "tiers":
            return sum((band * Fraction(percent) / 100 for percent, band in bands(terms.tiers, base)), Fraction())
        case "remaining":
            return base


def bands(tiers: tuple[Tier, ...], base: Fraction) -> tuple[tuple[str, Fraction], ...]:
    """The percentage of each tier and the part of the base in its band."""
    tops = [base if tier.up_to_cents is None else min(base, Fraction(tier.up_to_cents)) for tier in tiers]
    parts = [top - floor for floor, top in pairwise([Fraction(), *tops])]
    return tuple((tier.percent, part) for tier, part in zip(tiers, parts, strict=True))


def bounded(terms: Terms, value: Fraction) -> Fraction:
    """A value between minimum and maximum."""
    return lowered(terms, raised(terms, value))


def raised(terms: Terms, value: Fraction) -> Fraction:
    """A value, or what is missing of the minimum where that is more."""
    return value if terms.min_cents is None else max(value, Fraction(terms.min_cents - _before(terms)))


def lowered(terms: Terms, value: Fraction) -> Fraction:
    """A value, or the room left under the maximum where that is less."""
    return value if terms.max_cents is None else min(value, Fraction(max(0, terms.max_cents - _before(terms))))


def _before(terms: Terms) -> int:
    return abs(terms.taken_before_cents or 0)
