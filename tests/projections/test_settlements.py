"""What is approved and undisputed is settled, once; what is paid and set off follows from it in every mode."""

import asyncio
from typing import get_args
from uuid import UUID

import pytest
from msgspec import structs

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog
from adapters.memory.views import MemoryViews
from adapters.planned_settlements import PlannedSettlements, posted_about
from application.ports import Decision
from domain.agreements.events import AgreementEnteredIntoForce, Netting
from domain.kernel import Asked
from domain.revenue.bills import bill_of
from domain.revenue.events import BillDivided, CostShared
from domain.settlement.disputable import id_of, lines_in, shares_in
from domain.words import PRICE_CENTS_MAX
from projections.settlement_views import (
    balances,
)
from projections.settlements import settlements
from tests.projections.booked import (
    AGREEMENT,
    CURSOR,
    EKAMI,
    KSAO,
    START,
    XAMK,
    cost,
    in_force,
    recorded,
    reversed_,
    shared,
    tax,
    trued_up,
)
from tests.projections.same import Ground, assert_same
from tests.projections.settled_month import APRIL, CHAIN, CITY, MARCH, MAY, booked, owed, payments, replaced
from tests.projections.settling import Mode, World


@pytest.mark.parametrize(
    ("mode", "paid_", "moved"),
    [
        ("gross", [("ekami", "ksao", 10000), ("xamk", "ekami", 4000), ("ksao", "xamk", 10000)], [0, 0, 0]),
        ("pairwise", [("ekami", "ksao", 10000), ("xamk", "ekami", 4000), ("ksao", "xamk", 10000)], [0, 0, 0]),
        ("multilateral", [("ekami", "xamk", 6000)], [10000, -10000, 10000]),
        ("clearing", [("ekami", "xamk", 6000)], [10000, -10000, 10000]),
    ],
)
def test_one_month_in_each_mode(mode: Mode, paid_: list[tuple[str, str, int]], moved: list[int]) -> None:
    """Netted, ekami pays xamk 60.00; ekami and ksao, ksao and xamk are closed, and xamk's 40.00 with them."""
    world = booked(mode, *CHAIN)
    settlement = world.settle(MARCH)
    assert payments(world) == paid_
    assert [row[6] for row in owed(world)] == moved
    assert [row[:4] for row in owed(world)] == [
        ("ekami", "ksao", 10000, 0),
        ("ekami", "xamk", 0, 4000),
        ("ksao", "xamk", 10000, 0),
    ]
    world.pay(settlement)
    for balance in balances(world.rows(), None):
        assert (balance.open_cents, balance.to_pay_cents) == (0, 0)


def test_gross_pays_both_ways_and_pairwise_the_difference() -> None:
    both = (shared("entry:1", {KSAO: 700}, hub=EKAMI), shared("entry:2", {EKAMI: 300}, hub=KSAO))
    gross, net = booked("gross", *both), booked("pairwise", *both)
    gross.settle(MARCH)
    net.settle(MARCH)
    assert payments(gross) == [("ekami", "ksao", 700), ("ksao", "ekami", 300)]
    assert owed(gross) == [("ekami", "ksao", 700, 300, 700, 300, 0)]
    assert payments(net) == [("ekami", "ksao", 400)]
    assert owed(net) == [("ekami", "ksao", 700, 300, 400, 0, 0)]


def test_a_document_below_zero_is_owed_the_other_way() -> None:
    """A credit note of ksao to ekami is a debt of ksao; it is not taken off what ekami owes for another month."""
    sold = shared("entry:1", {KSAO: 1000}, hub=EKAMI)
    world = booked("gross", sold)
    world.add(
        shared("entry:2", {KSAO: 400}, hub=EKAMI, period=APRIL), reversed_("entry:3", sold, (1000,), period=APRIL)
    )
    world.close()
    world.approve_all(APRIL)
    world.settle(APRIL)
    assert owed(world) == [("ekami", "ksao", 1000, 600, 1000, 600, 0)]


def test_tax_is_reckoned_once_on_the_document_and_paid_with_it() -> None:
    """Three lines of 0.33 at 24 %: 0.99 gives 0.24 of tax, each line by itself would give 0.08."""
    lines = [shared(f"entry:{n}", {KSAO: 33}, hub=EKAMI, vat=(tax("steps[0]"),)) for n in (1, 2, 3)]
    world = booked("gross", *lines)
    world.settle(MARCH)
    assert payments(world) == [("ekami", "ksao", 99 + 24)]


