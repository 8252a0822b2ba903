"""The national code lists a Kouta record speaks in, in the words of the catalogue.

Source: koodistopalvelu of the Finnish National Agency for Education, lists `oppilaitoksenopetuskieli`, `opetuspaikkakk`,
`opintojenlaajuusyksikko` and `kansallinenkoulutusluokitus2016koulutusala` (the national form of ISCED-F 2013).
"""

from collections.abc import Iterable, Mapping

from domain.catalog.events import Mode, Sector
from domain.money import Language

TEACHING_LANGUAGES: Mapping[str, tuple[Language, ...]] = {
    "oppilaitoksenopetuskieli_1": ("fi",),
    "oppilaitoksenopetuskieli_2": ("sv",),
    "oppilaitoksenopetuskieli_3": ("fi", "sv"),
    "oppilaitoksenopetuskieli_4": ("en",),
}
"""Sámi (5) and other languages (9) exist there too, but not in the network's three."""

MODES: Mapping[str, tuple[Mode, ...]] = {
    "opetuspaikkakk_1": ("campus",),  # contact teaching
    "opetuspaikkakk_2": ("remote",),  # distance teaching
    "opetuspaikkakk_3": ("remote",),  # online teaching
    "opetuspaikkakk_4": ("campus", "remote"),  # blended: by definition both
}
"""Independent learning (5) says nothing about the place, so it is no mode here."""

CREDIT_UNITS = frozenset({"opintojenlaajuusyksikko_2", "opintojenlaajuusyksikko_6"})
"""ECTS credits (opintopiste) and vocational competence points (osaamispiste). Hours, weeks and courses are no credits."""

_FIELD = "kansallinenkoulutusluokitus2016koulutusalataso"
_SECTORS_BY_FIELD: Mapping[str, Sector] = {
    "01": "education",
    "041": "business",  # not all of 04: it holds law too
    "06": "digitalisation",
    "07": "technology",
    "08": "bioeconomy",
    "09": "health-and-welfare",
    "1015": "tourism",
    "104": "logistics",
}
_SECTORS_BY_KEYWORD: Mapping[str, Sector] = {
    **dict.fromkeys(("logistiikka", "logistik", "logistics"), "logistics"),
    **dict.fromkeys(("biotalous", "bioekonomi", "bioeconomy"), "bioeconomy"),
    **dict.fromkeys(("digitalisaatio", "digitalisering", "digitalisation"), "digitalisation"),
    **dict.fromkeys(("sosiaali- ja terveysala", "social- och hälsovård", "health and welfare"), "health-and-welfare"),
    **dict.fromkeys(("liiketalous", "företagsekonomi", "business administration"), "business"),
    **dict.fromkeys(("tekniikan ala", "teknikbranschen", "engineering"), "technology"),
    **dict.fromkeys(("kasvatusala", "pedagogik", "education"), "education"),
    **dict.fromkeys(("matkailu", "turism", "tourism"), "tourism"),
}
"""Only keywords that name the sector itself; `teknologia` on a cooking course names none."""


def bare(code: str) -> str:
    """`opetuspaikkakk_1#1` without its version."""
    return code.partition("#")[0]


def sector_of(field_codes: Iterable[str], keywords: Iterable[str]) -> Sector:
    """The sector a record names by its field of education, else by a keyword; `general` unless exactly one is named."""
    by_field = {s for code in field_codes if (s := _sector_of_field(bare(code)))}
    by_keyword = {_SECTORS_BY_KEYWORD[k] for k in map(str.casefold, keywords) if k in _SECTORS_BY_KEYWORD}
    named = by_field or by_keyword
    return next(iter(named)) if len(named) == 1 else "general"


def _sector_of_field(code: str) -> Sector | None:
    """The sector of `kansallinenkoulutusluokitus2016koulutusalataso2_091`: that of the longest known part, here 09."""
    if not code.startswith(_FIELD):
        return None
    field = code.rpartition("_")[2]
    return next((_SECTORS_BY_FIELD[field[:n]] for n in (4, 3, 2) if field[:n] in _SECTORS_BY_FIELD), None)
