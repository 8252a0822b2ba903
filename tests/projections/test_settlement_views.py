"""What somebody sees of settlements, payments, bank's lines and balances."""

from adapters.projecting.memory import Memory
from domain.settlement.events import (
    PaymentOrdered,
    PaymentRecorded,
    PeriodSettled,
)
from projections.settlement_bank_lines import bank_line_of, worklist
from projections.settlement_views import balances, payment_of, settlements_of
from projections.statement import totals
from projections.statements import statements
from tests.projections.booked import (
    AGREEMENT,
    CURSOR,
    EKAMI,
    KSAO,
    XAMK,
    cost,
    recorded,
    shared,
    tax,
    trued_up,
)
from tests.projections.settled_month import CHAIN, MARCH, booked, payments
from tests.projections.settling import paid


def test_a_partner_sees_its_own_pairs_and_payments_and_every_payment_says_why() -> None:
    """Ekami pays xamk 60.00: it owes ksao 100.00, and xamk owes it 40.00."""
    world = booked("multilateral", *CHAIN)
    settlement = world.settle(MARCH)
    (whole,) = settlements_of(world.rows(), MARCH, None)
    (mine,) = settlements_of(world.rows(), MARCH, EKAMI)
    (outside,) = settlements_of(world.rows(), MARCH, CURSOR)
    assert [(p.organisation, p.counterparty) for p in whole.pairs] == [(EKAMI, KSAO), (EKAMI, XAMK), (KSAO, XAMK)]
    assert [(p.organisation, p.cents) for p in whole.positions] == [(EKAMI, -6000), (KSAO, 0), (XAMK, 6000)]
    assert [(p.organisation, p.counterparty) for p in mine.pairs] == [(EKAMI, KSAO), (EKAMI, XAMK)]
    assert [(p.organisation, p.cents) for p in mine.positions] == [(EKAMI, -6000)]
    assert (outside.pairs, outside.payments, outside.settlement) == ((), (), settlement)
    (payment,) = mine.payments
    because = [(p.counterparty, p.owed_cents, p.owes_cents, p.set_off_cents, p.payment_cents) for p in payment.because]
    assert because == [(KSAO, 0, 10000, 10000, 0), (XAMK, 4000, 0, -10000, -6000)]
    assert [(p.organisation, p.counterparty) for p in whole.payments[0].because] == [
        (EKAMI, KSAO),
        (EKAMI, XAMK),
        (XAMK, KSAO),
    ]
    rows = world.rows()
    assert payment_of(rows, payment.payment, CURSOR) is None
    assert payment_of(rows, "payment:0", None) is None
    assert payment_of(rows, payment.payment, XAMK) is not None


def test_a_settlement_goes_from_settled_to_paid() -> None:
    world = booked("multilateral", *CHAIN)
    (settled,) = world.do("settle-period", {"period": MARCH, "agreement": AGREEMENT})
    assert isinstance(settled, PeriodSettled)

    def states() -> tuple[str, ...]:
        (found,) = settlements_of(world.rows(), MARCH, EKAMI)
        return (found.state, *(payment.state for payment in found.payments))

    assert states() == ("settled",)
    world.plan(settled)
    assert states() == ("planned", "planned")
    world.do("approve-settlement", {"settlement": settled.settlement}, actor="person:9")
    assert states() == ("approved", "approved")
    (payment,) = world.of(PaymentOrdered)
    world.do("record-payment", {**paid(payment), "cents": 1000})
    assert states() == ("approved", "part")
    world.do("record-payment", paid(payment, "payee"))
    assert states() == ("paid", "paid")
    world.do("record-payment", {**paid(payment), "bank_line": f"bank-line:{1:032x}"})
    assert states() == ("paid", "over")

    def still() -> tuple[object, ...]:
        ksao, xamk = balances(world.rows(), EKAMI)
        return (ksao.counterparty, xamk.counterparty, xamk.open_cents, xamk.to_pay_cents, xamk.paid_cents)

    assert still() == (KSAO, XAMK, 0, 0, 6000), "the payer's own word for more than was ordered makes nobody owe"
    world.do("record-payment", {**paid(payment, "payee"), "cents": 1000, "bank_line": f"bank-line:{2:032x}"})
    assert states() == ("paid", "over")
    assert still() == (KSAO, XAMK, 1000, 0, 7000), (
        "what the payee's account shows beyond it is owed back: the next settles it"
    )


