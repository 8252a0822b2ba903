"""VAT: computed once on the summed lines of a document, and what of it falls on each line."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise

from domain.money.decimals import exact
from domain.money.faults import BadFigure, shown
from domain.money.rounding import nearest_cent, whole_cents


def vat_of(base_cents: int, rate: str) -> int:
    """The VAT on a base without it, both in whole cents with one sign, half a cent away from zero.

    `rate` is in percent, an exact decimal such as "25.5". To be asked once for each document, category and rate, with the
    sum of the lines: rounding each line by itself would drift from it. A negative base, as of a credit note, mirrors the
    positive one. `BadFigure` for a base that is not whole cents and a rate that is not from 0 to 100.
    """
    return _vat(whole_cents(base_cents), _rate(rate))


def portions_of_vat(lines: Sequence[int], rate: str) -> list[int]:
    """Each line's part of a document's VAT, in whole cents; together they are `vat_of` the lines' sum.

    `lines` are the lines' amounts without VAT, of either sign, under one rate. A line's part is what the VAT of all lines
    up to it is more than that of the lines before it: off what the line by itself would give by a cent at most, and the
    parts of the first lines never change when more lines follow.
    """
    percent = _rate(rate)
    sums = [whole_cents(running) for running in accumulate((whole_cents(line) for line in lines), initial=0)]
    return [_vat(after, percent) - _vat(before, percent) for before, after in pairwise(sums)]


def _vat(base_cents: int, percent: Fraction) -> int:
    return nearest_cent(base_cents * percent / 100)


def _rate(rate: str) -> Fraction:
    percent = exact(rate)
    if not 0 <= percent <= 100:  # noqa: PLR2004 -- percent
        raise BadFigure(f"The VAT rate is {shown(rate)}, but must be from 0 to 100 percent.")
    return percent
