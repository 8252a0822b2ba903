"""Dividing a correction: stored shares are reversed, never computed anew from a changed total."""

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeVar

from domain.money.costs import CostShare
from domain.money.decimals import ratio
from domain.money.division import Share
from domain.money.faults import BadFigure
from domain.money.rounding import portions, whole_cents

S = TypeVar("S", bound=Share | CostShare)


def reverse(left: Sequence[tuple[S, int]], amount_cents: int) -> tuple[tuple[S, int], ...]:
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


def exact_part(share_exact: str, taken_cents_of_entry: int, entry_amount_cents: int) -> str:
    """What a reversal takes back of a share's exact part (`num/den` in cents): as much of it as of the entry's amount.

    `taken_cents_of_entry` is what this reversal takes of the whole entry, with the entry's sign. It is reckoned on the
    amount of the entry, never on what earlier reversals left, so that the denominator does not grow with their number and
    the parts of an entry that is wholly reversed sum to its exact part. An entry of 0 cents is taken back as a whole.
    `BadFigure` for more than the entry or another sign.
    """
    taken, amount = whole_cents(taken_cents_of_entry), whole_cents(entry_amount_cents)
    sign = -1 if amount < 0 else 1
    if not 0 <= sign * taken <= sign * amount:
        raise BadFigure(f"{taken} cents cannot be taken back of an entry of {amount} cents.")
    return ratio(Fraction(share_exact) * (Fraction(taken, amount) if amount else 1))
