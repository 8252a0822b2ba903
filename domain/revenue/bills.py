"""Bills that were paid for several: each is divided once, whatever key divides it."""

import hashlib
import unicodedata
from typing import Final

from domain.changing import replace
from domain.kernel import Refused, Value
from domain.revenue.events import BillDivided, RevenueReversed

_UNSEEN_LETTERS: Final = "\u115f\u1160\u3164\uffa0"
"""Fillers of Hangul: letters by their category, and invisible."""


class BillDividedAlready(Refused):
    def __init__(self, divided: BillDivided) -> None:
        super().__init__(
            f"{divided.paid_by} has divided {divided.voucher} already, by {divided.entry}; a bill is divided once. Take that entry "
            "back as a whole and name it in `in_place_of`, or name another bill."
        )


class Bill(Value, frozen=True):
    """A division of a bill, and whether its entry is known to be taken back as a whole."""

    divided: BillDivided
    is_free: bool = False

    def after(self, reversal: RevenueReversed) -> "Bill":
        gone = reversal.entry == self.divided.entry and not reversal.left_cents
        return replace(self, is_free=self.is_free or gone)


class NothingToReadThere(Refused):
    def __init__(self, voucher: str) -> None:
        super().__init__(
            f"{voucher} has neither a letter nor a digit; name the bill in `voucher` by its number in the payer's books."
        )


def bill_of(voucher: str) -> str:
    """What a voucher is found again by: its letters and digits, however wide, high or large they are written, and nothing else.

    Compatible forms are made one (NFKC), capitals small (case folding); of what stands there then, the characters of the Unicode
    categories L and N count, but for fillers of Hangul, which nobody sees. Letters that merely look alike, such as those of
    another script, stay different.
    """
    return f"bill:{hashlib.sha256(_letters_and_digits(voucher).encode()).hexdigest()[:32]}"


def check_voucher(voucher: str) -> None:
    """Refuse one of which nothing counts: all such would be one bill."""
    if not _letters_and_digits(voucher):
        raise NothingToReadThere(voucher)


def _letters_and_digits(voucher: str) -> str:
    # What joins nothing may stand between a letter and its accent and keep them apart: it goes before they are read as one.
    joined = "".join(c for c in _compatible(voucher) if _counts(c) or unicodedata.combining(c))
    return "".join(c for c in _compatible(_compatible(joined).casefold()) if _counts(c))


def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _counts(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN" and character not in _UNSEEN_LETTERS
