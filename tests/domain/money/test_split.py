"""Splitting by weights: no cent lost, nobody off by a cent, no order that matters."""

from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import BadFigure, nearest_cent, split
from tests.domain.money.rules import amounts, repeatable, weights

names = st.text("abcxyz", min_size=1, max_size=3)
weightings = st.dictionaries(names, weights, min_size=1, max_size=8).filter(
    lambda given_weights: any(Fraction(weight) for weight in given_weights.values())
)


@repeatable
@given(amounts, weightings)
def test_parts_sum_and_stay_within_a_cent(amount: int, by: dict[str, str]) -> None:
    """A target is off its weight by less than a cent, and one of weight 0 gets nothing."""
    parts = split(amount, by)
    total = sum(Fraction(weight) for weight in by.values())
    assert list(parts) == list(by)
    assert sum(parts.values()) == amount
    for target, cents in parts.items():
        assert abs(cents - amount * Fraction(by[target]) / total) < 1
        assert Fraction(by[target]) or cents == 0


@repeatable
@given(amounts, weightings)
def test_negative_mirrors_positive(amount: int, by: dict[str, str]) -> None:
    """Crediting an amount gives back exactly what sharing it gave."""
    assert split(-amount, by) == {target: -cents for target, cents in split(amount, by).items()}


@repeatable
@given(amounts, weightings, st.randoms(use_true_random=False))
def test_order_and_scale_of_weights_do_not_matter(amount: int, by: dict[str, str], random: Random) -> None:
    """Only proportions and ids decide."""
    shuffled = list(by.items())
    random.shuffle(shuffled)
    assert split(amount, dict(shuffled)) == split(amount, by)
    assert split(amount, {target: Fraction(weight) * 7 / 3 for target, weight in by.items()}) == split(amount, by)


def test_ties_go_in_ascending_order_of_the_id() -> None:
    """Two cents over three equal thirds: the two first ids."""
    assert split(5, {"org:c": 1, "org:a": 1, "org:b": 1}) == {"org:c": 1, "org:a": 2, "org:b": 2}


def test_a_package_price_divides_over_steps_by_list_price() -> None:
    """2,000.00 over 900, 700 and 600."""
    assert split(200_000, {"1": 90_000, "2": 70_000, "3": 60_000}) == {"1": 81_818, "2": 63_636, "3": 54_546}


@pytest.mark.parametrize(
    ("amount", "by", "sentence"),
    [
        (1, {"org:a": 0, "org:b": "0.00"}, "None of 2 weights is above 0, so they divide nothing; give one above 0."),
        (1, {}, "None of 0 weights is above 0, so they divide nothing; give one above 0."),
        (1, {"org:a": -1, "org:b": 2}, "The weight of org:a is -1; a weight is 0 or more."),
        (1, {"org:a": "-1"}, 'The weight of org:a is "-1"; a weight is 0 or more.'),
        (
            1,
            {"org:a": 0.5},
            "The weight of org:a is the float 0.5; an integer, a fraction or a decimal string is one.",
        ),
        (1, {"org:a": True}, "The weight of org:a is true; an integer, a fraction or a decimal string is one."),
        (
            1,
            {"org:a": "NaN"},
            (
                '"NaN" is not an exact decimal in a string, such as "37.5", with up to 12 digits before the point and 9'
                " after it."
            ),
        ),
        (1.0, {"org:a": 1}, "the float 1.0 is not an amount; whole cents between -2^53 and 2^53 are."),
        (2**53, {"org:a": 1}, "9007199254740992 is not an amount; whole cents between -2^53 and 2^53 are."),
        (True, {"org:a": 1}, "true is not an amount; whole cents between -2^53 and 2^53 are."),
    ],
)
def test_what_cannot_divide_is_refused(amount: int, by: dict[str, Any], sentence: str) -> None:
    """A float never gets in, and neither does a split that would lose the amount."""
    with pytest.raises(BadFigure) as refused:
        split(amount, by)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("exact", "cents"),
    [("0.5", 1), ("-0.5", -1), ("1.5", 2), ("2.5", 3), ("2.499999999", 2), ("-2.5", -3), ("0", 0)],
)
def test_half_goes_away_from_zero(exact: str, cents: int) -> None:
    """Commercial rounding, not the banker's."""
    assert nearest_cent(Fraction(exact)) == cents
