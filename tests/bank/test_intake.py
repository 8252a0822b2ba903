"""Every line of a bank's file ends somewhere, once: recorded for its payment, on the list, or said to be known."""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from adapters.bank_intake import BankIntake, NothingTakenIn, NotOwnAccounts
from adapters.bank_taken import Taken
from adapters.own_accounts import own_accounts
from application.bank import BankFault
from application.desk import Asker, Cause, Desk
from application.door import NotAllowed
from application.ports import ClockBehind, Outcome, Unavailable
from domain.kernel import Scope
from domain.settlement.events import BankLineListed, DocumentIssued, PaymentRecorded
from examples.kymenlaakso.bank_statement import Entry, Payment, Statement, camt053, camt054
from projections.settlement_bank_lines import worklist
from projections.settlement_views import balances
from projections.settlements import settlements
from tests.bank.settled import APPROVER, CURSOR, EKAMI, IBANS, SETTLER, XAMK, details, do, ordered
from tests.bank.settled_world import MADE_AT, PAID_ON, SettledWorld, file_of
from tests.http.world import run

NOW = "2019-02-22T09:00:00+02:00"
PAID = {EKAMI: 70_000, CURSOR: 20_000}
STRANGER = "SE4550000000058398257466"


def take_in(world: SettledWorld, body: bytes, asker: Asker = SETTLER, at: str = NOW) -> Taken:
    moment = datetime.fromisoformat(at) if asker.role == "coordinator" else None
    return run(BankIntake(world.desk, world.views).take_in(body, asker, at=moment))


def payer(organisation: str) -> Asker:
    scopes: frozenset[Scope] = frozenset({"finance-approve"})
    return Asker(actor=f"person:{organisation[4:]}", role="partner", organisation=organisation, scopes=scopes)


def ended(taken: Taken) -> list[tuple[str, bool, str | None]]:
    return [(line.outcome, line.listed, line.reason) for line in taken.lines]


def on_the_list(world: SettledWorld) -> list[tuple[str, int, str | None]]:
    found = run(world.views.ask(settlements, lambda rows: worklist(rows, None))).value
    return [(line.organisation, line.cents, line.reason) for line in found]


def paid(world: SettledWorld, payee: str, cents: int, number: str | None = None) -> Payment:
    """As the bank gives back what the payment file said."""
    order = run(ordered(world))[payee]
    return Payment(cents, None, order.payment.removeprefix("payment:").replace("-", ""), None, number)


def referring(world: SettledWorld, payee: str, cents: int, number: str | None = None) -> Payment:
    """As whoever types it in says it."""
    return Payment(cents, run(ordered(world))[payee].reference, None, None, number)


def test_every_line_is_recorded_or_listed_and_both_accounts_together_count_once(january: SettledWorld) -> None:
    """Paid in two parts, once too much, and twice; the payee's account confirms; the rest is unknown.

    What a payer says it paid beyond the order is not owed back before the payee's account has shown it.
    """
    of_payer = [
        paid(january, EKAMI, -30_000, "1"),
        referring(january, EKAMI, -40_000, "2"),
        paid(january, CURSOR, -20_100, "3"),
        paid(january, CURSOR, -20_000, "4"),
        paid(january, EKAMI, 70_000, "5"),
        Payment(-90_000, None, None, STRANGER, "6"),
        Payment(-90_000, "1232", None, STRANGER, "7"),
    ]
    taken = take_in(january, file_of(XAMK, *of_payer))
    assert ended(taken) == [
        ("part", True, None),
        ("matched", False, None),
        ("over", True, None),
        ("double", True, None),
        ("unknown", True, "wrong-direction"),
        ("unknown", True, "no-reference"),
        ("unknown", True, "unknown-reference"),
    ]
    assert taken.appended == 7
    of_payee = take_in(january, file_of(EKAMI, paid(january, EKAMI, 70_000), Payment(4_200, "1232")))
    assert ended(of_payee) == [("confirmed", False, None), ("unknown", True, "unknown-reference")]
    assert sorted(on_the_list(january)) == [
        (EKAMI, 4_200, "unknown"),
        (XAMK, -90_000, "unknown"),
        (XAMK, -90_000, "unknown"),
        (XAMK, -30_000, "part"),
        (XAMK, -20_100, "over"),
        (XAMK, -20_000, "double"),
        (XAMK, 70_000, "unknown"),
    ]
    assert _standing(january) == {EKAMI: (70_000, 0, 0), CURSOR: (20_000, 0, 0)}
    of_other = take_in(january, file_of(CURSOR, paid(january, CURSOR, 20_100), paid(january, CURSOR, 20_000)))
    assert ended(of_other) == [("over", True, None), ("double", True, None)]
    assert _standing(january) == {EKAMI: (70_000, 0, 0), CURSOR: (40_100, 20_100, 0)}


