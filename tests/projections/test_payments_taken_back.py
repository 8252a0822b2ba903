"""A payment that is taken back stands on both statements, against the line it corrects, and is to be paid again."""

import pytest

from domain.kernel import Event
from domain.money import Language
from domain.settlement.events import PaymentOrdered
from projections.settlement_bank_lines import bank_line_of, worklist
from projections.settlement_views import balances, payment_of, settlements_of
from projections.settlements import settlements
from projections.statement import account_of, totals
from projections.statement_lines import lines_of
from projections.statement_text import text_of
from projections.statements import statements
from tests.projections.booked import (
    AGREEMENT,
    CURSOR,
    EKAMI,
    KSAO,
    XAMK,
    books,
    closed,
    founded,
    ordered,
    paid,
    recorded,
    shared,
    taken_back,
)
from tests.projections.same import Ground, assert_same
from tests.projections.settled_month import APRIL, CHAIN, MARCH, booked, owed, payments
from tests.projections.settling import World
from tests.projections.settling import paid as of_order


def history(period: str) -> list[Event]:
    """Paid in March; taken back in March too, or in April after that was closed."""
    told: list[Event] = [*founded(), shared("entry:1", {EKAMI: 7000}), ordered(), paid()]
    back = taken_back(period=period)
    return [*told, back, closed()] if period == MARCH else [*told, closed(), back]


@pytest.mark.parametrize("period", [MARCH, APRIL])
def test_it_is_a_line_of_both_with_the_other_sign_that_points_to_the_first(period: str) -> None:
    rows = books(history(period))
    for partner, cents in ((XAMK, 3000), (EKAMI, -3000)):
        first = next(x for x in lines_of(rows, partner, MARCH) if x.kind == "payment")
        (line,) = [x for x in lines_of(rows, partner, period) if x.kind == "payment" and x.corrects]
        assert (first.cents, line.cents, line.corrects, line.entry) == (cents, -cents, f"{MARCH}/{first.n}", None)
        account = account_of(rows, partner, APRIL)
        assert account is not None
        assert account.closing_cents == (-7000 if partner == XAMK else 7000), "as if nothing had been paid"
    assert sum(total.closing_cents for total in totals(rows, period)) == 0


@pytest.mark.parametrize("period", [MARCH, APRIL])
def test_live_rebuilt_and_in_memory_are_the_same(ground: Ground, period: str) -> None:
    for projection in (statements, settlements):
        own = [(at, event) for at, event in recorded(history(period)) if type(event) in projection.facts]
        assert_same(ground, projection, own, cuts=(1,), keep=0)


@pytest.mark.parametrize(
    ("language", "payer", "payee"),
    [
        (
            "fi",
            "Maksu saajalle B peruttiin 18.3.2019: 30,00 € maksusta 38,00 € ({line}) ei ole maksettu, raha palautui.",
            "Maksu maksajalta B peruttiin 18.3.2019: 30,00 € maksusta 38,00 € ({line}) ei ole maksettu, raha palautui.",
        ),
        (
            "sv",
            "Betalningen till B togs tillbaka {day}: 30,00 € av betalningen på 38,00 € ({line}) är inte betalt, pengarna gick tillbaka.",
            "Betalningen från B togs tillbaka {day}: 30,00 € av betalningen på 38,00 € ({line}) är inte betalt, pengarna gick tillbaka.",
        ),
        (
            "en",
            "Payment to B taken back on 18 March 2019: €30.00 of the €38.00 ordered ({line}) is not paid, the money went back.",
            "Payment from B taken back on 18 March 2019: €30.00 of the €38.00 ordered ({line}) is not paid, the money went back.",
        ),
    ],
)
def test_it_says_so(language: Language, payer: str, payee: str) -> None:
    rows = books(history(APRIL))
    for partner, said in ((XAMK, payer), (EKAMI, payee)):
        (back,) = lines_of(rows, partner, APRIL)
        assert text_of(back, "B", language).replace("\N{NO-BREAK SPACE}", " ") == said.format(
            line=paid().bank_line, day="18.3.2019"
        )


