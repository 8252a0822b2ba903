"""Accepted disputes: held until the line is corrected, and until who disputed it has let the correction stand."""

from datetime import date
from typing import Literal

import pytest

from domain.settlement.events import CorrectionMissed, DisputeClosed, DisputeWithdrawn, LineDisputed
from tests.domain.disputing import (
    BACK,
    BOOKS,
    CORRECTION,
    DISPUTE,
    DRIFT,
    ENTRY,
    PART_BACK,
    accepted,
    coordinator,
    corrected,
    correction,
    disputed,
    line,
    scheduler,
    somebody,
)
from tests.domain.story import do, numbered
from tests.given_when_then import Given

ONE = {"dispute": DISPUTE}
OF_ENTRY = {**ONE, "entry": ENTRY}
ACCEPT = {**ONE, "answer": "accepted"}
IN_TIME, ON_LAST_DAY, LATE = (f"2019-04-{day}T09:00:00+03:00" for day in ("05", "12", "15"))
"""Accepted on Wednesday the 3rd; corrected on Friday the 5th, so until Friday the 12th the line may be disputed again."""
NOT_CORRECTED = (
    f"The line of {DISPUTE} is not corrected, so it is held; its entry has to be taken back, in part at least."
)


def closed(how: Literal["silence", "disputed-again"] = "silence", on: date = date(2019, 4, 15)) -> DisputeClosed:
    return DisputeClosed(
        dispute=DISPUTE,
        entry=ENTRY,
        how=how,
        correction=CORRECTION,
        period="2019-04",
        closed_on=on,
        parties=("org:ekami", "org:xamk"),
    )


# --- held until it is corrected --------------------------------------------------------------------------------------
def test_what_was_accepted_is_held_until_its_clause_is_corrected() -> None:
    """A cent of another clause is no correction of this one; all of the entry is one of every clause."""
    for so_far in (accepted(), corrected(correction(1, "steps[0]"))):
        so_far.when("close-dispute", OF_ENTRY, scheduler(LATE)).then_refused(NOT_CORRECTED)
    for by in (correction(1), correction(29_400, "steps[0]", left_cents=0)):
        assert corrected(by).when("close-dispute", OF_ENTRY, scheduler(LATE)).events() == (closed(),)


def test_a_correction_before_the_acceptance_counts_and_one_before_the_dispute_does_not() -> None:
    before = Given((*disputed().history, correction()))
    so_far = do(before, "answer-dispute", ACCEPT, somebody("xamk", "2019-04-09T09:00:00+03:00"))
    so_far.when("close-dispute", OF_ENTRY, scheduler("2019-04-16T09:00:00+03:00")).then_refused(
        f"There is time for {DISPUTE} until 2019-04-16; its deadline passes after that day."
    )
    assert so_far.when("close-dispute", OF_ENTRY, scheduler("2019-04-17T09:00:00+03:00")).events()
    earlier = Given((*BOOKS.history, correction()))
    so_far = do(disputed(earlier), "answer-dispute", ACCEPT, somebody("xamk"))
    so_far.when("close-dispute", OF_ENTRY, scheduler(LATE)).then_refused(NOT_CORRECTED)


def test_silence_settles_the_corrected_line_after_the_days_for_an_answer() -> None:
    corrected().when("close-dispute", OF_ENTRY, scheduler(ON_LAST_DAY)).then_refused(
        f"There is time for {DISPUTE} until 2019-04-12; its deadline passes after that day."
    )
    corrected().when("close-dispute", OF_ENTRY, scheduler(LATE)).then(closed())
    over = do(corrected(), "close-dispute", OF_ENTRY, scheduler(LATE))
    for name in ("close-dispute", "miss-correction"):
        over.when(name, OF_ENTRY, scheduler(LATE)).then_refused(
            f"{DISPUTE} is settled since 2019-04-15; only what is accepted waits for a correction."
        )
    for name, body, by in (
        ("answer-dispute", ACCEPT, somebody("xamk", LATE)),
        ("escalate-dispute", ONE, scheduler(LATE)),
        ("withdraw-dispute", ONE, somebody("ekami", LATE)),
    ):
        over.when(name, body, by).then_refused(
            f"{DISPUTE} was settled on 2019-04-15 and is at its end; what has to change after that is set right by a correction."
        )
    over.when("dispute-line", line(), somebody("ekami", LATE)).then_refused(
        f"The line of entry:1 under steps[2] was disputed by org:ekami before, and {DISPUTE} was settled; "
        "what has to change after that is set right by a correction."
    )


