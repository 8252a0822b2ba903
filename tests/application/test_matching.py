"""A bank's line is known by what the bank gives back, never by its amount; what fits nothing is listed."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from application.bank import BankLine
from application.door import command_of
from application.matching import Match, OpenPayment, Reason, RecordedLine, Side, match
from domain.kernel import command_name
from domain.words import PRICE_CENTS_MAX
from tests.given_when_then import asked

A_IBAN, C_IBAN, CITY_IBAN = "FI2112345600000785", "FI1410093000123458", "FI4950009420028730"
OWN = {
    A_IBAN: frozenset({"org:a"}),
    C_IBAN: frozenset({"org:c"}),
    CITY_IBAN: frozenset({"org:city-adult", "org:city-youth"}),
}
PAYMENT = OpenPayment(
    payment="payment:0168f4a2-7c00-8123-9abc-0123456789ab",
    settlement="settlement:1",
    payer="org:a",
    payee="org:c",
    reference="1000012",
    cents=10000,
)
OTHER = replace(PAYMENT, payment="payment:0168f4a2-7c00-8123-9abc-0123456789ac", reference="1000025")
OUT = BankLine(
    id="9f86d081884c7d659a2feaa0c55ad015",
    iban=A_IBAN,
    cents=-10000,
    booked_on=date(2019, 4, 23),
    end_to_end_id="0168f4a27c0081239abc0123456789ab",
    reference=None,
    counterparty_iban=C_IBAN,
)
IN = replace(
    OUT, id="0" * 32, iban=C_IBAN, cents=10000, end_to_end_id=None, reference="1000012", counterparty_iban=A_IBAN
)


def one(line: BankLine, *payments: OpenPayment) -> Match:
    (found,) = match([line], payments or (PAYMENT, OTHER), OWN)
    return found


def wanted(found: Match) -> list[tuple[str, dict[str, Any]]]:
    return [(command.name, dict(command.body)) for command in found.commands]


def test_a_payment_is_known_by_the_id_that_comes_back() -> None:
    found = one(OUT)
    assert (found.payment, found.organisation, found.reason) == (PAYMENT, "org:a", None)
    assert wanted(found) == [
        (
            "record-payment",
            {
                "payment": PAYMENT.payment,
                "settlement": "settlement:1",
                "bank_line": "bank-line:9f86d081884c7d659a2feaa0c55ad015",
                "side": "payer",
                "cents": 10000,
                "booked_on": "2019-04-23",
            },
        )
    ]


def test_else_by_its_reference_on_the_payee_s_account() -> None:
    found = one(IN)
    assert (found.payment, found.organisation) == (PAYMENT, "org:c")
    assert wanted(found)[0][1]["side"] == "payee"
    assert one(replace(OUT, end_to_end_id=None, reference="1000025")).payment == OTHER


def test_the_id_outweighs_the_reference() -> None:
    assert one(replace(OUT, reference="1000025")).payment == PAYMENT
    assert one(replace(OUT, end_to_end_id="F" * 32, reference="1000025")).payment == OTHER


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (replace(IN, reference="1000038"), "unknown-reference"),
        (replace(IN, reference=None), "no-reference"),
        (replace(IN, cents=-10000), "wrong-direction"),
        (replace(OUT, cents=10000), "wrong-direction"),
        (replace(OUT, cents=0), "wrong-direction"),
        (replace(IN, iban=CITY_IBAN), "other-account"),
        (replace(OUT, counterparty_iban="FI5542345670000081"), "other-counterparty"),
        (replace(OUT, counterparty_iban=CITY_IBAN), "other-counterparty"),
        (replace(OUT, counterparty_iban=A_IBAN), "other-counterparty"),
        (replace(IN, counterparty_iban=CITY_IBAN), "other-counterparty"),
        (replace(IN, counterparty_iban=C_IBAN), "other-counterparty"),
    ],
)
def test_what_fits_no_payment_is_listed_and_never_guessed_by_its_amount(line: BankLine, reason: Reason) -> None:
    found = one(line)
    assert (found.payment, found.reason) == (None, reason)
    ((name, body),) = wanted(found)
    assert (name, body["reason"], body["payment"], body["cents"]) == ("list-bank-line", "unknown", None, line.cents)
    assert body["organisation"] in OWN[line.iban]


def recorded(line: BankLine, id_: str = "e" * 32) -> RecordedLine:
    side: Side = "payer" if line.cents < 0 else "payee"
    return RecordedLine(id=id_, side=side, cents=abs(line.cents), booked_on=line.booked_on)


@pytest.mark.parametrize("line", [OUT, IN])
def test_what_looks_like_a_line_of_another_file_and_would_pay_twice_is_for_a_person_to_say(line: BankLine) -> None:
    """Banks say the same line in a notification and in a statement, not always with a number of its own."""
    found = one(line, replace(PAYMENT, recorded=(recorded(line),)))
    assert (found.payment, found.reason) == (None, "as-recorded")
    assert [name for name, _ in wanted(found)] == ["list-bank-line"]


@pytest.mark.parametrize(
    "other",
    [{"booked_on": date(2019, 4, 24)}, {"cents": 9999}, {"side": "payee"}, {"id": OUT.id}],
    ids=["another day", "another sum", "the other account", "the line itself"],
)
def test_what_does_not_look_like_it_is_recorded_as_paid_twice(other: dict[str, Any]) -> None:
    assert one(OUT, replace(PAYMENT, recorded=(replace(recorded(OUT), **other),))).payment


def test_two_parts_of_a_payment_may_look_alike() -> None:
    half = replace(OUT, cents=-5000)
    assert one(half, replace(PAYMENT, recorded=(recorded(half),))).payment
    third = replace(PAYMENT, recorded=(recorded(half), recorded(half, "d" * 32)))
    assert one(half, third).reason == "as-recorded"


def test_two_lines_of_one_file_are_two() -> None:
    first, second = match([OUT, replace(OUT, id="d" * 32)], (PAYMENT,), OWN)
    assert first.payment == second.payment == PAYMENT


def test_no_payment_is_as_large_as_some_lines() -> None:
    assert one(replace(OUT, cents=-PRICE_CENTS_MAX)).payment
    assert one(replace(OUT, cents=-PRICE_CENTS_MAX - 1)).reason == "too-large"


def test_a_payer_may_pay_from_an_account_nobody_knows_here_and_a_bank_may_not_say_which() -> None:
    for iban in (None, "FI5542345670000081"):
        assert one(replace(IN, counterparty_iban=iban)).payment == PAYMENT
    assert one(replace(OUT, counterparty_iban=None)).payment == PAYMENT


def test_what_is_paid_to_a_unit_may_go_to_its_legal_person() -> None:
    """And come from there, but from no third one."""
    unit_iban = "FI5542345670000081"
    own = {A_IBAN: {"org:a"}, unit_iban: {"org:c-lab"}, C_IBAN: {"org:c"}, CITY_IBAN: {"org:city"}}
    of_person = own | {iban: {"org:c", "org:c-lab"} for iban in (unit_iban, C_IBAN)}
    to_unit = replace(PAYMENT, payee="org:c-lab")
    of_unit = replace(PAYMENT, payer="org:c-lab", payee="org:a")
    for iban, payment in ((unit_iban, to_unit), (C_IBAN, to_unit), (CITY_IBAN, None)):
        (out,) = match([replace(OUT, counterparty_iban=iban)], (to_unit,), own, of_person=of_person)
        assert out.payment == payment
        came = replace(IN, iban=A_IBAN, counterparty_iban=iban)
        (came_in,) = match([came], (of_unit,), own, of_person=of_person)
        assert came_in.payment == (of_unit if payment else None)


def test_an_account_of_nobody_here_is_told_and_not_recorded() -> None:
    stranger = replace(IN, iban="FI5542345670000081")
    assert (one(stranger).reason, one(stranger).commands) == ("account-of-nobody", ())


def test_units_of_one_legal_person_may_share_an_account() -> None:
    found = one(replace(IN, iban=CITY_IBAN), replace(PAYMENT, payee="org:city-youth"))
    assert found.organisation == "org:city-youth"


def test_a_reference_that_two_payments_have_tells_nothing() -> None:
    twin = replace(OTHER, reference=PAYMENT.reference)
    assert one(IN, PAYMENT, twin).reason == "unknown-reference"
    assert one(OUT, PAYMENT, twin).payment == PAYMENT


def test_an_invoice_s_reference_leads_to_the_payment_of_it() -> None:
    """On either account, once nothing else is known of the line; not the other way round, and not between two others."""
    payment = replace(PAYMENT, invoices=("20190300001",))
    for line in (replace(OUT, end_to_end_id=None), IN):
        assert one(replace(line, reference="20190300001"), payment, OTHER).payment == payment
    assert one(replace(IN, reference=OTHER.reference), payment, OTHER).payment == OTHER
    assert one(replace(IN, reference="20190300001", cents=-5), payment).reason == "unknown-reference"
    assert one(replace(IN, reference="20190300001", iban=CITY_IBAN), payment).reason == "unknown-reference"


def test_an_invoice_s_reference_shows_no_payment_to_another_account() -> None:
    payment = replace(PAYMENT, invoices=("20190300001",))
    out = replace(OUT, end_to_end_id=None, reference="20190300001", counterparty_iban="FI5542345670000081")
    for line in (out, replace(IN, reference="20190300001", counterparty_iban=CITY_IBAN)):
        assert (one(line, payment, OTHER).payment, one(line, payment, OTHER).reason) == (None, "other-counterparty")


def test_where_issuers_have_given_the_same_reference_the_accounts_tell_or_nobody_does() -> None:
    of_c = replace(PAYMENT, invoices=("20190300001",))
    of_city = replace(OTHER, payee="org:city-adult", invoices=("20190300001",))
    line = replace(OUT, end_to_end_id=None, reference="20190300001")
    assert one(line, of_c, of_city).payment == of_c
    assert one(replace(line, counterparty_iban=CITY_IBAN), of_c, of_city).payment == of_city
    assert one(replace(IN, reference="20190300001"), of_c, of_city).payment == of_c
    for stranger in (None, A_IBAN, "FI5542345670000081"):
        found = one(replace(line, counterparty_iban=stranger), of_c, of_city)
        assert (found.payment, found.reason) == (None, "unknown-reference")


LINES = st.builds(
    BankLine,
    id=st.integers(0, 2**128 - 1).map("{:032x}".format),
    iban=st.sampled_from([A_IBAN, C_IBAN, CITY_IBAN, "FI5542345670000081"]),
    cents=st.integers(-20000, 20000),
    booked_on=st.just(date(2019, 4, 23)),
    end_to_end_id=st.sampled_from([None, "x", OUT.end_to_end_id, "0168f4a27c0081239abc0123456789AC"]),
    reference=st.sampled_from([None, "1000012", "1000025", "RF00", "20190300001"]),
    counterparty_iban=st.sampled_from([None, A_IBAN, C_IBAN, CITY_IBAN, "FI5542345670000081"]),
)


@settings(max_examples=60, deadline=None)
@given(lines=st.lists(LINES, max_size=6, unique_by=lambda line: line.id))
def test_every_line_becomes_something_and_a_file_read_twice_asks_for_the_same(lines: list[BankLine]) -> None:
    """One command for each line of an account here, such as can be sent; keys differ with the lines and never with the time."""
    invoiced = replace(OTHER, invoices=("20190300001",))
    found = match(lines, [PAYMENT, invoiced], OWN)
    assert [each.line for each in found] == lines
    assert found == match(lines, [invoiced, PAYMENT], OWN)
    for each in found:
        assert (each.payment is None) is (each.reason is not None)
        assert len(each.commands) == (each.line.iban in OWN)
        for command in each.commands:
            assert command_name(type(command_of(command.name, command.body, asked()))) == command.name
    keys = {command.key for each in found for command in each.commands}
    assert len(keys) == sum(len(each.commands) for each in found)


BACK = replace(OUT, id="1" * 32, cents=10000, booked_on=date(2019, 4, 25), is_reversal=True)
PAID_OUT = RecordedLine(id=OUT.id, side="payer", cents=10000, booked_on=OUT.booked_on)


def test_money_that_goes_back_takes_back_the_line_that_shows_it() -> None:
    """On the payer's account it comes in again, from the payee's it goes out again."""
    found = one(BACK, replace(PAYMENT, recorded=(PAID_OUT,)))
    assert (found.organisation, found.reason) == ("org:a", None)
    assert wanted(found) == [
        (
            "take-back-payment",
            {
                "payment": PAYMENT.payment,
                "bank_line": f"bank-line:{OUT.id}",
                "reason": "returned",
                "booked_on": "2019-04-25",
                "shown_by": f"bank-line:{BACK.id}",
            },
        )
    ]
    got = RecordedLine(id=IN.id, side="payee", cents=10000, booked_on=IN.booked_on)
    going = replace(IN, id="2" * 32, cents=-10000, is_reversal=True)
    found = one(going, replace(PAYMENT, recorded=(PAID_OUT, got)))
    assert (found.organisation, [body["bank_line"] for _, body in wanted(found)]) == ("org:c", [f"bank-line:{IN.id}"])


@pytest.mark.parametrize(
    "recorded",
    [
        (),
        (replace(PAID_OUT, cents=9999),),
        (replace(PAID_OUT, side="payee"),),
        (replace(PAID_OUT, booked_on=date(2019, 4, 26)),),
    ],
)
def test_money_that_goes_back_and_fits_nothing_recorded_is_listed_and_never_a_payment(
    recorded: tuple[RecordedLine, ...],
) -> None:
    found = one(BACK, replace(PAYMENT, recorded=recorded))
    assert (found.payment, found.reason, [name for name, _ in wanted(found)]) == (
        None,
        "nothing-to-return",
        ["list-bank-line"],
    )
    assert one(replace(BACK, cents=-10000), replace(PAYMENT, recorded=recorded)).reason == "wrong-direction"
    assert one(replace(BACK, iban=CITY_IBAN), replace(PAYMENT, recorded=recorded)).reason == "other-account"
    assert one(replace(BACK, end_to_end_id=None)).reason == "no-reference"
    from_elsewhere = replace(BACK, counterparty_iban=CITY_IBAN)
    assert one(from_elsewhere, replace(PAYMENT, recorded=(PAID_OUT,))).reason == "other-counterparty"


def test_what_a_file_records_it_takes_back_too_each_line_once_whatever_their_order() -> None:
    again = replace(OUT, id="3" * 32)
    once, twice = (replace(BACK, id=n * 32) for n in "45")
    found = match([once, OUT, twice, again, replace(BACK, id="6" * 32)], (PAYMENT,), OWN)
    assert [each.reason for each in found] == [None, None, None, None, "nothing-to-return"]
    assert [dict(each.commands[0].body)["bank_line"] for each in found[:4]] == [
        f"bank-line:{n}" for n in (again.id, OUT.id, OUT.id, again.id)
    ]


def test_a_return_that_was_read_before_takes_nothing_from_another_one() -> None:
    other = replace(BACK, id="4" * 32)
    found = match([BACK, other], (replace(PAYMENT, recorded=(PAID_OUT,)),), OWN, read={BACK.id})
    assert [dict(each.commands[0].body).get("shown_by") for each in found] == [None, f"bank-line:{other.id}"]