def test_only_what_both_have_approved_is_settled_and_the_rest_with_the_next_month() -> None:
    world = World("pairwise")
    world.add(*CHAIN)
    world.close()
    world.approve(EKAMI, MARCH)
    world.approve(KSAO, MARCH)
    world.settle(MARCH)
    assert payments(world) == [("ekami", "ksao", 10000)]
    world.approve(XAMK, MARCH)
    world.close()
    world.settle(APRIL)
    assert [row[:4] for row in owed(world)] == [("ekami", "xamk", 0, 4000), ("ksao", "xamk", 10000, 0)]


def test_an_earlier_month_settled_later_pays_nothing_twice_and_nothing_back() -> None:
    world = World("pairwise")
    world.add(CHAIN[0])
    world.close()
    world.approve_all(MARCH)
    world.add(shared("entry:4", {KSAO: 500}, hub=EKAMI, period=APRIL))
    world.close()
    world.approve_all(APRIL)
    world.settle(APRIL)
    assert payments(world) == [("ekami", "ksao", 10500)]
    world.settle(MARCH)
    assert payments(world) == []


def test_a_disputed_line_is_held_with_its_tax_and_the_others_are_settled() -> None:
    """1.05 and 0.50 at 24 %: together 0.37 of tax, the second line alone 0.12; held is the difference."""
    sold = shared("entry:1", {KSAO: 105}, hub=EKAMI, vat=(tax("steps[0]"),))
    other = shared("entry:2", {KSAO: 50}, hub=EKAMI, vat=(tax("steps[0]"),))
    world = booked("gross", sold, other)
    dispute = world.dispute(sold, lines_in(sold)[0])
    world.settle(MARCH)
    assert payments(world) == [("ekami", "ksao", 62)]
    world.answer(dispute, "rejected", final=False)
    world.close()
    world.settle(APRIL)
    assert payments(world) == []
    world.answer(dispute, "rejected")
    world.close()
    world.settle(MAY)
    assert payments(world) == [("ekami", "ksao", 155 + 37 - 62)]


def test_an_accepted_dispute_is_settled_together_with_its_correction() -> None:
    """2.00 of 10.00 are taken back: nothing is paid before the correction counts, then 10.00 one way and 2.00 the other.

    The correction alone settles nothing: who disputed the line has time to dispute it again.
    """
    sold = shared("entry:1", {KSAO: 1000}, hub=EKAMI)
    world = booked("gross", sold)
    dispute = world.dispute(sold, lines_in(sold)[0])
    world.answer(dispute, "accepted", final=False)
    world.add(reversed_("entry:2", sold, (200,), left_cents=800, period=APRIL))
    world.close()
    world.settle(MARCH)
    assert payments(world) == []
    world.approve(EKAMI, APRIL)
    world.settle(APRIL)
    assert payments(world) == []
    world.approve(KSAO, APRIL)
    world.close()
    world.settle(MAY)
    assert payments(world) == []
    world.end(dispute)
    june = world.close()
    world.settle(june)
    assert payments(world) == [("ekami", "ksao", 1000), ("ksao", "ekami", 200)]


def test_a_line_that_is_disputed_again_is_held_by_the_new_dispute() -> None:
    sold = shared("entry:1", {KSAO: 1000}, hub=EKAMI)
    world = booked("gross", sold)
    dispute = world.dispute(sold, lines_in(sold)[0])
    world.answer(dispute, "accepted", final=False)
    world.add(reversed_("entry:2", sold, (1,), left_cents=999))
    world.end(dispute, "disputed-again")
    again = world.dispute(sold, lines_in(sold)[0], 2)
    world.settle(MARCH)
    assert payments(world) == []
    world.withdraw(again)
    world.close()
    world.settle(APRIL)
    assert payments(world) == [("ekami", "ksao", 999)]


def test_a_dispute_of_a_share_of_nothing_keeps_nothing_else_from_being_settled() -> None:
    sold = shared("entry:1", {KSAO: 1000, CURSOR: 0}, hub=EKAMI)
    world = booked("gross", sold)
    world.dispute(sold, next(line for line in shares_in(sold) if not line.cents))
    world.settle(MARCH)
    assert payments(world) == [("ekami", "ksao", 1000)]


