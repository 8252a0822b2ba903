"""Drift: what rounding each entry by itself has moved between partners, set right over all of them."""

from collections.abc import Mapping
from fractions import Fraction

from domain.money.decimals import ratio
from domain.money.faults import MoneyFault
from domain.money.rounding import floor_cent, portions


class DriftUnequal(MoneyFault):
    """What was booked and what is exact are not totals of the same entries."""

    def __init__(self, booked_cents: int, exact_cents: Fraction) -> None:
        super().__init__(
            f"{booked_cents} cents were booked, but the exact totals sum to {ratio(exact_cents)}; a true-up moves cents "
            f"between partners and makes none, so both must be of the same entries."
        )


def true_up(booked: Mapping[str, int], exact: Mapping[str, Fraction]) -> dict[str, int]:
    """The cents to give to (positive) or take from each partner so that it stands at its total by largest remainder.

    `booked`: partner to the cents of all entries, earlier true-ups counted. `exact`: partner to the same without rounding,
    in cents, what reversals took back taken off. A partner left out has 0. The answer sums to zero, names only those who
    are off, in ascending order of the id, and is empty if nobody is; after it is booked it stays so until the next entry.

    Ten sales of 1 cent at 60/25/15 were booked 10/0/0 and are exactly 6/2.5/1.5: -4/+3/+1.

    Totals may be of both signs, as after corrections of an earlier period. Floors first, then one cent each to the
    largest remainders, is right for them as well: a floor lies below its total whatever the sign, so each remainder is
    from 0 to less than a cent, they sum to the whole cents that the floors left over, and these are fewer than the
    remainders above 0. Ties go in ascending order of the id. Where all together is negative it is the mirror image of the
    positive, as every split is: else one credit alone, split by largest remainder, would be trued up.

    Raises `DriftUnequal` if the totals do not sum to the same.
    """
    partners = sorted({*booked, *exact})
    total = sum((exact.get(partner, Fraction()) for partner in partners), Fraction())
    if total != sum(booked.values()):
        raise DriftUnequal(sum(booked.values()), total)
    sign = -1 if total < 0 else 1
    targets = _whole({partner: sign * exact.get(partner, Fraction()) for partner in partners})
    off = {partner: sign * targets[partner] - booked.get(partner, 0) for partner in partners}
    return {partner: cents for partner, cents in off.items() if cents}


def _whole(totals: Mapping[str, Fraction]) -> dict[str, int]:
    """Totals in whole cents; their remainders are the weights by which the cents left over are split."""
    floors = {partner: floor_cent(total) for partner, total in totals.items()}
    remainders = {partner: total - floors[partner] for partner, total in totals.items()}
    left_over = sum(remainders.values(), Fraction())
    if not left_over:
        return floors
    odd, _ = portions(floor_cent(left_over), remainders)
    return {partner: floor + odd[partner].cents for partner, floor in floors.items()}