def chained() -> tuple[World, PaymentOrdered]:
    """Ekami has to pay xamk 60.00, and its bank shows that it has."""
    world = booked("multilateral", *CHAIN)
    world.pay(world.settle(MARCH))
    (payment,) = world.of(PaymentOrdered)
    return world, payment


def back(payment: PaymentOrdered, reason: str = "returned") -> dict[str, str]:
    line = of_order(payment)["bank_line"]
    return {"payment": payment.payment, "bank_line": line, "reason": reason, "booked_on": "2019-05-03"}


def test_the_payment_is_open_again_and_its_line_is_looked_after_until_somebody_has_said_how() -> None:
    world, payment = chained()
    world.do("take-back-payment", back(payment))
    rows = world.rows()
    (settled,) = settlements_of(rows, MARCH, None)
    assert (settled.state, [(p.state, p.paid_cents, p.paid_on) for p in settled.payments]) == (
        "approved",
        [("approved", 0, None)],
    )
    assert [(b.to_pay_cents, b.paid_cents) for b in balances(rows, EKAMI)] == [(0, 0), (-6000, 0)]
    (listed,) = worklist(rows, EKAMI)
    assert (listed.reason, listed.cents, listed.is_open) == ("returned", -6000, True)
    assert listed.taken_back is not None
    assert (listed.taken_back.posted_cents, listed.taken_back.event) == (6000, len(world.events))
    assert worklist(rows, XAMK) == []
    found = payment_of(rows, payment.payment, XAMK)
    assert found is not None
    assert ([line.bank_line for line in found[2]], len(found[3])) == ([listed.bank_line], 2)
    world.do("clear-bank-line", {"bank_line": listed.bank_line, "how": "returned"})
    assert worklist(world.rows(), None) == []


def test_a_wrong_line_is_shown_with_what_it_is_of_and_to_nobody_else() -> None:
    world = booked("gross", shared("entry:1", {EKAMI: 5000, KSAO: 5000}))
    world.pay(world.settle(MARCH))
    one, other = sorted(world.of(PaymentOrdered), key=lambda payment: payment.payee)
    line = of_order(one)["bank_line"]
    world.do("take-back-payment", back(one, "wrong-line"))
    world.do("take-back-payment", back(other, "not-received"))
    assert [x.reason for x in worklist(world.rows(), XAMK)] == ["wrong-line", "not-received"]
    world.do("record-payment", {**of_order(other), "bank_line": line})
    rows = world.rows()
    assert [x.reason for x in worklist(rows, XAMK)] == ["not-received"]
    found = payment_of(rows, one.payment, EKAMI)
    assert found is not None
    assert (found[2], len(found[3])) == ((), 2), "what it was taken for is in the log; what it is of is another's"
    assert bank_line_of(rows, line, EKAMI) is None
    seen = bank_line_of(rows, line, KSAO)
    assert seen is not None
    assert (seen.payment, seen.outcome, seen.taken_back) == (other.payment, "matched", None)


def more(payment: PaymentOrdered, cents: int) -> dict[str, object]:
    """Another line of the payer's account, so that it shows as much as the payee's."""
    return {**of_order(payment), "cents": cents, "bank_line": f"bank-line:{2:032x}"}


def test_what_was_paid_too_much_is_set_off_by_the_next_settlement() -> None:
    """Ekami paid xamk 60.00 and 10.00 more: in April it owes 25.00, and pays 15.00."""
    world, payment = chained()
    world.do("record-payment", {**of_order(payment, "payee"), "cents": 7000})
    world.do("record-payment", more(payment, 1000))
    assert [(b.open_cents, b.to_pay_cents) for b in balances(world.rows(), EKAMI)] == [(0, 0), (1000, 0)]
    world.add(shared("entry:9", {XAMK: 2500}, hub=EKAMI, period=APRIL))
    world.close()
    world.approve_all(APRIL)
    second = world.settle(APRIL)
    assert owed(world) == [("ekami", "xamk", 2500, 1000, 1500, 0, 0)]
    assert payments(world) == [("ekami", "xamk", 1500)]
    assert [(b.open_cents, b.to_pay_cents) for b in balances(world.rows(), EKAMI)] == [(0, 0), (0, -1500)]
    world.pay(second)
    assert [(b.open_cents, b.to_pay_cents) for b in balances(world.rows(), EKAMI)] == [(0, 0), (0, 0)]


