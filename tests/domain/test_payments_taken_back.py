"""What a bank's line was recorded as can be taken back, once, by whom it concerns; then the payment is open again."""

from datetime import date
from typing import Any

import pytest

from domain.settlement.events import PaymentOrdered, PaymentRecorded, PaymentTakenBack
from tests.domain.story import do
from tests.domain.test_payments import LATER, MAY, approved, bank_line, line, payment, unknown
from tests.domain.test_settling import APRIL, POLICY, A, C, id_of, order, pair, plan, planned, settled, somebody_else
from tests.given_when_then import Given, asked

B = "org:b"
PAYER, PAYEE, STRANGER = (asked(MAY, organisation=each) for each in (A, C, B))


def back(n: int = 1, reason: str = "returned", on: str = "2019-04-24", **more: object) -> dict[str, Any]:
    return {"payment": payment(), "bank_line": bank_line(n), "reason": reason, "booked_on": on, **more}


def recorded(*lines: tuple[str, int]) -> Given:
    """Lines of either side, numbered from 1."""
    so_far = approved()
    for n, (side, cents) in enumerate(lines, 1):
        so_far = do(so_far, "record-payment", line(n, side, cents), LATER)
    return so_far


def returned() -> Given:
    return do(recorded(("payer", 10000)), "take-back-payment", back(shown_by=bank_line(9)), PAYER)


def taken(so_far: Given) -> list[tuple[str, int]]:
    return [(e.bank_line, e.posted_cents) for e in so_far.history if isinstance(e, PaymentTakenBack)]


def test_what_is_taken_back_says_what_leaves_and_which_posting_it_corrects() -> None:
    assert returned().history[-1] == PaymentTakenBack(
        payment=payment(),
        settlement=id_of(planned()),
        bank_line=bank_line(1),
        side="payer",
        payer=A,
        payee=C,
        cents=10000,
        posted_cents=10000,
        reason="returned",
        shown_by=bank_line(9),
        corrects=bank_line(1),
        corrects_period="2019-04",
        by="person:test",
        occurred_on=date(2019, 4, 24),
        period="2019-04",
        parties=(A, C),
    )


def test_the_payee_contests_what_its_own_account_does_not_show() -> None:
    """A payer's own line alone discharges nothing for good: the payment is open again, and is paid again by another line."""
    contested = do(recorded(("payer", 10000)), "take-back-payment", back(reason="not-received"), PAYEE)
    assert taken(contested) == [(bank_line(1), 10000)]
    event = do(contested, "record-payment", line(2, "payee"), PAYEE).history[-1]
    assert isinstance(event, PaymentRecorded)
    assert (event.outcome, event.posted_cents) == ("matched", 10000)


def test_what_the_payee_s_account_shows_cannot_be_contested() -> None:
    confirmed = recorded(("payer", 10000), ("payee", 10000))
    confirmed.when("take-back-payment", back(reason="not-received"), PAYEE).then_refused(
        f"The account of {C} shows 10000 cents of {payment()} itself, so {bank_line(1)} adds nothing that was not received; take "
        "the payee's line back where that is wrong."
    )
    recorded(("payee", 10000)).when("take-back-payment", back(reason="not-received"), PAYEE).then_refused(
        f"{bank_line(1)} is a line of the payee {C} itself; take it back as returned or as a wrong line."
    )
    less = do(recorded(("payer", 10000), ("payee", 9500)), "take-back-payment", back(reason="not-received"), PAYEE)
    assert taken(less) == [(bank_line(1), 500)]


@pytest.mark.parametrize("first", [1, 2])
def test_what_both_accounts_show_is_open_again_when_both_show_it_going_back(first: int) -> None:
    """It leaves with the second, whichever that is, and corrects the one line that it stood on."""
    both = recorded(("payer", 10000), ("payee", 10000))
    once = do(both, "take-back-payment", back(first), LATER)
    twice = do(once, "take-back-payment", back(3 - first), LATER)
    assert taken(twice) == [(bank_line(first), 0), (bank_line(3 - first), 10000)]
    last = twice.history[-1]
    assert isinstance(last, PaymentTakenBack)
    assert last.corrects == bank_line(1)


