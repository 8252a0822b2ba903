"""Dividing a correction: stored shares are reversed, never computed anew from a changed total."""

from collections.abc import Sequence
from fractions import Fraction

from domain.money.division import Share
from domain.money.faults import BadFigure
from domain.money.rounding import portions, whole_cents


def reverse(left: Sequence[tuple[Share, int]], amount_cents: int) -> tuple[tuple[Share, int], ...]:
    """How many cents of each share a reversal takes back: the whole, or a part by largest remainder.

    `left` holds every share of one entry, kept ones too, with the cents of it that were not reversed yet; the answer
    has the same order and, like `amount_cents`, the sign of what is taken back (reversing 100 cents of a positive entry
    is 100). A part is in proportion to what is left of each share, ties in ascending order of partner, then clause. The
    whole gives exactly what is left, so each cent is reversed once. `BadFigure` for more than is left or another sign.
    """
    amount = whole_cents(amount_cents)
    total = sum(cents for _, cents in left)
    sign = -1 if total < 0 else 1
    if any(sign * cents < 0 for _, cents in left):
        raise BadFigure("Shares of both signs are left, but those of one amount all have its sign.")
    if not 0 <= sign * amount <= sign * total:
        raise BadFigure(f"{amount} cents cannot be reversed: {total} cents are left of the entry.")
    if amount == total:
        return tuple(left)
    weights = {(f"{share.partner} {share.clause}"): Fraction(sign * cents) for share, cents in left}
    parts, _ = portions(sign * amount, weights)
    return tuple((share, sign * parts[f"{share.partner} {share.clause}"].cents) for share, _ in left)
