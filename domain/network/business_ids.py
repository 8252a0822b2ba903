"""The check digit of a Finnish business id, by itself and inside a VAT number."""

import re

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2)


def is_business_id(text: str) -> bool:
    """Seven digits, a dash and a check digit that fits: weights 7, 9, 10, 5, 8, 4, 2 modulo 11 (Tax Administration, Y-tunnus)."""
    return re.fullmatch(r"[0-9]{7}-[0-9]", text) is not None and _fits(text.replace("-", ""))


def is_finnish_vat_number(text: str) -> bool:
    """FI and the business id without its dash (Tax Administration)."""
    return re.fullmatch(r"FI[0-9]{8}", text) is not None and _fits(text[2:])


def _fits(digits: str) -> bool:
    rest = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits[:-1], strict=True)) % 11
    return rest != 1 and int(digits[-1]) == (11 - rest) % 11
