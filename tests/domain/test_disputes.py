"""Disputes: line by line, by either side of a line, answered in stages, until an end that nothing changes."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from application.door import Malformed
from domain.settlement.events import DisputeAnswered, DisputeEscalated, DisputeWithdrawn, LineDisputed
from tests.domain.disputing import (
    BACK,
    BOOKS,
    COST,
    COST_BACK,
    DISPUTE,
    DRIFT,
    ENTRY,
    MARCH,
    PART_BACK,
    SHARED,
    coordinator,
    disputed,
    disputes_in,
    issued,
    line,
    reversal,
    scheduler,
    somebody,
)
from tests.domain.story import AGREEMENT, do
from tests.given_when_then import Given, given

ONE = {"dispute": DISPUTE}
ACCEPT, REJECT = {**ONE, "answer": "accepted"}, {**ONE, "answer": "rejected"}
OF: dict[str, Any] = {**ONE, "entry": ENTRY, "parties": ("org:ekami", "org:xamk")}
SILENT = "2019-04-11T07:00:00+03:00"
"""The day after the last day for an answer."""


def rejected() -> Given:
    return do(disputed(), "answer-dispute", REJECT, somebody("xamk"))


def escalated() -> Given:
    return do(disputed(), "escalate-dispute", ONE, scheduler(SILENT))


def withdrawn() -> Given:
    return do(disputed(), "withdraw-dispute", ONE, somebody("ekami"))


def accepted() -> Given:
    return do(disputed(), "answer-dispute", ACCEPT, somebody("xamk"))


def dismissed() -> Given:
    return do(escalated(), "answer-dispute", REJECT, coordinator(SILENT))


# --- opened ----------------------------------------------------------------------------------------------------------
def test_a_line_is_disputed_with_a_reason_and_the_other_side_has_the_days_of_its_version() -> None:
    """Five business days from Wednesday 3 April 2019 end on Wednesday the 10th; a later version has other days."""
    body = {**line(), "evidence": "Lähetyslista 2019-117"}
    BOOKS.when("dispute-line", body, somebody("ekami")).then(
        LineDisputed(
            dispute=DISPUTE,
            statement="statement:ekami.2019-03",
            partner="org:ekami",
            counterparty="org:xamk",
            period=MARCH,
            entry=ENTRY,
            clause="steps[2]",
            cents=12_500,
            reason="wrong-quantity",
            evidence="Lähetyslista 2019-117",
            answer_by=date(2019, 4, 10),
            by="person:ekami",
            disputed_on=date(2019, 4, 3),
            parties=("org:ekami", "org:xamk"),
        )
    )


@pytest.mark.parametrize("field", ["entry", "clause", "agreement"])
def test_a_line_that_has_no_entry_is_not_disputed_and_it_is_said_what_is(field: str) -> None:
    """Lines of VAT, set-offs and payments show null there; whoever gives it on is told so, and not of types."""
    with pytest.raises(Malformed) as refused:
        BOOKS.when("dispute-line", {**line(), field: None}, somebody("ekami"))
    assert (refused.value.where, refused.value.why) == (
        f"$.{field}",
        (
            "A line of VAT, a set-off or a payment has none of its own, so it is not disputed by itself: of a tax dispute the lines "
            "that it is for, and tell the coordinator what is wrong with a set-off or a payment"
        ),
    )
    with pytest.raises(Malformed, match="Expected `str`, got `null`"):
        BOOKS.when("dispute-line", {**line(), "period": None}, somebody("ekami"))


@pytest.mark.parametrize(
    ("entry", "clause", "partner", "counterparty", "cents"),
    [
        (ENTRY, "steps[2]", "org:xamk", "org:ekami", -12_500),
        (COST, "costs.split[0]", "org:ekami", "org:xamk", -30_000),
        (COST, "costs.split[1]", "org:xamk", "org:ksao", 30_000),
        (PART_BACK, "steps[0]", "org:cursor", "org:xamk", -100),
        (PART_BACK, "steps[0]", "org:xamk", "org:cursor", 100),
        (COST_BACK, "costs.split[0]", "org:ekami", "org:xamk", 200),
        (DRIFT, "org:ekami", "org:ekami", "org:xamk", 3),
        (DRIFT, "org:ksao", "org:xamk", "org:ksao", 4),
    ],
)
def test_each_side_disputes_the_line_as_it_stands_on_its_own_statement(
    entry: str, clause: str, partner: str, counterparty: str, cents: int
) -> None:
    """Shares, costs, corrections, true-ups: the signs are those of the statement."""
    (event,) = BOOKS.when("dispute-line", line(entry, clause, partner), somebody(partner[4:])).events()
    assert isinstance(event, LineDisputed)
    assert (event.entry, event.clause) == (entry, clause)
    assert (event.partner, event.counterparty, event.cents) == (partner, counterparty, cents)
    assert event.parties == tuple(sorted((partner, counterparty)))


def test_what_is_kept_or_nothing_or_elsewhere_is_no_line() -> None:
    for clause in ("steps[1]", "steps[3]", "steps[7]"):
        BOOKS.when("dispute-line", line(clause=clause), somebody("ekami")).then_refused(
            f"entry:1 makes no line under {clause}: what the collector or payer keeps is none, and a share of 0 cents is disputed by "
            "whom it is for. It makes lines under: steps[0], steps[2]."
        )


def test_who_got_nothing_may_dispute_it() -> None:
    """A share of 0 cents has no line: only whom it is for may hold it to be wrong."""
    mine = line(clause="steps[3]", partner="org:ksao")
    (event,) = BOOKS.when("dispute-line", mine, somebody("ksao")).events()
    assert isinstance(event, LineDisputed)
    assert (event.partner, event.counterparty, event.clause, event.cents) == ("org:ksao", "org:xamk", "steps[3]", 0)
    BOOKS.when("dispute-line", {**mine, "partner": "org:xamk"}, somebody("xamk")).then_refused(
        "entry:1 makes no line under steps[3]: what the collector or payer keeps is none, and a share of 0 cents is disputed by "
        "whom it is for. It makes lines under: steps[0], steps[2]."
    )
    BOOKS.when("dispute-line", line(clause="steps[1]", partner="org:xamk"), somebody("xamk")).then_refused(
        "entry:1 makes no line under steps[1]: what the collector or payer keeps is none, and a share of 0 cents is disputed by "
        "whom it is for. It makes lines under: steps[0], steps[2]."
    )


def test_a_line_is_disputed_by_its_sides_and_exists_for_the_parties_of_its_entry() -> None:
    ksao = line(partner="org:ksao")
    BOOKS.when("dispute-line", ksao, somebody("ksao")).then_refused(
        "Only org:ekami or org:xamk or the coordinator may dispute this line; you act for org:ksao."
    )
    BOOKS.when("dispute-line", ksao, coordinator()).then_refused(
        "The line of entry:1 under steps[2] is between org:ekami and org:xamk; org:ksao cannot dispute it."
    )
    outside = replace(SHARED, parties=("org:cursor", "org:ekami", "org:xamk"))
    of_others = Given(tuple(outside if event == SHARED else event for event in BOOKS.history))
    of_others.when("dispute-line", ksao, somebody("ksao")).then_refused("There is no entry:1 here.")
    BOOKS.when("dispute-line", line("entry:99"), somebody("ekami")).then_refused("There is no entry:99 here.")


def test_a_line_is_disputed_on_its_own_statement_once_that_is_issued() -> None:
    BOOKS.when("dispute-line", line(), somebody("xamk")).then_refused("There is no statement:ekami.2019-03 here.")
    not_yet = Given(tuple(event for event in BOOKS.history if event != issued("org:ekami")))
    not_yet.when("dispute-line", line(), somebody("ekami")).then_refused(
        "The statement of org:ekami for 2019-03 has not been issued; the network issues it once the period is closed."
    )
    also = Given((*BOOKS.history, issued("org:ekami", "2019-02")))
    also.when("dispute-line", {**line(), "period": "2019-02"}, somebody("ekami")).then_refused(
        "entry:1 is booked in 2019-03, not in 2019-02; dispute it on the statement of 2019-03."
    )


def test_the_agreement_is_that_of_the_entry() -> None:
    BOOKS.when("dispute-line", {**line(), "agreement": "agreement:other"}, somebody("ekami")).then_refused(
        f"entry:1 follows from {AGREEMENT}, not from agreement:other; name {AGREEMENT}."
    )


def test_lines_are_disputed_until_the_deadline() -> None:
    last = BOOKS.when("dispute-line", line(), somebody("ekami", "2019-04-16T23:59:59+03:00"))
    assert last.events()
    BOOKS.when("dispute-line", line(), somebody("ekami", "2019-04-17T00:00:00+03:00")).then_refused(
        "The lines of statement:ekami.2019-03 could be disputed until 2019-04-16; ask org:xamk for a correction."
    )
    without = Given(
        tuple(issued("org:ekami", dispute_by=None) if e == issued("org:ekami") else e for e in BOOKS.history)
    )
    assert without.when("dispute-line", line(), somebody("ekami", "2019-09-02T09:00:00+03:00")).events()


def test_what_is_taken_back_as_a_whole_is_not_disputed() -> None:
    back = Given((*BOOKS.history, reversal(BACK, SHARED, 29_400, 0)))
    back.when("dispute-line", line(), somebody("ekami")).then_refused(
        "entry:1 was taken back as a whole by entry:4; nothing of its lines is left to dispute."
    )
    assert back.when("dispute-line", line(BACK, "steps[0]", "org:cursor"), somebody("cursor")).events(), (
        "the correction itself can be"
    )


def test_a_line_has_one_dispute_whichever_side_began_it() -> None:
    sentence = (
        f"org:ekami disputes the line of entry:1 under steps[2] already, by {DISPUTE}; "
        "it is not settled before that is answered."
    )
    for so_far in (disputed(), rejected(), escalated()):
        for side in ("ekami", "xamk"):
            so_far.when("dispute-line", line(partner=f"org:{side}"), somebody(side)).then_refused(sentence)
    assert disputed().when("dispute-line", line(clause="steps[0]", partner="org:xamk"), somebody("xamk")).events()


def test_what_was_decided_is_not_disputed_again() -> None:
    dismissed().when("dispute-line", line(partner="org:xamk"), somebody("xamk")).then_refused(
        f"The line of entry:1 under steps[2] was disputed by org:ekami before, and {DISPUTE} was dismissed; "
        "what has to change after that is set right by a correction."
    )


def test_what_was_withdrawn_may_be_disputed_again_until_the_deadline() -> None:
    later = replace(somebody("ekami"), command_id=UUID(int=5))
    again = do(withdrawn(), "dispute-line", line(), later)
    assert [each.dispute for each in disputes_in(again)] == [DISPUTE, later.new("dispute")]


# --- answered --------------------------------------------------------------------------------------------------------
def test_the_other_side_answers_first_and_late_answers_are_taken_until_it_went_on() -> None:
    answered = DisputeAnswered(
        **OF,
        stage="counterparty",
        answer="accepted",
        evidence=None,
        by="person:xamk",
        answered_on=date(2019, 4, 3),
    )
    disputed().when("answer-dispute", ACCEPT, somebody("xamk")).then(answered)
    disputed().when("answer-dispute", ACCEPT, somebody("xamk", SILENT)).then(
        replace(answered, answered_on=date(2019, 4, 11))
    )
    escalated().when("answer-dispute", ACCEPT, somebody("xamk", SILENT)).then_refused(
        f"{DISPUTE} went to the coordinator on 2019-04-11, who answers it; it can still be withdrawn."
    )


def test_nobody_answers_out_of_turn() -> None:
    disputed().when("answer-dispute", ACCEPT, somebody("ekami")).then_refused(
        "Only org:xamk or the coordinator may answer this dispute; you act for org:ekami."
    )
    disputed().when("answer-dispute", ACCEPT, coordinator()).then_refused(
        f"{DISPUTE} is open since 2019-04-03 and still between org:ekami and org:xamk; "
        "the coordinator answers it once it was escalated."
    )
    rejected().when("answer-dispute", ACCEPT, somebody("xamk")).then_refused(
        f"org:xamk rejected {DISPUTE} on 2019-04-03; org:ekami may withdraw it or take it to the coordinator."
    )


@pytest.mark.parametrize(
    ("name", "body"), [("answer-dispute", ACCEPT), ("escalate-dispute", ONE), ("withdraw-dispute", ONE)]
)
def test_a_dispute_exists_for_its_two_sides_only(name: str, body: dict[str, str]) -> None:
    disputed().when(name, body, somebody("ksao")).then_refused(f"There is no {DISPUTE} here.")
    given().when(name, body, coordinator()).then_refused(f"There is no {DISPUTE} here.")


def test_silence_escalates_after_the_last_day() -> None:
    for asker in (scheduler, coordinator, lambda at: somebody("ekami", at)):
        disputed().when("escalate-dispute", ONE, asker("2019-04-10T23:59:59+03:00")).then_refused(
            f"org:xamk may answer {DISPUTE} until 2019-04-10; it goes to the coordinator after that day."
        )
        disputed().when("escalate-dispute", ONE, asker(SILENT)).then(
            DisputeEscalated(**OF, reason="silence", escalated_on=date(2019, 4, 11))
        )


def test_a_rejection_is_taken_further_by_who_disputes_at_once() -> None:
    rejected().when("escalate-dispute", ONE, somebody("ekami")).then(
        DisputeEscalated(**OF, reason="answer-not-taken", escalated_on=date(2019, 4, 3))
    )
    rejected().when("escalate-dispute", ONE, somebody("xamk")).then_refused(
        "Only org:ekami or the coordinator may take this dispute to the coordinator; you act for org:xamk."
    )


def test_a_rejection_that_nobody_reacts_to_does_not_hold_the_line_for_ever() -> None:
    """Rejected on Tuesday the 9th: as many business days as the answer had, five, end on Tuesday the 16th."""
    late = do(disputed(), "answer-dispute", REJECT, somebody("xamk", "2019-04-09T09:00:00+03:00"))
    late.when("escalate-dispute", ONE, scheduler("2019-04-16T23:59:59+03:00")).then_refused(
        f"org:ekami may withdraw {DISPUTE} until 2019-04-16; it goes to the coordinator after that day."
    )
    late.when("escalate-dispute", ONE, scheduler("2019-04-17T00:00:00+03:00")).then(
        DisputeEscalated(**OF, reason="answer-not-taken", escalated_on=date(2019, 4, 17))
    )


def test_a_dispute_escalates_once() -> None:
    escalated().when("escalate-dispute", ONE, scheduler(SILENT)).then_refused(
        f"{DISPUTE} went to the coordinator on 2019-04-11, who answers it; it can still be withdrawn."
    )


def test_the_coordinators_answer_is_final() -> None:
    (event,) = escalated().when("answer-dispute", ACCEPT, coordinator(SILENT)).events()
    assert isinstance(event, DisputeAnswered)
    assert (event.stage, event.answer) == ("coordinator", "accepted")


@pytest.mark.parametrize("so_far", [disputed(), rejected(), escalated()])
def test_who_disputes_may_withdraw_as_long_as_nothing_is_final(so_far: Given) -> None:
    so_far.when("withdraw-dispute", ONE, somebody("ekami", SILENT)).then(
        DisputeWithdrawn(**OF, by="person:ekami", withdrawn_on=date(2019, 4, 11))
    )
    so_far.when("withdraw-dispute", ONE, somebody("xamk")).then_refused(
        "Only org:ekami or the coordinator may withdraw this dispute; you act for org:xamk."
    )


@pytest.mark.parametrize(
    ("so_far", "how", "on"),
    [
        (dismissed(), "dismissed", "2019-04-11"),
        (withdrawn(), "withdrawn", "2019-04-03"),
    ],
)
def test_nothing_changes_after_an_end(so_far: Given, how: str, on: str) -> None:
    for name, body, by in (
        ("answer-dispute", ACCEPT, somebody("xamk", SILENT)),
        ("answer-dispute", ACCEPT, coordinator(SILENT)),
        ("escalate-dispute", ONE, scheduler(SILENT)),
        ("withdraw-dispute", ONE, somebody("ekami", SILENT)),
    ):
        so_far.when(name, body, by).then_refused(
            f"{DISPUTE} was {how} on {on} and is at its end; what has to change after that is set right by a correction."
        )
