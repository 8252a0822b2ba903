"""A payment is paid when a bank says so: what both accounts show counts once, and what does not fit ends on a list."""

from datetime import date
from typing import Any

import pytest

from domain.settlement.events import BankLineCleared, BankLineListed, PaymentOrdered, PaymentRecorded
from tests.domain.story import do
from tests.domain.test_settling import APRIL, A, C, id_of, planned, somebody_else
from tests.given_when_then import Given, asked

MAY = "2019-05-03T09:00:00+03:00"
LATER = asked(MAY)


def bank_line(n: int) -> str:
    return f"bank-line:{n:032x}"


def approved() -> Given:
    """A is to pay C 100.00."""
    return do(planned(), "approve-settlement", {"settlement": id_of(planned())}, somebody_else())


def payment() -> str:
    return next(e.payment for e in planned().history if isinstance(e, PaymentOrdered))


def line(n: int = 1, side: str = "payer", cents: int = 10000, on: str = "2019-04-23") -> dict[str, Any]:
    settlement = id_of(planned())
    return {
        "payment": payment(),
        "settlement": settlement,
        "bank_line": bank_line(n),
        "side": side,
        "cents": cents,
        "booked_on": on,
    }


def outcomes(*lines: tuple[str, int]) -> list[tuple[str, int]]:
    so_far = approved()
    for n, (side, cents) in enumerate(lines, 1):
        so_far = do(so_far, "record-payment", line(n, side, cents), LATER)
    return [(e.outcome, e.posted_cents) for e in so_far.history if isinstance(e, PaymentRecorded)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([("payer", 10000)], [("matched", 10000)]),
        ([("payer", 10000), ("payee", 10000)], [("matched", 10000), ("confirmed", 0)]),
        ([("payee", 10000), ("payer", 10000)], [("matched", 10000), ("confirmed", 0)]),
        ([("payer", 4000), ("payer", 6000)], [("part", 4000), ("matched", 6000)]),
        ([("payer", 4000), ("payee", 10000)], [("part", 4000), ("matched", 6000)]),
        ([("payer", 4000), ("payee", 4000), ("payee", 6000)], [("part", 4000), ("confirmed", 0), ("matched", 6000)]),
        ([("payer", 10001)], [("over", 10000)]),
        ([("payee", 10001)], [("over", 10001)]),
        ([("payer", 6000), ("payer", 6000)], [("part", 6000), ("over", 4000)]),
        ([("payer", 10000), ("payer", 10000)], [("matched", 10000), ("double", 0)]),
        (
            [("payer", 10000), ("payee", 10000), ("payer", 10000), ("payee", 10000)],
            [("matched", 10000), ("confirmed", 0), ("double", 0), ("double", 10000)],
        ),
    ],
)
def test_what_both_accounts_show_counts_once(lines: list[tuple[str, int]], expected: list[tuple[str, int]]) -> None:
    assert outcomes(*lines) == expected


def test_a_recorded_payment_stands_in_the_month_of_the_bank() -> None:
    event = do(approved(), "record-payment", line(), LATER).history[-1]
    assert event == PaymentRecorded(
        payment=payment(),
        settlement=id_of(planned()),
        bank_line=bank_line(1),
        side="payer",
        payer=A,
        payee=C,
        cents=10000,
        posted_cents=10000,
        outcome="matched",
        occurred_on=date(2019, 4, 23),
        period="2019-04",
        parties=(A, C),
    )


def test_nothing_is_recorded_before_the_settlement_is_approved() -> None:
    planned().when("record-payment", line(), LATER).then_refused(
        f"{payment()} belongs to {id_of(planned())}, which is not approved: nothing of it is to be paid yet. Approve it first."
    )
    approved().when("record-payment", {**line(), "settlement": "settlement:1"}, LATER).then_refused(
        f"{payment()} belongs to {id_of(planned())}, not to settlement:1."
    )


def test_a_line_read_again_changes_nothing() -> None:
    once = do(approved(), "record-payment", line(), LATER)
    once.when("record-payment", line(cents=5, side="payee"), LATER).then_refused(
        f"{bank_line(1)} was recognised already as {payment()} on 2019-04-23; it counts once."
    )


def test_a_payment_of_tomorrow_is_refused() -> None:
    approved().when("record-payment", line(on="2019-05-04"), LATER).then_refused(
        "A payment on 2019-05-04 lies in the future: today is 2019-05-03. Report it when it has happened."
    )


def test_each_side_records_what_its_own_account_shows_and_to_others_the_payment_does_not_exist() -> None:
    payer, payee, other = (asked(MAY, organisation=each) for each in (A, C, "org:b"))
    assert approved().when("record-payment", line(side="payer"), payer).events()
    assert approved().when("record-payment", line(side="payee"), payee).events()
    approved().when("record-payment", line(side="payee"), payer).then_refused(
        f"Only {C} or the coordinator may record what its account shows; you act for {A}."
    )
    approved().when("record-payment", line(), other).then_refused(f"There is no {payment()} here.")
    approved().when("record-payment", {**line(), "payment": "payment:1"}, LATER).then_refused(
        "There is no payment:1 here."
    )


def unknown(n: int = 7, **changes: object) -> dict[str, Any]:
    body = {
        "bank_line": bank_line(n),
        "organisation": C,
        "cents": 4200,
        "reference": "1000012",
        "payment": None,
        "reason": "unknown",
        "booked_on": "2019-04-24",
    }
    return {**body, **changes}


