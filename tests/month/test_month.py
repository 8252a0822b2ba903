"""A month of three partners through HTTP alone: what they owed each other, what was paid, and that both are one."""

import io
from decimal import Decimal
from typing import Any

import pytest
from pypdf import PdfReader

from adapters.documents.words import word
from adapters.documents.writing import figure
from tests.documents.reading import table, workbook
from tests.month.bank import orders_in
from tests.month.beginning import MARCH
from tests.month.office import Office
from tests.month.people import (
    AUDITOR,
    COORDINATOR,
    CURSOR,
    EKAMI,
    IBANS,
    NAMES,
    PARTNERS,
    TREASURER,
    XAMK,
    approver,
    checker,
)
from tests.month.story import APRIL, MAY, Month
from tests.official_schemas import PAIN001, valid_xml

CLOSINGS = {
    MARCH: {CURSOR: 68_680, EKAMI: 86_400, XAMK: -155_080},
    APRIL: {CURSOR: 0, EKAMI: -3_720, XAMK: 3_720},
    MAY: {CURSOR: 0, EKAMI: 0, XAMK: 0},
}
STATES = {
    "open": {CURSOR: "open", EKAMI: "open", XAMK: "open"},
    "issued": {CURSOR: "issued", EKAMI: "issued", XAMK: "issued"},
    "disputed": {CURSOR: "issued", EKAMI: "disputed", XAMK: "disputed"},
    "approved": {CURSOR: "approved", EKAMI: "disputed", XAMK: "disputed"},
    "mended": {CURSOR: "approved", EKAMI: "disputed", XAMK: "disputed"},
    "settled": {CURSOR: "settled", EKAMI: "approved", XAMK: "approved"},
    "paid": {CURSOR: "paid", EKAMI: "approved", XAMK: "approved"},
    "over": {CURSOR: "paid", EKAMI: "paid", XAMK: "paid"},
}
"""Of March, after each step; what ekami and xamk have not settled between them does not stop cursor's. The disputed line was
corrected in April and contested until March was settled, so theirs is settled with April."""


@pytest.fixture
def office(month: Month) -> Office:
    return month.office


def test_each_step_is_refused_to_who_may_not_take_it_and_the_log_is_as_it_was(month: Month) -> None:
    """Every command of the month was asked for at least once by somebody it is not for."""
    turned = month.office.turned
    assert [each for each in turned if each.answered != each.expected or each.appended] == []
    assert [each for each in turned if " " not in each.says] == [], "each is told why in a sentence"
    not_theirs = {each.what for each in turned if each.answered[0] in (403, 404)}
    assert month.office.carried_out - not_theirs == set()


def test_the_statements_of_march_are_open_issued_disputed_approved_settled_and_paid(month: Month) -> None:
    assert {step: dict(zip(PARTNERS, states, strict=True)) for step, states in month.states.items()} == STATES


@pytest.mark.parametrize("period", CLOSINGS)
def test_opening_and_lines_are_the_closing_and_all_partners_sum_to_zero(office: Office, period: str) -> None:
    statements = [office.statement(checker(partner), partner, period) for partner in PARTNERS]
    for statement in statements:
        assert statement["opening_cents"] + sum(x["cents"] for x in statement["lines"]) == statement["closing_cents"]
    assert {each["partner"]: each["closing_cents"] for each in statements} == CLOSINGS[period]
    assert sum(each["closing_cents"] for each in statements) == 0


@pytest.mark.parametrize("period", [MARCH, APRIL])
@pytest.mark.parametrize("partner", PARTNERS)
def test_the_closing_is_what_invoices_set_offs_and_payments_say(office: Office, partner: str, period: str) -> None:
    """Gross of what was sold, less gross of what was bought, and what moved since."""
    who = checker(partner)
    documents = office.listed(who, f"/v1/documents?period={period}")
    gross = sum(d["gross_cents"] if d["seller"] == partner else -d["gross_cents"] for d in documents)
    for each in documents:
        whole = office.get(who, f"/v1/documents/{each['document']}.json").json()
        assert whole["gross_cents"] == each["gross_cents"] == sum(x["cents"] + x["vat_cents"] for x in whole["lines"])
    statement = office.statement(who, partner, period)
    moved = sum(x["cents"] for x in statement["lines"] if x["kind"] in ("set-off", "payment"))
    assert statement["opening_cents"] + gross + moved == statement["closing_cents"] == CLOSINGS[period][partner]