def test_what_was_settled_before_it_was_disputed_is_not_paid_back() -> None:
    sold = shared("entry:1", {KSAO: 1000}, hub=EKAMI)
    world = booked("gross", sold)
    world.settle(MARCH)
    world.dispute(sold, lines_in(sold)[0])
    world.close()
    world.settle(APRIL)
    assert payments(world) == []


def test_a_correction_is_held_with_the_line_it_corrects() -> None:
    """Else what was never paid would be paid back."""
    sold = shared("entry:1", {KSAO: 1000}, hub=EKAMI)
    world = booked("gross", sold)
    dispute = world.dispute(sold, lines_in(sold)[0])
    world.add(reversed_("entry:2", sold, (1000,), period=APRIL))
    world.close()
    world.approve_all(APRIL)
    world.settle(APRIL)
    assert payments(world) == []
    world.withdraw(dispute)
    world.close()
    world.settle(MAY)
    assert payments(world) == [("ekami", "ksao", 1000), ("ksao", "ekami", 1000)]


def test_a_contested_correction_that_stands_is_owed_back() -> None:
    """Without the correction 10.00 were paid; with it the document is 6.00."""
    sold = shared("entry:1", {KSAO: 1000}, hub=EKAMI)
    back = reversed_("entry:2", sold, (400,), left_cents=600)
    world = booked("gross", sold, back)
    dispute = world.dispute(back, lines_in(back)[0])
    world.settle(MARCH)
    assert payments(world) == [("ekami", "ksao", 1000)]
    world.withdraw(dispute)
    world.close()
    world.settle(APRIL)
    assert payments(world) == [("ksao", "ekami", 400)]


@pytest.mark.parametrize("final", [False, True], ids=["by the other side", "by the coordinator"])
def test_whoever_accepts_that_a_correction_is_wrong_gains_nothing_by_it(final: bool) -> None:  # noqa: FBT001 - two cases
    """What it took is kept until the part is shared anew: then the correction and the new entry are settled together."""
    sold = shared("entry:1", {KSAO: 1000}, hub=EKAMI)
    back = reversed_("entry:2", sold, (1000,), period=APRIL)
    world = booked("gross", sold)
    world.settle(MARCH)
    assert payments(world) == [("ekami", "ksao", 1000)]
    world.add(back)
    world.close()
    world.approve_all(APRIL)
    world.answer(world.dispute(back, lines_in(back)[0]), "accepted", final=final)
    world.settle(APRIL)
    assert payments(world) == [], "nobody pays back what was accepted to be owed"
    world.add(shared("entry:3", {KSAO: 900}, hub=EKAMI, period=MAY))
    world.close()
    world.approve(EKAMI, MAY)
    world.settle(MAY)
    assert payments(world) == [], "the new entry does not count yet"
    world.approve(KSAO, MAY)
    june = world.close()
    world.settle(june)
    assert payments(world) == [("ekami", "ksao", 900), ("ksao", "ekami", 1000)]


def test_what_was_booked_before_the_acceptance_or_is_contested_itself_mends_no_correction() -> None:
    """Else a cent booked anew would release what was taken."""
    sold = shared("entry:1", {KSAO: 1000}, hub=EKAMI)
    back = reversed_("entry:2", sold, (1000,))
    world = booked("gross", sold, back, early := shared("entry:3", {KSAO: 300}, hub=EKAMI))
    world.answer(world.dispute(back, lines_in(back)[0]), "accepted")
    world.settle(MARCH)
    assert payments(world) == [("ekami", "ksao", 1000)], (
        "what took its place waits with the correction: nobody is paid twice"
    )
    assert early.period == MARCH
    cent = shared("entry:4", {KSAO: 1}, hub=EKAMI, period=APRIL)
    world.add(cent)
    world.close()
    world.approve_all(APRIL)
    contested = world.dispute(cent, lines_in(cent)[0], 2)
    world.settle(APRIL)
    assert payments(world) == []
    world.withdraw(contested)
    world.close()
    world.settle(MAY)
    assert payments(world) == [("ksao", "ekami", 699)]