def _standing(world: SettledWorld) -> dict[str, tuple[int, int, int]]:
    standing = run(world.views.ask(settlements, lambda rows: balances(rows, XAMK))).value
    return {each.counterparty: (each.paid_cents, each.open_cents, each.to_pay_cents) for each in standing}


@pytest.mark.parametrize("again", [SETTLER, APPROVER, payer(XAMK)], ids=["same", "another", "its own partner"])
def test_a_file_read_twice_changes_nothing_whoever_reads_it(january: SettledWorld, again: Asker) -> None:
    body = file_of(XAMK, paid(january, EKAMI, -30_000), Payment(-1, "1232"), paid(january, CURSOR, -20_000))
    first = take_in(january, body)
    head = january.head
    second = take_in(january, body, again)
    assert january.head == head == second.position
    assert second.appended == 0
    assert [line.outcome for line in second.lines] == ["recognised"] * 3
    for one, other in zip(first.lines, second.lines, strict=True):
        assert (one.bank_line, one.payment, one.position, one.listed) == (
            other.bank_line,
            other.payment,
            other.position,
            other.listed,
        )


def test_whoever_pays_by_an_invoice_s_reference_makes_the_payment_that_is_ordered_for_it(january: SettledWorld) -> None:
    """Both sold xamk something and numbered their invoices 2019-01/1: only the account that it went to tells whose is paid."""
    first, second = (event for event in january.all(DocumentIssued) if isinstance(event, DocumentIssued))
    assert first.reference == second.reference is not None
    of_payer = [Payment(-cents, first.reference, None, IBANS[to], to) for to, cents in PAID.items()]
    stranger = Payment(-70_000, first.reference, None, STRANGER, "S")
    assert ended(take_in(january, file_of(XAMK, *of_payer, stranger))) == [
        ("matched", False, None),
        ("matched", False, None),
        ("unknown", True, "unknown-reference"),
    ]
    of_payee = take_in(january, file_of(EKAMI, Payment(70_000, first.reference)))
    assert [(line.outcome, line.payment) for line in of_payee.lines] == [
        ("confirmed", run(ordered(january))[EKAMI].payment)
    ]


def test_an_invoice_s_reference_waits_for_the_approval_like_the_payment_s_own() -> None:
    world = SettledWorld(approved=False)
    issued = next(event for event in world.all(DocumentIssued) if isinstance(event, DocumentIssued))
    body = file_of(EKAMI, Payment(70_000, issued.reference))
    assert ended(take_in(world, body, at="2019-02-21T09:30:00+02:00")) == [("unknown", True, "not-approved")]
    world.approve()
    assert ended(take_in(world, body)) == [("matched", False, None)]


def test_the_notification_of_a_line_and_the_statement_of_it_are_one(january: SettledWorld) -> None:
    entry = Entry(PAID_ON, (paid(january, EKAMI, -70_000),), bank_reference="190221A0")
    notified = take_in(january, camt054("N", MADE_AT, Statement("N-1", IBANS[XAMK], (entry,)), version="02"))
    stated = take_in(january, camt053("S", MADE_AT, Statement("S-1", IBANS[XAMK], (entry,))))
    assert (ended(notified), ended(stated)) == ([("matched", False, None)], [("recognised", False, None)])


def test_without_a_number_of_the_bank_the_statement_after_the_notification_pays_nothing_twice(
    january: SettledWorld,
) -> None:
    """Recorded, it would be owed back: it is listed, and record-payment says that it was paid twice where it was."""
    entry = Entry(PAID_ON, (paid(january, EKAMI, -70_000),))
    notified = take_in(january, camt054("N", MADE_AT, Statement("N-1", IBANS[XAMK], (entry,)), version="02"))
    stated = take_in(january, camt053("S", MADE_AT, Statement("S-1", IBANS[XAMK], (entry,))))
    assert ended(notified) == [("matched", False, None)]
    assert ended(stated) == [("unknown", True, "as-recorded")]
    again = take_in(january, camt053("S", MADE_AT, Statement("S-1", IBANS[XAMK], (entry,))))
    assert [line.outcome for line in again.lines] == ["recognised"]
    assert on_the_list(january) == [(XAMK, -70_000, "unknown")]


