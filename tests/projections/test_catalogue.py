"""The catalogue is searched in three languages, inflected as people write; what is relied on comes first."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from adapters.projecting.memory import Memory
from domain.catalog.events import (
    Description,
    Keyword,
    OfferingArchived,
    OfferingPublished,
    OfferingUpdated,
    OfferingVerified,
)
from domain.kernel import Event
from domain.words import Names, Texts
from projections.catalogue import Offering, catalogue, search
from projections.rows import At

TODAY = date(2019, 6, 1)
PUBLISHED = date(2019, 1, 2)


def folded(*events: Event) -> Memory:
    memory = Memory(catalogue)
    memory.advance([(At(n, datetime(2019, 1, 2, tzinfo=UTC)), event) for n, event in enumerate(events, 1)], len(events))
    assert not memory.parked
    return memory


def published(offering: str, description: Description, provider: str = "org:ekami") -> OfferingPublished:
    return OfferingPublished(
        offering=f"offering:{offering}", provider=provider, description=description, published_on=PUBLISHED
    )


def course(
    fi: str | None = None, sv: str | None = None, en: str | None = None, *, keywords: tuple[Keyword, ...] = ()
) -> Description:
    return Description(kind="course", name=Names(fi=fi, sv=sv, en=en), keywords=keywords)


def verified(offering: str, until: date) -> OfferingVerified:
    return OfferingVerified(offering=f"offering:{offering}", verified_on=PUBLISHED, verified_until=until)


def ids(found: Sequence[Offering]) -> list[str]:
    return [o.offering.removeprefix("offering:") for o in found]


WAREHOUSE = folded(
    published(
        "varasto",
        Description(
            kind="course",
            name=Names(
                fi="Logistiikka ja varastot", sv="Lagerarbete i hamnen", en="Working in warehouses: handling of goods"
            ),
            summary=Texts(fi="Tavaroiden keräily ja lähettäminen kauppoihin."),
            sector="logistics",
            languages=("fi", "sv"),
            keywords=(Keyword(language="fi", text="trukkikortti"), Keyword(language="en", text="supply chain")),
        ),
    ),
    published("tekoaly", course(fi="Tekoäly työelämässä"), provider="org:xamk"),
)


@pytest.mark.parametrize(
    "query",
    [
        "logistiikka",
        "logistiikassa",
        "LOGISTIIKAN varastoissa",
        "tavaroita",  # partitive plural
        "kaupoissa",
        "hamnar",  # indefinite plural
        "lagerarbetets",
        "warehouse",
        "handled goods",
        "trukkikortilla",
        "supply chains",
        "logist",  # the beginning of a word
        "ware",
        "logistiikassa warehouse hamnen",  # three languages at once
        "logistiikka ja trukkikortti",
        "ja",
        "",
        "  !? ",
    ],
)
def test_every_word_of_a_query_is_found_in_some_language(query: str) -> None:
    assert "varasto" in ids(search(WAREHOUSE, query, today=TODAY))


@pytest.mark.parametrize(
    "query", ["logistiikka tekoäly", "istiikka", "logistiikassakin tekoälyä", "ei-mitään", "welding"]
)
def test_a_word_that_is_not_there_finds_nothing(query: str) -> None:
    assert search(WAREHOUSE, query, today=TODAY) == []


def test_a_stem_is_compared_within_its_language() -> None:
    """`Portaissa` is Finnish for on the stairs: what English makes of it is compared with English texts only."""
    rows = folded(published("a", course(en="Portable tools")), published("b", course(fi="Portaat")))
    assert ids(search(rows, "portable", today=TODAY)) == ["a"]
    assert ids(search(rows, "portaissa", today=TODAY)) == ["b"]


def test_a_keyword_is_stemmed_in_its_own_language_and_in_all_three_where_nobody_says_it() -> None:
    """`Porter` is English for who carries; in Swedish it is the plural of gate."""
    rows = folded(
        published("english", course(fi="Aa", keywords=(Keyword(language="en", text="porter"),))),
        published("swedish", course(fi="Bb", keywords=(Keyword(language="sv", text="porter"),))),
        published("unsaid", course(fi="Cc", keywords=(Keyword(text="porter"),))),
    )
    found_by = {row.offering: [s for s in row.stems if "port" in s] for row in rows.under(Offering)}
    assert found_by == {
        "offering:english": ["en:porter"],
        "offering:swedish": ["sv:port"],
        "offering:unsaid": ["en:porter", "fi:porter", "sv:port"],
    }
    assert ids(search(rows, "porten", today=TODAY)) == ["swedish", "unsaid"]
    assert ids(search(rows, "porters", today=TODAY)) == ["english", "unsaid"]
    assert ids(search(rows, "porter", today=TODAY)) == ["english", "swedish", "unsaid"]


def test_filters_narrow_the_search() -> None:
    def found(**filters: str) -> list[str]:
        return ids(search(WAREHOUSE, "", today=TODAY, **filters))  # type: ignore[arg-type]  # the names of the filters vary

    assert found(sector="logistics") == ["varasto"]
    assert found(provider="org:xamk") == ["tekoaly"]
    assert found(language="sv") == ["varasto"]
    assert found(language="en") == []
    assert found(sector="logistics", provider="org:xamk") == []


def test_verified_offerings_come_first_then_those_never_verified_and_stale_ones_only_when_asked_for() -> None:
    rows = folded(
        published("stale", course(fi="Aa")),
        published("never-b", course(fi="Öljy")),
        published("never-a", course(fi="alku")),
        published("until-today", course(fi="Zeta")),
        published("verified", course(fi="Yrttikurssi")),
        verified("stale", date(2019, 5, 31)),
        verified("until-today", TODAY),
        verified("verified", date(2020, 1, 31)),
    )
    relied_on = ["verified", "until-today", "never-a", "never-b"]
    assert ids(search(rows, "", today=TODAY)) == relied_on
    assert ids(search(rows, "", today=TODAY, stale=True)) == [*relied_on, "stale"]
    assert ids(search(rows, "", today=date(2019, 5, 31)))[0] == "stale"


def test_equal_names_are_ordered_by_id() -> None:
    rows = folded(*(published(offering, course(fi="Sama")) for offering in ("c", "a", "b")))
    assert ids(search(rows, "", today=TODAY)) == ["a", "b", "c"]


def test_an_update_replaces_the_words_and_leaves_the_verification() -> None:
    rows = folded(
        published("a", course(fi="Hitsaus")),
        verified("a", date(2020, 1, 1)),
        OfferingUpdated(offering="offering:a", description=course(fi="Sorvaus"), updated_on=date(2019, 4, 1)),
    )
    assert search(rows, "hitsaus", today=TODAY) == []
    [found] = search(rows, "sorvauksessa", today=TODAY)
    assert (found.published_on, found.updated_on, found.verified_until, found.provider) == (
        PUBLISHED,
        date(2019, 4, 1),
        date(2020, 1, 1),
        "org:ekami",
    )


def test_an_archived_offering_is_kept_and_never_found() -> None:
    rows = folded(
        published("a", course(fi="Hitsaus")),
        OfferingArchived(offering="offering:a", reason="discontinued", archived_on=date(2019, 4, 1)),
    )
    assert search(rows, "hitsaus", today=TODAY, stale=True) == []
    [row] = rows.under(Offering)
    assert (row.archived, row.archive_reason, row.name.fi) == (True, "discontinued", "Hitsaus")


def test_a_row_holds_the_whole_description() -> None:
    description = Description(
        kind="course",
        name=Names(fi="Nimi", sv="Namn", en="Name"),
        summary=Texts(en="Text"),
        sector="tourism",
        languages=("en",),
        modes=("remote",),
        credits="2.5",
        price_cents=100,
        keywords=(Keyword(language="sv", text="a"), Keyword(text="b")),
        skills=("http://data.europa.eu/esco/skill/1",),
        source="1.2.3",
    )
    [row] = folded(published("a", description)).under(Offering)
    for field in Description.__struct_fields__:
        assert getattr(row, field) == getattr(description, field)
