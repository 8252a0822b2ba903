"""Whoever is no party of a payment does not learn from a bank's file that its reference exists."""

from collections.abc import Callable

import pytest

from examples.kymenlaakso.bank_statement import Payment
from tests.bank.settled import CURSOR, EKAMI
from tests.bank.settled_world import SettledWorld, file_of
from tests.bank.test_intake import ended, paid, payer, referring, take_in


@pytest.mark.parametrize("shown", [paid, referring], ids=["by its id", "by its reference"])
def test_a_payment_of_others_is_as_unknown_as_none(january: SettledWorld, shown: Callable[..., Payment]) -> None:
    """The coordinator, who sees every payment, is told what is wrong; whoever pays or is paid too."""
    of_others = file_of(CURSOR, shown(january, EKAMI, 70_000))
    assert ended(take_in(january, of_others, payer(CURSOR))) == [("unknown", True, "unknown-reference")]
    assert ended(take_in(january, file_of(CURSOR, shown(january, EKAMI, 69_000, "2")))) == [
        ("unknown", True, "other-account")
    ]
    backwards = file_of(EKAMI, shown(january, EKAMI, -70_000))
    assert ended(take_in(january, backwards, payer(EKAMI))) == [("unknown", True, "wrong-direction")]
