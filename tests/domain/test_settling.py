"""A closed month is settled once for each agreement; what it pays is planned whole before anybody approves it."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.agreements.events import AgreementEnteredIntoForce, Clauses, Netting, UnitOf
from domain.kernel import Asked
from domain.money import parse_rule
from domain.settlement.events import (
    Netted,
    PaymentOrdered,
    PeriodClosed,
    PeriodSettled,
    SettlementApproved,
    SettlementPlanned,
)
from domain.words import Names
from tests.domain.story import AGREEMENT, RULE, closing, do, founded
from tests.given_when_then import Given, asked, plain

APRIL = "2019-04-10T09:00:00+03:00"
POLICY = asked(APRIL, role="policy")
SETTLE = {"period": "2019-01", "agreement": AGREEMENT}
A, B, C = "org:a", "org:b", "org:c"


def in_force(
    mode: Literal["gross", "pairwise", "multilateral", "clearing"] = "multilateral",
    parties: tuple[str, ...] = (A, B, C),
    version: int = 1,
    units: tuple[UnitOf, ...] = (),
) -> AgreementEnteredIntoForce:
    clauses = Clauses(
        sharing_rule=None,
        data_sharing=False,
        answer_days=5,
        grace_days=5,
        rights=(),
        duties=(),
        netting=Netting(mode=mode, clearing=C if mode == "clearing" else None),
        payment_days=9,
    )
    return AgreementEnteredIntoForce(
        agreement=AGREEMENT,
        version=version,
        title=Names(fi="Sopimus"),
        parties=parties,
        in_force_on=date(2019, 1, 9),
        text_digest="0" * 64,
        clauses=clauses,
        units=units,
    )


def closed(*agreements: AgreementEnteredIntoForce) -> Given:
    january = closing(founded(), "2019-01", "2019-02-02T09:00:00+02:00").and_then()
    return Given((*january.history, *(agreements or (in_force(),))))


def settled(so_far: Given | None = None) -> Given:
    return do(so_far or closed(), "settle-period", SETTLE, asked(APRIL))


def id_of(so_far: Given) -> str:
    return next(e.settlement for e in reversed(so_far.history) if isinstance(e, PeriodSettled))


def pair(so_far: Given, first: str, second: str, *cents: int) -> dict[str, Any]:
    names = ("first_owes_cents", "second_owes_cents", "first_pays_cents", "second_pays_cents")
    return {"settlement": id_of(so_far), "first": first, "second": second, **dict(zip(names, cents, strict=True))}


def order(so_far: Given, payer: str, payee: str, cents: int, number: int = 1) -> dict[str, Any]:
    return {"settlement": id_of(so_far), "number": number, "payer": payer, "payee": payee, "cents": cents}


def plan(so_far: Given, pairs: int = 3, payments: int = 1, total_cents: int = 10000) -> dict[str, Any]:
    return {"settlement": id_of(so_far), "pairs": pairs, "payments": payments, "total_cents": total_cents}


def netted() -> Given:
    """A owes B 100.00 and B owes C 100.00: A pays C, and B's pairs are closed."""
    so_far = settled()
    for first, second, *cents in ((A, B, 10000, 0, 0, 0), (A, C, 0, 0, 10000, 0), (B, C, 10000, 0, 0, 0)):
        so_far = do(so_far, "net-pair", pair(so_far, first, second, *cents), POLICY)
    return do(so_far, "order-payment", order(so_far, A, C, 10000), POLICY)


def planned() -> Given:
    so_far = netted()
    return do(so_far, "plan-settlement", plan(so_far), POLICY)


def somebody_else() -> Asked:
    return replace(asked(APRIL), actor="person:other")


def test_settling_says_by_which_version_how_among_whom_and_when_it_is_paid() -> None:
    """Nine days from 10 April 2019 is Good Friday; the next banking day is the Tuesday after Easter."""
    event = settled().history[-1]
    assert plain(event) | {"settlement": ""} == {
        "settlement": "",
        "number": 1,
        "period": "2019-01",
        "agreement": AGREEMENT,
        "version": 1,
        "mode": "multilateral",
        "clearing": None,
        "members": (A, B, C),
        "units": (),
        "pay_on": "2019-04-23",
        "by": "person:test",
        "settled_on": "2019-04-10",
    }


def test_the_version_in_force_says_how_and_who_left_is_still_settled_with() -> None:
    unit = UnitOf(party=B, legal_person="org:city")
    event = settled(closed(in_force(), in_force("clearing", (B, C), 2, (unit,)))).history[-1]
    assert isinstance(event, PeriodSettled)
    assert (event.version, event.mode, event.clearing) == (2, "clearing", C)
    assert (event.members, event.units) == ((A, B, C), ((B, "org:city"),))


