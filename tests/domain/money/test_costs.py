"""Costs: who bears how much of what one partner paid, to the cent, by hand computable, waivers recorded with zero."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import (
    BadFigure,
    CostAmountGiven,
    CostAmountMissing,
    CostKey,
    CostQuantityMissing,
    CostQuantityUnowed,
    Costs,
    CostShare,
    MoneyFault,
    RuleFault,
    Weighted,
    cents_by,
    divide_cost,
    explain,
    nearest_cent,
    parse_cost_key,
    split,
)
from tests.domain.money.rules import amounts, repeatable, weights

PAYER = "org:payer"
PARTNERS = ["org:a", "org:b", "org:c", PAYER]


def cost_key(costs: dict[str, Any], **more: object) -> CostKey:
    return parse_cost_key({"name": "web-service", "paid_by": PAYER, "costs": costs, **more})


def borne(shares: Iterable[CostShare]) -> dict[str, int]:
    return {each.partner: each.cents for each in shares}


def pairs_with_payer(partners: Iterable[str]) -> set[frozenset[str]]:
    return {frozenset((PAYER, partner)) for partner in partners if partner != PAYER}


THIRDS = cost_key({"split": {"org:a": "1", PAYER: "1", "org:b": "1"}})
JOO = {"org:home": {"study_right": "3", "credit": "24"}}

splits = st.dictionaries(st.sampled_from(PARTNERS), weights, min_size=1).filter(
    lambda parts: any(Fraction(weight) for partner, weight in parts.items() if partner != PAYER)
)
waivings = st.sets(st.sampled_from(PARTNERS)).map(pairs_with_payer)
quantities = st.one_of(st.integers(0, 10_000).map(lambda n: f"{n // 100}.{n % 100:02d}"), st.fractions(0, 100))


def test_a_third_stays_with_the_payer() -> None:
    """900.00 in thirds, the payer one of them: two partners owe 300.00 each."""
    shares = divide_cost(THIRDS, amount_cents=90_000, quantities={})
    assert borne(shares) == {"org:a": 30_000, PAYER: 30_000, "org:b": 30_000}
    assert [each.clause for each in shares] == ["costs.split[0]", "costs.split[1]", "costs.split[2]"]
    assert {explain(each.terms, "en") for each in shares} == {"1/3 of €900.00 is €300.00."}


def test_study_rights_and_credits_by_unit_price() -> None:
    """JOO studies: 20.00 for each study right and 50.00 for each credit, two keys for one home university: 1,260.00."""
    rights, credit = (
        parse_cost_key(
            {
                "name": f"joo-{unit}",
                "paid_by": "org:host",
                "costs": {"per_unit_cents": cents, "unit": unit},
                "owed_by": ["org:home"],
            }
        )
        for unit, cents in (("study_right", 2_000), ("credit", 5_000))
    )
    (for_rights,) = divide_cost(rights, amount_cents=None, quantities=JOO)
    (for_credits,) = divide_cost(credit, amount_cents=None, quantities=JOO)
    assert (for_rights.cents, for_credits.cents) == (6_000, 120_000)
    assert for_rights.cents + for_credits.cents == 126_000
    assert explain(for_credits.terms, "en").replace("\u00a0", " ") == "24 credits \u00d7 €50.00 is €1,200.00."


def test_a_fixed_sum_is_owed_by_each() -> None:
    shares = divide_cost(
        cost_key({"fixed_cents": 2_500}, owed_by=["org:b", "org:a"]),
        amount_cents=None,
        quantities={},
        waived=pairs_with_payer(["org:a"]),
    )
    assert [(each.partner, each.clause, each.cents, each.exact, each.waived_cents) for each in shares] == [
        ("org:b", "costs.owed_by[0]", 2_500, "2500/1", 0),
        ("org:a", "costs.owed_by[1]", 0, "0/1", 2_500),
    ]
    assert explain(shares[0].terms, "en") == "A fixed sum of €25.00."


def test_what_is_waived_stays_with_a_payer_that_has_no_part() -> None:
    """It gets a share of its own, so that the shares still sum to the amount."""
    key = cost_key({"split": {"org:a": "2", "org:b": "1"}})
    shares = divide_cost(key, amount_cents=-1_000, quantities={}, waived=pairs_with_payer(["org:b"]))
    assert [(each.partner, each.clause, each.cents, each.exact, each.waived_cents) for each in shares] == [
        ("org:a", "costs.split[0]", -667, "-2000/3", 0),
        ("org:b", "costs.split[1]", 0, "0/1", -333),
        (PAYER, "paid_by", -333, "-1000/3", 0),
    ]
    assert explain(shares[2].terms, "en").startswith("0/3 of €10.00 is €0.00")


@repeatable
@given(splits, amounts, waivings)
def test_a_split_cost_is_borne_to_the_cent(parts: dict[str, str], amount: int, waived: set[frozenset[str]]) -> None:
    """With any waivers: cents and exact shares sum to the amount, terms recompute what was asked for."""
    shares = divide_cost(cost_key({"split": parts}), amount_cents=amount, quantities={}, waived=waived)
    asked = split(amount, parts)
    assert sum(each.cents for each in shares) == amount
    assert sum(Fraction(each.exact) for each in shares) == amount
    for each in shares:
        assert abs(each.cents - Fraction(each.exact)) < len(shares)
        assert each.cents * amount >= 0
        assert cents_by(each.terms) == asked.get(each.partner, 0)
        if each.partner == PAYER:
            assert each.cents == asked.get(PAYER, 0) + sum(other.waived_cents for other in shares)
        elif frozenset((PAYER, each.partner)) in waived:
            assert (each.cents, each.exact, each.waived_cents) == (0, "0/1", asked[each.partner])
        else:
            assert (each.cents, each.waived_cents) == (asked[each.partner], 0)


@repeatable
@given(splits, amounts, waivings)
def test_a_negative_cost_mirrors_the_positive(parts: dict[str, str], amount: int, waived: set[frozenset[str]]) -> None:
    """A refund gives back exactly what the bill took."""
    key = cost_key({"split": parts})
    there = divide_cost(key, amount_cents=amount, quantities={}, waived=waived)
    back = divide_cost(key, amount_cents=-amount, quantities={}, waived=waived)
    for one, other in zip(there, back, strict=True):
        assert (one.partner, one.clause) == (other.partner, other.clause)
        assert (one.cents, one.waived_cents) == (-other.cents, -other.waived_cents)
        assert Fraction(one.exact) == -Fraction(other.exact)


@repeatable
@given(st.integers(1, 50_000), st.dictionaries(st.sampled_from(PARTNERS), quantities, min_size=2), waivings)
def test_a_unit_price_counts_each_partner_s_own_quantity(
    price: int, counted: dict[str, str | Fraction], waived: set[frozenset[str]]
) -> None:
    """Each is off its quantity by half a cent at most, whatever the others had."""
    shares = divide_cost(
        cost_key({"per_unit_cents": price, "unit": "credit"}, owed_by=list(counted)),
        amount_cents=None,
        quantities={partner: {"credit": quantity, "day": "7"} for partner, quantity in counted.items()},
        waived=waived,
    )
    assert [each.partner for each in shares] == list(counted)
    for each in shares:
        due = price * Fraction(counted[each.partner])
        assert each.cents + each.waived_cents == nearest_cent(due) == cents_by(each.terms)
        assert Fraction(each.exact) == (0 if frozenset((PAYER, each.partner)) in waived else due)
        assert each.cents == 0 or each.waived_cents == 0


UNIT_KEY = cost_key({"per_unit_cents": 5_000, "unit": "credit"}, owed_by=["org:a"])


@pytest.mark.parametrize(
    ("key", "amount", "counted", "refusal", "sentence"),
    [
        (
            THIRDS,
            None,
            {},
            CostAmountMissing,
            "web-service splits a cost between its partners, but no amount was given; give what was paid.",
        ),
        (
            UNIT_KEY,
            100,
            {"org:a": {"credit": "1"}},
            CostAmountGiven,
            "web-service says itself what each partner owes, but an amount of 100 cents was given; leave it out.",
        ),
        (
            UNIT_KEY,
            None,
            {"org:a": {"day": "1"}},
            CostQuantityMissing,
            'web-service counts credit, but none was given for org:a; give a quantity, "0" where none was.',
        ),
        (
            UNIT_KEY,
            None,
            {"org:a": {"credit": "1"}, "org:b": {"credit": "1"}},
            CostQuantityUnowed,
            "web-service counts credit, but org:b owes nothing under it; leave its quantity out.",
        ),
        (
            UNIT_KEY,
            None,
            {"org:a": {"credit": "-1"}},
            BadFigure,
            (
                'The quantity of credit for org:a is "-1", but must be 0 or more; what was too much is taken back by '
                "reversing its entry."
            ),
        ),
        (
            UNIT_KEY,
            None,
            {"org:a": {"credit": 1.5}},
            BadFigure,
            (
                'the float 1.5 is not an exact decimal in a string, such as "37.5", with up to 12 digits before the '
                "point and 9 after it."
            ),
        ),
        (THIRDS, 2**53, {}, BadFigure, f"{2**53} is not an amount; whole cents between -2^53 and 2^53 are."),
        (
            CostKey(name="k", paid_by=PAYER, costs=Costs(split=(Weighted(to="org:a", weight="1"),) * 2)),
            100,
            {},
            RuleFault,
            "costs.split divides 200 of 100 cents; it must name each organisation once.",
        ),
    ],
)
def test_what_cannot_be_divided_is_refused(
    key: CostKey, amount: int | None, counted: dict[str, Any], refusal: type[MoneyFault], sentence: str
) -> None:
    with pytest.raises(refusal) as refused:
        divide_cost(key, amount_cents=amount, quantities=counted)
    assert str(refused.value) == sentence


def test_more_cents_than_a_reader_keeps_are_refused() -> None:
    """Each sum fits, all together do not."""
    key = cost_key({"fixed_cents": 2**52}, owed_by=["org:a", "org:b"])
    with pytest.raises(BadFigure):
        divide_cost(key, amount_cents=None, quantities={})