def test_a_second_correction_gives_no_more_time() -> None:
    """Or whoever collects could hold what it owes by taking back a cent at a time."""
    second = correction(1, left_cents=28_899, number=BACK)
    assert corrected(correction(), second).when("close-dispute", OF_ENTRY, scheduler(LATE)).events() == (closed(),)


def test_who_disputed_may_withdraw_what_was_accepted() -> None:
    for so_far in (accepted(), corrected()):
        (event,) = so_far.when("withdraw-dispute", ONE, somebody("ekami", LATE)).events()
        assert isinstance(event, DisputeWithdrawn)


def test_what_was_accepted_is_answered_and_escalated_no_more() -> None:
    sentence = (
        f"{DISPUTE} was accepted on 2019-04-03: entry:1 is to be corrected. org:ekami may withdraw the dispute, or dispute the "
        "corrected line again."
    )
    for so_far in (accepted(), corrected()):
        for name, body, by in (
            ("answer-dispute", {**ONE, "answer": "rejected"}, somebody("xamk", LATE)),
            ("answer-dispute", ACCEPT, coordinator(LATE)),
            ("escalate-dispute", ONE, somebody("ekami", LATE)),
            ("escalate-dispute", ONE, scheduler(LATE)),
        ):
            so_far.when(name, body, by).then_refused(sentence)


# --- disputed again --------------------------------------------------------------------------------------------------
def test_the_corrected_line_is_disputed_again_by_who_disputed_it_until_the_new_deadline() -> None:
    """Also after the deadline of the statement; the old dispute ends with the beginning of the new one."""
    again = numbered(7, somebody("ekami", ON_LAST_DAY))
    first, second = corrected().when("dispute-line", line(), again).events()
    assert first == closed("disputed-again", date(2019, 4, 12))
    assert isinstance(second, LineDisputed)
    assert (second.dispute, second.entry, second.clause) == (again.new("dispute"), ENTRY, "steps[2]")
    assert second.answer_by == date(2019, 4, 23), "Easter lies in between"
    corrected().when("dispute-line", line(), somebody("ekami", LATE)).then_refused(
        "The corrected line of entry:1 under steps[2] could be disputed again by org:ekami until 2019-04-12; what has to change "
        "after that is set right by another correction."
    )
    late_acceptance = do(disputed(), "answer-dispute", ACCEPT, somebody("xamk", "2019-04-16T09:00:00+03:00"))
    after = Given((*late_acceptance.history, correction()))
    assert after.when("dispute-line", line(), numbered(7, somebody("ekami", "2019-04-24T09:00:00+03:00"))).events()


def test_it_is_disputed_again_neither_before_it_is_corrected_nor_by_the_other_side() -> None:
    sentence = (
        f"{DISPUTE} was accepted, so the line of entry:1 under steps[2] is held until it is corrected; org:ekami may then dispute "
        "it again."
    )
    accepted().when("dispute-line", line(), somebody("ekami", IN_TIME)).then_refused(sentence)
    corrected().when("dispute-line", line(partner="org:xamk"), somebody("xamk", IN_TIME)).then_refused(sentence)


@pytest.mark.parametrize(
    ("entry", "clause", "who"),
    [(PART_BACK, "steps[0]", "cursor"), (DRIFT, "org:ekami", "ekami")],
    ids=["back", "drift"],
)
def test_a_correction_that_was_accepted_as_wrong_is_not_disputed_again_but_booked_anew(
    entry: str, clause: str, who: str
) -> None:
    body = line(entry, clause, f"org:{who}")
    so_far = do(BOOKS, "dispute-line", body, somebody(who))
    so_far = do(so_far, "answer-dispute", ACCEPT, somebody("xamk"))
    so_far.when("dispute-line", body, numbered(7, somebody(who, IN_TIME))).then_refused(
        f"{DISPUTE} was accepted, so the line of {entry} under {clause} is held until what it has taken or given is booked anew or "
        f"org:{who} withdraws the dispute; dispute what is booked anew if that is wrong too."
    )


def test_the_new_dispute_has_a_life_of_its_own() -> None:
    again = numbered(7, somebody("ekami", IN_TIME))
    so_far = do(corrected(), "dispute-line", line(), again)
    so_far.when("withdraw-dispute", ONE, somebody("ekami", IN_TIME)).then_refused(
        f"{DISPUTE} was renewed on 2019-04-05 and is at its end; what has to change after that is set right by a correction."
    )
    so_far.when("dispute-line", line(partner="org:xamk"), somebody("xamk", IN_TIME)).then_refused(
        f"org:ekami disputes the line of entry:1 under steps[2] already, by {again.new('dispute')}; "
        "it is not settled before that is answered."
    )
    new = {"dispute": again.new("dispute")}
    rejected = do(so_far, "answer-dispute", {**new, "answer": "rejected"}, somebody("xamk", IN_TIME))
    assert rejected.when("withdraw-dispute", new, somebody("ekami", IN_TIME)).events()
    accepted_again = do(so_far, "answer-dispute", {**new, "answer": "accepted"}, somebody("xamk", IN_TIME))
    accepted_again.when("close-dispute", {**new, "entry": ENTRY}, scheduler(LATE)).then_refused(
        NOT_CORRECTED.replace(DISPUTE, new["dispute"])
    )