def test_what_was_paid_too_much_is_owed_back_once_both_accounts_agree() -> None:
    """The payee's account alone is enough; but not against the payer's own."""
    world = booked("pairwise", shared("entry:1", {EKAMI: 6000}))
    settlement = world.settle(MARCH)
    world.do("approve-settlement", {"settlement": settlement}, actor="person:9")
    (payment,) = world.of(PaymentOrdered)
    world.do("record-payment", {**paid(payment, "payee"), "cents": 7000})
    world.do("record-payment", {**paid(payment), "cents": 5000})
    (balance,) = balances(world.rows(), XAMK)
    assert (balance.open_cents, balance.to_pay_cents) == (1000, 0), "it is open, and not owed yet"
    april = world.close()
    world.approve_all(april)
    world.settle(april)
    assert payments(world) == []
    world.do("record-payment", {**paid(payment), "cents": 2000, "bank_line": f"bank-line:{1:032x}"})
    may = world.close()
    world.approve_all(may)
    world.settle(may)
    assert payments(world) == [("ekami", "xamk", 1000)]


def test_a_line_is_on_the_list_until_somebody_has_looked_after_it() -> None:
    world = booked("multilateral", *CHAIN)
    settlement = world.settle(MARCH)
    world.do("approve-settlement", {"settlement": settlement}, actor="person:9")
    (payment,) = world.of(PaymentOrdered)
    part = {**paid(payment), "cents": 1000}
    (line,) = world.do("record-payment", part)
    assert isinstance(line, PaymentRecorded)
    listed = {
        "bank_line": line.bank_line,
        "organisation": EKAMI,
        "cents": -1000,
        "reference": payment.reference,
        "payment": payment.payment,
        "reason": "part",
        "booked_on": "2019-05-02",
    }
    assert [(x.bank_line, x.reason) for x in worklist(world.rows(), EKAMI)] == [(line.bank_line, "part")]
    world.do("list-bank-line", listed)
    stray = {**listed, "bank_line": f"bank-line:{1:032x}", "payment": None, "reason": "unknown", "cents": 6000}
    world.do("list-bank-line", {**stray, "organisation": XAMK})
    assert [(x.bank_line, x.reason) for x in worklist(world.rows(), None)] == [
        (line.bank_line, "part"),
        (stray["bank_line"], "unknown"),
    ]
    assert [x.cents for x in worklist(world.rows(), XAMK)] == [6000]
    world.do("record-payment", {**paid(payment, "payee"), "bank_line": stray["bank_line"]})
    world.do("clear-bank-line", {"bank_line": line.bank_line, "how": "paid-later"})
    contradicted = [(x.bank_line, x.reason, x.payer_cents, x.payee_cents) for x in worklist(world.rows(), None)]
    assert contradicted == [
        (line.bank_line, "contradicted", 1000, 6000),
        (stray["bank_line"], "contradicted", 1000, 6000),
    ]
    world.do("record-payment", {**part, "cents": 5000, "bank_line": f"bank-line:{2:032x}"})
    assert worklist(world.rows(), None) == []
    found = bank_line_of(world.rows(), line.bank_line, XAMK)
    assert found is not None
    assert (found.how, found.outcome, found.posted_cents, found.period) == ("paid-later", "part", 1000, "2019-05")
    assert bank_line_of(world.rows(), line.bank_line, CURSOR) is None


def test_balances_of_pairs_are_the_balances_of_statements() -> None:
    """Both sum the same lines, taxes included: what is open and what is to be paid is the closing balance."""
    world = booked(
        "pairwise",
        shared("entry:1", {EKAMI: 10001, KSAO: 5000, XAMK: 2000}, vat=(tax("steps[0]"), tax("steps[1]", "0"))),
        shared("entry:2", {EKAMI: 333, CURSOR: 101}, vat=(tax("steps[0]"), tax("steps[1]", "14"))),
        cost("entry:3", vat=(tax("costs.split[1]"),)),
        trued_up(),
    )
    settlement = world.settle(MARCH)
    world.do("approve-settlement", {"settlement": settlement}, actor="person:9")
    world.do("record-payment", paid(world.of(PaymentOrdered)[0]))
    memory = Memory(statements)
    memory.advance([each for each in recorded(world.events) if type(each[1]) in statements.facts], len(world.events))
    rows = world.rows()
    for total in totals(memory, "2029-01"):
        mine = balances(rows, total.partner)
        assert sum(b.open_cents + b.to_pay_cents for b in mine) == total.closing_cents
