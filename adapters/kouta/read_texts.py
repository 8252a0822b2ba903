"""What a record is called, what it says of itself and which keywords it gives, as plain text in the network's languages."""

from collections.abc import Mapping
from typing import Any

from adapters.kouta.plain_text import cut, one_line, plain
from adapters.kouta.read_json import Defect, object_at, objects_at, shown, text_at
from domain.catalog.events import Keyword
from domain.money import Language
from domain.words import LANGUAGES

LINE_CHARACTERS_MAX = 200
PROSE_CHARACTERS_MAX = 5_000
KEYWORDS_MAX = 50

_LANGUAGES: Mapping[str, Language] = {language: language for language in LANGUAGES}


def names(record: Mapping[str, Any], notes: list[str]) -> dict[str, str]:
    found = {
        language: _within(text, LINE_CHARACTERS_MAX, f"The name in {language}", notes)
        for language, html in _spoken(record.get("nimi"), "nimi", notes).items()
        if (text := one_line(html))
    }
    if not found:
        raise Defect("has no name in fi, sv or en; name it in Kouta and import it again.")
    return found


def summary(about: Mapping[str, Any], notes: list[str]) -> dict[str, str]:
    """The description, then what is learnt, where both are there and differ."""
    parts = [_spoken(about.get(f), f"metadata.{f}", notes) for f in ("kuvaus", "osaamistavoitteet")]
    found: dict[str, str] = {}
    for language in LANGUAGES:
        texts = dict.fromkeys(plain(part[language]) for part in parts if language in part)
        if text := "\n".join(filter(None, texts)):
            found[language] = _within(text, PROSE_CHARACTERS_MAX, f"The description in {language}", notes)
    return found


def keywords(about: Mapping[str, Any], notes: list[str]) -> list[Keyword]:
    """Subjects and job titles, each once in a language whatever its capitals, in the record's order."""
    unique: dict[tuple[Language | None, str], Keyword] = {}
    others: set[str] = set()
    for field in ("asiasanat", "ammattinimikkeet"):
        for where, item in objects_at(about.get(field), f"metadata.{field}"):
            word = one_line(text_at(item.get("arvo"), f"{where}.arvo") or "")
            spoken = text_at(item.get("kieli"), f"{where}.kieli")
            language = _LANGUAGES.get(spoken or "")
            if word and spoken and not language:
                others.add(shown(spoken))
            elif word and (language, word.casefold()) not in unique:
                text = _within(word, LINE_CHARACTERS_MAX, f"The keyword {shown(word)}", notes)
                unique[language, word.casefold()] = Keyword(language=language, text=text)
    if others:
        notes.append(f"The keywords in {', '.join(sorted(others))} were left out: the catalogue holds fi, sv and en.")
    if len(unique) > KEYWORDS_MAX:
        notes.append(f"Of {len(unique)} keywords the first {KEYWORDS_MAX} were kept.")
    return list(unique.values())[:KEYWORDS_MAX]


def _spoken(given: object, where: str, notes: list[str]) -> dict[str, str]:
    """The texts in the network's languages; others are noted and left out."""
    texts = {language: text_at(text, f"{where}.{language}") for language, text in object_at(given, where).items()}
    if others := sorted(shown(language) for language, text in texts.items() if text and language not in LANGUAGES):
        notes.append(f"The text {where} in {', '.join(others)} was left out: the catalogue holds fi, sv and en.")
    return {language: text for language in LANGUAGES if (text := texts.get(language))}


def _within(text: str, characters_max: int, what: str, notes: list[str]) -> str:
    if len(text) > characters_max:
        notes.append(f"{what} has {len(text):,} characters and was cut to {characters_max:,}.")
    return cut(text, characters_max)
