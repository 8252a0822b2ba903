"""The stems are those of PostgreSQL's text search, so that an index there and the pure function here agree."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from adapters.postgres.embedded import Server
from domain.money import Language
from projections.stems import SMALL_WORDS, WORD_CHARACTERS_MAX, forms, stem, words

DICTIONARIES: dict[Language, str] = {"fi": "finnish_stem", "sv": "swedish_stem", "en": "english_stem"}
WORDS: dict[Language, str] = {
    "fi": "logistiikka logistiikassa logistiikan varasto varastoissa kuljetus kuljetuksia kurssi kurssilla osaaminen "
    "osaamisen biotalous biotalouden digitalisaatio terveys terveyden hyvinvointi yritys yrityksille mentori mentorin "
    "koulutus koulutuksessa tekoäly tekoälyä työelämässä metsänhoito satamassa opiskelijoille robotiikkaa tietoturva "
    "kaupoissa ammattitutkinto",
    "sv": "logistik logistiken lager lagret lagerarbete transport transporter kurs kurser kompetens kompetensen bioekonomi "
    "digitalisering hälsa hälsovård företag företagen företagare handledare utbildning utbildningar studier skogsbruk hamn "
    "hamnen säkerhet arbetslivet artificiell intelligens försäljning språk språken kunskaper",
    "en": "logistics logistic warehouse warehouses warehousing transport transportation course courses skills skilled "
    "bioeconomy digitalisation digital health wellbeing business businesses mentoring mentor education educational training "
    "forestry harbour security working artificial intelligence sales languages hydrogen entrepreneurs",
}
KNOWN_DIFFERENCES: dict[Language, set[str]] = {
    "fi": set(),
    "sv": {"arbetslivet"},  # arbetsliv here, arbetslivet there: its Swedish takes -et off fewer words
    "en": set(),
}
"""Words that the older Snowball inside PostgreSQL 18 stems otherwise; each has to be named here."""


@pytest.mark.parametrize("language", WORDS)
def test_stems_are_those_of_postgresql(server: Server, language: Language) -> None:
    given = WORDS[language].split()
    assert len(given) >= 30
    with psycopg.connect(server.app_dsn) as connection:
        rows = connection.execute(
            "select word, (ts_lexize(%s::regdictionary, word))[1] from unnest(%s::text[]) as word",
            (DICTIONARIES[language], given),
        ).fetchall()
    assert {word for word, theirs in rows if stem(language, word) != theirs} == KNOWN_DIFFERENCES[language]


def test_finnish_nouns_are_put_together_beyond_their_stems() -> None:
    assert forms("fi", "koulutuksessa") == ("koulutuks", "koulutu")
    assert forms("fi", "osaamisen") == ("osaamis", "osaam")
    assert forms("fi", "logistiikassa") == ("logistiik",)
    assert forms("sv", "status") == ("status",)


def test_words_are_small_letters_and_digits_in_order() -> None:
    assert words("IT-taidot, 3D-tulostus & tyo\u0308?") == ["it", "taidot", "3d", "tulostus", "työ"]
    assert words("") == []
    assert words("x" * 500) == ["x" * WORD_CHARACTERS_MAX]


def test_small_words_are_words_as_a_query_gives_them() -> None:
    assert all(words(word) == [word] for word in SMALL_WORDS)


def test_threads_do_not_disturb_each_other() -> None:
    """A Snowball stemmer keeps the word it works on inside itself."""
    given = [f"{word}{'n' * n}" for word in WORDS["fi"].split() for n in range(40)]
    alone = [stem.__wrapped__("fi", word) for word in given]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda word: stem.__wrapped__("fi", word), given))
    assert together == alone
