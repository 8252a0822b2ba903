"""Cents as decimals of a euro, for formats that programs read."""

from decimal import Decimal


def in_euros(cents: int) -> Decimal:
    """Exact, with two decimals: -5 is -0.05; its text has no exponent and no group separators."""
    return Decimal(cents).scaleb(-2)
