"""Where exact fractions become whole cents: the only place that rounds.

One amount alone goes half away from zero (`nearest_cent`); an amount that is split goes by largest remainder, so that
its parts sum to it (`portions`, `split`).
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, NamedTuple

from domain.money.decimals import exact
from domain.money.faults import BadFigure, shown

CENTS_LIMIT = 2**53
"""Sums lie strictly between -2^53 and 2^53, so that every JSON reader keeps each cent."""

Rounding = Literal["largest-remainder", "first-listed"]


class Portion(NamedTuple):
    """One target's part of a split."""

    cents: int
    place: int | None
    """In which place it stands for a left-over cent, from 1; null with a weight of 0, which never gets one."""


def whole_cents(value: object) -> int:
    """The value itself if it is whole cents below 2^53; else a `BadFigure`."""
    if isinstance(value, bool) or not isinstance(value, int) or not -CENTS_LIMIT < value < CENTS_LIMIT:
        raise BadFigure(f"{shown(value)} is not an amount; whole cents between -2^53 and 2^53 are.")
    return value


def nearest_cent(cents: Fraction) -> int:
    """Half away from zero."""
    nearest = floor_cent(abs(cents) + Fraction(1, 2))
    return nearest if cents >= 0 else -nearest


def floor_cent(cents: Fraction) -> int:
    return cents.numerator // cents.denominator


def portions(
    cents: int, weights: Mapping[str, Fraction], rounding: Rounding = "largest-remainder"
) -> tuple[dict[str, Portion], int]:
    """Divide cents (not negative) by weights (not negative, not all 0); also how many cents the floors left over.

    Left-over cents go one each to the largest remainders, ties in ascending order of the id; under `first-listed` to
    the first in the order of `weights`.
    """
    total = sum(weights.values(), Fraction())
    due = {target: cents * weight / total for target, weight in weights.items()}
    floors = {target: floor_cent(part) for target, part in due.items()}
    left_over = cents - sum(floors.values())
    queue = [target for target, weight in weights.items() if weight > 0]
    if rounding == "largest-remainder":
        queue.sort(key=lambda target: (floors[target] - due[target], target))
    place = {target: number for number, target in enumerate(queue, start=1)}
    return {
        target: Portion(floor + (target in place and place[target] <= left_over), place.get(target))
        for target, floor in floors.items()
    }, left_over


def split(amount_cents: int, weights: Mapping[str, int | Fraction | str]) -> dict[str, int]:
    """Split an amount by weights so that no cent is lost: floors first, then one cent each to the largest remainders.

    Ties go in ascending order of the target's id, so the outcome does not depend on the order of `weights`; the result
    keeps that order. A weight of 0 never gets a cent; a negative amount mirrors the positive one exactly. Weights are
    integers, fractions or decimal strings. `BadFigure` for any other kind, a negative weight, or none above 0.

    A package price divides over its steps by list price in the same way, ties in ascending order of the step's id:
    `split(200_000, {"1": 90_000, "2": 70_000, "3": 60_000})` is 81,818, 63,636 and 54,546 cents.
    """
    amount = whole_cents(amount_cents)
    sign = -1 if amount < 0 else 1
    exact_weights = {target: _weight(target, weight) for target, weight in weights.items()}
    if not any(exact_weights.values()):
        raise BadFigure(f"None of {len(weights)} weights is above 0, so they divide nothing; give one above 0.")
    parts, _ = portions(abs(amount), exact_weights)
    return {target: sign * part.cents for target, part in parts.items()}


def _weight(target: str, weight: object) -> Fraction:
    """A weight as a fraction; `object`, because a caller's float gets this far."""
    if isinstance(weight, bool) or not isinstance(weight, int | Fraction | str):
        raise BadFigure(
            f"The weight of {target} is {shown(weight)}; an integer, a fraction or a decimal string is one."
        )
    fraction = exact(weight) if isinstance(weight, str) else Fraction(weight)
    if fraction < 0:
        raise BadFigure(f"The weight of {target} is {shown(weight)}; a weight is 0 or more.")
    return fraction