@pytest.mark.parametrize("period", [MARCH, APRIL])
@pytest.mark.parametrize("partner", PARTNERS)
def test_every_format_closes_with_the_same_cents(office: Office, partner: str, period: str) -> None:
    path, who = f"/v1/statements/{partner}/{period}", approver(partner)
    statement = office.get(who, path).json()
    opening, closing = statement["opening_cents"], statement["closing_cents"]
    written = office.get(who, f"{path}.csv").content
    assert written == office.get(AUDITOR, f"{path}.csv").content, "whoever reads it"
    rows = table(written)
    assert {(int(row["opening_cents"]), int(row["closing_cents"])) for row in rows} == {(opening, closing)}
    assert sum(int(row["cents"]) for row in rows) == closing - opening
    sheets = workbook(office.get(who, f"{path}.xlsx").content).values()
    named = {row["A"]: row.get("B") for sheet in sheets for row in sheet if "A" in row}
    assert named[word("total.opening", "fi")] == Decimal(opening) / 100
    assert named[word("total.closing", "fi")] == Decimal(closing) / 100
    printed = _printed(office.get(who, f"{path}.pdf").content)
    for title, cents in (("total.opening", opening), ("total.closing", closing)):
        assert _closed_up(word(title, "fi") + figure(cents, "fi")) in printed


def test_what_the_settlement_pays_is_not_asked_for_by_an_invoice_as_well(office: Office) -> None:
    """The agreement nets, so no invoice has a reference, and each says how it is paid."""
    invoices = [d for d in office.listed(AUDITOR, "/v1/documents") if d["kind"] == "invoice"]
    assert {(each["period"], each["netted"], each["reference"]) for each in invoices} == {(MARCH, True, None)}
    printed = _printed(office.get(AUDITOR, f"/v1/documents/{invoices[0]['document']}.pdf?lang=en").content)
    assert "Settledwiththenetwork'ssettlementof2019-03;donotpayseparately." in printed.replace("\u2019", "'")
    assert not [iban for iban in IBANS.values() if iban in printed]


def test_a_statement_names_who_numbered_each_of_its_documents(office: Office) -> None:
    for partner in PARTNERS:
        issued = office.listed(checker(partner), f"/v1/documents?period={MARCH}")
        printed = _printed(office.get(checker(partner), f"/v1/statements/{partner}/{MARCH}.pdf").content)
        for each in issued:
            issuer = each["buyer"] if each["self_billed"] else each["seller"]
            shown = each["number"] if issuer == partner else f"{each['number']} ({NAMES[issuer]})"
            assert _closed_up(shown) in printed


def test_what_was_looked_after_leaves_the_coordinators_list(month: Month) -> None:
    """Told once, by the coordinator; it is found among what was closed, with what was done."""
    office = month.office
    (listed,) = office.listed(COORDINATOR, "/v1/follow-ups?state=closed")
    assert (listed["about"], listed["state"], listed["outcome"]) == (month.dispute, "closed", "corrected")


def test_in_the_end_nothing_is_open_and_nothing_waits(month: Month) -> None:
    office = month.office
    balances = office.listed(COORDINATOR, "/v1/balances")
    assert [(each["open_cents"], each["to_pay_cents"]) for each in balances] == [(0, 0)] * 3
    assert office.listed(TREASURER, "/v1/bank-lines") == []
    for period in (MARCH, APRIL):
        (settled,) = office.get(AUDITOR, f"/v1/settlements/{period}").json()
        assert (settled["state"], {p["state"] for p in settled["payments"]}) == ("paid", {"paid"})
    assert office.listed(COORDINATOR, "/v1/follow-ups") == []


def test_a_disputed_line_is_paid_with_its_correction_and_not_before(month: Month) -> None:
    """Of 50.00 with 12.00 of tax, 20.00 with 4.80 of it was too much: 37.20 are paid a month later."""
    (march,) = (month.office.get(AUDITOR, f"/v1/settlements/{MARCH}").json(),)
    (pair,) = [x for x in march[0]["pairs"] if {x["organisation"], x["counterparty"]} == {EKAMI, XAMK}]
    assert sorted((pair["owed_cents"], pair["owes_cents"])) == [0, 122_600]
    (order,) = orders_in(month.files[f"{EKAMI} {APRIL}"])
    assert (order.payer, order.payee, order.cents) == (IBANS[EKAMI], IBANS[XAMK], 3_720)
    line = next(x for x in _lines(month, EKAMI, APRIL) if x["kind"] == "correction")
    assert (line["cents"], line["corrects"], line["vat"]["rate"]) == (2_000, f"{MARCH}/3", "24")
    (note,) = month.office.listed(checker(EKAMI), f"/v1/documents?period={APRIL}")
    assert (note["kind"], note["seller"], note["gross_cents"]) == ("credit-note", XAMK, -2_480)


def test_a_payment_file_pays_each_what_the_settlement_says(month: Month) -> None:
    assert sorted(month.files) == [f"{EKAMI} {APRIL}", f"{XAMK} {MARCH}"]
    paid = {(order.payer, order.payee): order.cents for order in orders_in(month.files[f"{XAMK} {MARCH}"])}
    assert paid == {(IBANS[XAMK], IBANS[EKAMI]): 92_600, (IBANS[XAMK], IBANS[CURSOR]): 68_680}