def test_a_line_that_fits_nothing_is_listed_once_and_cleared_once() -> None:
    listed = do(approved(), "list-bank-line", unknown(), asked(MAY, organisation=C))
    assert listed.history[-1] == BankLineListed(
        bank_line=bank_line(7),
        organisation=C,
        cents=4200,
        reference="1000012",
        payment=None,
        reason="unknown",
        booked_on=date(2019, 4, 24),
        parties=(C,),
    )
    listed.when("list-bank-line", unknown(), LATER).then_refused(
        f"{bank_line(7)} is on the list of {C} already, as unknown."
    )
    body = {"bank_line": bank_line(7), "how": "returned"}
    listed.when("clear-bank-line", body, asked(MAY, organisation=A)).then_refused(
        f"There is no {bank_line(7)} on the list here."
    )
    approved().when("clear-bank-line", body, LATER).then_refused(f"There is no {bank_line(7)} on the list here.")
    cleared = do(listed, "clear-bank-line", body, asked(MAY, organisation=C))
    assert cleared.history[-1] == BankLineCleared(
        bank_line=bank_line(7),
        organisation=C,
        how="returned",
        by="person:test",
        cleared_on=date(2019, 5, 3),
        parties=(C,),
    )
    cleared.when("clear-bank-line", body, LATER).then_refused(
        f"{bank_line(7)} was cleared on 2019-05-03 already: returned."
    )


def test_the_list_says_what_the_log_says_of_a_line() -> None:
    part = do(approved(), "record-payment", line(7, cents=4000), LATER)
    as_recorded = unknown(organisation=A, cents=-4000, payment=payment(), reason="part")
    assert part.when("list-bank-line", as_recorded, LATER).events()
    for wrong in (
        {"reason": "over"},
        {"cents": 4000},
        {"organisation": C},
        {"payment": None, "reason": "unknown"},
    ):
        part.when("list-bank-line", {**as_recorded, **wrong}, LATER).then_refused(
            f"{bank_line(7)} was recognised as {payment()} on the payer's side, 4000 cents, part; it is listed as that or not at "
            "all."
        )
    approved().when("list-bank-line", as_recorded, LATER).then_refused(
        f"{bank_line(7)} is not recorded for {payment()}; record it first, or list it as unknown without a payment."
    )
    approved().when("list-bank-line", unknown(reason="over"), LATER).then_refused(
        f"{bank_line(7)} is listed as over, but of which payment is not said; name it."
    )
    approved().when("list-bank-line", unknown(), asked(MAY, organisation=A)).then_refused(
        f"Only {C} or the coordinator may list a line of its account; you act for {A}."
    )
    approved().when("list-bank-line", unknown(booked_on="2019-05-04"), LATER).then_refused(
        "A bank's line on 2019-05-04 lies in the future: today is 2019-05-03. Report it when it has happened."
    )


def test_what_was_recorded_as_a_part_can_be_looked_after_though_nobody_listed_it() -> None:
    part = do(approved(), "record-payment", line(7, cents=4000), LATER)
    body = {"bank_line": bank_line(7), "how": "paid-later"}
    part.when("clear-bank-line", body, asked(MAY, organisation=C)).then_refused(
        f"There is no {bank_line(7)} on the list here."
    )
    (cleared,) = part.when("clear-bank-line", body, asked(MAY, organisation=A)).events()
    assert isinstance(cleared, BankLineCleared)
    assert (cleared.organisation, cleared.parties) == (A, (A,))
    whole = do(approved(), "record-payment", line(7), LATER)
    whole.when("clear-bank-line", body, LATER).then_refused(
        f"{bank_line(7)} stands recorded for {payment()} with 10000 cents, matched, and there is nothing to clear of it. Where the "
        "other account shows another sum of the payment, take one of the lines back with take-back-payment."
    )
    whole.when("clear-bank-line", body, asked(MAY, organisation=C)).then_refused(
        f"There is no {bank_line(7)} on the list here."
    )


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("returned", "was returned, take it back with take-back-payment as returned"),
        ("belongs-elsewhere", "belongs elsewhere, take it back with take-back-payment as wrong-line"),
    ],
)
def test_money_that_stands_recorded_went_nowhere_else(how: str, sentence: str) -> None:
    """Else what went back by the bank would be owed back once more."""
    asker = asked(MAY, organisation=A)
    twice = do(do(approved(), "record-payment", line(1), LATER), "record-payment", line(7), LATER)
    body = {"bank_line": bank_line(7), "how": how}
    twice.when("clear-bank-line", body, asker).then_refused(
        f"{bank_line(7)} stands recorded for {payment()} with 10000 cents, double, and counts as long as it does; if its money "
        f"{sentence}."
    )
    for other in ("paid-later", "kept-on-account"):
        assert twice.when("clear-bank-line", {**body, "how": other}, asker).events()
    reason = sentence.rpartition(" ")[2]
    back = {"payment": payment(), "bank_line": bank_line(7), "reason": reason, "booked_on": "2019-05-03"}
    gone = do(twice, "take-back-payment", back, asker)
    assert gone.when("clear-bank-line", body, asker).events()


def test_a_payment_made_in_april_is_paid_in_april() -> None:
    """The bank's day counts, not the day on which it is told; both days are shown."""
    assert APRIL < MAY
    event = do(approved(), "record-payment", line(on="2019-04-11"), LATER).history[-1]
    assert isinstance(event, PaymentRecorded)
    assert (event.period, event.occurred_on) == ("2019-04", date(2019, 4, 11))
