"""Sums and decimals as people write them in Finnish, Swedish and English; exact, nothing is rounded here."""

from fractions import Fraction
from typing import Literal, NamedTuple

from domain.money.decimals import decimal_places

Language = Literal["fi", "sv", "en"]

SPACE = "\u00a0"
"""No-break space: a sum is not torn over two lines."""
MOST_PLACES = 6
"""Decimals of a euro shown before the rest is left out with an ellipsis."""


class Style(NamedTuple):
    """How a language writes numbers."""

    group: str
    point: str
    minus: str
    sum: str
    percent: str


_NORDIC = Style(group=SPACE, point=",", minus="\u2212", sum=f"{{}}{SPACE}€", percent=f"{{}}{SPACE}%")
_STYLES: dict[Language, Style] = {
    "fi": _NORDIC,
    "sv": _NORDIC,
    "en": Style(group=",", point=".", minus="-", sum="€{}", percent="{}%"),
}


def euros(cents: int | Fraction, language: Language) -> str:
    """`1 234,56 €` in Finnish and Swedish (no-break spaces), `€1,234.56` in English; unrounded cents in full.

    What has no end, or more than six decimals, is cut there and marked with an ellipsis.
    """
    style = _STYLES[language]
    amount = abs(Fraction(cents) / 100)
    ends = decimal_places(amount)
    places = MOST_PLACES if ends is None else max(2, min(MOST_PLACES, ends))
    digits = f"{amount.numerator * 10**places // amount.denominator:0{places + 1}d}"
    whole = f"{int(digits[:-places]):,}".replace(",", style.group)
    cut = "" if ends is not None and ends <= MOST_PLACES else "…"
    return (style.minus if cents < 0 else "") + style.sum.format(f"{whole}{style.point}{digits[-places:]}{cut}")


def percentage(decimal: str, language: Language) -> str:
    return _STYLES[language].percent.format(number(decimal, language))


def number(decimal: str, language: Language) -> str:
    """A decimal string as it is written in a language."""
    return decimal.replace(".", _STYLES[language].point)