def test_what_was_held_before_its_disputes_were_withdrawn_is_known_when_it_is_disputed_again() -> None:
    sold = shared("entry:1", {KSAO: 1000}, hub=EKAMI)
    back = reversed_("entry:2", sold, (1000,))
    world = booked("gross", sold, back)
    first = world.dispute(back, lines_in(back)[0])
    world.answer(first, "accepted")
    world.add(anew := shared("entry:3", {KSAO: 900}, hub=EKAMI, period=APRIL))
    world.close()
    world.approve_all(APRIL)
    second = world.dispute(anew, lines_in(anew)[0], 2)
    world.answer(second, "accepted")
    world.settle(APRIL)
    assert payments(world) == [("ekami", "ksao", 1000)], "what took it back is held, and what took its place"
    world.withdraw(first)
    world.withdraw(second)
    again = world.dispute(back, lines_in(back)[0], 3)
    world.close()
    world.settle(MAY)
    assert payments(world) == []
    world.withdraw(again)
    june = world.close()
    world.settle(june)
    assert payments(world) == [("ksao", "ekami", 100)]


@pytest.mark.parametrize("answer", ["open", "dismissed", "accepted"])
def test_taking_back_and_booking_anew_are_disputed_as_one_however_often(answer: str) -> None:
    """Whoever disputes only what was taken back is not paid again by what took its place."""
    sold = shared("entry:1", {KSAO: 1000}, hub=EKAMI)
    world = booked("gross", sold)
    world.settle(MARCH)
    assert payments(world) == [("ekami", "ksao", 1000)]
    anew = [shared(f"entry:{n}", {KSAO: 1000 + n}, hub=EKAMI, period=APRIL) for n in (3, 5, 7)]
    taken = [sold, *anew[:-1]]
    backs = [
        reversed_(f"entry:{n}", of, (of.shares[0].cents,), period=APRIL) for n, of in zip((2, 4, 6), taken, strict=True)
    ]
    for back, new in zip(backs, anew, strict=True):
        world.add(back)
        world.add(new)
    world.close()
    world.approve_all(APRIL)
    disputes = [world.dispute(back, lines_in(back)[0], n) for n, back in enumerate(backs)]
    if answer != "open":
        for dispute in disputes:
            world.answer(dispute, "accepted" if answer == "accepted" else "rejected", final=True)
    world.settle(APRIL)
    assert payments(world) == ([("ekami", "ksao", 7)] if answer == "dismissed" else [])


@pytest.mark.parametrize("voucher", ["Lasku 4711", None])
def test_an_accepted_dispute_of_costs_taken_back_waits_for_the_same_bill(voucher: str | None) -> None:
    """Costs without a voucher cannot be told apart: there the dispute has to be withdrawn."""
    bill = structs.replace(cost("entry:1"), voucher=voucher)
    back = reversed_("entry:2", bill, tuple(s.cents for s in bill.shares), period=APRIL)
    world = booked("gross", bill)
    world.settle(MARCH)
    paid_ = payments(world)
    world.add(back)
    world.close()
    world.approve_all(APRIL)
    disputes = [world.dispute(back, line, n) for n, line in enumerate(lines_in(back))]
    for dispute in disputes:
        world.answer(dispute, "accepted")
    world.settle(APRIL)
    assert payments(world) == []
    world.add(replaced(cost("entry:3"), voucher=voucher and "Lasku 4712", period=MAY))
    world.add(replaced(cost("entry:4"), voucher=voucher, period=MAY))
    world.close()
    world.approve_all(MAY)
    world.settle(MAY)
    both = [(payer, payee, 2 * cents) for payer, payee, cents in paid_]
    returned = [(payee, payer, cents) for payer, payee, cents in paid_]
    assert sorted(payments(world)) == sorted([*both, *returned] if voucher else both)


def test_an_accepted_dispute_of_a_true_up_waits_for_the_next_one_of_that_drift() -> None:
    first = trued_up("entry:1")
    world = booked("gross", first)
    for n, line in enumerate(lines_in(first)):
        world.answer(world.dispute(first, line, n), "accepted")
    world.settle(MARCH)
    assert payments(world) == []
    world.add(replaced(trued_up("entry:2"), drift="drift:other", period=APRIL))
    world.close()
    world.approve_all(APRIL)
    world.settle(APRIL)
    assert payments(world) == [("xamk", "ekami", 3), ("xamk", "ksao", 1)]
    world.add(replaced(trued_up("entry:3"), period=MAY))
    world.close()
    world.approve_all(MAY)
    world.settle(MAY)
    assert payments(world) == [("xamk", "ekami", 6), ("xamk", "ksao", 2)]