def test_of_what_was_taken_back_as_a_whole_nothing_is_left_to_dispute_again() -> None:
    gone = corrected(correction(29_400, left_cents=0))
    gone.when("dispute-line", line(), numbered(7, somebody("ekami", IN_TIME))).then_refused(
        f"entry:1 was taken back as a whole by {CORRECTION}; nothing of its lines is left to dispute."
    )
    assert gone.when("close-dispute", OF_ENTRY, scheduler(LATE)).events()


# --- never corrected -------------------------------------------------------------------------------------------------
def test_what_is_not_corrected_in_time_comes_to_the_coordinators_list_once() -> None:
    """As many business days as the other side had for its answer: from Wednesday the 3rd until Wednesday the 10th."""
    accepted().when("miss-correction", OF_ENTRY, scheduler("2019-04-10T23:59:59+03:00")).then_refused(
        f"There is time for {DISPUTE} until 2019-04-10; its deadline passes after that day."
    )
    after = scheduler("2019-04-11T07:00:00+03:00")
    accepted().when("miss-correction", OF_ENTRY, after).then(
        CorrectionMissed(
            dispute=DISPUTE,
            entry=ENTRY,
            due_on=date(2019, 4, 10),
            missed_on=date(2019, 4, 11),
            parties=("org:ekami", "org:xamk"),
        )
    )
    listed = do(accepted(), "miss-correction", OF_ENTRY, after)
    sentence = f"{DISPUTE} came to the coordinator's list before; it is listed once."
    listed.when("miss-correction", OF_ENTRY, after).then_refused(sentence)
    late = Given((*listed.history, correction()))
    assert late.when("close-dispute", OF_ENTRY, scheduler(LATE)).events() == (closed(),)
    escalated = do(disputed(), "escalate-dispute", ONE, after)
    by_coordinator = do(escalated, "answer-dispute", ACCEPT, coordinator("2019-04-11T09:00:00+03:00"))
    by_coordinator.when("miss-correction", OF_ENTRY, scheduler("2019-05-02T09:00:00+03:00")).then_refused(sentence)


@pytest.mark.parametrize("so_far", [disputed(), BOOKS], ids=["open", "none"])
def test_only_what_was_accepted_waits_for_a_correction(so_far: Given) -> None:
    sentence = (
        f"{DISPUTE} is open since 2019-04-03; only what is accepted waits for a correction."
        if so_far is not BOOKS
        else f"There is no {DISPUTE} of entry:1 here."
    )
    for name in ("close-dispute", "miss-correction"):
        so_far.when(name, OF_ENTRY, scheduler(LATE)).then_refused(sentence)
    corrected().when("miss-correction", OF_ENTRY, scheduler(LATE)).then_refused(
        f"The line of {DISPUTE} was corrected by {CORRECTION}; nothing was missed."
    )


def test_a_share_of_nothing_is_corrected_by_taking_the_entry_back_as_a_whole() -> None:
    so_far = do(BOOKS, "dispute-line", line(clause="steps[3]", partner="org:ksao"), somebody("ksao"))
    so_far = do(so_far, "answer-dispute", ACCEPT, somebody("xamk"))
    in_part = Given((*so_far.history, correction()))
    in_part.when("close-dispute", OF_ENTRY, scheduler(LATE)).then_refused(NOT_CORRECTED)
    whole = Given((*so_far.history, correction(29_400, left_cents=0)))
    assert whole.when("close-dispute", OF_ENTRY, scheduler(LATE)).events()


@pytest.mark.parametrize(
    ("entry", "clause", "partner"), [(DRIFT, "org:ekami", "ekami"), (PART_BACK, "steps[0]", "cursor")]
)
def test_corrections_and_true_ups_are_not_taken_back_and_are_listed_when_nothing_came(
    entry: str, clause: str, partner: str
) -> None:
    so_far = do(BOOKS, "dispute-line", line(entry, clause, f"org:{partner}"), somebody(partner))
    so_far = do(so_far, "answer-dispute", ACCEPT, somebody("xamk"))
    (event,) = so_far.when("miss-correction", {**ONE, "entry": entry}, scheduler(LATE)).events()
    assert isinstance(event, CorrectionMissed)
