"""Explanations: a sentence in three languages from which the cents can be computed again."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Language, SharingRule, Terms, Tier, counted, euros, explain
from domain.words import LANGUAGES
from tests.domain.money.rules import amounts, repeatable, rules
from tests.domain.money.test_share import divide, taken_of, takens

languages: st.SearchStrategy[Language] = st.sampled_from(get_args(Language))


def plain(sentence: str) -> str:
    """The sentence with ordinary spaces, as tests are easier to read."""
    return sentence.replace("\u00a0", " ")


@repeatable
@given(rules, amounts, takens, languages)
def test_an_explanation_ends_in_the_share_and_holds_its_figures(
    rule: SharingRule, amount: int, before: list[int], language: Language
) -> None:
    """Base, own figures of the rule and outcome all stand in it."""
    for each in divide(rule, amount, taken=taken_of(rule, before)).shares:
        terms, sentence = each.terms, explain(each.terms, language)
        last = euros(each.cents, language)
        if terms.place is None and not terms.short_cents and each.terms.base_cents >= 0:
            assert sentence.endswith(f"{last}.")
        else:
            assert last in sentence
        figures = (terms.fixed_cents, terms.unit_cents, terms.min_cents, terms.max_cents, terms.short_cents or None)
        for figure in figures:
            assert figure is None or euros(figure, language) in sentence
        if terms.kind not in ("fixed", "per-unit", "tiers"):
            assert euros(abs(terms.base_cents), language) in sentence
        if terms.weight is not None:
            assert f"{terms.weight}/{terms.weights_total}".replace(".", "," if language != "en" else ".") in sentence


EVERYTHING = Terms(
    kind="percent",
    base_cents=-1_234_567,
    percent="2.5",
    min_cents=100,
    max_cents=20_000,
    taken_before_cents=-3_000,
    short_cents=400,
    weight="1",
    weights_total="3",
    left_over_cents=1,
    place=1,
)


@pytest.mark.parametrize(
    ("terms", "language", "sentence"),
    [
        (
            EVERYTHING,
            "en",
            (
                "2.5% of €12,345.67 is €308.64175; at least €1.00 per pathway with €30.00 taken before, so €308.64175;"
                " at most €200.00 per pathway with €30.00 taken before, so €170.00; only €166.00 was left, €4.00 short;"
                " 1/3 of €166.00 is €55.333333…; rounded down €55.33; €0.01 was left over and goes cent by cent to the"
                " largest remainders, this one is number 1, so €55.34; the amount is negative, so the sign turns: -€55.34."
            ),
        ),
        (
            EVERYTHING,
            "fi",
            (
                "2,5 % summasta 12 345,67 € on 308,64175 €; vähintään 1,00 € polkua kohti, aiemmin otettu 30,00 €, joten"
                " 308,64175 €; enintään 200,00 € polkua kohti, aiemmin otettu 30,00 €, joten 170,00 €; jäljellä oli vain"
                " 166,00 €, vajausta 4,00 €; 1/3 summasta 166,00 € on 55,333333… €; alas pyöristettynä 55,33 €; yli jäi"
                " 0,01 €, joka menee sentti kerrallaan suurimmille jakojäännöksille, tämä on järjestyksessä 1., joten"
                " 55,34 €; summa on negatiivinen, joten etumerkki vaihtuu: \u221255,34 €."
            ),
        ),
        (
            EVERYTHING,
            "sv",
            (
                "2,5 % av 12 345,67 € är 308,64175 €; minst 1,00 € per stig, tidigare har tagits 30,00 €, alltså"
                " 308,64175 €; högst 200,00 € per stig, tidigare har tagits 30,00 €, alltså 170,00 €; bara 166,00 € fanns"
                " kvar, 4,00 € för lite; 1/3 av 166,00 € är 55,333333… €; avrundat nedåt 55,33 €; 0,01 € blev över och"
                " går cent för cent till de största resterna, denna är nummer 1, alltså 55,34 €; beloppet är negativt, så"
                " tecknet vänds: \u221255,34 €."
            ),
        ),
        (Terms(kind="fixed", base_cents=1, fixed_cents=15_000), "en", "A fixed sum of €150.00."),
        (
            Terms(kind="fixed", base_cents=1, fixed_cents=15_000, taken_before_cents=15_000),
            "fi",
            "Kiinteä summa 150,00 €; kerran polkua kohti, aiemmin otettu 150,00 €, joten 0,00 €.",
        ),
        (
            Terms(kind="per-unit", base_cents=1, unit_cents=5_000, unit="credit", quantity="2.5"),
            "sv",
            "2,5 sp \u00d7 50,00 € är 125,00 €.",
        ),
        (
            Terms(
                kind="tiers",
                base_cents=250_000,
                tiers=(Tier(up_to_cents=100_000, percent="10"), Tier(percent="5")),
            ),
            "en",
            "10% of €1,000.00 + 5% of €1,500.00 is €175.00.",
        ),
        (
            Terms(kind="percent-of-remaining", base_cents=12_345, earlier_cents=55, percent="10"),
            "en",
            "Earlier clauses took €0.55 of €124.00, leaving €123.45; 10% of €123.45 is €12.345; rounded to €12.35.",
        ),
        (Terms(kind="remaining", base_cents=5, earlier_cents=0), "fi", "Koko summa 0,05 €."),
        (
            Terms(
                kind="remaining",
                base_cents=10,
                earlier_cents=5,
                weight="1",
                weights_total="2",
                within=Terms(kind="percent", base_cents=100, percent="15"),
            ),
            "en",
            "15% of €1.00 is €0.15; earlier clauses took €0.05 of €0.15, leaving €0.10; 1/2 of €0.10 is €0.05.",
        ),
        (
            Terms(
                kind="remaining",
                base_cents=1,
                earlier_cents=0,
                weight="1",
                weights_total="2",
                rounding="first-listed",
                left_over_cents=1,
                place=2,
            ),
            "en",
            (
                "1/2 of €0.01 is €0.005; rounded down €0.00; €0.01 was left over and goes cent by cent in"
                " the order listed, this one is number 2, so €0.00."
            ),
        ),
        (
            Terms(kind="remaining", base_cents=500, earlier_cents=0, max_cents=400, weight="1", weights_total="2"),
            "en",
            "All of €5.00; at most €4.00, so €4.00; 1/2 of €4.00 is €2.00.",
        ),
        (
            Terms(
                kind="percent",
                base_cents=500,
                percent="10",
                within=Terms(kind="remaining", base_cents=500, earlier_cents=0),
            ),
            "en",
            "10% of €5.00 is €0.50.",
        ),
    ],
)
def test_explanations_read(terms: Terms, language: Language, sentence: str) -> None:
    """Whole sentences, as a partner's bookkeeper reads them."""
    assert plain(explain(terms, language)) == sentence


