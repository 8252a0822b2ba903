"""Accounts that a SEPA transfer reaches: in which countries, and what their numbers look like there."""

import re
from collections.abc import Mapping

FORMS: Mapping[str, str] = {
    "AD": "8n12c",
    "AL": "8n16c",
    "AT": "16n",
    "BE": "12n",
    "BG": "4a6n8c",
    "CH": "5n12c",
    "CY": "8n16c",
    "CZ": "20n",
    "DE": "18n",
    "DK": "14n",
    "EE": "16n",
    "ES": "20n",
    "FI": "14n",
    "FR": "10n11c2n",
    "GB": "4a14n",
    "GI": "4a15c",
    "GR": "7n16c",
    "HR": "17n",
    "HU": "24n",
    "IE": "4a14n",
    "IS": "22n",
    "IT": "1a10n12c",
    "LI": "5n12c",
    "LT": "16n",
    "LU": "3n13c",
    "LV": "4a13c",
    "MC": "10n11c2n",
    "MD": "20c",
    "ME": "18n",
    "MK": "3n10c2n",
    "MT": "4a5n18c",
    "NL": "4a10n",
    "NO": "11n",
    "PL": "24n",
    "PT": "21n",
    "RO": "4a16c",
    "RS": "18n",
    "SE": "20n",
    "SI": "15n",
    "SK": "20n",
    "SM": "1a10n12c",
    "VA": "18n",
}
"""What follows the country and its check digits: so many digits (n), capitals (a), capitals or digits (c).

Which countries: European Payments Council, EPC409-09, version of 2025. The forms: SWIFT, IBAN registry, release 101.
"""

TERRITORIES: Mapping[str, frozenset[str]] = {
    "FR": frozenset({"BL", "GF", "GP", "MF", "MQ", "PM", "RE", "YT"}),
    "GB": frozenset({"GG", "IM", "JE"}),
}
"""By the country of an account, what else its bank's BIC may name: territories that have no IBAN of their own (EPC409-09)."""

_SIGNS = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}


def is_iban(text: str) -> bool:
    """Whether the check digits fit: the first four characters behind the rest, letters as 10 to 35, modulo 97 is 1 (ISO 13616)."""
    turned = text[4:] + text[:4]
    return text.isascii() and text.isalnum() and int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def is_in_sepa(iban: str) -> bool:
    return iban[:2] in FORMS


def length_of(country: str) -> int:
    """How many characters an IBAN of a country in SEPA has."""
    return 4 + sum(int(many) for many in re.findall(r"[0-9]+", FORMS[country]))


def has_form(iban: str) -> bool:
    """Whether an IBAN of a country in SEPA has digits and letters where it has them there."""
    signs = re.findall(r"([0-9]+)([nac])", FORMS[iban[:2]])
    return re.fullmatch("".join(f"{_SIGNS[sign]}{{{many}}}" for many, sign in signs), iban[4:]) is not None


def may_keep(bic: str, iban: str) -> bool:
    """Whether a bank with this BIC can keep this account: both are of one country (ISO 9362: it stands in fifth place)."""
    bank, account = bic[4:6], iban[:2]
    return bank == account or bank in TERRITORIES.get(account, frozenset())
