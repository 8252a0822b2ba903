"""Documents: numbered without a gap, their figures add up, once for each pair and month; and the accounts they go on."""

from typing import Any

from msgspec.structs import replace

from domain.settlement.events import AccountsSet, DocumentIssued, DocumentVat, PostingAccount
from domain.settlement.issue_document import DOCUMENTS_MAX
from tests.domain.story import OUTSIDER, closed, do, founded, march_closed, numbered, with_partners
from tests.given_when_then import Given, asked

MAY = "2019-05-02T09:00:00+03:00"
POLICY = asked(MAY, role="policy")
TAXED = {"code": "S", "rate": "24", "ground": None, "base_cents": 10000, "vat_cents": 2400}
EXEMPT = {"code": "E", "rate": "0", "ground": "AVL 39-40 §", "base_cents": 5000, "vat_cents": 0}


def invoice(seller: str = "org:ekami", buyer: str = "org:xamk", **fields: object) -> dict[str, Any]:
    return {
        "seller": seller,
        "buyer": buyer,
        "period": "2019-03",
        "position": 812,
        "self_billed": False,
        "internal": False,
        "credits": [],
        "vat": [TAXED, EXEMPT],
        "net_cents": 15000,
        "gross_cents": 17400,
        "payment_days": 14,
        **fields,
    }


def issued(so_far: Given, *bodies: dict[str, Any]) -> list[DocumentIssued]:
    for number, body in enumerate(bodies, 1):
        so_far = do(so_far, "issue-document", body, numbered(number, POLICY))
    return [event for event in so_far.history if isinstance(event, DocumentIssued)]


def test_an_invoice_has_a_number_a_reference_and_a_due_date() -> None:
    march_closed().when("issue-document", invoice(), POLICY).then(
        DocumentIssued(
            document=POLICY.new("document"),
            series="series:ekami.2019-03",
            number=1,
            kind="invoice",
            self_billed=False,
            seller="org:ekami",
            buyer="org:xamk",
            period="2019-03",
            position=812,
            credits=(),
            vat=(
                DocumentVat(code="S", rate="24", ground=None, base_cents=10000, vat_cents=2400),
                DocumentVat(code="E", rate="0", ground="AVL 39-40 §", base_cents=5000, vat_cents=0),
            ),
            net_cents=15000,
            gross_cents=17400,
            reference="201903000016",
            issued_on=POLICY.on,
            due_on=asked("2019-05-16T09:00:00+03:00").on,
            parties=("org:ekami", "org:xamk"),
        )
    )


def test_numbers_of_one_issuer_and_month_have_no_gap() -> None:
    """Also where the buyer issues; another issuer and another month have series of their own."""
    documents = issued(
        closed(with_partners(), "2019-01", "2019-02", "2019-03", "2019-04", at=MAY),
        invoice(),
        invoice(buyer="org:ksao"),
        invoice("org:ksao"),
        invoice("org:cursor", "org:ekami", self_billed=True),
        invoice(period="2019-04"),
    )
    assert [(d.series, d.number) for d in documents] == [
        ("series:ekami.2019-03", 1),
        ("series:ekami.2019-03", 2),
        ("series:ksao.2019-03", 1),
        ("series:ekami.2019-03", 3),
        ("series:ekami.2019-04", 1),
    ]
    assert [d.reference for d in documents] == [
        "201903000016",
        "201903000029",
        "201903000016",
        "2019032000038",
        "201904000015",
    ]


def test_no_two_sums_that_come_in_on_one_account_have_one_reference() -> None:
    """Each issuer counts from 1: the seller itself, the buyers who issue for it, the units of its legal person."""
    so_far = with_partners()
    for unit in ("org:unit-a", "org:unit-b"):
        body = {"organisation": unit, "name": {"fi": unit[4:]}, "kind": "other", "unit_of": "org:ksao"}
        so_far = do(so_far, "register-organisation", body)
    months = ("2019-03", "2019-04")
    sellers, buyers = ("org:ksao", "org:unit-a", "org:unit-b"), ("org:xamk", "org:ekami")
    bodies = [invoice(seller, "org:cursor", period=month) for month in months for seller in sellers]
    bodies += [invoice("org:ksao", buyer, period=month, self_billed=True) for month in months for buyer in buyers]
    documents = issued(closed(so_far, "2019-01", "2019-02", "2019-03", "2019-04", at=MAY), *bodies)
    assert {d.number for d in documents} == {1}
    references = [d.reference for d in documents]
    assert len(set(references)) == len(references) == 10


def test_who_is_not_in_the_register_issues_nothing_for_others() -> None:
    march_closed().when("issue-document", invoice(self_billed=True), POLICY).then_refused("There is no org:xamk here.")


