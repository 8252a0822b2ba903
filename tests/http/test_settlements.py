"""Settlements, payments, bank's lines and balances over HTTP: one's own, and one step each way."""

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.projecting.memory import Memory
from examples.kymenlaakso.bank_statement import Payment
from tests.bank.settled import AGREEMENT, CURSOR, EKAMI, XAMK, ordered
from tests.bank.settled_world import SettledWorld, file_of, served
from tests.http.world import run

JANUARY, FEBRUARY = "2019-01", "2019-02"


@pytest.fixture(scope="module")
def paid() -> Iterator[SettledWorld]:
    """Xamk has paid ekami 700.00, and its bank shows a line that nobody knows; cursor waits for 200.00."""
    with served() as world:
        order = run(ordered(world))[EKAMI]
        answer = world.hand_in(file_of(XAMK, Payment(-70_000, order.reference), Payment(-1, "1232")))
        assert answer.status_code == 201, answer.text
        yield world


def settlement(world: SettledWorld, who: str) -> Any:  # noqa: ANN401 - any JSON
    (found,) = world.get(f"/v1/settlements/{JANUARY}", who).json()
    return found


def test_a_partner_sees_its_own_pairs_and_payments_of_a_settlement(paid: SettledWorld) -> None:
    whole, mine = settlement(paid, "coordinator"), settlement(paid, EKAMI)
    assert (whole["agreement"], whole["approved"], whole["state"]) == (AGREEMENT, True, "approved")
    assert [(p["payer"], p["payee"], p["cents"], p["state"]) for p in whole["payments"]] == [
        (XAMK, CURSOR, 20_000, "approved"),
        (XAMK, EKAMI, 70_000, "paid"),
    ]
    assert [(p["payer"], p["payee"]) for p in mine["payments"]] == [(XAMK, EKAMI)]
    assert {p["counterparty"] for p in mine["pairs"]} == {XAMK}
    assert mine["state"] == "paid", "of what concerns it nothing is open"
    assert settlement(paid, "auditor") == whole
    assert paid.get("/v1/settlements/2019-03").json() == []
    assert paid.get("/v1/settlements/2019-13").json()["detail"] == "There is no period 2019-13 here."
    assert paid.get(f"/v1/settlements/{JANUARY}", "mentor").status_code == 404


def test_a_payment_leads_back_to_its_settlement_and_on_to_the_statements(paid: SettledWorld) -> None:
    order = run(ordered(paid))[EKAMI]
    found = paid.get(f"/v1/payments/{order.payment}").json()
    assert (found["period"], found["agreement"], found["approved"]) == (JANUARY, AGREEMENT, True)
    kinds = [type(paid.events()[position - 1].data).__name__ for position in found["events"]]
    assert kinds == ["PeriodSettled", "Netted", "PaymentOrdered", "SettlementApproved", "PaymentRecorded"]
    (shown,) = found["shown"]
    assert shown["bank_line"]["outcome"] == "matched"
    assert {(line["partner"], line["period"]) for line in shown["lines"]} == {(XAMK, FEBRUARY), (EKAMI, FEBRUARY)}
    for line in shown["lines"]:
        answer = paid.get(f"/v1/statements/{line['partner']}/{line['period']}/lines/{line['n']}").json()
        cents = 70_000 if line["partner"] == XAMK else -70_000
        assert (answer["line"]["kind"], answer["line"]["cents"]) == ("payment", cents)
    own = paid.get(f"/v1/payments/{order.payment}", EKAMI).json()
    assert [line["partner"] for shown in own["shown"] for line in shown["lines"]] == [EKAMI]
    for who in (CURSOR, "mentor", "funder"):
        assert paid.get(f"/v1/payments/{order.payment}", who).status_code == 404


