"""A payer's word alone discharges nothing for good: over HTTP the payee contests it, and the payment is to be made again."""

import re
from functools import partial

from domain.settlement.events import StatementIssued
from projections.statement import account_of
from projections.statements import statements
from tests.bank.settled import CURSOR, EKAMI, XAMK, do, ordered
from tests.bank.settled_world import SettledWorld, served
from tests.http.world import run

FEBRUARY = "2019-02"
FILE = "/v1/settlements/2019-01/payments.xml"
LINE = f"bank-line:{1:032x}"


def ids_in(world: SettledWorld) -> tuple[str, set[str]]:
    """The message's own id, and those of the payments in it."""
    text = world.get(FILE, XAMK).text
    (message,) = re.findall("<MsgId>(.+?)</MsgId>", text)
    return message, set(re.findall("<EndToEndId>(.+?)</EndToEndId>", text))


def test_a_payer_s_own_line_is_contested_by_the_payee_and_the_payment_is_to_be_made_again() -> None:
    with served() as world:
        order = run(ordered(world))[EKAMI]
        first_message, both = ids_in(world)
        told = {"payment": order.payment, "settlement": order.settlement, "bank_line": LINE, "side": "payer"}
        paid = {**told, "cents": 70_000, "booked_on": "2019-02-21"}
        assert world.send("record-payment", paid, XAMK).status_code == 201
        assert world.get(f"/v1/payments/{order.payment}", EKAMI).json()["payment"]["state"] == "paid"
        assert len(ids_in(world)[1]) == len(both) - 1

        contested = {"payment": order.payment, "bank_line": LINE, "reason": "not-received", "booked_on": "2019-02-21"}
        for who, status in ((CURSOR, 404), (XAMK, 403), ("checker", 403), ("auditor", 403)):
            assert world.send("take-back-payment", contested, who).status_code == status, who
        answer = world.send("take-back-payment", contested, EKAMI)
        assert answer.status_code == 201, answer.text
        assert answer.json()["events"][0]["type"] == "tasma.settlement.payment_taken_back.v1"
        assert world.send("take-back-payment", contested, EKAMI).status_code == 409
        assert world.send("record-payment", paid, XAMK).status_code == 409, "the line stays recognised"

        found = world.get(f"/v1/payments/{order.payment}", EKAMI).json()
        assert (found["payment"]["state"], found["payment"]["paid_cents"]) == ("approved", 0)
        (shown,) = found["shown"]
        assert (shown["bank_line"]["taken_back"]["reason"], len(shown["lines"])) == ("not-received", 2)
        path = f"/v1/statements/{EKAMI}/{FEBRUARY}/lines"
        paid_line, back_line = (world.get(f"{path}/{place['n']}", EKAMI).json()["line"] for place in shown["lines"])
        assert [(line["kind"], line["cents"]) for line in (paid_line, back_line)] == [
            ("payment", -70_000),
            ("payment", 70_000),
        ]
        assert back_line["corrects"] == f"{FEBRUARY}/{paid_line['n']}"
        (listed,) = world.get("/v1/bank-lines", XAMK).json()["items"]
        assert (listed["bank_line"], listed["reason"]) == (LINE, "not-received")
        assert len(ids_in(world)[1]) == len(both) - 1, "nobody pays twice because the payee alone says so"
        headers = world.get(FILE, XAMK).headers
        assert headers["Tasma-Left-Out"] == f"{order.payment};payee={EKAMI};why=contested"
        assert "Tasma-Paid-Again" not in headers
        cleared = {"bank_line": LINE, "how": "returned"}
        assert world.send("clear-bank-line", cleared, EKAMI).status_code == 404, "it is not the payee's to say"
        assert world.send("clear-bank-line", cleared, XAMK).status_code == 201
        second_message, again = ids_in(world)
        assert again == both
        assert world.get(FILE, XAMK).headers["Tasma-Paid-Again"] == f"{order.payment};payee={EKAMI}"
        assert second_message != first_message, "a bank takes a message once"


def test_a_file_names_what_two_accounts_show_differently() -> None:
    """If these are two transfers all is paid: the rest is not paid again without a look."""
    with served() as world:
        order = run(ordered(world))[EKAMI]
        told = {"payment": order.payment, "settlement": order.settlement, "booked_on": "2019-02-21"}
        for side, who, cents in (("payee", EKAMI, 30_000), ("payer", XAMK, 40_000)):
            assert "Tasma-Contradicted" not in world.get(FILE, XAMK).headers
            line = {"bank_line": f"bank-line:{cents:032x}", "side": side, "cents": cents}
            assert world.send("record-payment", {**told, **line}, who).status_code == 201
        assert world.get(FILE, XAMK).headers["Tasma-Contradicted"] == f"{order.payment};payee={EKAMI}"


def test_what_is_stated_of_it_is_recomputed_whether_it_was_taken_back_before_the_closing_or_after() -> None:
    with served() as world:
        for number, payee in enumerate((EKAMI, CURSOR), 1):
            order = run(ordered(world))[payee]
            told = {"payment": order.payment, "settlement": order.settlement, "cents": order.cents, "side": "payer"}
            line = {"bank_line": f"bank-line:{number:032x}", "booked_on": "2019-02-21"}
            assert world.send("record-payment", {**told, **line}, XAMK).status_code == 201
        for number, payee, reason, day, closed_at in (
            (1, EKAMI, "not-received", "2019-02-21", "2019-03-05T12:00:00+02:00"),
            (2, CURSOR, "returned", "2019-03-06", "2019-04-05T12:00:00+03:00"),
        ):
            order, month = run(ordered(world))[payee], day[:7]
            back = {
                "payment": order.payment,
                "bank_line": f"bank-line:{number:032x}",
                "reason": reason,
                "booked_on": day,
            }
            run(do(world, "take-back-payment", back, f"{day}T12:00:00+02:00"))
            run(world.work_off())
            run(do(world, "close-period", {"period": month}, closed_at))
            run(world.work_off())
        issued = [event for event in world.all(StatementIssued) if isinstance(event, StatementIssued)]
        assert {each.period for each in issued} == {"2019-01", FEBRUARY, "2019-03"}
        corrected = 0
        for each in issued:
            account = run(
                world.views.ask(statements, partial(account_of, partner=each.partner, period=each.period))
            ).value
            assert account is not None
            assert account.verified() == each.digest
            corrected += sum(line.corrects is not None for line in account.lines)
        assert corrected == 4, "each on both statements"