def test_what_was_paid_too_much_by_somebody_who_never_sold_anything_comes_back() -> None:
    """In netting over all ekami pays whom it may never have dealt with; too much of that is owed between the two."""
    world = booked(
        "multilateral", shared("entry:1", {KSAO: 10000}, hub=EKAMI), shared("entry:2", {CURSOR: 10000}, hub=KSAO)
    )
    world.pay(world.settle(MARCH))
    (payment,) = world.of(PaymentOrdered)
    assert (payment.payer, payment.payee) == (EKAMI, CURSOR)
    world.do("record-payment", {**of_order(payment, "payee"), "cents": 10300})
    world.do("record-payment", more(payment, 300))
    world.close()
    world.approve_all(APRIL)
    world.settle(APRIL)
    assert payments(world) == [("cursor", "ekami", 300)]
    world.pay(world.of(PaymentOrdered)[-1].settlement)
    assert {(b.open_cents, b.to_pay_cents) for b in balances(world.rows(), None)} == {(0, 0)}


def test_what_was_set_off_is_owed_again_only_when_both_accounts_show_that_it_was_no_payment() -> None:
    """The 10.00 too much, once paid back, are not claimed a second time by the word of who got them."""
    world, payment = chained()
    extra = {**of_order(payment, "payee"), "cents": 1000, "bank_line": f"bank-line:{1:032x}"}
    world.do("record-payment", of_order(payment, "payee"))
    world.do("record-payment", extra)
    world.do("record-payment", more(payment, 1000))
    world.close()
    world.pay(world.settle(APRIL))
    assert payments(world) == [("xamk", "ekami", 1000)]
    world.do("take-back-payment", {**back(payment, "wrong-line"), "bank_line": extra["bank_line"]})
    world.close()
    world.settle("2019-05")
    assert payments(world) == [], "ekami's account still shows that it paid them"
    world.do("take-back-payment", {**back(payment, "wrong-line"), "bank_line": more(payment, 1000)["bank_line"]})
    world.close()
    world.pay(world.settle("2019-06"))
    assert payments(world) == [("ekami", "xamk", 1000)]
    assert {(b.open_cents, b.to_pay_cents) for b in balances(world.rows(), None)} == {(0, 0)}


def test_reading_one_of_the_payer_s_two_lines_later_takes_nothing_back_that_was_set_off() -> None:
    world, payment = chained()
    extra = {**of_order(payment, "payee"), "cents": 1000, "bank_line": f"bank-line:{1:032x}"}
    world.do("record-payment", of_order(payment, "payee"))
    world.do("record-payment", extra)
    world.do("take-back-payment", {**back(payment, "wrong-line"), "bank_line": of_order(payment)["bank_line"]})
    world.close()
    world.pay(world.settle(APRIL))
    assert payments(world) == [("xamk", "ekami", 1000)]
    world.do("record-payment", {**of_order(payment), "bank_line": f"bank-line:{2:032x}"})
    for n, month in enumerate(("2019-05", "2019-06"), 3):
        world.close()
        world.settle(month)
        assert payments(world) == []
        world.do("record-payment", {**of_order(payment), "cents": 500, "bank_line": f"bank-line:{n:032x}"})


def test_a_settlement_that_came_to_nothing_does_not_stand_in_the_way() -> None:
    """Nobody had approved; then all do, and the same month is settled under the next number. That one is shown."""
    world = World("pairwise")
    world.add(*CHAIN)
    world.close()
    empty = world.settle(MARCH)
    assert payments(world) == []
    assert [(s.settlement, s.number) for s in settlements_of(world.rows(), MARCH, None)] == [(empty, 1)]
    world.approve_all(MARCH)
    second = world.settle(MARCH)
    assert payments(world)
    (shown,) = settlements_of(world.rows(), MARCH, None)
    assert (shown.settlement, shown.number, shown.agreement) == (second, 2, AGREEMENT)
