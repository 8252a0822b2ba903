"""Words of a text and what is left of them when their endings go, in Finnish, Swedish and English.

The one door to Snowball. Its pure Python stemmers are named one by one: asked by language name, the package would take a
C extension of another version where one happens to be installed, and machines would stem differently.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from snowballstemmer.english_stemmer import EnglishStemmer  # type: ignore[import-untyped]  # it ships no types
from snowballstemmer.finnish_stemmer import FinnishStemmer  # type: ignore[import-untyped]  # it ships no types
from snowballstemmer.swedish_stemmer import SwedishStemmer  # type: ignore[import-untyped]  # it ships no types

from domain.money import Language

WORD_CHARACTERS_MAX = 100
"""Longer runs of letters are no words and are cut; the stemmers' time grows with the length."""

SMALL_WORDS = frozenset(
    {"ja", "tai", "sekä", "on", "och", "eller", "i", "på", "för", "till", "av", "en", "ett", "med"}
    | {"and", "or", "of", "the", "for", "in", "to", "a", "an", "on", "with"}
)
"""A query is not asked to find these: who seeks `terveys ja hyvinvointi` means the two."""

_FINNISH_NOUN = re.compile(r"(.{3,}[uy])(?:s|ks|d|t|st)|(.{3,}m)i[ns]")
_WORD = re.compile(r"[^\W_]+")


class _Stemmer(Protocol):
    def stemWord(self, word: str, /) -> str: ...  # noqa: N802 - named by Snowball


_STEMMERS: Mapping[Language, type[_Stemmer]] = {"fi": FinnishStemmer, "sv": SwedishStemmer, "en": EnglishStemmer}


def words(text: str) -> list[str]:
    """The words of a text in small letters, in order; what a hyphen joins is several words."""
    return [word[:WORD_CHARACTERS_MAX] for word in _WORD.findall(unicodedata.normalize("NFC", text).lower())]


@lru_cache(maxsize=100_000)
def stem(language: Language, word: str) -> str:
    """A word in small letters without its ending: `logistiikassa` and `logistiikan` both give `logistiik`.

    A stemmer keeps the word inside itself, so each call has its own: threads share this function.
    """
    return _STEMMERS[language]().stemWord(word)


@lru_cache(maxsize=100_000)
def forms(language: Language, word: str) -> tuple[str, ...]:
    """What a word is found by in a language: its stem, and what Snowball leaves apart in Finnish put together.

    Nouns in -us, -ys and -minen change inside: `koulutus` and `koulutuksessa` have the stems koulutus and koulutuks,
    `osaaminen` and `osaamisen` osaamin and osaamis, and a catalogue of education is full of them.
    """
    found = stem(language, word)
    if language == "fi" and (noun := _FINNISH_NOUN.fullmatch(found)):
        return found, noun[1] or noun[2]
    return (found,)