def test_no_more_goes_back_than_was_known_to_be_paid() -> None:
    """Of what a payer says it paid beyond the order nothing was posted, so nothing of it leaves."""
    over = recorded(("payer", 15000))
    assert taken(do(over, "take-back-payment", back(reason="wrong-line"), PAYER)) == [(bank_line(1), 10000)]
    twice = recorded(("payer", 10000), ("payer", 10000))
    assert taken(do(twice, "take-back-payment", back(2, "wrong-line"), PAYER)) == [(bank_line(2), 0)]
    assert taken(do(twice, "take-back-payment", back(1, "wrong-line"), PAYER)) == [(bank_line(1), 0)]


def test_a_line_is_taken_back_once_and_read_again_it_changes_nothing() -> None:
    gone = do(recorded(("payer", 10000)), "take-back-payment", back(), PAYER)
    gone.when("take-back-payment", back(reason="wrong-line"), LATER).then_refused(
        f"{bank_line(1)} was taken back from {payment()} on 2019-04-24 already, as returned."
    )
    gone.when("record-payment", line(), LATER).then_refused(
        f"{bank_line(1)} was taken back from {payment()} on 2019-04-24 as returned; it is recorded for no payment any more."
    )


def two_payments() -> tuple[Given, PaymentOrdered, PaymentOrdered]:
    """A is to pay B and C 100.00 each."""
    so_far = settled()
    for second in (B, C):
        so_far = do(so_far, "net-pair", pair(so_far, A, second, 10000, 0, 10000, 0), POLICY)
    for number, payee in enumerate((B, C), 1):
        so_far = do(so_far, "order-payment", order(so_far, A, payee, 10000, number), POLICY)
    so_far = do(so_far, "plan-settlement", plan(so_far, 2, 2, 20000), POLICY)
    so_far = do(so_far, "approve-settlement", {"settlement": id_of(so_far)}, somebody_else())
    one, other = (e for e in so_far.history if isinstance(e, PaymentOrdered))
    return so_far, one, other


def test_a_wrong_line_is_recorded_as_what_it_is_and_as_nothing_else() -> None:
    so_far, one, other = two_payments()
    body = {**line(), "settlement": one.settlement}
    so_far = do(so_far, "record-payment", {**body, "payment": one.payment}, PAYER)
    so_far = do(so_far, "take-back-payment", back(reason="wrong-line", payment=one.payment), PAYER)
    so_far.when("record-payment", {**body, "payment": one.payment}, PAYER).then_refused(
        f"{bank_line(1)} was taken back from {one.payment} on 2019-04-24 as wrong-line; if it is of that payment all the same, record "
        "it under another id."
    )
    so_far.when("record-payment", {**body, "payment": other.payment, "cents": 9000}, PAYER).then_refused(
        f"{bank_line(1)} is a line of the payer {A} of 10000 cents on 2019-04-23; it is recorded as that or not at all."
    )
    event = do(so_far, "record-payment", {**body, "payment": other.payment}, PAYER).history[-1]
    assert isinstance(event, PaymentRecorded)
    assert (event.payment, event.outcome, event.posted_cents) == (other.payment, "matched", 10000)


def test_each_side_says_what_its_own_account_shows_and_to_others_there_is_nothing() -> None:
    paid = recorded(("payer", 10000))
    paid.when("take-back-payment", back(), PAYEE).then_refused(
        f"Only {A} or the coordinator may take back a line of its account; you act for {C}."
    )
    paid.when("take-back-payment", back(reason="not-received"), PAYER).then_refused(
        f"Only {C} or the coordinator may say what its account did not receive; you act for {A}."
    )
    paid.when("take-back-payment", back(), STRANGER).then_refused(f"There is no {payment()} here.")
    paid.when("take-back-payment", back(2), PAYER).then_refused(
        f"{bank_line(2)} is not recorded for {payment()}, so nothing of it can be taken back."
    )
    for reason in ("returned", "not-received", "wrong-line"):
        assert paid.when("take-back-payment", back(reason=reason), LATER).events()


def test_nothing_goes_back_before_it_was_paid_or_tomorrow() -> None:
    paid = recorded(("payer", 10000))
    paid.when("take-back-payment", back(on="2019-04-22"), PAYER).then_refused(
        f"{bank_line(1)} was booked on 2019-04-23; it cannot be taken back on 2019-04-22, before that."
    )
    paid.when("take-back-payment", back(on="2019-05-04"), PAYER).then_refused(
        "A return on 2019-05-04 lies in the future: today is 2019-05-03. Report it when it has happened."
    )


