"""What the network offers: one row an offering, with the words it is found by, and the search everybody may use."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import date

from domain.catalog.events import (
    ArchiveReason,
    Description,
    Keyword,
    Mode,
    OfferingArchived,
    OfferingKind,
    OfferingPublished,
    OfferingUpdated,
    OfferingVerified,
    Sector,
)
from domain.changing import replace
from domain.money import Language
from domain.words import LANGUAGES, Names, Texts
from projections.rows import At, Key, Latest, Projection, Row, Rows, each, facts_of
from projections.stems import SMALL_WORDS, forms, words

Seen = OfferingPublished | OfferingUpdated | OfferingVerified | OfferingArchived

UNNAMED = Names(en="Unnamed")
"""What a row is called before its first event; no row is kept with it."""


class Offering(Row, frozen=True):
    offering: Key[str]
    provider: str = ""
    kind: OfferingKind = "course"
    name: Names = UNNAMED
    summary: Texts = Texts()
    sector: Sector = "general"
    languages: tuple[Language, ...] = ()
    modes: tuple[Mode, ...] = ()
    credits: str | None = None
    """An exact decimal, such as "2.5"."""
    price_cents: int | None = None
    keywords: tuple[Keyword, ...] = ()
    skills: tuple[str, ...] = ()
    source: str | None = None
    published_on: date | None = None
    updated_on: date | None = None
    verified_on: date | None = None
    verified_until: date | None = None
    archived_on: date | None = None
    """Archived offerings stay, so that history can be asked; no search shows them."""
    archive_reason: ArchiveReason | None = None
    words: tuple[str, ...] = ()
    """Every word of name, summary and keywords as it stands there, ascending."""
    stems: tuple[str, ...] = ()
    """The same words without their endings, by the language they are in, such as `fi:logistiik`, ascending."""

    @property
    def archived(self) -> bool:
        return self.archived_on is not None

    def verified(self, today: date) -> bool | None:
        """Whether its verification holds on a day; None where it was never verified."""
        return None if self.verified_until is None else self.verified_until >= today


@each
def fold(rows: Latest, fact: Seen, at: At) -> Iterator[Offering]:  # noqa: ARG001 - the days are in the facts
    offering = rows.latest(Offering(fact.offering))
    match fact:
        case OfferingPublished():
            yield replace(
                _described(offering, fact.description), provider=fact.provider, published_on=fact.published_on
            )
        case OfferingUpdated():
            yield replace(_described(offering, fact.description), updated_on=fact.updated_on)
        case OfferingVerified():
            yield replace(offering, verified_on=fact.verified_on, verified_until=fact.verified_until)
        case OfferingArchived():
            yield replace(offering, archived_on=fact.archived_on, archive_reason=fact.reason)


catalogue = Projection("catalogue", fold, (Offering,), facts_of(Seen), on_poison="park")


def _described(offering: Offering, description: Description) -> Offering:
    spoken = {language: words(" ".join(_said(description, language))) for language in LANGUAGES}
    return replace(
        offering,
        kind=description.kind,
        name=description.name,
        summary=description.summary,
        sector=description.sector,
        languages=description.languages,
        modes=description.modes,
        credits=description.credits,
        price_cents=description.price_cents,
        keywords=description.keywords,
        skills=description.skills,
        source=description.source,
        words=_ascending(word for several in spoken.values() for word in several),
        stems=_ascending(
            form for language, several in spoken.items() for word in several for form in _marked(language, word)
        ),
    )


def _said(description: Description, language: Language) -> Iterator[str]:
    """What is said in a language; a keyword whose language nobody says may be in any."""
    yield getattr(description.name, language) or ""
    yield getattr(description.summary, language) or ""
    for keyword in description.keywords:
        if keyword.language in (language, None):
            yield keyword.text


def _ascending(several: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(several)))


def search(
    rows: Rows,
    query: str,
    *,
    sector: Sector | None = None,
    provider: str | None = None,
    language: Language | None = None,
    today: date,
    stale: bool = False,
) -> list[Offering]:
    """Offerings in which every word of a query is found, in any of the three languages; an empty query finds all.

    A word is found by its stem (`logistiikassa` finds `logistiikka`) or as the beginning of a word as it stands there.
    `language` is one it is taught in. Verified offerings come first, then those never verified, each by name; those whose
    verification ended before `today` come last, and only where `stale` asks for them. Archived ones never come.
    """
    asked = _asked(query)
    found = [
        offering
        for offering in rows.under(Offering)
        if not offering.archived
        and (stale or offering.verified(today) is not False)
        and sector in (None, offering.sector)
        and provider in (None, offering.provider)
        and (language is None or language in offering.languages)
        and all(_is_found(word, stems, offering) for word, stems in asked)
    ]
    return sorted(found, key=lambda o: (_RANKS[o.verified(today)], o.name.best("fi").casefold(), o.offering))


_RANKS = {True: 0, None: 1, False: 2}


def _asked(query: str) -> list[tuple[str, frozenset[str]]]:
    """The words of a query with their stems; small words only where there are no others."""
    given = words(query)
    meant = [word for word in given if word not in SMALL_WORDS] or given
    return [(word, frozenset(f for language in LANGUAGES for f in _marked(language, word))) for word in meant]


def _marked(language: Language, word: str) -> list[str]:
    """What a word is found by, marked with the language: endings mean something in their own language only."""
    return [f"{language}:{form}" for form in forms(language, word)]


def _is_found(word: str, stems: frozenset[str], offering: Offering) -> bool:
    n = bisect_left(offering.words, word)
    begins = n < len(offering.words) and offering.words[n].startswith(word)
    return begins or not stems.isdisjoint(offering.stems)
