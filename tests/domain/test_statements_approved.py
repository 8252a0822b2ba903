"""A statement is checked by one and approved by another; silence until its deadline approves it only where that was agreed."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from domain.kernel import Asked
from domain.settlement.events import StatementApproved, StatementChecked, StatementIssued, StatementUnanswered
from tests.domain.story import do
from tests.given_when_then import Given, asked, given

STATEMENT = "statement:ekami.2019-03"
OF = {"partner": "org:ekami", "period": "2019-03"}
READ = {**OF, "digest": "a" * 64}
ISSUED = StatementIssued(
    statement=STATEMENT,
    partner="org:ekami",
    period="2019-03",
    form=2,
    position=90,
    opening_cents=0,
    closing_cents=51_300,
    lines=4,
    digest="a" * 64,
    dispute_by=date(2019, 4, 16),
    tacit_approval=False,
    parties=("org:ekami",),
)
TACIT = replace(ISSUED, tacit_approval=True)
LAST_MINUTE, NEXT_DAY = "2019-04-16T23:59:59+03:00", "2019-04-17T00:00:00+03:00"


def person(actor: str, at: str = "2019-04-03T09:00:00+03:00", organisation: str = "org:ekami") -> Asked:
    return replace(asked(at, organisation), actor=f"person:{actor}")


def coordinator(actor: str = "c", at: str = "2019-04-03T09:00:00+03:00") -> Asked:
    return replace(asked(at), actor=f"person:{actor}")


def scheduler(at: str = NEXT_DAY) -> Asked:
    return replace(asked(at, role="policy"), actor="policy:scheduler")


def checked(issued: StatementIssued = ISSUED) -> Given:
    return do(given(issued), "check-statement", READ, person("a"))


def approved() -> Given:
    return do(checked(), "approve-statement", READ, person("b"))


def unanswered() -> Given:
    return do(given(ISSUED), "pass-deadline", OF, scheduler())


def test_one_checks_and_another_approves() -> None:
    of: dict[str, Any] = {"statement": STATEMENT, **READ, "parties": ("org:ekami",)}
    given(ISSUED).when("check-statement", READ, person("a")).then(
        StatementChecked(**of, by="person:a", checked_on=date(2019, 4, 3))
    )
    checked().when("approve-statement", READ, person("b")).then(
        StatementApproved(**of, by="person:b", tacit=False, approved_on=date(2019, 4, 3))
    )


def test_who_checks_does_not_approve_whatever_they_act_as() -> None:
    sentence = f"You have checked {STATEMENT}; who checks may not approve, so let somebody else approve it."
    checked().when("approve-statement", READ, person("a")).then_refused(sentence)
    by_two = do(checked(), "check-statement", READ, person("b"))
    by_two.when("approve-statement", READ, person("b")).then_refused(sentence)
    by_coordinator = do(given(ISSUED), "check-statement", READ, coordinator())
    by_coordinator.when("approve-statement", READ, coordinator()).then_refused(sentence)
    assert by_coordinator.when("approve-statement", READ, person("b")).events()


def test_nobody_approves_what_nobody_checked() -> None:
    for approver in (person("b"), coordinator()):
        given(ISSUED).when("approve-statement", READ, approver).then_refused(
            f"Nobody has checked {STATEMENT} yet; it is approved by somebody else than who checks it."
        )


def test_the_coordinator_answers_for_a_partner_who_asked_in_writing() -> None:
    by_coordinator = checked().when("approve-statement", READ, coordinator())
    assert [type(event) for event in by_coordinator.events()] == [StatementApproved]


def test_each_checks_once() -> None:
    checked().when("check-statement", READ, person("a")).then_refused(
        f"You have checked {STATEMENT} already; somebody else approves it."
    )


@pytest.mark.parametrize("name", ["check-statement", "approve-statement"])
def test_what_is_answered_is_the_text_that_was_issued(name: str) -> None:
    checked().when(name, {**READ, "digest": "b" * 64}, person("b")).then_refused(
        f"{STATEMENT} was issued with the digest {'a' * 64}, not {'b' * 64}; read it again before you answer."
    )


@pytest.mark.parametrize(
    ("name", "body", "by"),
    [
        ("check-statement", READ, person("b")),
        ("approve-statement", READ, coordinator()),
        ("pass-deadline", OF, scheduler()),
    ],
)
def test_what_was_approved_stands(name: str, body: Mapping[str, str], by: Asked) -> None:
    approved().when(name, body, by).then_refused(
        f"{STATEMENT} was approved on 2019-04-03 already; what is wrong in it is set right by corrections."
    )


@pytest.mark.parametrize("name", ["check-statement", "approve-statement"])
def test_a_statement_exists_for_its_partner_only(name: str) -> None:
    for history in (given(), checked()):
        history.when(name, READ, person("x", organisation="org:xamk")).then_refused(f"There is no {STATEMENT} here.")


@pytest.mark.parametrize(
    ("name", "body", "by"),
    [
        ("check-statement", READ, person("a")),
        ("approve-statement", READ, coordinator()),
        ("pass-deadline", OF, scheduler()),
    ],
)
def test_what_was_not_issued_cannot_be_answered(name: str, body: Mapping[str, str], by: Asked) -> None:
    given().when(name, body, by).then_refused(
        "The statement of org:ekami for 2019-03 has not been issued; the network issues it once the period is closed."
    )


def test_a_deadline_passes_with_the_last_midnight_of_helsinki() -> None:
    given(ISSUED).when("pass-deadline", OF, scheduler(LAST_MINUTE)).then_refused(
        f"{STATEMENT} may still be answered until 2019-04-16; its deadline passes after that day."
    )
    assert given(ISSUED).when("pass-deadline", OF, scheduler(NEXT_DAY)).events()


def test_silence_counts_for_nothing_unless_that_was_agreed() -> None:
    given(ISSUED).when("pass-deadline", OF, scheduler()).then(
        StatementUnanswered(statement=STATEMENT, **OF, passed_on=date(2019, 4, 17), parties=("org:ekami",))
    )


def test_silence_approves_where_every_agreement_says_so() -> None:
    """Also where somebody has looked at it: nobody said that anything was wrong."""
    tacitly = StatementApproved(
        statement=STATEMENT,
        **READ,
        by="policy:scheduler",
        tacit=True,
        approved_on=date(2019, 4, 17),
        parties=("org:ekami",),
    )
    given(TACIT).when("pass-deadline", OF, scheduler()).then(tacitly)
    checked(TACIT).when("pass-deadline", OF, scheduler()).then(tacitly)


def test_a_deadline_passes_once() -> None:
    unanswered().when("pass-deadline", OF, scheduler("2019-04-18T09:00:00+03:00")).then_refused(
        f"That nobody answered {STATEMENT} was recorded on 2019-04-17 already; it waits until it is approved."
    )


def test_an_approval_after_the_deadline_is_welcome() -> None:
    late = do(unanswered(), "check-statement", READ, person("a", "2019-04-20T09:00:00+03:00"))
    assert late.when("approve-statement", READ, person("b", "2019-04-23T09:00:00+03:00")).events()


def test_a_statement_without_a_deadline_waits() -> None:
    """As those did that were issued before statements were approved."""
    given(replace(ISSUED, dispute_by=None)).when("pass-deadline", OF, scheduler()).then_refused(
        f"{STATEMENT} was issued without a deadline; it waits until it is approved."
    )
