"""Money that goes back is read from the bank's file as what it is: the payment is open again, and somebody looks after it."""

import pytest

from examples.kymenlaakso.bank_statement import Entry, Payment, Statement, camt053
from projections.settlement_bank_lines import worklist
from projections.settlement_views import payment_of
from projections.settlements import settlements
from tests.bank.settled import EKAMI, IBANS, XAMK, ordered
from tests.bank.settled_world import MADE_AT, PAID_ON, SettledWorld, file_of
from tests.bank.test_intake import ended, paid, payer, take_in
from tests.http.world import run


def returned(organisation: str, *payments: Payment) -> bytes:
    """A statement of an account on which the bank takes back what it had booked."""
    entries = tuple(
        Entry(PAID_ON, (payment,), bank_reference=f"190221R{n}", is_reversal=True) for n, payment in enumerate(payments)
    )
    return camt053("M-2", MADE_AT, Statement("S-2", IBANS[organisation], entries, opening_cents=1_000_000))


def on_the_list(world: SettledWorld) -> list[tuple[str, int, str | None, int | None, int | None]]:
    found = run(world.views.ask(settlements, lambda rows: worklist(rows, None))).value
    return [(x.organisation, x.cents, x.reason, x.payer_cents, x.payee_cents) for x in found]


def known(world: SettledWorld, payee: str = EKAMI) -> tuple[str, int]:
    payment = run(ordered(world))[payee].payment
    found = run(world.views.ask(settlements, lambda rows: payment_of(rows, payment, None))).value
    assert found is not None
    return found[0].state, found[0].paid_cents


def test_what_the_payer_s_bank_takes_back_is_open_again_and_read_twice_nothing_changes(january: SettledWorld) -> None:
    take_in(january, file_of(XAMK, paid(january, EKAMI, -70_000)))
    assert known(january) == ("paid", 70_000)
    body = returned(XAMK, paid(january, EKAMI, 70_000))
    assert ended(take_in(january, body)) == [("returned", False, None)]
    assert known(january) == ("approved", 0)
    assert on_the_list(january) == [(XAMK, -70_000, "returned", 0, 0)]
    head = january.head
    for again in (body, file_of(XAMK, paid(january, EKAMI, -70_000))):
        assert [line.outcome for line in take_in(january, again, payer(XAMK)).lines] == ["recognised"]
    assert january.head == head


def test_what_both_banks_take_back_is_taken_back_of_both(january: SettledWorld) -> None:
    """As long as one of them has not said so, the two accounts do not say the same."""
    take_in(january, file_of(XAMK, paid(january, EKAMI, -70_000)))
    take_in(january, file_of(EKAMI, paid(january, EKAMI, 70_000)))
    assert ended(take_in(january, returned(EKAMI, paid(january, EKAMI, -70_000)))) == [("returned", False, None)]
    assert known(january) == ("paid", 70_000)
    assert ended(take_in(january, returned(XAMK, paid(january, EKAMI, 70_000)))) == [("returned", False, None)]
    assert known(january) == ("approved", 0)


def test_one_file_may_record_and_take_back(january: SettledWorld) -> None:
    out, back = paid(january, EKAMI, -70_000, "1"), paid(january, EKAMI, 70_000, "2")
    entries = (Entry(PAID_ON, (back,), "2", is_reversal=True), Entry(PAID_ON, (out,), "1"))
    body = camt053("M", MADE_AT, Statement("S", IBANS[XAMK], entries, opening_cents=1_000_000))
    assert ended(take_in(january, body)) == [("returned", False, None), ("matched", False, None)]
    assert [line.outcome for line in take_in(january, body).lines] == ["recognised"] * 2


@pytest.mark.parametrize(("cents", "reason"), [(69_999, "nothing-to-return"), (-70_000, "wrong-direction")])
def test_what_takes_back_nothing_that_is_recorded_is_unknown(january: SettledWorld, cents: int, reason: str) -> None:
    take_in(january, file_of(XAMK, paid(january, EKAMI, -70_000)))
    assert ended(take_in(january, returned(XAMK, paid(january, EKAMI, cents)))) == [("unknown", True, reason)]
    assert known(january) == ("paid", 70_000)


def test_a_return_that_was_read_before_its_payment_fits_when_that_is_read(january: SettledWorld) -> None:
    body = returned(XAMK, paid(january, EKAMI, 70_000))
    assert ended(take_in(january, body)) == [("unknown", True, "nothing-to-return")]
    take_in(january, file_of(XAMK, paid(january, EKAMI, -70_000)))
    assert ended(take_in(january, body)) == [("returned", False, None)]
    assert on_the_list(january) == [(XAMK, -70_000, "returned", 0, 0)]


def test_accounts_that_contradict_each_other_are_listed_with_both_sums(january: SettledWorld) -> None:
    take_in(january, file_of(XAMK, paid(january, EKAMI, -70_000)))
    assert on_the_list(january) == [], "one account alone contradicts nobody"
    take_in(january, file_of(EKAMI, paid(january, EKAMI, 69_500)))
    assert on_the_list(january) == [
        (XAMK, -70_000, "contradicted", 70_000, 69_500),
        (EKAMI, 69_500, "contradicted", 70_000, 69_500),
    ]
    take_in(january, file_of(EKAMI, paid(january, EKAMI, 500, "rest"), message="M-9"))
    assert on_the_list(january) == []