def test_a_series_has_as_many_numbers_as_references_tell_apart() -> None:
    (first,) = issued(march_closed(), invoice())
    last = replace(first, number=DOCUMENTS_MAX, buyer="org:ksao")
    full = Given((*march_closed().history, last))
    full.when("issue-document", invoice(), POLICY).then_refused(
        "org:ekami has issued 99999 documents for 2019-03, and references tell no more apart; what is left is paid by the statement."
    )


def test_a_negative_total_is_a_credit_note_that_names_what_it_gives_back_from() -> None:
    (first,) = issued(march_closed(), invoice())
    back = {**TAXED, "base_cents": -100, "vat_cents": -24}
    body = invoice(period="2019-04", vat=[back], net_cents=-100, gross_cents=-124, credits=[first.document])
    (note,) = issued(closed(march_closed(), "2019-04", at=MAY), body)
    assert (note.kind, note.credits, note.gross_cents, note.reference) == ("credit-note", (first.document,), -124, None)


def test_what_the_settlement_pays_asks_for_no_payment_of_its_own() -> None:
    """All else of the invoice is as it is: it is not paid by itself, so there is no reference that a payment could have."""
    paid, netted = issued(march_closed(), invoice()), issued(march_closed(), invoice(netted=True))
    assert [replace(each, reference=None) for each in paid] == netted


def test_between_units_of_one_legal_person_a_voucher_passes() -> None:
    voucher = {**EXEMPT, "code": None, "ground": None, "base_cents": -700}
    (document,) = issued(march_closed(), invoice(internal=True, vat=[voucher], net_cents=-700, gross_cents=-700))
    assert (document.kind, document.reference) == ("internal-voucher", None)


def test_what_comes_to_nothing_is_not_paid() -> None:
    (document,) = issued(march_closed(), invoice(vat=[], net_cents=0, gross_cents=0))
    assert (document.kind, document.reference) == ("invoice", None)


def test_a_document_is_issued_once_for_a_closed_month() -> None:
    march_closed().when("issue-document", invoice(period="2019-04"), POLICY).then_refused(
        "2019-04 is not closed; its documents are issued after the closing."
    )
    once = do(march_closed(), "issue-document", invoice(), POLICY)
    once.when("issue-document", invoice(), numbered(1, POLICY)).then_refused(
        f"What org:ekami invoices org:xamk for 2019-03 is issued already, as {POLICY.new('document')}."
    )


def test_figures_that_do_not_add_up_are_not_issued() -> None:
    march_closed().when("issue-document", invoice(net_cents=15001), POLICY).then_refused(
        "The base by treatment sums to 15000 cents, and 15001 cents are given."
    )
    march_closed().when("issue-document", invoice(gross_cents=17401), POLICY).then_refused(
        "The gross by treatment sums to 17400 cents, and 17401 cents are given."
    )


# --- accounts --------------------------------------------------------------------------------------------------------
ACCOUNTS = [
    {"kind": "share-earned", "account": "3000", "cost_centre": "1200"},
    {"kind": "share-earned", "counterparty": "org:xamk", "account": "3001"},
    {"account": "2939", "vat_code": "MV0"},
]


def test_a_partner_says_on_which_accounts_its_lines_go() -> None:
    body = {"organisation": "org:ekami", "accounts": ACCOUNTS}
    with_partners().when("set-accounts", body, asked(organisation="org:ekami")).then(
        AccountsSet(
            organisation="org:ekami",
            accounts=(
                PostingAccount(account="3000", kind="share-earned", cost_centre="1200"),
                PostingAccount(account="3001", kind="share-earned", counterparty="org:xamk"),
                PostingAccount(account="2939", vat_code="MV0"),
            ),
            by="person:test",
            set_on=asked().on,
            parties=("org:ekami",),
        )
    )
    assert with_partners().when("set-accounts", {**body, "accounts": []}).events(), "none of its own"


def test_lines_of_one_sort_go_on_one_account() -> None:
    twice = [*ACCOUNTS, {"kind": "share-earned", "account": "3100", "cost_centre": "9"}]
    with_partners().when("set-accounts", {"organisation": "org:ekami", "accounts": twice}).then_refused(
        "The accounts 3000 and 3100 are for the same lines; give each sort of line one account."
    )


def test_only_a_partner_keeps_books_here_and_only_its_own() -> None:
    body = {"organisation": "org:ekami", "accounts": ACCOUNTS}
    founded().when("set-accounts", body).then_refused("There is no partner org:ekami here.")
    with_partners().when("set-accounts", body, OUTSIDER).then_refused(
        "Only org:ekami or the coordinator may say how it keeps its books; you act for org:lut."
    )