def test_a_period_is_settled_when_it_is_closed_and_its_agreement_in_force() -> None:
    founded().when("settle-period", SETTLE).then_refused(
        f"{AGREEMENT} is not in force yet, so nothing is settled under it."
    )
    closed().when("settle-period", {**SETTLE, "period": "2019-02"}).then_refused(
        "2019-02 is not closed; close it and have its statements approved before it is settled."
    )


def test_a_period_is_settled_once_under_an_agreement_and_one_settlement_is_planned_at_a_time() -> None:
    once = settled()
    once.when("settle-period", SETTLE).then_refused(
        f"2019-01 was settled under {AGREEMENT} on 2019-04-10 by {id_of(once)}; what has been approved since is paid when the "
        "next month is settled."
    )
    more = Given(
        (
            *once.history,
            replace(in_force(), agreement="agreement:other"),
            PeriodClosed(period="2019-02", closed_on=date(2019, 3, 2)),
        )
    )
    for body in ({**SETTLE, "agreement": "agreement:other"}, {**SETTLE, "period": "2019-02"}):
        more.when("settle-period", body).then_refused(
            f"Settlement 1 ({id_of(once)}) is still being planned, and what it pays must not be paid twice; settle again when "
            "its payments stand in the log."
        )
    free = do(more, "plan-settlement", plan(more, 0, 0, 0), POLICY)
    (second,) = free.when("settle-period", {**SETTLE, "period": "2019-02"}).events()
    assert isinstance(second, PeriodSettled)
    assert second.number == 2


def test_a_set_off_moves_what_others_pay() -> None:
    """A owes B 100.00 and B owes C 100.00; netted, A pays C: the pairs of B are both closed."""
    moved = {(e.first, e.second): e.moved_cents for e in netted().history if isinstance(e, Netted)}
    assert moved == {(A, B): 10000, (A, C): -10000, (B, C): 10000}
    event = next(e for e in netted().history if isinstance(e, Netted))
    assert (event.period, event.occurred_on, event.parties) == ("2019-04", date(2019, 4, 10), (A, B))
    gross = settled(closed(in_force("gross")))
    (both,) = gross.when("net-pair", pair(gross, A, B, 700, 300, 700, 300), POLICY).events()
    assert isinstance(both, Netted)
    assert both.moved_cents == 0


def test_two_are_netted_once_and_only_as_members_of_two_legal_persons() -> None:
    so_far = netted()
    settlement = id_of(so_far)
    so_far.when("net-pair", pair(so_far, A, B, 1, 0, 0, 0), POLICY).then_refused(
        f"{A} and {B} are netted in {settlement} already, once and for all."
    )
    for first, second in ((B, A), (A, A), (A, "org:lut")):
        settled().when("net-pair", pair(so_far, first, second, 1, 0, 0, 0), POLICY).then_refused(
            f"{first} and {second} are no pair of {settlement}: two of its members in ascending order, of two legal persons."
        )
    settled().when("net-pair", pair(so_far, A, B, 0, 0, 0, 0), POLICY).then_refused(
        f"{A} and {B} neither owe nor pay each other anything in {settlement}."
    )
    closed().when("net-pair", pair(so_far, A, B, 1, 0, 0, 0), POLICY).then_refused(f"There is no {settlement} here.")
    planned().when("net-pair", pair(so_far, A, B, 1, 0, 0, 0), POLICY).then_refused(
        f"{A} and {B} are netted in {settlement} already, once and for all."
    )


@pytest.mark.parametrize(
    "units",
    [
        (UnitOf(party=A, legal_person="org:city"), UnitOf(party=B, legal_person="org:city")),
        (UnitOf(party=A, legal_person=B),),
    ],
)
def test_nothing_is_set_off_or_paid_within_a_legal_person(units: tuple[UnitOf, ...]) -> None:
    so_far = settled(closed(in_force(units=units)))
    so_far.when("net-pair", pair(so_far, A, B, 1, 0, 0, 0), POLICY).then_refused(
        f"{A} and {B} are no pair of {id_of(so_far)}: two of its members in ascending order, of two legal persons."
    )
    so_far.when("order-payment", order(so_far, B, A, 1), POLICY).then_refused(
        f"{B} cannot pay {A} in {id_of(so_far)}: a payment is between two of its members, of two legal persons."
    )
    assert so_far.when("net-pair", pair(so_far, A, C, 1, 0, 0, 0), POLICY).events()