def test_a_sum_without_details_is_never_guessed_even_where_payments_come_to_it(january: SettledWorld) -> None:
    """A bank that books a batch as one sum tells the payments in a camt.054; the sum alone is nobody's."""
    taken = take_in(january, file_of(XAMK, Payment(-90_000)))
    assert ended(taken) == [("unknown", True, "no-reference")]
    assert january.all(PaymentRecorded) == []


def test_what_was_paid_before_its_settlement_was_approved_waits_on_the_list_for_it() -> None:
    world = SettledWorld(approved=False)
    body = file_of(XAMK, paid(world, EKAMI, -70_000))
    assert ended(take_in(world, body, at="2019-02-21T09:30:00+02:00")) == [("unknown", True, "not-approved")]
    assert ended(take_in(world, body, at="2019-02-21T09:40:00+02:00")) == [("recognised", True, "not-approved")]
    world.approve()
    assert ended(take_in(world, body)) == [("matched", False, None)]
    assert on_the_list(world) == []
    assert ended(take_in(world, body)) == [("recognised", False, None)]


def test_what_a_rule_refuses_stops_no_other_line_and_reading_again_finishes_it(january: SettledWorld) -> None:
    """Here a line that is booked tomorrow by the network's clock."""
    body = file_of(XAMK, paid(january, EKAMI, -70_000), Payment(-1, "1232")).replace(
        b"<BookgDt><Dt>2019-02-21</Dt>", b"<BookgDt><Dt>2019-02-23</Dt>", 1
    )
    taken = take_in(january, body)
    assert ended(taken) == [("refused", False, None), ("unknown", True, "unknown-reference")]
    assert taken.lines[0].why == (
        "A payment on 2019-02-23 lies in the future: today is 2019-02-22. Report it when it has happened."
    )
    assert taken.lines[0].position is None
    later = take_in(january, body, at="2019-02-23T09:00:00+02:00")
    assert [line.outcome for line in later.lines] == ["matched", "recognised"]


def test_a_file_of_which_nothing_can_be_taken_in_is_refused(january: SettledWorld) -> None:
    """With the first reason; of the lines that are left to somebody else nothing is said."""
    lines = paid(january, EKAMI, -70_000), paid(january, CURSOR, -20_000)
    tomorrow = file_of(XAMK, *lines).replace(b"<BookgDt><Dt>2019-02-21</Dt>", b"<BookgDt><Dt>2019-02-23</Dt>")
    before = january.head
    with pytest.raises(NothingTakenIn) as refused:
        take_in(january, tomorrow)
    assert str(refused.value) == (
        "Nothing of the file was taken in: 2 lines were refused. The first: A payment on 2019-02-23 lies in the future: today is "
        "2019-02-22. Report it when it has happened. Hand the file in again when that is mended."
    )
    assert january.head == before
    assert ended(take_in(january, tomorrow, at="2019-02-23T09:00:00+02:00")) == [("matched", False, None)] * 2


