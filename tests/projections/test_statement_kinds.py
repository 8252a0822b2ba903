"""Whatever moves a balance is a line on two statements, one sum in two balances, and zero over all partners."""

from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.projecting.memory import Memory
from domain.changing import replace
from domain.kernel import Event
from domain.revenue.events import CostShared, RevenueShared
from projections.statement import Account, account_of, totals
from projections.statement_lines import lines_of
from projections.statement_rows import Balance
from projections.statements import statements
from tests.projections.booked import (
    CURSOR,
    EKAMI,
    FIRST,
    KSAO,
    PARTNERS,
    XAMK,
    books,
    closed,
    cost,
    founded,
    in_force,
    month,
    netted,
    paid,
    recorded,
    reversed_,
    shared,
    tax,
)
from tests.projections.same import Ground, assert_same

MARCH, APRIL = "2019-03", "2019-04"
GOLDEN = "6281da837601ccbd7142c358d6b9d960e2c5123c7494dd35d4c96a3eaf19b0fa"


@pytest.fixture(scope="module")
def rows() -> Memory:
    return books([*founded(), *month(), closed(), shared("entry:10", {EKAMI: 700}, period=APRIL)])


def account(rows: Memory, partner: str, period: str = MARCH) -> Account:
    found = account_of(rows, partner, period)
    assert found is not None
    return found


def lines(rows: Memory, partner: str) -> list[tuple[int, str, str, int, str | None, str]]:
    """Number, kind, counterparty, cents, clause, corrected line."""
    return [(x.n, x.kind, x.counterparty, x.cents, x.clause, x.corrects or "") for x in account(rows, partner).lines]


def test_the_hub_has_a_line_for_each_share_of_others(rows: Memory) -> None:
    """Of revenue it owes, of costs it is owed; its own share, of revenue, costs and drift, is no line."""
    assert lines(rows, XAMK) == [
        (1, "share-owed", EKAMI, -10001, "steps[0]", ""),
        (2, "share-owed", KSAO, -5000, "steps[1]", ""),
        (3, "share-owed", EKAMI, -333, "steps[0]", ""),
        (4, "share-owed", CURSOR, -100, "steps[1]", ""),
        (5, "cost-share", EKAMI, 30000, "costs.split[1]", ""),
        (6, "cost-share", KSAO, 30000, "costs.split[2]", ""),
        (7, "correction", EKAMI, 2000, "steps[0]", "2019-03/1"),
        (8, "correction", KSAO, 1000, "steps[1]", "2019-03/2"),
        (9, "correction", EKAMI, 8001, "steps[0]", "2019-03/1"),
        (10, "correction", KSAO, 4000, "steps[1]", "2019-03/2"),
        (11, "correction", EKAMI, -100, "costs.split[1]", "2019-03/5"),
        (12, "correction", KSAO, -100, "costs.split[2]", "2019-03/6"),
        (13, "true-up", EKAMI, -3, EKAMI, ""),
        (14, "true-up", KSAO, -1, KSAO, ""),
        (15, "set-off", EKAMI, -1200, None, ""),
        (16, "payment", EKAMI, 3000, None, ""),
        (17, "cost-share", EKAMI, 10000, "costs.split[1]", ""),
        (18, "cost-share", KSAO, 0, "costs.split[2]", ""),
        (19, "vat", EKAMI, 7176, "vat:S:24", ""),
    ]


def test_a_partner_has_the_other_side_of_them(rows: Memory) -> None:
    assert lines(rows, EKAMI) == [
        (1, "share-earned", XAMK, 10001, "steps[0]", ""),
        (2, "share-earned", XAMK, 333, "steps[0]", ""),
        (3, "cost-share", XAMK, -30000, "costs.split[1]", ""),
        (4, "correction", XAMK, -2000, "steps[0]", "2019-03/1"),
        (5, "correction", XAMK, -8001, "steps[0]", "2019-03/1"),
        (6, "correction", XAMK, 100, "costs.split[1]", "2019-03/3"),
        (7, "true-up", XAMK, 3, EKAMI, ""),
        (8, "set-off", XAMK, 1200, None, ""),
        (9, "payment", XAMK, -3000, None, ""),
        (10, "cost-share", XAMK, -10000, "costs.split[1]", ""),
        (11, "vat", XAMK, -7176, "vat:S:24", ""),
    ]


def test_a_waived_part_of_costs_is_a_line_of_nothing(rows: Memory) -> None:
    """It is recorded: both sides can see what was left to whom."""
    assert lines(rows, KSAO)[-1] == (7, "cost-share", XAMK, 0, "costs.split[2]", "")


def test_a_line_says_where_it_comes_from(rows: Memory) -> None:
    found = {line.n: line for line in account(rows, XAMK).statement(99, None).lines}
    in_force, standard, exempt, first = FIRST - 3, FIRST - 2, FIRST - 1, FIRST
    assert {n: found[n].events for n in (1, 2, 5, 7, 11, 13, 15, 16, 19)} == {
        1: (first, 0, 0, in_force, standard),
        2: (first, 0, 0, in_force, exempt),
        5: (first + 2, in_force, standard),
        7: (first + 3, first, 0, 0, in_force, standard),
        11: (first + 5, first + 2, in_force, standard),
        13: (first + 6, in_force),
        15: (first + 7,),
        16: (first + 9,),
        19: (first + len(month()), standard),
    }
    assert [(found[n].entry, found[n].agreement, found[n].pathway) for n in (1, 5, 7, 15, 16, 19)] == [
        ("entry:1", "agreement:kymenlaakso-2019", "pathway:p-1"),
        ("entry:3", "agreement:kymenlaakso-2019", None),
        ("entry:4", "agreement:kymenlaakso-2019", "pathway:p-1"),
        ("entry:8", None, None),
        (None, None, None),
        (None, None, None),
    ]


