"""Amounts in a bank's message: decimals in euro, whole cents here; credit is above zero, debit below."""

import re

from adapters.bank.message_tree import Part, quoted

_DECIMAL = re.compile(r"\+?([0-9]{1,15})(?:\.([0-9]{0,17}))?")
_SIGNS = {"CRDT": 1, "DBIT": -1}
ONLY_EURO = "Nothing of the file was taken in; only accounts in euro are read."


def amount_at(part: Part, path: str) -> int:
    """Cents of an amount with its currency; anything but euro is refused."""
    amount = part.needed(path)
    currency = amount.attribute("Ccy")
    if currency != "EUR":
        raise part.fault(f"has {path} in {quoted(currency or 'no currency')}, not in euro", ONLY_EURO)
    return cents_of(amount.needed_text(), part, path)


def signed_at(part: Part, path: str) -> int:
    """Cents of an amount beside its direction: above zero where the account is credited."""
    return amount_at(part, path) * sign_at(part, "CdtDbtInd")


def sign_at(part: Part, path: str) -> int:
    text = part.needed_text(path)
    if text not in _SIGNS:
        raise part.fault(f"has {quoted(text)} as {path}, which is CRDT or DBIT")
    return _SIGNS[text]


def cents_of(text: str, part: Part, path: str) -> int:
    known = _DECIMAL.fullmatch(text)
    fraction = (known[2] or "").rstrip("0") if known else ""
    if known is None or len(fraction) > len("00"):
        raise part.fault(f"has {quoted(text)} as {path}, which is no amount in whole cents")
    return int(known[1]) * 100 + int(f"{fraction:0<2}")
