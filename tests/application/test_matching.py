"""A bank's line is known by what the bank gives back, never by its amount; what fits nothing is listed."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from application.bank import BankLine
from application.door import command_of
from application.matching import Match, OpenPayment, Reason, match
from domain.kernel import command_name
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
IN = replace(OUT, id="0" * 32, iban=C_IBAN, cents=10000, end_to_end_id=None, reference="1000012")


def one(line: BankLine, *payments: OpenPayment, reader: str | None = None) -> Match:
    (found,) = match([line], payments or (PAYMENT, OTHER), OWN, reader=reader)
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
    ],
)
def test_what_fits_no_payment_is_listed_and_never_guessed_by_its_amount(line: BankLine, reason: Reason) -> None:
    found = one(line)
    assert (found.payment, found.reason) == (None, reason)
    ((name, body),) = wanted(found)
    assert (name, body["reason"], body["payment"], body["cents"]) == ("list-bank-line", "unknown", None, line.cents)
    assert body["organisation"] in OWN[line.iban]


def test_an_account_of_nobody_here_is_told_and_not_recorded_unless_somebody_stands_for_it() -> None:
    stranger = replace(IN, iban="FI5542345670000081")
    assert (one(stranger).reason, one(stranger).commands) == ("account-of-nobody", ())
    assert [body["organisation"] for _, body in wanted(one(stranger, reader="org:c"))] == ["org:c"]


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
    counterparty_iban=st.none(),
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