def test_two_whom_another_agreement_lets_pay_otherwise_pay_each_other_all_they_owe() -> None:
    """The others are netted as the agreement says: no two of them can stop the settlement of all."""
    world = World("multilateral")
    first = next(e for e in world.events if isinstance(e, AgreementEnteredIntoForce))
    divides = in_force(netting=Netting(mode="gross")).clauses
    second = structs.replace(first, agreement="agreement:other", parties=(EKAMI, KSAO), clauses=divides)
    world.add(second, *CHAIN, shared("entry:4", {EKAMI: 500}, hub=KSAO))
    world.close()
    world.approve_all(MARCH)
    world.settle(MARCH)
    netted, apart = payments(world)[:2], payments(world)[2:]
    assert sorted(netted) == [("ksao", "ekami", 4000), ("ksao", "xamk", 6000)], "what xamk owes ekami is paid by ksao"
    assert apart == [("ekami", "ksao", 10000), ("ksao", "ekami", 500)]
    alike = structs.replace(second, version=2, clauses=in_force(netting=first.clauses.netting).clauses)
    assert alike.clauses.netting.mode == "multilateral"
    world = World("multilateral")
    world.add(second, alike, *CHAIN)
    world.close()
    world.approve_all(MARCH)
    world.settle(MARCH)
    assert payments(world) == [("ekami", "xamk", 6000)], "the newest version says how"


def test_an_agreement_by_which_nothing_is_divided_changes_nothing_of_how_two_pay() -> None:
    world = World("multilateral")
    first = next(e for e in world.events if isinstance(e, AgreementEnteredIntoForce))
    divides_nothing = in_force(sharing_rule=None, cost_keys=(), netting=Netting(mode="gross")).clauses
    world.add(replaced(first, agreement="agreement:other", clauses=divides_nothing), *CHAIN)
    world.close()
    world.approve_all(MARCH)
    world.settle(MARCH)
    assert payments(world) == [("ekami", "xamk", 6000)]


def test_what_is_more_than_a_payment_may_be_is_paid_in_several() -> None:
    most = PRICE_CENTS_MAX
    world = booked(
        "gross",
        *(shared(f"entry:{n}", {KSAO: most}, hub=EKAMI) for n in (1, 2)),
        shared("entry:3", {KSAO: 10000}, hub=EKAMI),
    )
    world.settle(MARCH)
    assert payments(world) == [("ekami", "ksao", most), ("ekami", "ksao", most), ("ekami", "ksao", 10000)]


@pytest.mark.parametrize("mode", get_args(Mode))
def test_within_a_legal_person_nothing_is_set_off_or_paid(mode: Mode) -> None:
    """Ksao and cursor are units of one: what they owe each other stays, and no netting makes one pay for the other."""
    world = booked(
        mode,
        shared("entry:1", {CURSOR: 900}, hub=KSAO),
        shared("entry:2", {EKAMI: 500}, hub=KSAO),
        shared("entry:3", {CURSOR: 500}, hub=EKAMI),
        units=CITY,
        clearing=CURSOR,
    )
    world.pay(world.settle(MARCH))
    assert not [p for p in payments(world) if {"ksao", "cursor"} == set(p[:2])]
    assert [(b.counterparty, b.open_cents, b.to_pay_cents) for b in balances(world.rows(), CURSOR)] == [
        (EKAMI, 0, 0),
        (KSAO, 900, 0),
    ]


def test_whoever_left_is_settled_with_gross_and_not_netted_with_the_others() -> None:
    world = World("multilateral")
    first = next(e for e in world.events if getattr(e, "agreement", None) == AGREEMENT)
    world.add(*CHAIN)
    world.close()
    world.approve_all(MARCH)
    world.add(replaced(first, version=2, parties=(EKAMI, XAMK, CURSOR)))
    world.settle(MARCH)
    assert payments(world) == [("xamk", "ekami", 4000), ("ekami", "ksao", 10000), ("ksao", "xamk", 10000)]


