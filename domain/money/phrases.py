"""The phrases an explanation is put together from, in Finnish, Swedish and English."""

from typing import NamedTuple

from domain.money.euros import Language


class Phrases(NamedTuple):
    fixed: str
    once: str
    earlier: str
    of: str
    equals: str
    unit: str
    whole: str
    least: str
    most: str
    per_pathway: str
    rounded: str
    short: str
    part: str
    largest: str
    listed: str
    negative: str


PHRASES: dict[Language, Phrases] = {
    "en": Phrases(
        fixed="a fixed sum of {fixed}",
        once="once per pathway, {before} taken before, so {result}",
        earlier="earlier clauses took {earlier} of {entered}, leaving {base}",
        of="{percent} of {base}",
        equals="{sum} is {result}",
        unit="{counted} \u00d7 {price}",
        whole="all of {base}",
        least="at least {bound}, so {result}",
        most="at most {bound}, so {result}",
        per_pathway="{bound} per pathway with {before} taken before",
        rounded="rounded to {result}",
        short="only {result} was left, {short} short",
        part="{weight}/{total} of {base} is {result}",
        largest="rounded down {floor}; {left_over} was left over and goes cent by cent to the largest remainders, "
        "this one is number {place}, so {result}",
        listed="rounded down {floor}; {left_over} was left over and goes cent by cent in the order listed, "
        "this one is number {place}, so {result}",
        negative="the amount is negative, so the sign turns: {result}",
    ),
    "fi": Phrases(
        fixed="kiinteä summa {fixed}",
        once="kerran polkua kohti, aiemmin otettu {before}, joten {result}",
        earlier="aiemmat kohdat ottivat {earlier} summasta {entered}, joten jäljelle jäi {base}",
        of="{percent} summasta {base}",
        equals="{sum} on {result}",
        unit="{counted} \u00d7 {price}",
        whole="koko summa {base}",
        least="vähintään {bound}, joten {result}",
        most="enintään {bound}, joten {result}",
        per_pathway="{bound} polkua kohti, aiemmin otettu {before}",
        rounded="pyöristettynä {result}",
        short="jäljellä oli vain {result}, vajausta {short}",
        part="{weight}/{total} summasta {base} on {result}",
        largest="alas pyöristettynä {floor}; yli jäi {left_over}, joka menee sentti kerrallaan suurimmille "
        "jakojäännöksille, tämä on järjestyksessä {place}., joten {result}",
        listed="alas pyöristettynä {floor}; yli jäi {left_over}, joka menee sentti kerrallaan luettelon "
        "järjestyksessä, tämä on järjestyksessä {place}., joten {result}",
        negative="summa on negatiivinen, joten etumerkki vaihtuu: {result}",
    ),
    "sv": Phrases(
        fixed="en fast summa på {fixed}",
        once="en gång per stig, tidigare har tagits {before}, alltså {result}",
        earlier="tidigare punkter tog {earlier} av {entered}, så kvar blev {base}",
        of="{percent} av {base}",
        equals="{sum} är {result}",
        unit="{counted} \u00d7 {price}",
        whole="hela summan {base}",
        least="minst {bound}, alltså {result}",
        most="högst {bound}, alltså {result}",
        per_pathway="{bound} per stig, tidigare har tagits {before}",
        rounded="avrundat {result}",
        short="bara {result} fanns kvar, {short} för lite",
        part="{weight}/{total} av {base} är {result}",
        largest="avrundat nedåt {floor}; {left_over} blev över och går cent för cent till de största resterna, "
        "denna är nummer {place}, alltså {result}",
        listed="avrundat nedåt {floor}; {left_over} blev över och går cent för cent i den ordning som listats, "
        "denna är nummer {place}, alltså {result}",
        negative="beloppet är negativt, så tecknet vänds: {result}",
    ),
}
