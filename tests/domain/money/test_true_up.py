"""Drift: cents that rounding has moved between partners come back, none is made, and it is over after that."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import DriftUnequal, SharingRule, split, true_up
from tests.domain.money.rules import amounts, repeatable, rules
from tests.domain.money.test_share import divide
from tests.domain.money.test_split import weightings

signed_totals = st.dictionaries(
    st.text("abcxyz", min_size=1, max_size=2), st.fractions(-1_000, 1_000, max_denominator=60), min_size=1, max_size=6
)


def booked_anyhow(exact: dict[str, Fraction], drawn: list[int]) -> dict[str, int]:
    """Any cents that sum to the same."""
    booked = dict(zip(exact, drawn, strict=False))
    last = next(reversed(exact))
    booked[last] = int(sum(exact.values())) - sum(cents for each, cents in booked.items() if each != last)
    return booked


def test_ten_sales_of_one_cent() -> None:
    """At 60/25/15 each cent goes to the first; over all ten that is four too many."""
    exact = {"org:a": Fraction(6), "org:b": Fraction(5, 2), "org:c": Fraction(3, 2)}
    assert true_up({"org:a": 10, "org:b": 0, "org:c": 0}, exact) == {"org:a": -4, "org:b": 3, "org:c": 1}


def test_who_was_booked_nothing_yet_and_who_is_due_nothing_any_more() -> None:
    """A partner left out has 0."""
    assert true_up({"org:b": 1}, {"org:a": Fraction(1)}) == {"org:a": 1, "org:b": -1}
    assert true_up({}, {}) == {}


def test_totals_of_both_signs() -> None:
    """After corrections of an earlier period: -1.5, 2.25 and 0.25 are -2, 2 and 0 by floors, and one cent is left over."""
    exact = {"org:a": Fraction(-3, 2), "org:b": Fraction(9, 4), "org:c": Fraction(1, 4)}
    assert true_up({"org:a": 0, "org:b": 1, "org:c": 0}, exact) == {"org:a": -1, "org:b": 1}


@repeatable
@given(signed_totals, st.lists(st.integers(-1_000, 1_000), max_size=6))
def test_a_true_up_moves_cents_and_settles_them(totals: dict[str, Fraction], drawn: list[int]) -> None:
    """Zero-sum, everybody within a cent of the exact total, the mirror image mirrored, and none is due after it."""
    exact = {**totals, "~": -sum(totals.values(), Fraction()) % 1}
    booked = booked_anyhow(exact, drawn)
    moved = true_up(booked, exact)
    assert sum(moved.values()) == 0
    assert 0 not in moved.values()
    assert list(moved) == sorted(moved)
    after = {each: cents + moved.get(each, 0) for each, cents in booked.items()}
    after.update({each: cents for each, cents in moved.items() if each not in booked})
    for each, total in exact.items():
        assert abs(after.get(each, 0) - total) < 1
        assert total.denominator > 1 or after.get(each, 0) == total
    assert true_up(after, exact) == {}
    shuffled = dict(reversed(exact.items()))
    assert true_up(booked, shuffled) == moved
    if sum(exact.values()):
        mirrored = true_up({k: -c for k, c in booked.items()}, {k: -t for k, t in exact.items()})
        assert mirrored == {each: -cents for each, cents in moved.items()}


@repeatable
@given(amounts, weightings)
def test_one_split_alone_is_never_trued_up(amount: int, by: dict[str, str]) -> None:
    """A split, or its credit, is by largest remainder itself."""
    total = sum(Fraction(weight) for weight in by.values())
    assert true_up(split(amount, by), {each: amount * Fraction(weight) / total for each, weight in by.items()}) == {}


@repeatable
@given(rules, st.lists(amounts.filter(lambda cents: abs(cents) < 10**9), max_size=3))
def test_entries_of_any_rule_can_be_trued_up(rule: SharingRule, sales: list[int]) -> None:
    """Stored cents and stored exact parts of the same entries always belong together."""
    booked: dict[str, int] = {}
    exact: dict[str, Fraction] = {}
    for each in [share for amount in sales for share in divide(rule, amount).shares]:
        booked[each.partner] = booked.get(each.partner, 0) + each.cents
        exact[each.partner] = exact.get(each.partner, Fraction()) + Fraction(each.exact)
    moved = true_up(booked, exact)
    assert sum(moved.values()) == 0
    assert all(abs(booked[each] + moved.get(each, 0) - total) < 1 for each, total in exact.items())


def test_totals_of_different_entries_are_refused() -> None:
    with pytest.raises(DriftUnequal) as refused:
        true_up({"org:a": 10}, {"org:a": Fraction(19, 2)})
    assert str(refused.value) == (
        "10 cents were booked, but the exact totals sum to 19/2; a true-up moves cents between partners and makes none, "
        "so both must be of the same entries."
    )
