"""A debtor's payment file: of what was approved and is not paid yet, with accounts as approved, the same bytes again."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bank.pain001 import pain001
from adapters.bank_intake import BankIntake
from adapters.payment_files import FileOf, LeftOut, message_id, payment_file_of
from application.bank import Transfer
from application.desk import Asker
from application.ports import Decision, History
from domain.kernel import Asked, Boundary, Event, Refused
from domain.network.events import Address, BillingDetailsSet, OrganisationRegistered, OrganisationRenamed
from domain.network.letters import IDENTIFIER
from domain.settlement.approve_settlement import ApprovedAlready, SetByOneself
from examples.kymenlaakso.bank_statement import Payment
from tests.bank.payments import TRANSFER
from tests.bank.settled import AGREEMENT, CURSOR, EKAMI, IBANS, SETTLER, XAMK, approve, details, do, ordered
from tests.bank.settled_world import SettledWorld, file_of
from tests.http.world import run
from tests.official_schemas import PAIN001, valid_xml

LATER = "2019-02-21T18:00:00+02:00"
NEW = "FI4250001510000023"
THIEF = Asker(actor="person:thief", role="coordinator")


def made(world: SettledWorld, debtor: str = XAMK, agreement: str | None = None, as_of: int | None = None) -> FileOf:
    return run(
        payment_file_of(world.views, world.log, period="2019-01", debtor=debtor, agreement=agreement, as_of=as_of)
    )


def refusal(world: SettledWorld, debtor: str = XAMK, agreement: str | None = None) -> str:
    with pytest.raises(Refused) as refused:
        made(world, debtor, agreement)
    return str(refused.value)


def test_it_holds_what_the_debtor_is_to_pay_to_whom_and_when(january: SettledWorld) -> None:
    file, orders = made(january, agreement=AGREEMENT).file, run(ordered(january))
    assert {(t.payee.iban, t.cents, t.reference) for t in file.transfers} == {
        (IBANS[payee], order.cents, order.reference) for payee, order in orders.items()
    }
    assert {t.end_to_end_id for t in file.transfers} == {o.payment[8:].replace("-", "") for o in orders.values()}
    assert (file.debtor.name, file.debtor.iban, file.debtor.bic) == ("Xamk Oy", IBANS[XAMK], "NDEAFIHH")
    assert file.execution_on.isoformat() == "2019-03-07"
    assert file.created_at.isoformat(timespec="seconds") == "2019-02-21T08:00:00+00:00", "when it was approved"


def test_it_is_what_banks_take(january: SettledWorld) -> None:
    valid_xml(pain001(made(january).file), PAIN001)


def test_made_again_it_has_the_same_bytes_whatever_else_has_happened(january: SettledWorld) -> None:
    """One person may set an account; the money goes to it when a second one has approved."""
    first = pain001(made(january).file)
    run(do(january, "set-billing-details", details(EKAMI, NEW), LATER, THIEF))
    moved = details(XAMK, "FI4950009420028730") | {"address": {"street": "B 2", "postal_code": "1", "town": "Y"}}
    run(do(january, "set-billing-details", moved, LATER, THIEF))
    run(do(january, "rename-organisation", {"organisation": CURSOR, "name": {"fi": "Toinen Oy"}}, LATER, THIEF))
    waiting = made(january)
    assert pain001(waiting.file) == first
    assert [(each.organisation, str(each.set_on)) for each in waiting.newer] == [
        (each, "2019-02-21") for each in (CURSOR, EKAMI, XAMK)
    ]


def test_approved_again_by_somebody_else_it_is_paid_to_the_new_account(january: SettledWorld) -> None:
    then = made(january).file
    run(do(january, "set-billing-details", details(EKAMI, NEW), LATER, THIEF))
    with pytest.raises(SetByOneself):
        run(approve(january, january.settlement, LATER, THIEF))
    run(approve(january, january.settlement, LATER))
    now = made(january)
    assert now.newer == ()
    assert {t.payee.iban for t in now.file.transfers} == {NEW, IBANS[CURSOR]}
    assert now.file.message_id != then.message_id, "a bank takes a message id once"
    assert now.file.created_at > then.created_at
    assert made(january, as_of=january.head - 1).file == then
    with pytest.raises(ApprovedAlready):
        run(approve(january, january.settlement, "2019-02-21T19:00:00+02:00", THIEF))


def test_it_is_executed_on_no_day_before_its_approval() -> None:
    """To be paid on 7 March and approved on Saturday the 9th in Helsinki, while it is still Friday in UTC: on Monday."""
    world = SettledWorld(approved=False)
    run(approve(world, world.settlement, "2019-03-08T22:30:00+00:00"))
    file = made(world).file
    assert (file.execution_on, file.created_at.day) == (date(2019, 3, 11), 8)
    assert pain001(made(world).file) == pain001(file)


def test_a_later_day_alone_is_no_other_file_for_the_bank(january: SettledWorld) -> None:
    """It pays the same to the same accounts: if the first file was handed in, the second must be refused as its repeat."""
    then = made(january).file
    late = "2019-03-08T18:00:00+02:00"
    run(do(january, "rename-organisation", {"organisation": CURSOR, "name": {"fi": "Toinen Oy"}}, late, THIEF))
    run(approve(january, january.settlement, "2019-03-08T18:30:00+02:00"))
    now = made(january).file
    assert (then.execution_on, now.execution_on) == (date(2019, 3, 7), date(2019, 3, 8))
    assert now.message_id == then.message_id
    assert made(january, as_of=january.head - 1).file == then


def test_what_a_payee_contests_makes_no_other_file_of_the_rest(january: SettledWorld) -> None:
    """Else its word alone would let a file pass that was handed in before, and everybody else would be paid twice."""
    order, line = run(ordered(january))[EKAMI], "bank-line:" + "0" * 31 + "1"
    paid = {"payment": order.payment, "settlement": order.settlement, "side": "payer", "cents": order.cents}
    shown = {"bank_line": line, "booked_on": "2019-02-21"}
    run(do(january, "record-payment", {**paid, **shown}, LATER))
    rest = made(january)
    run(do(january, "take-back-payment", {"payment": order.payment, **shown, "reason": "not-received"}, LATER))
    contested = made(january)
    assert [each.reason for each in contested.left_out] == ["contested"]
    assert pain001(contested.file) == pain001(rest.file)
    assert (contested.again, rest.again) == ((), ())


def test_reading_the_accounts_asks_for_the_few_events_that_say_them(
    january: SettledWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(january)
    seen: list[frozenset[type[Event]]] = []
    look = january.log.look

    async def counted(boundary: Boundary) -> History:
        seen.extend(frozenset(each.types) for each in boundary)
        return await look(boundary)

    monkeypatch.setattr(january.log, "look", counted)
    made(january)
    assert seen == [frozenset({OrganisationRegistered, OrganisationRenamed, BillingDetailsSet})]


def test_what_was_paid_is_left_out_and_the_rest_is_another_file_for_the_bank(january: SettledWorld) -> None:
    """A bank takes a message id once: the rest would be thrown away as a repeat."""
    whole = made(january).file
    order = run(ordered(january))[EKAMI]
    part = file_of(XAMK, Payment(-30_000, order.reference, bank_reference="1"))
    run(BankIntake(january.desk, january.views).take_in(part, SETTLER))
    rest = made(january).file
    assert sorted(t.cents for t in rest.transfers) == [20_000, 40_000]
    assert rest.message_id != whole.message_id
    more = [Payment(-40_000, order.reference, bank_reference="2")]
    more.append(Payment(-20_000, run(ordered(january))[CURSOR].reference, bank_reference="3"))
    run(BankIntake(january.desk, january.views).take_in(file_of(XAMK, *more), SETTLER))
    assert refusal(january) == (
        f"{XAMK} has paid all that it was to pay in {january.settlement} of 2019-01; there is no payment file."
    )


def test_there_is_none_before_the_settlement_is_approved() -> None:
    world = SettledWorld(approved=False)
    assert refusal(world) == (
        f"There is no payment file for an unapproved settlement, and {world.settlement} of 2019-01 is not approved; somebody "
        "else than who settled approves it with approve-settlement."
    )


def test_what_there_is_nothing_of_is_refused_in_a_sentence(january: SettledWorld) -> None:
    assert refusal(january, EKAMI) == (
        f"{EKAMI} is to pay nothing in {january.settlement} of 2019-01; there is no payment file."
    )
    assert refusal(january, agreement="agreement:other") == (
        "There is no settlement of 2019-01 under agreement:other here."
    )


def test_a_payee_without_an_account_is_left_out_and_named_and_the_others_are_paid() -> None:
    world = SettledWorld(without_account=CURSOR)
    order = run(ordered(world))[CURSOR]
    found = made(world)
    assert [t.payee.iban for t in found.file.transfers] == [IBANS[EKAMI]]
    missing = f"Of {CURSOR} the IBAN is missing as it was approved, and a payment of {XAMK} to it needs it; "
    way_out = f"{CURSOR} or the coordinator sets it with set-billing-details, and somebody else approves that with approve-settlement."
    assert found.left_out == (LeftOut(order.payment, CURSOR, reason="no-account", why=missing + way_out),)
    run(do(world, "set-billing-details", details(CURSOR, IBANS[CURSOR]), LATER, THIEF))
    (waits,) = made(world).left_out
    assert waits.why == missing + (
        "that was set since, and somebody who neither settled nor set it approves it with approve-settlement."
    )
    run(approve(world, world.settlement, LATER))
    assert made(world).left_out == ()
    assert len(made(world).file.transfers) == 2


def test_where_nothing_is_left_the_file_is_refused_with_the_first_reason() -> None:
    world = SettledWorld(without_account=CURSOR)
    paid = file_of(XAMK, Payment(-70_000, run(ordered(world))[EKAMI].reference))
    run(BankIntake(world.desk, world.views).take_in(paid, SETTLER))
    assert refusal(world) == (
        f"The one payment that {XAMK} has to make in {world.settlement} of 2019-01 cannot be carried out: Of {CURSOR} the IBAN is "
        f"missing as it was approved, and a payment of {XAMK} to it needs it; {CURSOR} or the coordinator sets it with "
        "set-billing-details, and somebody else approves that with approve-settlement."
    )


def test_a_debtor_without_an_account_or_its_bank_is_told_what_is_missing() -> None:
    way_out = f"{XAMK} or the coordinator sets {{}} with set-billing-details, and somebody else approves that with approve-settlement."
    world = SettledWorld(without_account=XAMK)
    assert refusal(world) == (
        f"Of {XAMK} the IBAN and the BIC are missing as it was approved, and its payment file needs them; {way_out.format('them')}"
    )
    run(do(world, "set-billing-details", {**details(XAMK, IBANS[XAMK]), "bic": None}, LATER, THIEF))
    run(approve(world, world.settlement, LATER))
    assert refusal(world) == (
        f"Of {XAMK} the BIC is missing as it was approved, and its payment file needs it; {way_out.format('it')}"
    )


def test_details_of_an_older_log_that_no_bank_takes_stop_their_own_payment_alone() -> None:
    """They were set before it was looked at; what was approved and cannot be carried out stops nobody else's."""
    world = SettledWorld(without_account=CURSOR, approved=False)
    address = Address(street="\u2603 1", postal_code="48100", town="Kotka")
    older = BillingDetailsSet(
        organisation=CURSOR,
        address=address,
        vat_number=None,
        iban=IBANS[CURSOR],
        bic=None,
        einvoice_address=None,
        einvoice_operator=None,
        by="person:older",
        set_on=date(2019, 2, 21),
    )
    asked = Asked(
        at=datetime(2019, 2, 21, 7, 30, tzinfo=UTC), actor="person:older", role="coordinator", command_id=UUID(int=7)
    )
    run(world.log.append(Decision(events=(older,), asked=asked, digest=bytes(32), unless=(), after=())))
    world.approve()
    found, payment = made(world), run(ordered(world))[CURSOR].payment
    assert [t.payee.iban for t in found.file.transfers] == [IBANS[EKAMI]]
    assert found.left_out == (
        LeftOut(
            payment,
            CURSOR,
            reason="not-payable",
            why=f"{payment} to {CURSOR}: the payee's street \"\u2603 1\" has '\\u2603' in it, which banks do not take; spell it otherwise.",
        ),
    )
    assert pain001(found.file)


@given(
    number=st.integers(1, 999_999),
    debtor=st.text("abz09-", min_size=1, max_size=60).map("org:{}".format),
    cents=st.lists(st.integers(1, 10**10), min_size=1, max_size=3),
)
@settings(max_examples=25)
def test_a_message_id_is_one_that_banks_take_and_says_what_is_paid(number: int, debtor: str, cents: list[int]) -> None:
    transfers = [Transfer(end_to_end_id="e", payee=TRANSFER.payee, cents=c, reference="1232") for c in cents]
    found = message_id(number, debtor, transfers)
    assert IDENTIFIER.fullmatch(found)
    assert found.startswith(f"{number}-")
    assert found == message_id(number, debtor, transfers)
    assert found != message_id(number, debtor, [*transfers, *transfers])
