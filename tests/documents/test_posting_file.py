"""A statement as entries in a partner's own bookkeeping: balanced, on the partner's accounts, nothing left out."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json

from adapters.documents.posting_file import UNASSIGNED, posting_file, unassigned
from domain.settlement.events import PostingAccount
from projections.document import StatementDocument
from tests.documents.random_documents import TAXED, statements
from tests.documents.reading import table
from tests.documents.samples import full_statement

CHART = json.decode(
    b"""[
    {"kind": "counterparty", "account": "1760"},
    {"kind": "counterparty", "counterparty": "org:cursor", "account": "2870"},
    {"kind": "share-earned", "account": "3000", "cost_centre": "110", "vat_code": "K1"},
    {"kind": "share-earned", "clause": "steps[2]", "account": "3010", "cost_centre": "120"},
    {"kind": "share-earned", "counterparty": "org:ksao", "account": "3020"},
    {"kind": "share-earned", "clause": "steps[1]", "counterparty": "org:ksao", "account": "3030"},
    {"kind": "share-earned", "project": "KOKKA", "clause": "steps[1]", "counterparty": "org:ksao", "account": "3040"},
    {"kind": "share-owed", "account": "4000"}, {"kind": "cost-share", "account": "4100"},
    {"kind": "correction", "account": "3900"}, {"kind": "true-up", "account": "3910"},
    {"kind": "set-off", "account": "1765"}, {"kind": "payment", "account": "1910"},
    {"kind": "vat", "account": "2939", "vat_code": "ALV"}
    ]""",
    type=list[PostingAccount],
)
RULES = st.builds(
    PostingAccount,
    kind=st.sampled_from([None, "counterparty", "vat", "payment", *TAXED]),
    clause=st.sampled_from([None, "steps[1]"]),
    counterparty=st.sampled_from([None, "org:ekami", "org:ksao"]),
    project=st.sampled_from([None, "S20967"]),
    account=st.sampled_from(["3000", "4000"]),
)


def rows_of(document: StatementDocument, chart: list[PostingAccount]) -> list[dict[str, str]]:
    return table(posting_file(document, chart))


def sum_of(rows: list[dict[str, str]], side: str) -> Decimal:
    return sum((Decimal(row[side] or 0) for row in rows), Decimal(0))


@given(statements(), st.lists(RULES, max_size=8, unique_by=lambda r: (r.kind, r.clause, r.counterparty, r.project)))
@settings(max_examples=30, deadline=None)
def test_debit_is_credit_for_any_statement_and_any_accounts(
    document: StatementDocument, chart: list[PostingAccount]
) -> None:
    """Line by line and in all; and what is debited to counterparties, less what is credited, is what the statement's lines come to."""
    rows = rows_of(document, chart)
    for line in document.lines:
        pair = [row for row in rows if row["line"] == str(line.n)]
        assert len(pair) == 2
        assert sum_of(pair, "debit") == sum_of(pair, "credit") == Decimal(abs(line.cents)) / 100
    assert sum_of(rows, "debit") == sum_of(rows, "credit")
    others = rows[::2]
    moved = Decimal(document.closing_cents - document.opening_cents) / 100
    assert sum_of(others, "debit") - sum_of(others, "credit") == moved
    missing = {int(row["line"]) for row in rows if row["account"] == UNASSIGNED}
    assert tuple(sorted(missing)) == unassigned(document, chart)


def test_the_account_that_says_most_of_a_line_takes_it() -> None:
    """Of two that say as much, the clause goes before the counterparty."""
    accounts = {row["line"]: row["account"] for row in rows_of(full_statement(), CHART)[1::2]}
    assert [accounts[n] for n in ("1", "2", "3", "10")] == ["3000", "3010", "3030", "3040"]
    assert rows_of(full_statement(), [each for each in CHART if each.account != "3030"])[5]["account"] == "3020"
    assert rows_of(full_statement(), CHART)[8]["account"] == "2870"
    assert unassigned(full_statement(), CHART) == ()


def test_an_account_for_every_line_is_none_for_the_counterparties() -> None:
    rows = rows_of(full_statement(), [PostingAccount(account="9999")])
    assert {row["account"] for row in rows[::2]} == {UNASSIGNED}
    assert {row["account"] for row in rows[1::2]} == {"9999"}


def test_a_row_carries_the_partners_cost_centre_project_and_vat_code() -> None:
    rows = rows_of(full_statement(), CHART)
    assert [
        (r["account"], r["debit"], r["credit"], r["cost_centre"], r["project"], r["vat_code"]) for r in rows[:4]
    ] == [
        ("1760", "1818.18", "", "", "S20967", ""),
        ("3000", "", "1818.18", "110", "S20967", "K1"),
        ("1760", "125.00", "", "", "", ""),
        ("3010", "", "125.00", "120", "", "S"),
    ]
    tax = next(r for r in rows if r["kind"] == "vat" and r["account"] == "2939")
    assert (tax["vat_code"], tax["vat_rate"]) == ("ALV", "25.5")


def test_what_is_owed_is_credited_to_the_counterparty() -> None:
    paid, received = (
        [r for r in rows_of(full_statement(), CHART) if r["kind"] == "payment" and r["counterparty"] == org]
        for org in ("org:cursor", "org:ekami")
    )
    assert [(r["account"], r["debit"], r["credit"]) for r in paid] == [("2870", "250.00", ""), ("1910", "", "250.00")]
    assert [(r["account"], r["debit"], r["credit"]) for r in received] == [
        ("1760", "", "1500.00"),
        ("1910", "1500.00", ""),
    ]


def test_what_no_rule_names_is_booked_and_listed() -> None:
    chart = [rule for rule in CHART if rule.kind not in ("payment", "counterparty")]
    document = full_statement()
    assert unassigned(document, chart) == tuple(line.n for line in document.lines)
    only_payments = [rule for rule in CHART if rule.kind != "payment"]
    assert unassigned(document, only_payments) == tuple(line.n for line in document.lines if line.kind == "payment")


def test_a_late_line_is_booked_in_the_period_and_keeps_its_own_day() -> None:
    late = rows_of(full_statement(), CHART)[4]
    assert (late["booked_on"], late["occurred_on"]) == ("2024-09-01", "2024-08-29")
