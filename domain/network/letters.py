"""The letters that a payment may carry, and how a name is brought to them.

SEPA promises Latin letters without marks, digits, spaces and `/-?:().,'+` (European Payments Council, EPC217-08). Banks
in Finland also take å, ä and ö in names and addresses; a bank abroad replaces them itself. Other Latin letters lose
their marks, and a few signs have a customary stand-in. Whatever else a name holds is refused: a payee's bank compares
the name with the account's, so that a guess is worse than a question.
"""

import re
import unicodedata

from domain.kernel import Refused

IDENTIFIER = re.compile(r"(?![/ ])(?!.*//)[A-Za-z0-9/?:().,'+ -]{1,35}(?<![/ ])")
"""An identification: without å, ä and ö, no space or slash at either end, no two slashes together (EPC217-08)."""

STREET_MAX, TOWN_MAX = 70, 35
"""Characters (ISO 20022 pain.001.001.09: Max70Text, Max35Text)."""
POSTAL_CODE = re.compile(r"[A-Za-z0-9 -]{1,16}")

_TAKEN = re.compile(r"[A-Za-z0-9/?:().,'+ åäöÅÄÖ-]")
_STAND_INS = str.maketrans(
    {
        "&": "+",
        '"': "'",
        "`": "'",
        "\N{ACUTE ACCENT}": "'",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": "'",
        "\N{RIGHT DOUBLE QUOTATION MARK}": "'",
        "\N{HYPHEN}": "-",
        "\N{NON-BREAKING HYPHEN}": "-",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "ß": "ss",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "ø": "o",
        "Ø": "O",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "ł": "l",
        "Ł": "L",
        "ŋ": "n",
        "Ŋ": "N",
        "ŧ": "t",
        "Ŧ": "T",
        "þ": "th",
        "Þ": "Th",
    }
)


class StrangeLetter(Refused):
    def __init__(self, what: str, text: str, letter: str) -> None:
        super().__init__(
            f"{what}, {text}, has {letter!a} in it, which banks do not take; write it in Latin letters, digits and /-?:().,'+."
        )


def as_banks_take(what: str, text: str) -> str:
    """A name or address as it is sent to a bank. Raises StrangeLetter, with `what` it is."""
    taken = written(text)
    if letter := strange_in(taken) or ("" if taken else text[0]):
        raise StrangeLetter(what, text, letter)
    return taken


def written(text: str) -> str:
    """A name or address in letters that banks take, as far as its letters have a form among them; see `strange_in`."""
    one_line = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(letter if _TAKEN.fullmatch(letter) else _unmarked(letter) for letter in one_line)


def strange_in(written_text: str) -> str | None:
    """The first letter of a text that no bank takes."""
    return next((letter for letter in written_text if not _TAKEN.fullmatch(letter)), None)


def cut_at_a_word(text: str, limit: int) -> str:
    """A text of at most `limit` characters: the words that fit, or the beginning of a single long one."""
    if len(text) <= limit:
        return text
    words, _, _ = text[: limit + 1].rpartition(" ")
    return (words or text[:limit]).rstrip(" ,-+/(")


def _unmarked(letter: str) -> str:
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(sign))
    return bare.translate(_STAND_INS)
