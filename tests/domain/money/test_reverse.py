"""Corrections: stored shares are reversed in proportion to what is left of them, each cent once."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import BadFigure, SharingRule, exact_part, parse_rule, reverse
from tests.domain.money.rules import amounts, repeatable, rules
from tests.domain.money.test_share import divide


@repeatable
@given(rules, amounts)
def test_the_whole_is_exactly_what_is_left(rule: SharingRule, amount: int) -> None:
    """A whole reversal gives back every share as it was booked."""
    left = tuple((each, each.cents) for each in divide(rule, amount).shares)
    assert reverse(left, amount) == left


@repeatable
@given(rules, amounts, st.lists(st.fractions(0, 1), min_size=1, max_size=4))
def test_parts_never_take_more_than_is_left(rule: SharingRule, amount: int, parts: list[Fraction]) -> None:
    """However it is cut up, each cent is reversed once, and the last reversal empties the entry."""
    left = [(each, each.cents) for each in divide(rule, amount).shares]
    rest = amount
    for part in [*parts, Fraction(1)]:
        back = int(rest * part)
        reversed_now = reverse(left, back)
        assert sum(cents for _, cents in reversed_now) == back
        for (_, before), (_, cents) in zip(left, reversed_now, strict=True):
            assert 0 <= abs(cents) <= abs(before)
            assert cents * before >= 0
            assert rest == 0 or abs(cents - Fraction(before * back, rest)) < 1
        left = [(each, before - cents) for (each, before), (_, cents) in zip(left, reversed_now, strict=True)]
        rest -= back
    assert all(cents == 0 for _, cents in left)


def test_what_is_not_there_is_not_reversed() -> None:
    """More than is left, or the other sign, is refused with the figures."""
    rule = parse_rule({"steps": [{"take": "remaining", "to": {"split": {"org:a": "1", "org:b": "1"}}}]})
    left = [(each, each.cents) for each in divide(rule, 100).shares]
    for amount in (101, -1):
        with pytest.raises(BadFigure) as refused:
            reverse(left, amount)
        assert str(refused.value) == f"{amount} cents cannot be reversed: 100 cents are left of the entry."
    with pytest.raises(BadFigure) as refused:
        reverse([(left[0][0], 5), (left[1][0], -1)], 1)
    assert str(refused.value) == "Shares of both signs are left, but those of one amount all have its sign."


def test_ties_go_by_partner() -> None:
    """One cent of two equal shares: the first id's."""
    rule = parse_rule({"steps": [{"take": "remaining", "to": {"split": {"org:b": "1", "org:a": "1"}}}]})
    back = reverse([(each, each.cents) for each in divide(rule, 100).shares], 1)
    assert [(each.partner, cents) for each, cents in back] == [("org:b", 0), ("org:a", 1)]


@repeatable
@given(rules, amounts, st.lists(st.fractions(0, 1), max_size=4))
def test_exact_parts_sum_to_what_was_booked(rule: SharingRule, amount: int, parts: list[Fraction]) -> None:
    """Reversed in any number of parts, then the rest: each cent once, and each exact part as it was, nothing finer."""
    shares = divide(rule, amount).shares
    left = [(each, each.cents) for each in shares]
    rest, taken_exactly = amount, [Fraction() for _ in shares]
    for part in [*parts, Fraction(1)]:
        if amount and not rest:
            break
        back = int(rest * part)
        exact = [Fraction(exact_part(each.exact, back, amount)) for each in shares]
        assert sum(exact) == back
        assert all(
            each.denominator <= abs(amount or 1) * Fraction(s.exact).denominator
            for each, s in zip(exact, shares, strict=True)
        )
        taken_exactly = [before + now for before, now in zip(taken_exactly, exact, strict=True)]
        now = reverse(left, back)
        left = [(each, before - cents) for (each, before), (_, cents) in zip(left, now, strict=True)]
        rest -= back
    assert all(cents == 0 for _, cents in left)
    assert taken_exactly == [Fraction(each.exact) for each in shares]


def test_exact_parts_by_hand() -> None:
    """A third of 2/3 cents is 2/9; an entry of 0 cents goes back whole; more than it held does not."""
    assert exact_part("2/3", 1, 3) == "2/9"
    assert exact_part("-2/3", -3, -3) == "-2/3"
    assert exact_part("0/1", 0, 0) == "0/1"
    for taken, amount in ((101, 100), (-1, 100), (1, -100), (1, 0)):
        with pytest.raises(BadFigure) as refused:
            exact_part("1/1", taken, amount)
        assert str(refused.value) == f"{taken} cents cannot be taken back of an entry of {amount} cents."