class BreakingDesk(Desk):
    """Loses the log at the second line."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.log, desk.marks, desk.clock, desk.entropy)
        self.lines = 0

    async def carry_out(
        self,
        name: str,
        body: object,
        asker: Asker,
        *,
        key: UUID | None = None,
        at: datetime | None = None,
        cause: Cause | None = None,
    ) -> Outcome:
        self.lines += 1
        if self.lines == 2:
            raise Unavailable("The log cannot be reached.")
        return await super().carry_out(name, body, asker, key=key, at=at, cause=cause)


@pytest.mark.parametrize("again", [SETTLER, APPROVER])
def test_who_dies_between_two_lines_leaves_what_reading_again_finishes(january: SettledWorld, again: Asker) -> None:
    body, at = file_of(XAMK, paid(january, EKAMI, -30_000), Payment(-1, "1232")), datetime.fromisoformat(NOW)
    with pytest.raises(Unavailable):
        run(BankIntake(BreakingDesk(january.desk), january.views).take_in(body, SETTLER, at=at))
    assert len(january.all(PaymentRecorded)) == 1
    taken = take_in(january, body, again)
    assert ended(taken) == [("recognised", True, None), ("unknown", True, "unknown-reference")]
    assert on_the_list(january) == [(XAMK, -30_000, "part"), (XAMK, -1, "unknown")]
    assert take_in(january, body, again).appended == 0


def test_two_who_read_a_file_at_the_same_time_record_it_once(january: SettledWorld) -> None:
    lines = (paid(january, EKAMI, -30_000), Payment(-1, "1232"), paid(january, CURSOR, -20_000))
    body, at = file_of(XAMK, *lines), datetime.fromisoformat(NOW)

    async def both() -> tuple[Taken, Taken]:
        intake = BankIntake(january.desk, january.views)
        return await asyncio.gather(intake.take_in(body, SETTLER, at=at), intake.take_in(body, APPROVER, at=at))

    before = january.head
    taken = run(both())
    assert january.head - before == sum(each.appended for each in taken) == 3
    assert {line.outcome for each in taken for line in each.lines} <= {"part", "unknown", "matched", "recognised"}
    assert (len(january.all(PaymentRecorded)), len(january.all(BankLineListed))) == (2, 1)


def test_a_partner_has_files_of_its_own_accounts_read_and_nobody_else_s(january: SettledWorld) -> None:
    """Also where the file has its own account beside another's: nothing of it is taken in."""
    own = Statement("S-1", IBANS[EKAMI], (Entry(PAID_ON, (paid(january, EKAMI, 70_000),), "1"),))
    other = Statement("S-2", IBANS[XAMK], (Entry(PAID_ON, (paid(january, EKAMI, -70_000),), "2"),))
    before = january.head
    with pytest.raises(NotOwnAccounts):
        take_in(january, camt053("M", MADE_AT, own, other), payer(EKAMI))
    assert january.head == before
    assert ended(take_in(january, camt053("M", MADE_AT, own), payer(EKAMI))) == [("matched", False, None)]


@pytest.mark.parametrize(
    "asker",
    [
        Asker(actor="person:x", role="auditor"),
        Asker(actor="person:x", role="subscriber", organisation=XAMK),
        Asker(actor="person:x", role="partner", organisation=XAMK, scopes=frozenset({"finance-check", "content"})),
    ],
)
def test_who_may_not_record_payments_may_not_hand_in_files(january: SettledWorld, asker: Asker) -> None:
    with pytest.raises(NotAllowed):
        take_in(january, b"not even read", asker)


def test_a_line_of_nobody_s_account_gets_no_place_in_the_log_and_is_refused_by_name(january: SettledWorld) -> None:
    """Beside lines of known accounts, which are taken in; and it is, too, when somebody has set the account."""
    iban = "FI4250001510000023"
    strange = Statement("S-1", iban, (Entry(PAID_ON, (paid(january, EKAMI, -70_000),), "1"),))
    known = Statement("S-2", IBANS[EKAMI], (Entry(PAID_ON, (Payment(4_200, "1232"),), "2"),))
    body, before = camt053("M", MADE_AT, strange, known), january.head
    for rest in (("unknown", True, "unknown-reference"), ("recognised", True, "unknown-reference")):
        taken = take_in(january, body)
        assert ended(taken) == [("refused", False, "account-of-nobody"), rest]
        assert (taken.lines[0].position, taken.lines[1].why) == (None, None)
        assert taken.lines[0].why == (
            "The account FI4250001510000023 is nobody's here; whoever has it sets it with set-billing-details."
        )
        assert january.head == before + 1
    run(do(january, "set-billing-details", details(XAMK, iban), NOW))
    assert [line.outcome for line in take_in(january, body).lines] == ["matched", "recognised"]


def test_a_file_of_nobody_s_accounts_alone_is_refused(january: SettledWorld) -> None:
    """Who brings the file for all is told whose it is not; a partner is told no more than that it is not its own."""
    entries = (Entry(PAID_ON, (paid(january, EKAMI, -70_000),), "1"),)
    body = camt053("M", MADE_AT, Statement("S-1", "DE89370400440532013000", entries))
    before = january.head
    with pytest.raises(NothingTakenIn) as refused:
        take_in(january, body)
    assert str(refused.value) == (
        "Nothing of the file was taken in: 1 line was refused. The account DE89370400440532013000 is nobody's here; whoever has it "
        "sets it with set-billing-details. Hand the file in again when that is mended."
    )
    with pytest.raises(NotOwnAccounts):
        take_in(january, body, payer(EKAMI))
    assert january.head == before


