"""Creditor references carry the check digits that banks compute, and every spelling of one is brought to one form."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iso11649

from domain.money.references import BadReference, is_rf, plain, rf, viite

BASES = st.integers(min_value=100, max_value=10**19 - 1)


@pytest.mark.parametrize(
    ("base", "whole"),
    [(123, "1232"), (123456, "1234561"), (1234567890123456789, "12345678901234567894"), (100, "1009")],
)
def test_a_viite_ends_in_its_check_digit(base: int, whole: str) -> None:
    assert viite(base) == whole


@pytest.mark.parametrize("base", [0, 99, -123, 10**19])
def test_a_viite_is_made_of_three_to_nineteen_digits(base: int) -> None:
    with pytest.raises(BadReference) as refused:
        viite(base)
    said = "an integer of 64 bits" if base > 99 else base
    assert str(refused.value) == f"A viite is made of a number of 3 to 19 digits; {said} is not one."


@settings(max_examples=60)
@given(BASES)
def test_a_viite_and_its_rf_reference_are_checked_alike_by_an_independent_library(base: int) -> None:
    number = viite(base)
    assert is_rf(rf(number))
    assert iso11649.validate(rf(number)) == rf(number)
    assert plain(rf(number)) == number == plain(number)


@settings(max_examples=60)
@given(BASES, st.integers(min_value=0, max_value=18), st.integers(min_value=1, max_value=9))
def test_one_wrong_digit_is_noticed(base: int, place: int, step: int) -> None:
    number = viite(base)
    at = place % len(number)
    wrong = f"{number[:at]}{(int(number[at]) + step) % 10}{number[at + 1 :]}"
    assert plain(wrong) is None
    assert not is_rf(f"{rf(number)[:4]}{wrong}")


@settings(max_examples=100)
@given(st.text(alphabet="RF0123456789AZ", max_size=24).map(lambda rest: f"RF{rest}"))
def test_what_an_rf_reference_is_an_independent_library_says_too(text: str) -> None:
    assert not is_rf(text) or iso11649.is_valid(text)
    body = text[4:25]
    if body:
        check = next(n for n in range(2, 99) if iso11649.is_valid(f"RF{n:02d}{body}"))
        assert is_rf(f"rf{check:02d} {body.lower()}")


@pytest.mark.parametrize(
    ("spelled", "form"),
    [
        ("1232", "1232"),
        ("12 32", "1232"),
        ("00000000000000001232", "1232"),
        ("000000000000000001232", None),
        ("RF34 1234 561", "1234561"),
        ("rf34\u00a01234561", "1234561"),
        ("RF34 0000 1234 561", "1234561"),
        ("RF18 5390 0754 7034", "RF18539007547034"),
        ("rf47 12ab", None),
        ("1233", None),
        ("232", None),
        ("000", None),
        ("", None),
        ("\u0661\u0662\u0663\u0662", None),
        ("\uff32\uff2618539007547034", None),
    ],
)
def test_every_accepted_spelling_has_one_form(spelled: str, form: str | None) -> None:
    """A viite is told by its digits, also inside an RF reference, so that a payment is found however it was typed."""
    assert plain(spelled) == form


def test_an_rf_reference_that_holds_no_viite_stays_one() -> None:
    spelled = next(f"RF{n:02d}INV2019" for n in range(2, 99) if is_rf(f"RF{n:02d}INV2019"))
    assert plain(spelled.lower()) == spelled


def test_a_second_spelling_of_the_check_digits_is_none() -> None:
    """MOD 97-10 would let 00 pass for 97, 01 for 98 and 99 for 02."""
    body = next(str(n) for n in range(1, 999) if is_rf(f"RF97{n}"))
    assert iso11649.is_valid(f"RF00{body}")
    assert not is_rf(f"RF00{body}")


def test_only_a_viite_becomes_an_rf_reference() -> None:
    with pytest.raises(BadReference) as refused:
        rf("1233")
    assert str(refused.value) == '"1233" is not a viite; only a viite is turned into an RF reference.'