def test_a_payment_file_is_what_banks_take(month: Month) -> None:
    for file in month.files.values():
        valid_xml(file, PAIN001)


def test_what_the_banks_say_is_recorded_once_for_each_side(month: Month) -> None:
    first, second = month.first_reading, month.second_reading
    assert sorted((x["outcome"], x["cents"] > 0) for x in first["lines"])[1::2] == [
        ("confirmed", True),
        ("matched", True),
    ]
    assert {x["outcome"] for x in first["lines"]} == {"matched", "confirmed"}
    assert ({x["outcome"] for x in second["lines"]}, second["appended"]) == ({"recognised"}, 0)
    assert [x["bank_line"] for x in first["lines"]] == [x["bank_line"] for x in second["lines"]]


def test_the_auditor_follows_a_cent_to_the_bank_and_back_each_time_in_one_step(office: Office) -> None:
    # From the line of a delivery to the events that it follows from, each as it is signed.
    earned = _line(office, EKAMI, MARCH, 1)
    kinds = [event["type"] for event in earned["events"]]
    assert kinds[:3] == [f"tasma.{x}" for x in ("revenue.shared.v2", "pathway.step_delivered.v1", "pathway.agreed.v1")]
    for position, event in zip(earned["line"]["events"], earned["events"], strict=True):
        assert office.get(AUDITOR, f"/v1/events/{position}").json() == event
    # From the month to the payments that settled it, by the two sides.
    (settled,) = office.get(AUDITOR, f"/v1/settlements/{MARCH}").json()
    (ordered,) = [x for x in settled["payments"] if (x["payer"], x["payee"]) == (XAMK, EKAMI)]
    # From the payment to the bank's lines, and to the statement lines that they became.
    payment = office.get(AUDITOR, f"/v1/payments/{ordered['payment']}").json()
    shown = {x["bank_line"]["organisation"]: x for x in payment["shown"]}
    places = [place for each in payment["shown"] for place in each["lines"]]
    assert {(x["partner"], x["period"]) for x in places} == {(EKAMI, APRIL), (XAMK, APRIL)}
    # From the line of the payment to its event, from there to the bank's line, and from the bank's line back to both.
    for place in places:
        paid = _line(office, place["partner"], place["period"], place["n"])
        recorded = paid["events"][0]["data"]
        assert paid["line"]["kind"] == "payment"
        assert abs(paid["line"]["cents"]) == recorded["posted_cents"] == ordered["cents"]
        at_bank = office.get(AUDITOR, f"/v1/bank-lines/{recorded['bank_line']}").json()
        assert at_bank["payment"] == recorded["payment"] == ordered["payment"]
        assert at_bank["events"] == paid["line"]["events"][:1] == [int(paid["events"][0]["sequence"])]
        assert shown[at_bank["organisation"]]["bank_line"] == at_bank


def test_a_partner_finds_nothing_of_what_is_between_two_others(office: Office) -> None:
    (settled,) = office.get(checker(CURSOR), f"/v1/settlements/{MARCH}").json()
    (others,) = [
        p for p in office.get(AUDITOR, f"/v1/settlements/{MARCH}").json()[0]["payments"] if p["payee"] == EKAMI
    ]
    assert {CURSOR} <= {x["organisation"] for x in settled["pairs"]} | {x["counterparty"] for x in settled["pairs"]}
    assert others["payment"] not in {payment["payment"] for payment in settled["payments"]}
    (note,) = office.listed(AUDITOR, f"/v1/documents?period={APRIL}")
    own = {d["document"] for d in office.listed(checker(CURSOR), "/v1/documents")}
    assert len(own) == 2
    for path in (
        f"/v1/payments/{others['payment']}",
        f"/v1/documents/{note['document']}",
        f"/v1/statements/{EKAMI}/{MARCH}.pdf",
        f"/v1/statements/{EKAMI}/{MARCH}/lines/1",
        f"/v1/settlements/{MARCH}/payments.xml?debtor={XAMK}",
    ):
        answer = office.client.get(path, headers={"Authorization": f"Bearer {office.bearers[checker(CURSOR)]}"})
        assert (path, answer.status_code) == (path, 404)


def _lines(month: Month, partner: str, period: str) -> list[Any]:
    lines: list[Any] = month.office.statement(AUDITOR, partner, period)["lines"]
    return lines


def _line(office: Office, partner: str, period: str, n: int) -> Any:  # noqa: ANN401 - any JSON
    return office.get(AUDITOR, f"/v1/statements/{partner}/{period}/lines/{n}").json()


def _printed(pdf: bytes) -> str:
    return _closed_up("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


def _closed_up(text: str) -> str:
    """Without any space: where a line breaks is not what is said."""
    return "".join(text.split()).replace("\u200b", "")
