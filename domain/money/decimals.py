"""Exact decimals: strings such as "37.5" outside, fractions inside, never a float."""

import re
from fractions import Fraction

from domain.money.faults import BadFigure, shown

_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?")
"""At most 12 digits before the point and 9 after it: enough for any share, too few to be an attack."""

ALLOWED = 'an exact decimal in a string, such as "37.5", with up to 12 digits before the point and 9 after it'


def exact(value: object) -> Fraction:
    """The fraction a decimal string stands for; anything but such a string is refused as a `BadFigure`."""
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise BadFigure(f"{shown(value)} is not {ALLOWED}.")
    return Fraction(value)


def ratio(value: Fraction) -> str:
    """`num/den` in lowest terms; integers as `n/1`."""
    return f"{value.numerator}/{value.denominator}"


def decimal_text(value: Fraction) -> str:
    """The shortest decimal string of a fraction; `num/den` where no decimal is exact."""
    places = decimal_places(value)
    if places is None:
        return ratio(value)
    digits = f"{abs(value.numerator) * 10**places // value.denominator:0{places + 1}d}"
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def decimal_places(value: Fraction) -> int | None:
    """How many decimals a fraction has; None where they never end."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None
