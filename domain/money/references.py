"""Creditor references: the Finnish viite and the international RF reference, both with check digits."""

import re

from domain.money.faults import MoneyFault, shown

SHORTEST_BASE, LONGEST_BASE = 3, 19
"""Digits of a viite without its check digit."""

_WEIGHTS = (7, 3, 1)
_VIITE = re.compile(r"0*([1-9][0-9]{2,18})([0-9])")
_RF = re.compile(r"RF([0-9]{2})([0-9A-Z]{1,21})")
_LONGEST_VIITE = LONGEST_BASE + 1


class BadReference(MoneyFault):
    """A number that cannot be made into a creditor reference."""


def viite(base: int) -> str:
    """The Finnish reference number of a number of 3 to 19 digits: its digits and a check digit.

    The digits are weighted 7, 3, 1, 7, … from the right; the check digit fills their sum up to a full ten
    (Finance Finland, Suomalainen viite: forming and checking of the reference number).
    """
    if not 10 ** (SHORTEST_BASE - 1) <= base < 10**LONGEST_BASE:
        raise BadReference(
            f"A viite is made of a number of {SHORTEST_BASE} to {LONGEST_BASE} digits; {shown(base)} is not one."
        )
    return f"{base}{_check_digit(str(base))}"


def rf(viite: str) -> str:
    """The RF reference (ISO 11649) that says the same as a viite."""
    digits = _viite_of(_closed_up(viite))
    if digits is None:
        raise BadReference(f"{shown(viite)} is not a viite; only a viite is turned into an RF reference.")
    return f"RF{_rf_check(digits)}{digits}"


def is_rf(text: str) -> bool:
    """Whether a text is an RF reference (ISO 11649), in any case, spaces allowed.

    Check digits 00, 01 and 99 are none: they would be second spellings of 97, 98 and 02 (ISO 7064, MOD 97-10).
    """
    known = _RF.fullmatch(_closed_up(text))
    return known is not None and known[1] == _rf_check(known[2])


def plain(text: str) -> str | None:
    """One spelling for every reference: the digits of a viite, also of one inside an RF reference; else the RF reference.

    Without spaces and leading zeros, in upper case. None where the text is no creditor reference.
    """
    closed_up = _closed_up(text)
    if is_rf(closed_up):
        return _viite_of(closed_up[4:]) or closed_up
    return _viite_of(closed_up)


def _closed_up(text: str) -> str:
    """Without spaces, in upper case; what is not ASCII stays as it is, so that nothing foreign turns into a letter."""
    closed_up = text.replace(" ", "").replace("\u00a0", "")
    return closed_up.upper() if closed_up.isascii() else closed_up


def _viite_of(closed_up: str) -> str | None:
    known = _VIITE.fullmatch(closed_up)
    if known is None or len(closed_up) > _LONGEST_VIITE or known[2] != _check_digit(known[1]):
        return None
    return known[1] + known[2]


def _check_digit(digits: str) -> str:
    weighted = sum(int(digit) * _WEIGHTS[n % 3] for n, digit in enumerate(reversed(digits)))
    return str(-weighted % 10)


def _rf_check(body: str) -> str:
    """Letters count as 10 to 35."""
    return f"{98 - int(''.join(str(int(sign, 36)) for sign in body + 'RF00')) % 97:02d}"