def test_a_line_that_shows_money_going_back_shows_that_alone() -> None:
    paid = recorded(("payer", 4000), ("payer", 6000))
    paid.when("take-back-payment", back(1, "wrong-line", shown_by=bank_line(9)), PAYER).then_refused(
        f"{bank_line(9)} shows money going back, but wrong-line is no return; take it back as returned."
    )
    gone = do(paid, "take-back-payment", back(1, shown_by=bank_line(9)), PAYER)
    for used in (2, 9):
        gone.when("take-back-payment", back(2, shown_by=bank_line(used)), PAYER).then_refused(
            f"{bank_line(used)} was recognised already as something else, so it does not show that money went back."
        )
    gone.when("record-payment", line(9), LATER).then_refused(
        f"{bank_line(9)} shows that {payment()} was returned; it is no payment."
    )
    gone.when("list-bank-line", unknown(9), LATER).then_refused(
        f"{bank_line(9)} shows that {payment()} was returned; {bank_line(1)} is on the list."
    )


def test_what_is_taken_back_is_on_the_list_and_is_looked_after_once() -> None:
    """Also where it had been looked after as a part before."""
    part = do(recorded(("payer", 4000)), "clear-bank-line", {"bank_line": bank_line(1), "how": "paid-later"}, PAYER)
    gone = do(part, "take-back-payment", back(), PAYER)
    gone.when("list-bank-line", unknown(1), LATER).then_refused(
        f"{bank_line(1)} was taken back from {payment()} as returned, and is on the list as that already."
    )
    looked_after = do(gone, "clear-bank-line", {"bank_line": bank_line(1), "how": "returned"}, PAYER)
    looked_after.when("clear-bank-line", {"bank_line": bank_line(1), "how": "returned"}, PAYER).then_refused(
        f"{bank_line(1)} was cleared on 2019-05-03 already: returned."
    )


def test_whom_a_line_does_not_concern_hears_no_more_than_that_its_id_is_taken() -> None:
    so_far, one, other = two_payments()
    body = {**line(), "settlement": one.settlement}
    sentence = f"The id {bank_line(1)} is taken already; give your line an id of its own."
    paid = do(so_far, "record-payment", {**body, "payment": one.payment}, PAYER)
    paid.when("record-payment", {**body, "payment": other.payment, "side": "payee"}, PAYEE).then_refused(sentence)
    paid.when("list-bank-line", unknown(1), PAYEE).then_refused(sentence)
    paid.when("clear-bank-line", {"bank_line": bank_line(1), "how": "returned"}, PAYEE).then_refused(
        f"There is no {bank_line(1)} on the list here."
    )
    listed = do(so_far, "list-bank-line", unknown(1, organisation=B), STRANGER)
    listed.when("list-bank-line", unknown(1), PAYEE).then_refused(sentence)
    gone = do(paid, "take-back-payment", back(payment=one.payment, shown_by=bank_line(9)), PAYER)
    nine = f"The id {bank_line(9)} is taken already; give your line an id of its own."
    gone.when(
        "record-payment", {**body, "payment": other.payment, "side": "payee", "bank_line": bank_line(9)}, PAYEE
    ).then_refused(nine)
    gone.when("list-bank-line", unknown(9), PAYEE).then_refused(nine)
    mine = do(
        gone, "record-payment", {**body, "payment": other.payment, "side": "payee", "bank_line": bank_line(2)}, PAYEE
    )
    theirs = back(2, payment=other.payment, shown_by=bank_line(9))
    mine.when("take-back-payment", theirs, PAYEE).then_refused(nine)


@pytest.mark.parametrize("day", ["0001-01-01", "0300-05-05", "2018-12-31"])
def test_a_bank_s_line_is_not_older_than_the_books(day: str) -> None:
    approved().when("record-payment", line(on=day), LATER).then_refused(
        f"A payment on {day} lies before 2019-01, with which the books of the network begin; give the day that the bank says."
    )
    approved().when("list-bank-line", unknown(booked_on=day), LATER).then_refused(
        f"A bank's line on {day} lies before 2019-01, with which the books of the network begin; give the day that the bank says."
    )


def test_what_is_taken_back_late_stands_in_the_month_that_is_open() -> None:
    assert APRIL < MAY
    event = do(recorded(("payer", 10000)), "take-back-payment", back(on="2019-05-02"), PAYER).history[-1]
    assert isinstance(event, PaymentTakenBack)
    assert (event.corrects_period, event.period) == ("2019-04", "2019-05")