def test_where_payments_stand_is_found_without_writing_the_statements_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where they were taken back and paid anew. Statements may have ten thousands of lines, each read from its posting."""
    with served() as world:
        orders = run(ordered(world))
        for number, (payee, contested) in enumerate(((CURSOR, True), (EKAMI, True), (CURSOR, False)), 1):
            order, line = orders[payee], {"bank_line": f"bank-line:{number:032x}", "booked_on": "2019-02-21"}
            told = {"payment": order.payment, "settlement": order.settlement, "cents": order.cents, "side": "payer"}
            assert world.send("record-payment", {**told, **line}, XAMK).status_code == 201
            if contested:
                back = {**line, "payment": order.payment, "reason": "not-received"}
                assert world.send("take-back-payment", back, payee).status_code == 201
        written = {
            partner: {line["events"][0]: line["n"] for line in statement["lines"]}
            for partner in (XAMK, EKAMI, CURSOR)
            for statement in [world.get(f"/v1/statements/{partner}/{FEBRUARY}").json()]
        }
        assert {partner: len(lines) for partner, lines in written.items()} == {XAMK: 5, EKAMI: 2, CURSOR: 3}
        monkeypatch.setattr(Memory, "told", None)
        answers = {payee: world.get(f"/v1/payments/{orders[payee].payment}") for payee in (EKAMI, CURSOR)}
        assert [answer.status_code for answer in answers.values()] == [200, 200], "no posting is read"
        found = {payee: answer.json()["shown"] for payee, answer in answers.items()}
        assert {payee: len(lines) for payee, lines in found.items()} == {EKAMI: 1, CURSOR: 2}
        for payee, lines in found.items():
            for shown in lines:
                line, back = shown["bank_line"], shown["bank_line"]["taken_back"]
                events = [line["recorded"], *([back["event"]] if back else [])]
                places = [(place["partner"], place["period"], place["n"]) for place in shown["lines"]]
                assert places == [(p, FEBRUARY, written[p][event]) for p in (XAMK, payee) for event in events]
        first = found[CURSOR][0]["bank_line"]["recorded"]
        (then,) = world.get(f"/v1/payments/{orders[CURSOR].payment}?as_of={first}").json()["shown"]
        assert [(place["partner"], place["n"]) for place in then["lines"]] == [(XAMK, 1), (CURSOR, 1)]


def test_a_bank_s_line_is_for_its_account_and_what_it_shows_for_both_sides(paid: SettledWorld) -> None:
    (listed,) = paid.get("/v1/bank-lines").json()["items"]
    assert (listed["organisation"], listed["reason"], listed["is_open"]) == (XAMK, "unknown", True)
    path = f"/v1/bank-lines/{listed['bank_line']}"
    assert paid.get(path, XAMK).json() == listed
    assert paid.get(path, EKAMI).status_code == 404
    shown = paid.get(f"/v1/payments/{run(ordered(paid))[EKAMI].payment}").json()["shown"][0]["bank_line"]
    assert paid.get(f"/v1/bank-lines/{shown['bank_line']}", EKAMI).json() == shown
    assert paid.get("/v1/bank-lines/bank-line:0").status_code == 404


def test_balances_say_what_is_open_settled_to_be_paid_and_paid(paid: SettledWorld) -> None:
    mine = {each["counterparty"]: each for each in paid.get("/v1/balances", XAMK).json()["items"]}
    figures = {
        who: tuple(each[name] for name in ("open_cents", "settled_cents", "to_pay_cents", "paid_cents"))
        for who, each in mine.items()
    }
    assert figures == {EKAMI: (0, -70_000, 0, 70_000), CURSOR: (0, -20_000, -20_000, 0)}
    assert paid.get(f"/v1/balances?organisation={XAMK}").json()["items"] == list(mine.values())
    assert len(paid.get("/v1/balances").json()["items"]) == 2
    assert paid.get(f"/v1/balances?organisation={XAMK}", EKAMI).status_code == 404


def test_as_of_before_the_bank_spoke_nothing_was_paid(paid: SettledWorld) -> None:
    approved = paid.get(f"/v1/payments/{run(ordered(paid))[EKAMI].payment}").json()["events"][3]
    (found,) = paid.get(f"/v1/settlements/{JANUARY}?as_of={approved}", EKAMI).json()
    assert [(p["state"], p["paid_cents"]) for p in found["payments"]] == [("approved", 0)]