def test_an_account_that_was_changed_is_still_its_organisation_s(january: SettledWorld) -> None:
    run(do(january, "set-billing-details", details(XAMK, "FI4250001510000023"), "2019-02-21T18:00:00+02:00"))
    assert ended(take_in(january, file_of(XAMK, paid(january, EKAMI, -70_000)))) == [("matched", False, None)]


def test_a_time_before_the_log_s_is_refused_once_and_nothing_is_taken_in(january: SettledWorld) -> None:
    before = january.head
    with pytest.raises(ClockBehind):
        take_in(january, file_of(XAMK, Payment(-1, "1232"), Payment(-2, "1232")), at="2019-02-21T09:00:00+02:00")
    assert january.head == before


def test_a_file_of_too_many_lines_is_refused_before_any_is_sent(
    january: SettledWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.bank_intake.LINES_MAX", 1)
    before = january.head
    with pytest.raises(BankFault, match="The file has 2 lines; up to 1 are taken in at once"):
        take_in(january, file_of(XAMK, Payment(-1, "1232"), Payment(-2, "1232")))
    assert january.head == before


def test_a_line_counts_only_where_its_money_went_to_the_payee_or_came_from_its_payer(january: SettledWorld) -> None:
    """As far as the bank says; what came from an account that is nobody's here may still be the payer's."""
    shown = paid(january, EKAMI, 70_000)
    out = [
        shown._replace(cents=-70_000, counterparty_iban=iban, bank_reference=iban) for iban in (STRANGER, IBANS[CURSOR])
    ]
    wrong = ("unknown", True, "other-counterparty")
    assert ended(take_in(january, file_of(XAMK, *out))) == [wrong, wrong]
    came = [shown._replace(counterparty_iban=iban, bank_reference=iban) for iban in (IBANS[CURSOR], STRANGER)]
    assert ended(take_in(january, file_of(EKAMI, *came))) == [wrong, ("matched", False, None)]
    right = shown._replace(cents=-70_000, counterparty_iban=IBANS[EKAMI], bank_reference="R")
    assert ended(take_in(january, file_of(XAMK, right))) == [("confirmed", False, None)]


def test_an_account_that_the_payee_sets_later_shows_the_payment_when_the_file_is_read_again(
    january: SettledWorld,
) -> None:
    later = "FI4250001510000023"
    body = file_of(XAMK, paid(january, EKAMI, -70_000)._replace(counterparty_iban=later))
    assert ended(take_in(january, body)) == [("unknown", True, "other-counterparty")]
    run(do(january, "set-billing-details", details(EKAMI, later), NOW))
    assert ended(take_in(january, body)) == [("matched", False, None)]


def test_units_share_the_account_of_their_legal_person_and_each_records_its_own(january: SettledWorld) -> None:
    """What is for the other is left to it, and what fits nobody's payment is listed for whoever brings the file."""
    at = "2019-02-21T18:00:00+02:00"
    unit: Mapping[str, Any] = {
        "organisation": "org:lab",
        "name": {"fi": "Laboratorio"},
        "kind": "other",
        "unit_of": XAMK,
    }
    run(do(january, "register-organisation", unit, at))
    assert run(own_accounts(january.log)).of[IBANS[XAMK]] == {XAMK, "org:lab"}
    body = file_of(XAMK, paid(january, EKAMI, -70_000), Payment(-1, "1232"))
    assert [line.outcome for line in take_in(january, body, payer("org:lab")).lines] == ["left", "unknown"]
    assert on_the_list(january) == [("org:lab", -1, "unknown")]
    assert [line.outcome for line in take_in(january, body, payer(XAMK)).lines] == ["matched", "recognised"]


def test_neither_names_nor_the_accounts_of_others_are_kept_or_said(
    january: SettledWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (paid(january, EKAMI, -70_000), Payment(-1, "1232", "PRIVATE-4711", STRANGER))
    body = file_of(XAMK, *lines)
    named = body.replace(b"<RltdPties>", b"<RltdPties><Cdtr><Pty><Nm>Maija Meikalainen</Nm></Pty></Cdtr>")
    assert named != body
    before = january.head
    taken = take_in(january, named)
    said = [str(taken), *(str(event.data) for event in january.events(before)), *capsys.readouterr()]
    assert not re.search(rf"Maija|{STRANGER}|PRIVATE-4711", " ".join(said))
    assert Counter(line.outcome for line in taken.lines) == {"matched": 1, "unknown": 1}
