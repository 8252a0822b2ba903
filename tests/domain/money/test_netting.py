"""Netting: everybody gets what is due in few payments, each explained, and every two are set off to what is paid."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import (
    BadFigure,
    MoneyFault,
    Netted,
    NothingOwed,
    Obligation,
    OwesItself,
    PairBalance,
    RuleFault,
    SetOff,
    Unsettled,
    net,
    pairwise,
    parse_obligations,
    set_offs,
    through,
)
from tests.domain.money.rules import repeatable

ORGANISATIONS = [f"org:{name}" for name in "abcdef"]
CLEARING = "org:c"


def owes(debtor: str, creditor: str, cents: int) -> Obligation:
    return Obligation(debtor=f"org:{debtor}", creditor=f"org:{creditor}", cents=cents)


def paid(netted: Netted) -> list[tuple[str, str, int]]:
    return [(each.payer[4:], each.payee[4:], each.cents) for each in netted.payments]


def moved(pairs: Iterable[SetOff]) -> dict[str, tuple[int, int, int]]:
    return {
        f"{each.organisation[4:]}-{each.counterparty[4:]}": (each.open_cents, each.set_off_cents, each.payment_cents)
        for each in pairs
    }


CHAIN = [owes("a", "b", 100), owes("b", "c", 100)]

obligations = st.lists(
    st.builds(
        lambda two, cents: Obligation(debtor=two[0], creditor=two[1], cents=cents),
        st.lists(st.sampled_from(ORGANISATIONS), min_size=2, max_size=2, unique=True),
        st.one_of(st.integers(1, 5), st.integers(1, 10**9)),
    ),
    max_size=12,
)
ways: st.SearchStrategy[Callable[[Iterable[Obligation]], Netted]] = st.sampled_from(
    [net, pairwise, lambda owed: through(CLEARING, owed), lambda owed: through("org:bank", owed)]
)


def test_a_chain_becomes_one_payment_and_its_links_are_closed() -> None:
    """A owes B, B owes C the same: A pays C, B is out of it."""
    netted = net(CHAIN)
    assert paid(netted) == [("a", "c", 100)]
    assert [(each.organisation, each.cents) for each in netted.positions] == [
        ("org:a", -100),
        ("org:b", 0),
        ("org:c", 100),
    ]
    assert netted.payments[0].because == (
        PairBalance(organisation="org:a", counterparty="org:b", cents=-100),
        PairBalance(organisation="org:c", counterparty="org:b", cents=100),
    )
    assert moved(netted.pairs) == {"a-b": (-100, 100, 0), "a-c": (0, -100, -100), "b-c": (-100, 100, 0)}


def test_the_same_pairwise_and_through_a_clearing_partner() -> None:
    """Pairwise nothing is set off; through B, which owes as much as it is owed, neither; through D all goes there."""
    for netted in (pairwise(CHAIN), through("org:b", CHAIN)):
        assert paid(netted) == [("a", "b", 100), ("b", "c", 100)]
        assert moved(netted.pairs) == {"a-b": (-100, 0, -100), "b-c": (-100, 0, -100)}
    cleared = through("org:d", CHAIN)
    assert paid(cleared) == [("a", "d", 100), ("d", "c", 100)]
    assert moved(cleared.pairs) == {
        "a-b": (-100, 100, 0),
        "a-d": (0, -100, -100),
        "b-c": (-100, 100, 0),
        "c-d": (0, 100, 100),
    }
    assert [(each.organisation, each.cents) for each in cleared.positions][-1] == ("org:d", 0)


def test_the_largest_pays_the_largest_and_ties_go_by_id() -> None:
    """Looked for anew after every payment."""
    owed = [owes("d", "a", 50), owes("c", "a", 50), owes("e", "b", 90), owes("c", "b", 10)]
    assert paid(net(owed)) == [("e", "a", 90), ("c", "b", 60), ("d", "b", 40), ("d", "a", 10)]


def test_two_that_owe_each_other_the_same_pay_nothing() -> None:
    for way in (net, pairwise):
        netted = way([owes("a", "b", 7), owes("b", "a", 7)])
        assert netted.payments == ()
        assert moved(netted.pairs) == {"a-b": (0, 0, 0)}
    assert net([]) == Netted(positions=(), payments=(), pairs=())


@repeatable
@given(obligations, ways, st.randoms(use_true_random=False))
def test_everybody_gets_what_is_due(
    owed: list[Obligation], way: Callable[[Iterable[Obligation]], Netted], random: Random
) -> None:
    """Any way: positions sum to 0 and are what is paid, each is reasoned, and the order of obligations is nothing."""
    netted = way(owed)
    gross = dict.fromkeys([each.organisation for each in netted.positions], 0)
    for each in owed:
        gross[each.debtor] -= each.cents
        gross[each.creditor] += each.cents
    assert {each.organisation: each.cents for each in netted.positions} == gross
    assert sum(gross.values()) == 0
    left = dict(gross)
    for payment in netted.payments:
        assert payment.cents > 0
        left[payment.payer] += payment.cents
        left[payment.payee] -= payment.cents
        reasons: dict[str, int] = {}
        for reason in payment.because:
            reasons[reason.organisation] = reasons.get(reason.organisation, 0) + reason.cents
        if way is pairwise:
            assert reasons == {payment.payer: -payment.cents}
        else:
            assert all(gross[organisation] == cents for organisation, cents in reasons.items())
            assert reasons
    assert set(left.values()) <= {0}
    if way is not pairwise:
        assert len(netted.payments) <= max(0, len(gross) - 1)
    shuffled = list(owed)
    random.shuffle(shuffled)
    assert way(shuffled) == netted


@repeatable
@given(obligations, ways)
def test_what_is_set_off_leaves_what_is_paid(
    owed: list[Obligation], way: Callable[[Iterable[Obligation]], Netted]
) -> None:
    """For every two: open + set off = payment. For everybody: what is set off sums to 0."""
    netted = way(owed)
    assert set_offs(owed, netted.payments) == netted.pairs
    payments = dict.fromkeys([(each.organisation, each.counterparty) for each in netted.pairs], 0)
    open_cents = dict(payments)
    for payment in netted.payments:
        for sign, pair in ((-1, (payment.payer, payment.payee)), (1, (payment.payee, payment.payer))):
            if pair in payments:
                payments[pair] += sign * payment.cents
    for each in owed:
        for sign, pair in ((-1, (each.debtor, each.creditor)), (1, (each.creditor, each.debtor))):
            if pair in open_cents:
                open_cents[pair] += sign * each.cents
    of_each: dict[str, int] = {}
    for two in netted.pairs:
        pair = (two.organisation, two.counterparty)
        assert two.organisation < two.counterparty
        assert (two.open_cents, two.payment_cents) == (open_cents[pair], payments[pair])
        assert two.open_cents + two.set_off_cents == two.payment_cents
        assert two.set_off_cents == 0 or way is not pairwise
        of_each[two.organisation] = of_each.get(two.organisation, 0) + two.set_off_cents
        of_each[two.counterparty] = of_each.get(two.counterparty, 0) - two.set_off_cents
    assert set(of_each.values()) <= {0}


@pytest.mark.parametrize(
    ("owed", "refusal", "sentence"),
    [
        (
            [owes("a", "a", 5)],
            OwesItself,
            "org:a owes 5 cents to itself; an obligation is between two organisations.",
        ),
        (
            [owes("a", "b", 0)],
            NothingOwed,
            "org:a owes org:b 0 cents; an obligation is above 0, so turn it round or leave it out.",
        ),
        (
            [owes("a", "b", -5)],
            NothingOwed,
            "org:a owes org:b -5 cents; an obligation is above 0, so turn it round or leave it out.",
        ),
        (
            [owes("a", "b", 2**53 - 1), owes("a", "b", 1)],
            BadFigure,
            f"{-(2**53)} is not an amount; whole cents between -2^53 and 2^53 are.",
        ),
        (
            [owes("a", "b", 2**53 - 1), owes("a", "c", 1)],
            BadFigure,
            f"{-(2**53)} is not an amount; whole cents between -2^53 and 2^53 are.",
        ),
    ],
)
def test_what_nobody_can_owe_is_refused(owed: list[Obligation], refusal: type[MoneyFault], sentence: str) -> None:
    for way in (net, pairwise, lambda given_list: through("org:c", given_list)):
        with pytest.raises(refusal) as refused:
            way(owed)
        assert str(refused.value) == sentence


def test_sums_are_bounded_as_a_whole_not_on_the_way() -> None:
    """Else the order of the obligations would decide."""
    owed = [owes("a", "b", 2**53 - 1), owes("a", "b", 2), owes("b", "a", 2)]
    assert net(owed) == net(reversed(owed))


def test_payments_that_settle_nothing_are_not_set_off() -> None:
    with pytest.raises(Unsettled) as refused:
        set_offs(CHAIN, [])
    assert str(refused.value) == (
        "org:a stands at -100 cents, but the payments come to 0 for it; what is set off must leave everybody with the same."
    )


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({}, "obligations are an object, but must be a list."),
        ([3], "[0] is 3, but must be an object."),
        (
            [{"from": "org:a", "to": "org:b", "cents": 1, "why": "x"}],
            '[0] has the unknown key "why"; known are from, to, cents.',
        ),
        ([{"from": "org:a", "cents": 1}], '[0] lacks "to".'),
        (
            [{"from": "role:a", "to": "org:b", "cents": 1}],
            '[0].from is "role:a", but must be an organisation, as in "org:xamk".',
        ),
        (
            [{"from": "org:a", "to": "org:a", "cents": 1}],
            '[0].to is "org:a", which owes it; an obligation is between two.',
        ),
        (
            [{"from": "org:a", "to": "org:b", "cents": 1.5}],
            "[0].cents is the float 1.5, but must be whole cents from 1 to 9007199254740991.",
        ),
        (
            [{"from": "org:a", "to": "org:b", "cents": 0}],
            "[0].cents is 0, but must be whole cents from 1 to 9007199254740991.",
        ),
        (
            [{"from": "org:a", "to": "org:b", "cents": True}],
            "[0].cents is true, but must be whole cents from 1 to 9007199254740991.",
        ),
        ([None] * 200_001, "obligations are 200,001, but 200,000 is the most."),
    ],
)
def test_a_malformed_list_is_refused_with_its_place(raw: object, sentence: str) -> None:
    with pytest.raises(RuleFault) as refused:
        parse_obligations(raw)
    assert str(refused.value) == sentence


@repeatable
@given(obligations)
def test_a_list_is_read_as_it_is_written(owed: list[Obligation]) -> None:
    raw: list[dict[str, Any]] = msgspec.to_builtins(owed)
    assert parse_obligations(raw) == tuple(owed)
