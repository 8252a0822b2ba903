"""Accounts, banks and companies by their numbers: an identifier in its one spelling, or None where it is none."""

import re

from stdnum import bic
from stdnum import iban as ibans
from stdnum.exceptions import ValidationError
from stdnum.fi import ytunnus

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}")
_BIC = re.compile(r"[A-Z0-9]{8}(?:[A-Z0-9]{3})?")
_BUSINESS_ID = re.compile(r"[0-9]{7}-[0-9]")


def iban_of(text: str) -> str | None:
    """An IBAN without spaces; None unless its length, its form and its check digits are those of its country."""
    closed_up = _closed_up(text)
    return closed_up if _IBAN.fullmatch(closed_up) and ibans.is_valid(closed_up) else None


def bic_of(text: str) -> str | None:
    """A BIC in upper case; None unless it has 8 or 11 characters and names a country (ISO 9362)."""
    closed_up = _closed_up(text)
    return closed_up if _BIC.fullmatch(closed_up) and bic.is_valid(closed_up) else None


def looks_like_business_id(text: str) -> bool:
    """Whether a text has the form of a Finnish business id (Y-tunnus): `2472908-2`."""
    return _BUSINESS_ID.fullmatch(text) is not None


def is_business_id(text: str) -> bool:
    """Whether a text is a Finnish business id with its right check digit."""
    if not looks_like_business_id(text):
        return False
    try:
        return bool(ytunnus.validate(text))
    except ValidationError:
        return False


def _closed_up(text: str) -> str:
    """Without spaces, in upper case; what is not ASCII stays as it is, so that nothing foreign turns into a letter."""
    closed_up = text.replace(" ", "").replace("\u00a0", "")
    return closed_up.upper() if closed_up.isascii() else closed_up
