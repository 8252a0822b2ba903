"""A statement line as a sentence, in Finnish, Swedish or English, that a person can recompute by hand."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from domain.money import Language, euros, explain
from projections.statement_lines import Line

_EARNED: Mapping[Language, str] = {
    "fi": "{counterparty} tilittää {purpose}: vaiheen {step} osa {part} ({pathway}) toteutui {day}. {how}",
    "sv": "{counterparty} redovisar {purpose}: del {part} av etapp {step} ({pathway}) genomfördes {day}. {how}",
    "en": "{counterparty} passes on {purpose}: part {part} of step {step} ({pathway}) was delivered on {day}. {how}",
}
_OWED: Mapping[Language, str] = {
    "fi": "Saajalle {counterparty} {purpose}: vaiheen {step} osa {part} ({pathway}) toteutui {day}. {how}",
    "sv": "Till {counterparty} {purpose}: del {part} av etapp {step} ({pathway}) genomfördes {day}. {how}",
    "en": "To {counterparty} for {purpose}: part {part} of step {step} ({pathway}) was delivered on {day}. {how}",
}
_CORRECTED: Mapping[Language, str] = {
    "fi": "Oikaisu {cents} riviin {corrects} ({counterparty}, {purpose}): vaiheen {step} osa {part} ({pathway}) peruttiin {day}.",
    "sv": "Korrigering {cents} av rad {corrects} ({counterparty}, {purpose}): del {part} av etapp {step} ({pathway}) togs tillbaka {day}.",
    "en": "Correction of {cents} to line {corrects} ({counterparty}, {purpose}): part {part} of step {step} ({pathway}) "
    "was taken back on {day}.",
}
_explained = lru_cache(maxsize=4_096)(explain)
"""Reckoned once: a list price is shared in the same terms again and again."""
_SHARE: Mapping[Language, str] = {"fi": "korvausosuus", "sv": "ersättningsandel", "en": "a revenue share"}


def text_of(line: Line, counterparty: str, language: Language) -> str:
    """What the line is for, and how its cents came about."""
    sentences = {"share-earned": _EARNED, "share-owed": _OWED, "correction": _CORRECTED}[line.kind]
    return (
        sentences[language]
        .format(
            counterparty=counterparty,
            purpose=line.purpose or _SHARE[language],
            cents=euros(line.cents, language),
            corrects=line.corrects,
            step=line.step,
            part=line.part,
            pathway=line.pathway,
            day=_day(line.occurred_on, language),
            how=_explained(line.terms, language) if line.terms else "",
        )
        .strip()
    )


def _day(day: date, language: Language) -> str:
    return f"{day.day}.{day.month}.{day.year}" if language != "en" else f"{day.day} {day:%B %Y}"