def test_a_plan_is_that_of_its_cut_whatever_has_happened_since() -> None:
    """What was posted about a disputed entry, and how the dispute stood, is taken from the log up to there."""
    world = booked("pairwise", CHAIN[0], shared("entry:4", {KSAO: 300}, hub=EKAMI))
    dispute = world.dispute(CHAIN[0], lines_in(CHAIN[0])[0])
    world.do("settle-period", {"period": MARCH, "agreement": AGREEMENT})
    cut = len(world.events)
    log = MemoryLog("/networks/test", SeededEntropy(1), lambda: START)
    planning = PlannedSettlements(MemoryViews(log), log)

    async def scenario() -> None:
        asked = Asked(at=START, actor="person:1", role="coordinator", command_id=UUID(int=1))
        await log.append(Decision(tuple(world.events), asked, bytes(32), unless=(), after=()))
        (settled,) = await log.read(cut - 1, limit=1)
        before = await planning.intentions(settled)
        assert [(each.name, each.body.get("cents")) for each in before] == [
            ("net-pair", None),
            ("order-payment", 300),
            ("plan-settlement", None),
        ]
        world.withdraw(dispute)
        world.add(reversed_("entry:5", CHAIN[0], (10000,), period=APRIL))
        later = Asked(at=START, actor="person:1", role="coordinator", command_id=UUID(int=2))
        await log.append(Decision(tuple(world.events[cut:]), later, bytes(32), unless=(), after=()))
        assert await planning.intentions(settled) == before

    asyncio.run(scenario())


def test_what_was_booked_anew_is_found_in_the_log_by_part_bill_and_drift() -> None:
    """Whoever took a bill of the same number to divide, and whatever came before the correction, is not meant."""
    bill = structs.replace(cost("entry:1"), voucher="Lasku 4711")
    sold = shared("entry:2", {KSAO: 1000}, hub=EKAMI)
    world = World()
    world.add(divides(bill), bill, sold, shared("entry:3", {KSAO: 10}, hub=EKAMI), trued_up("entry:4"))
    world.add(reversed_("entry:5", bill, tuple(s.cents for s in bill.shares)), reversed_("entry:6", sold, (1000,)))
    for costs in (structs.replace(bill, entry="entry:7"), structs.replace(bill, entry="entry:8", collected_by=EKAMI)):
        world.add(divides(costs), costs)
    world.add(shared("entry:9", {KSAO: 900}, hub=EKAMI), structs.replace(sold, entry="entry:10", part=2))
    world.add(trued_up("entry:11"), structs.replace(trued_up("entry:12"), drift="drift:other"))
    log, entries = MemoryLog("/networks/test", SeededEntropy(1), lambda: START), ("entry:4", "entry:5", "entry:6")

    async def found() -> dict[str, list[str]]:
        asked = Asked(at=START, actor="person:1", role="coordinator", command_id=UUID(int=1))
        await log.append(Decision(tuple(world.events), asked, bytes(32), unless=(), after=()))
        about = await posted_about(log, entries, len(world.events))
        assert about == {entry: world.about(entry, len(world.events)) for entry in entries}
        return {entry: [id_of(each.posting) for each in about[entry]] for entry in entries}

    assert asyncio.run(found()) == {
        "entry:4": ["entry:4", "entry:11"],
        "entry:5": ["entry:5", "entry:7"],
        "entry:6": ["entry:6", "entry:9"],
    }


def divides(costs: CostShared) -> BillDivided:
    return BillDivided(
        bill=bill_of(costs.voucher or ""),
        voucher=costs.voucher or "",
        paid_by=costs.collected_by,
        entry=costs.entry,
        parties=costs.parties,
    )


def test_live_is_rebuilt_is_in_memory(ground: Ground) -> None:
    world = booked("multilateral", *CHAIN, cost("entry:9", vat=(tax("costs.split[1]"),)), units=CITY)
    dispute = world.dispute(CHAIN[0], lines_in(CHAIN[0])[0])
    world.pay(world.settle(MARCH))
    world.withdraw(dispute)
    world.close()
    world.settle(APRIL)
    events = [(at, event) for at, event in recorded(world.events) if type(event) in settlements.facts]
    assert_same(ground, settlements, events, cuts=(3, 1), crashes=(2, 5), keep=4)