@pytest.mark.parametrize(
    ("cents", "language", "text"),
    [
        (123_456, "fi", "1 234,56 €"),
        (123_456, "sv", "1 234,56 €"),
        (123_456, "en", "€1,234.56"),
        (-5, "fi", "\u22120,05 €"),
        (-5, "en", "-€0.05"),
        (0, "en", "€0.00"),
        (123_456_789_012, "fi", "1 234 567 890,12 €"),
    ],
)
def test_euros(cents: int, language: Language, text: str) -> None:
    """Sums as each language writes them."""
    assert plain(euros(cents, language)) == text


def test_spaces_within_a_sum_do_not_break() -> None:
    """A sum is never torn over two lines of a statement."""
    assert euros(123_456, "fi") == "1\u00a0234,56\u00a0€"


@pytest.mark.parametrize(
    ("quantity", "unit", "fi", "sv", "en"),
    [
        ("3.3", "credit", "3,3 op", "3,3 sp", "3.3 credits"),
        ("1", "credit", "1 op", "1 sp", "1 credit"),
        ("2.25", "mentor_hour", "2,25 h", "2,25 h", "2.25 h"),
        ("1", "day", "1 pv", "1 dag", "1 day"),
        ("2", "day", "2 pv", "2 dagar", "2 days"),
        ("12", "participant", "12 osallistujaa", "12 deltagare", "12 participants"),
        ("2", "study_right", "2 study_right", "2 study_right", "2 study_right"),
    ],
)
def test_what_is_counted_is_said_in_the_language_of_the_sentence(
    quantity: str, unit: str, fi: str, sv: str, en: str
) -> None:
    """Not by its code, which is English; a unit that a network has named itself stands as it is named."""
    terms = Terms(kind="per-unit", base_cents=1, unit_cents=4_500, unit=unit, quantity=quantity)
    for language, said in zip(LANGUAGES, (fi, sv, en), strict=True):
        assert counted(quantity, unit, language) == said
        assert explain(terms, language).startswith(f"{said} \u00d7 {euros(4_500, language)} ")