def test_a_balance_has_a_sum_for_each_kind(rows: Memory) -> None:
    (march,) = (total for total in totals(rows, MARCH) if total.partner == XAMK)
    assert (march.earned_cents, march.owed_cents, march.cost_cents) == (0, -15434, 70000)
    assert (march.corrected_cents, march.trued_up_cents, march.set_off_cents) == (14801, -4, -1200)
    assert (march.paid_cents, march.vat_cents, march.closing_cents, march.lines) == (3000, 7176, 78339, 19)
    assert account(rows, XAMK).own_cents == 2000 - 400 - 1600 - 4


def test_the_next_month_opens_with_everything_in_it(rows: Memory) -> None:
    for partner in PARTNERS:
        march, april = account(rows, partner), account(rows, partner, APRIL)
        assert march.opening_cents + sum(line.cents for line in march.lines) == march.closing_cents
        assert april.opening_cents == march.closing_cents
    assert sum(total.closing_cents for total in totals(rows, APRIL)) == 0


def test_form_2_is_digested_as_ever(rows: Memory) -> None:
    """Not to be adjusted: what was issued is recomputed to its digest, or refused. Another content is another form."""
    found = account(rows, XAMK)
    assert found.document is not None
    assert found.digest == sha256(found.document).hexdigest() == GOLDEN


def test_the_agreements_behind_the_lines_say_how_long_they_may_be_disputed() -> None:
    """The longest counts; silence approves only what all of them let it; without a line it is ten days and no silence."""
    other = replace(in_force(dispute_days=3, tacit_approval=True), agreement="agreement:other", version=2)
    under_it = replace(shared("entry:2", {EKAMI: 100}), agreement="agreement:other", version=2)
    rows = books([*founded(dispute_days=15), other, shared("entry:1", {EKAMI: 100, KSAO: 100}), under_it])
    assert {
        partner: (account(rows, partner).dispute_days, account(rows, partner).tacit_approval) for partner in PARTNERS
    } == {XAMK: (15, False), EKAMI: (15, False), KSAO: (15, False), CURSOR: (10, False)}
    silent = books([*founded(), other, under_it])
    assert (account(silent, EKAMI).dispute_days, account(silent, EKAMI).tacit_approval) == (3, True)


@pytest.mark.parametrize("event", [netted(0), paid(500, posted=0)])
def test_what_moves_nothing_is_no_line(event: Event) -> None:
    """Two who owe each other nothing beside what they will pay; a payment that the other side's bank had shown before."""
    rows = books([*founded(), event])
    assert all(not lines_of(rows, partner, MARCH) for partner in PARTNERS)


@pytest.mark.parametrize(("cuts", "keep"), [((3,), 10**6), ((1, 7), 0)])
def test_live_rebuilt_and_in_memory_are_the_same_of_every_kind(
    ground: Ground, cuts: tuple[int, ...], keep: int
) -> None:
    assert_same(ground, statements, recorded([*founded(), *month(), closed()]), cuts=cuts, keep=keep)


RATES = ("24", "25.5", "14", "0")
amounts = st.lists(st.integers(-70_000, 70_000), min_size=3, max_size=3)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Shares, costs and what is taken back of them, each taxed by chance."""
    found: list[Event] = []
    for n in range(draw(st.integers(1, 7))):
        sign = draw(st.sampled_from((1, -1)))
        cents = [sign * abs(each) for each in draw(amounts)]
        rates = draw(st.lists(st.sampled_from((None, *RATES)), min_size=3, max_size=3))
        if draw(st.booleans()):
            vat = tuple(tax(f"steps[{i}]", rate) for i, rate in enumerate(rates) if rate)
            hub = draw(st.sampled_from((XAMK, KSAO)))
            divided: RevenueShared | CostShared = shared(
                f"entry:{n}", dict(zip((EKAMI, KSAO, CURSOR), cents, strict=True)), hub=hub, vat=vat
            )
            back = [draw(st.integers(min(0, each), max(0, each))) for each in cents]
        else:
            vat = tuple(tax(f"costs.split[{i}]", rate) for i, rate in enumerate(rates) if rate and i)
            divided = cost(f"entry:{n}", sum(cents), vat=vat)
            back = [share.cents // 2 for share in divided.shares]
        found.append(divided)
        if draw(st.booleans()):
            found.append(reversed_(f"entry:a{n}", divided, back, left_cents=divided.amount_cents - sum(back)))
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=histories(), singly=st.booleans())
def test_every_cent_of_tax_too_is_on_two_statements(history: list[Event], singly: bool) -> None:  # noqa: FBT001 - drawn
    """However the log is cut: the balance that is kept current is what the lines come to."""
    events = [*founded(), *history]
    if singly:
        rows = Memory(statements)
        for at, event in recorded(events):
            rows.advance([(at, event)], at.position)
    else:
        rows = books(events)
    for balance in rows.under(Balance):
        found = lines_of(rows, balance.partner, MARCH)
        assert [line.n for line in found] == list(range(1, balance.lines + balance.vat_lines + 1))
        assert sum(line.cents for line in found) == balance.cents
        assert sum(line.cents for line in found if line.kind == "vat") == balance.vat_cents
    assert sum(total.closing_cents for total in totals(rows, MARCH)) == 0
    assert sum(total.vat_cents for total in totals(rows, MARCH)) == 0
