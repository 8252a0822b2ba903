"""A bank's line is looked after by whose account it is of, anew whenever it turns out to be something else."""

import pytest

from domain.kernel import Asked
from domain.settlement.events import BankLineCleared
from tests.domain.story import do
from tests.domain.test_payments import LATER, MAY, approved, bank_line, line, payment, unknown
from tests.domain.test_settling import A, C
from tests.given_when_then import Given, asked

LAB, STRANGER = "org:c-lab", "org:b"
PAYER, PAYEE, UNIT, THIRD = (asked(MAY, organisation=each) for each in (A, C, LAB, STRANGER))
TAKEN = f"The id {bank_line(7)} is taken already; give your line an id of its own."


def clearing(how: str = "kept-on-account") -> dict[str, str]:
    return {"bank_line": bank_line(7), "how": how}


def with_unit() -> Given:
    """The payee has a unit, and both have one account."""
    so_far = approved()
    for organisation, person in ((C, None), (LAB, C)):
        registered = {"organisation": organisation, "name": {"fi": "Nimi"}, "kind": "other", "unit_of": person}
        so_far = do(so_far, "register-organisation", registered, LATER)
    return so_far


def going_back() -> dict[str, object]:
    """Line 7 shows that line 1 went back."""
    body = {"payment": payment(), "bank_line": bank_line(1), "reason": "returned", "booked_on": "2019-04-24"}
    return {**body, "shown_by": bank_line(7)}


@pytest.mark.parametrize(("cents", "outcome"), [(10000, "double"), (10001, "double"), (4000, "part"), (10002, "over")])
def test_what_was_cleared_as_unknown_is_looked_after_anew_as_what_it_is_recorded_as(cents: int, outcome: str) -> None:
    so_far = approved() if outcome != "double" else do(approved(), "record-payment", line(1), LATER)
    so_far = do(so_far, "list-bank-line", unknown(organisation=A), PAYER)
    so_far = do(so_far, "clear-bank-line", clearing("returned"), PAYER)
    so_far = do(so_far, "record-payment", line(7, cents=cents), PAYER)
    so_far = do(so_far, "clear-bank-line", clearing(), PAYER)
    so_far.when("clear-bank-line", clearing(), PAYER).then_refused(
        f"{bank_line(7)} was cleared on 2019-05-03 already: kept-on-account."
    )


def test_who_shares_an_account_lists_a_line_and_whose_payment_it_turns_out_to_be_looks_after_it() -> None:
    listed = do(with_unit(), "list-bank-line", unknown(organisation=LAB), UNIT)
    part = do(listed, "record-payment", line(7, "payee", 4000), PAYEE)
    part.when("clear-bank-line", clearing(), UNIT).then_refused(f"There is no {bank_line(7)} on the list here.")
    (cleared,) = part.when("clear-bank-line", clearing(), PAYEE).events()
    assert isinstance(cleared, BankLineCleared)
    assert (cleared.organisation, cleared.parties) == (C, (C,))


def test_what_shows_that_money_went_back_is_looked_after_with_the_line_that_it_went_back_of() -> None:
    """Whatever was said of it before: nothing is said of it a second time."""
    listed = do(do(approved(), "record-payment", line(1), LATER), "list-bank-line", unknown(organisation=A), PAYER)
    for before in (listed, do(listed, "clear-bank-line", clearing("belongs-elsewhere"), PAYER)):
        shows = do(before, "take-back-payment", going_back(), PAYER)
        shows.when("clear-bank-line", clearing(), LATER).then_refused(f"There is no {bank_line(7)} on the list here.")
        assert shows.when("clear-bank-line", {"bank_line": bank_line(1), "how": "returned"}, PAYER).events()


@pytest.mark.parametrize("by", [PAYER, LATER], ids=["its payer", "the coordinator"])
def test_a_line_on_the_list_of_somebody_else_s_account_is_nobody_else_s_payment_or_return(by: Asked) -> None:
    paid = do(with_unit(), "record-payment", line(1), LATER)
    for other in (STRANGER, C, LAB):
        listed = do(paid, "list-bank-line", unknown(organisation=other), asked(MAY, organisation=other))
        for so_far in (listed, do(listed, "clear-bank-line", clearing(), LATER)):
            so_far.when("record-payment", line(7), by).then_refused(TAKEN)
            so_far.when("take-back-payment", going_back(), by).then_refused(TAKEN)


def test_units_of_one_legal_person_have_one_account_and_so_has_the_person() -> None:
    paid = do(with_unit(), "record-payment", line(1, "payee"), LATER)
    for unit in (C, LAB):
        listed = do(paid, "list-bank-line", unknown(organisation=unit), asked(MAY, organisation=unit))
        assert listed.when("record-payment", line(7, "payee"), PAYEE).events()
        assert listed.when("take-back-payment", going_back(), PAYEE).events()


def test_of_listing_and_recording_at_the_same_time_the_second_sees_the_first() -> None:
    """Each reads what the other would write, so the log lets one of them in and the other looks again."""
    both = (("list-bank-line", unknown(organisation=STRANGER), THIRD), ("record-payment", line(7), PAYER))
    for first, second in (both, both[::-1]):
        do(approved(), *first).when(*second).then_refused(TAKEN)
