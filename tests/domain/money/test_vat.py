"""VAT: once per document and rate, and each line's part of it, so that lines and document say the same."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import BadFigure, nearest_cent, portions_of_vat, vat_of
from tests.domain.money.rules import repeatable

rates = st.sampled_from(["0", "10", "13.5", "14", "22", "23", "24", "25.5", "100"])
lines = st.lists(st.integers(-100_000, 100_000), max_size=12)


@pytest.mark.parametrize(
    ("base", "rate", "vat"),
    [
        (10_000, "25.5", 2_550),
        (10_000, "24", 2_400),
        (2, "25", 1),
        (1, "24", 0),
        (10, "25.5", 3),
        (-2, "25", -1),
        (-10, "25.5", -3),
        (0, "24", 0),
        (10_000, "0", 0),
    ],
)
def test_vat_goes_half_away_from_zero(base: int, rate: str, vat: int) -> None:
    """Half a cent of VAT is a cent, of a credit note too."""
    assert vat_of(base, rate) == vat


def test_lines_that_would_drift_by_themselves() -> None:
    """Ten lines of 0.02 at 25 % are 0.05 together; each by itself would be 0.01, together 0.10."""
    assert portions_of_vat([2] * 10, "25") == [1, 0, 1, 0, 1, 0, 1, 0, 1, 0]
    assert vat_of(20, "25") == 5


@repeatable
@given(lines, rates)
def test_the_parts_of_lines_sum_to_the_document_s(amounts: list[int], rate: str) -> None:
    """Of either sign; each is off its own by a cent at most, a credit mirrors, and later lines change no earlier part."""
    parts = portions_of_vat(amounts, rate)
    assert sum(parts) == vat_of(sum(amounts), rate)
    for line, part in zip(amounts, parts, strict=True):
        assert abs(part - line * Fraction(rate) / 100) <= 1
    assert portions_of_vat([-line for line in amounts], rate) == [-part for part in parts]
    assert portions_of_vat(amounts[:3], rate) == parts[:3]


@repeatable
@given(st.integers(-(2**53) + 1, 2**53 - 1), rates)
def test_one_line_is_the_whole_document(base: int, rate: str) -> None:
    assert portions_of_vat([base], rate) == [vat_of(base, rate)] == [nearest_cent(base * Fraction(rate) / 100)]


@pytest.mark.parametrize(
    ("base", "rate", "sentence"),
    [
        (1, "-1", 'The VAT rate is "-1", but must be from 0 to 100 percent.'),
        (1, "100.01", 'The VAT rate is "100.01", but must be from 0 to 100 percent.'),
        (
            1,
            25.5,
            (
                'the float 25.5 is not an exact decimal in a string, such as "37.5", with up to 12 digits before the point '
                "and 9 after it."
            ),
        ),
        (1.0, "24", "the float 1.0 is not an amount; whole cents between -2^53 and 2^53 are."),
    ],
)
def test_what_is_not_exact_is_refused(base: int, rate: str, sentence: str) -> None:
    for compute in (lambda: vat_of(base, rate), lambda: portions_of_vat([base], rate)):
        with pytest.raises(BadFigure) as refused:
            compute()
        assert str(refused.value) == sentence
