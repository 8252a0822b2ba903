"""A debtor's payment file: of what was approved and is not paid yet, with accounts as they are, the same bytes again."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]  # it ships no types

from adapters.bank.letters import IDENTIFIER
from adapters.bank.pain001 import pain001
from adapters.bank_intake import BankIntake
from adapters.payment_files import FileOf, message_id, payment_file_of
from application.bank import Transfer
from domain.changing import replace
from domain.kernel import Refused
from examples.kymenlaakso.bank_statement import Payment
from tests.bank.payments import TRANSFER
from tests.bank.settled import AGREEMENT, CURSOR, EKAMI, IBANS, SETTLER, XAMK, details, do, ordered
from tests.bank.settled_world import SettledWorld, file_of
from tests.http.world import run

SCHEMA = Path(__file__).parents[3] / "shared" / "schemas" / "iso20022" / "pain.001.001.09.xsd"
LATER = "2019-02-21T18:00:00+02:00"


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
    body = pain001(file)
    if SCHEMA.exists():
        etree.XMLSchema(etree.parse(str(SCHEMA))).assertValid(etree.fromstring(body))


def test_made_again_it_has_the_same_bytes_whatever_else_has_happened(january: SettledWorld) -> None:
    first = pain001(made(january).file)
    run(do(january, "set-billing-details", details("org:ekami", "FI4250001510000023"), LATER))
    assert pain001(made(january, as_of=january.head - 1).file) == first
    now, then = made(january).file, made(january, as_of=january.head - 1).file
    assert now.message_id != then.message_id, "a bank takes a message id once"
    assert pain001(replace(now, message_id=then.message_id)) == first.replace(
        IBANS[EKAMI].encode(), b"FI4250001510000023"
    ), "paid where it is now"


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


@pytest.mark.parametrize(
    ("organisation", "left_out", "sentence"),
    [
        (
            XAMK,
            ("iban", "bic"),
            (
                "Of org:xamk the IBAN and the BIC are missing, and its payment file needs them; org:xamk or the coordinator sets them "
                "with set-billing-details."
            ),
        ),
        (
            XAMK,
            ("bic",),
            (
                "Of org:xamk the BIC is missing, and its payment file needs it; org:xamk or the coordinator sets it with "
                "set-billing-details."
            ),
        ),
        (
            CURSOR,
            ("iban",),
            (
                "Of org:cursor the IBAN is missing, and a payment of org:xamk to it needs it; org:cursor or the coordinator sets it "
                "with set-billing-details."
            ),
        ),
    ],
)
def test_missing_details_are_named_with_the_command_that_sets_them(
    january: SettledWorld, organisation: str, left_out: tuple[str, ...], sentence: str
) -> None:
    kept = {k: v for k, v in details(organisation, IBANS[organisation]).items() if k not in left_out}
    run(do(january, "set-billing-details", kept, LATER))
    assert refusal(january, organisation if organisation == XAMK else XAMK) == sentence


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