def test_a_payment_has_a_number_and_a_reference_of_its_own() -> None:
    so_far = netted()
    event = so_far.history[-1]
    assert isinstance(event, PaymentOrdered)
    assert (event.payer, event.payee, event.cents, event.pay_on) == (A, C, 10000, date(2019, 4, 23))
    assert event.reference == "1000012"
    so_far.when("order-payment", order(so_far, A, C, 1), POLICY).then_refused(
        f"Payment 1 of {id_of(so_far)} is ordered already: {event.payment}."
    )
    (second,) = so_far.when("order-payment", order(so_far, A, B, 1, 2), POLICY).events()
    assert isinstance(second, PaymentOrdered)
    assert second.payment != event.payment
    assert second.reference == "1000025"


def test_a_plan_is_whole_or_it_is_none() -> None:
    so_far, settlement = netted(), id_of(netted())
    so_far.when("plan-settlement", plan(so_far, pairs=4), POLICY).then_refused(
        f"The log has 3 of 4 set-offs of {settlement} and 1 of 1 payments, 10000 of 10000 cents; the coordinator's list says why."
    )
    other = do(settled(), "net-pair", pair(so_far, A, B, 10000, 0, 0, 0), POLICY)
    other.when("plan-settlement", plan(so_far, 1, 0, 0), POLICY).then_refused(
        f"The set-offs of {A} in {settlement} come to 10000 cents and not to 0: somebody would gain or lose."
    )
    paying = do(settled(), "net-pair", pair(so_far, A, B, 10000, 0, 10000, 0), POLICY)
    less = do(paying, "order-payment", order(so_far, A, B, 9999), POLICY)
    less.when("plan-settlement", plan(so_far, 1, 1, 9999), POLICY).then_refused(
        f"In {settlement} {A} is to pay {B} 10000 cents by its set-off, but 9999 are ordered."
    )
    assert planned().history[-1] == SettlementPlanned(
        settlement=settlement, pairs=3, payments=1, total_cents=10000, planned_on=date(2019, 4, 10), parties=()
    )
    planned().when("plan-settlement", plan(so_far), POLICY).then_refused(f"{settlement} is planned already.")
    planned().when("order-payment", order(so_far, A, B, 5, 2), POLICY).then_refused(
        f"{settlement} is planned, and no payment is added to it; what is open is settled next time."
    )
    closed().when("plan-settlement", plan(so_far), POLICY).then_refused(f"There is no {settlement} here.")


def test_a_planned_settlement_gets_no_other_pair() -> None:
    so_far = settled()
    done = do(so_far, "plan-settlement", plan(so_far, 0, 0, 0), POLICY)
    done.when("net-pair", pair(so_far, A, B, 1, 0, 0, 0), POLICY).then_refused(
        f"{id_of(so_far)} is planned, and nothing is added to it; what is open is settled next time."
    )


def test_who_settles_may_not_approve_and_nobody_approves_what_is_not_planned() -> None:
    so_far, settlement = planned(), id_of(planned())
    body = {"settlement": settlement}
    netted().when("approve-settlement", body, somebody_else()).then_refused(
        f"{settlement} is still being planned; approve it when all its payments stand in the log."
    )
    so_far.when("approve-settlement", body, asked(APRIL)).then_refused(
        f"Who settles may not approve the same settlement; let another person approve {settlement}."
    )
    approved = do(so_far, "approve-settlement", body, somebody_else())
    assert approved.history[-1] == SettlementApproved(
        settlement=settlement, by="person:other", approved_on=date(2019, 4, 10)
    )
    approved.when("approve-settlement", body, somebody_else()).then_refused(
        f"{settlement} was approved on 2019-04-10 already."
    )
    founded().when("approve-settlement", body).then_refused(f"There is no {settlement} here.")


@pytest.mark.parametrize("parties", [(A, B, C), (A, B)], ids=["all", "two"])
def test_no_other_agreement_stops_a_settlement(parties: tuple[str, ...]) -> None:
    """Whatever it says of how two pay: else any two could keep all the others from being paid."""
    moneyed = replace(in_force("gross").clauses, sharing_rule=parse_rule(RULE))
    other = replace(in_force("gross"), agreement="agreement:other", parties=parties, clauses=moneyed)
    assert closed(in_force(), other).when("settle-period", SETTLE).events()


def test_a_settlement_that_came_to_nothing_does_not_stand_in_the_way_of_the_same_month() -> None:
    empty = settled()
    empty = do(empty, "plan-settlement", plan(empty, 0, 0, 0), POLICY)
    (again,) = empty.when("settle-period", SETTLE, replace(asked(APRIL), command_id=UUID(int=1))).events()
    assert isinstance(again, PeriodSettled)
    assert again.number == 2
    planned().when("settle-period", SETTLE).then_refused(
        f"2019-01 was settled under {AGREEMENT} on 2019-04-10 by {id_of(planned())}; what has been approved since is paid when the "
        "next month is settled."
    )
