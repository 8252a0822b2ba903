"""What becomes of a disputed line: answered by the other side, taken to the coordinator and answered there, or withdrawn."""

from datetime import date
from typing import Literal

from domain.kernel import Boundary, Command, Decider, Event, NotYours, Refused, Unknown, facts
from domain.persons import same_person
from domain.settlement.dispute import FINAL, Course, Courses, DisputeState, Step, courses_after, react_by
from domain.settlement.events import DisputeAnswered, DisputeClosed, DisputeEscalated, DisputeWithdrawn, LineDisputed
from domain.words import DisputeId, Line


class AnswerDispute(Command, frozen=True):
    """Answer a dispute: first the other side of the line, and the coordinator once it was taken there, which is final.

    Accepted: the line is wrong and will be corrected by taking its entry back; it is held until then, and for as many business
    days after that as the other side had for its answer, in which the disputing partner may dispute it again. Rejected: the line
    stands; the disputing partner may then withdraw its dispute or take it to the coordinator.
    """

    dispute: DisputeId
    answer: Literal["accepted", "rejected"]
    """`accepted`: the line is wrong and will be corrected; `rejected`: it stands."""
    evidence: Line | None = None
    """A reference to what shows it, such as a document's number; nothing about people."""


class EscalateDispute(Command, frozen=True):
    """Take a dispute to the coordinator, after a rejection or when nobody answered in time.

    The scheduler does it by itself for what was not answered, and for a rejection to which the disputing partner says
    nothing for as long as the other side had for its answer.
    """

    dispute: DisputeId


class WithdrawDispute(Command, frozen=True):
    """Withdraw a dispute: the line stands, with what was corrected of it, and is settled. Possible until the dispute is at its end."""

    dispute: DisputeId


class DisputeEnded(Refused):
    def __init__(self, dispute: str, how: DisputeState, ended_on: date) -> None:
        super().__init__(
            f"{dispute} was {how} on {ended_on} and is at its end; what has to change after that is set right by a correction."
        )


class NotWithTheCoordinator(Refused):
    def __init__(self, disputed: LineDisputed, how: DisputeState, since: date) -> None:
        super().__init__(
            f"{disputed.dispute} is {how} since {since} and still between {disputed.partner} and {disputed.counterparty}; "
            "the coordinator answers it once it was escalated."
        )


class WithTheCoordinator(Refused):
    def __init__(self, dispute: str, escalated_on: date) -> None:
        super().__init__(
            f"{dispute} went to the coordinator on {escalated_on}, who answers it; it can still be withdrawn."
        )


class RejectedAlready(Refused):
    def __init__(self, disputed: LineDisputed, rejected_on: date) -> None:
        super().__init__(
            f"{disputed.counterparty} rejected {disputed.dispute} on {rejected_on}; {disputed.partner} may withdraw it or "
            "take it to the coordinator."
        )


class DisputedByOneself(Refused):
    def __init__(self, dispute: str) -> None:
        super().__init__(f"Who disputes may not answer the same dispute; let another person answer {dispute}.")


class AcceptedAlready(Refused):
    def __init__(self, disputed: LineDisputed, accepted_on: date) -> None:
        super().__init__(
            f"{disputed.dispute} was accepted on {accepted_on}: {disputed.entry} is to be corrected. {disputed.partner} may withdraw "
            "the dispute, or dispute the corrected line again."
        )


class StillToAnswer(Refused):
    def __init__(self, disputed: LineDisputed) -> None:
        super().__init__(
            f"{disputed.counterparty} may answer {disputed.dispute} until {disputed.answer_by}; "
            "it goes to the coordinator after that day."
        )


class StillToReact(Refused):
    def __init__(self, disputed: LineDisputed, until: date) -> None:
        super().__init__(
            f"{disputed.partner} may withdraw {disputed.dispute} until {until}; it goes to the coordinator after that day."
        )


def boundary(command: AnswerDispute | EscalateDispute | WithdrawDispute) -> Boundary:
    return (
        facts(LineDisputed, DisputeAnswered, DisputeEscalated, DisputeWithdrawn, DisputeClosed, about=command.dispute),
    )


def evolve(state: Courses, event: Step) -> Courses:
    return courses_after(state, event)


def answer(command: AnswerDispute, state: Courses) -> tuple[Event, ...]:
    course = _contested(command, state)
    disputed = course.disputed
    final = command.asked.role == "coordinator"
    if final and course.state != "escalated":
        raise NotWithTheCoordinator(disputed, course.state, course.since)
    if not final:
        _check_turn(command, course)
    if same_person(command.asked.actor, disputed.by):
        raise DisputedByOneself(disputed.dispute)
    return (
        DisputeAnswered(
            dispute=disputed.dispute,
            entry=disputed.entry,
            stage="coordinator" if final else "counterparty",
            answer=command.answer,
            evidence=command.evidence,
            by=command.asked.actor,
            answered_on=command.asked.on,
            parties=disputed.parties,
        ),
    )


def escalate(command: EscalateDispute, state: Courses) -> tuple[Event, ...]:
    course = _contested(command, state)
    disputed = course.disputed
    if not command.asked.acts_for(disputed.partner):
        raise NotYours(command.asked, disputed.partner, "take this dispute to the coordinator")
    if course.state == "escalated":
        raise WithTheCoordinator(disputed.dispute, course.since)
    if course.state == "open" and command.asked.on <= disputed.answer_by:
        raise StillToAnswer(disputed)
    if course.state == "rejected" and command.asked.role == "policy":
        until = react_by(disputed.disputed_on, disputed.answer_by, course.since)
        if command.asked.on <= until:
            raise StillToReact(disputed, until)
    return (
        DisputeEscalated(
            dispute=disputed.dispute,
            entry=disputed.entry,
            reason="silence" if course.state == "open" else "answer-not-taken",
            escalated_on=command.asked.on,
            parties=disputed.parties,
        ),
    )


def withdraw(command: WithdrawDispute, state: Courses) -> tuple[Event, ...]:
    disputed = _unfinished(command, state).disputed
    if not command.asked.acts_for(disputed.partner):
        raise NotYours(command.asked, disputed.partner, "withdraw this dispute")
    return (
        DisputeWithdrawn(
            dispute=disputed.dispute,
            entry=disputed.entry,
            by=command.asked.actor,
            withdrawn_on=command.asked.on,
            parties=disputed.parties,
        ),
    )


def _unfinished(command: AnswerDispute | EscalateDispute | WithdrawDispute, state: Courses) -> Course:
    course = next(iter(state), None)
    # A dispute is between the two sides of a line: to everybody else it does not exist.
    if course is None or not any(command.asked.acts_for(party) for party in course.disputed.parties):
        raise Unknown(command.dispute)
    if course.state in FINAL:
        raise DisputeEnded(command.dispute, course.state, course.since)
    return course


def _contested(command: AnswerDispute | EscalateDispute, state: Courses) -> Course:
    course = _unfinished(command, state)
    if course.state == "accepted":
        raise AcceptedAlready(course.disputed, course.since)
    return course


def _check_turn(command: AnswerDispute, course: Course) -> None:
    disputed = course.disputed
    if not command.asked.acts_for(disputed.counterparty):
        raise NotYours(command.asked, disputed.counterparty, "answer this dispute")
    if course.state == "escalated":
        raise WithTheCoordinator(disputed.dispute, course.since)
    if course.state == "rejected":
        raise RejectedAlready(disputed, course.since)


answer_dispute = Decider(
    command=AnswerDispute,
    boundary=boundary,
    initial=Courses(),
    evolve=evolve,
    decide=answer,
    may={"coordinator": None, "partner": "finance-approve"},
    signed=True,
    example={
        "dispute": "dispute:0168f4a2-7c00-8123-9abc-0123456789ab",
        "answer": "rejected",
        "evidence": "Lähetyslista 2019-117",
    },
)
escalate_dispute = Decider(
    command=EscalateDispute,
    boundary=boundary,
    initial=Courses(),
    evolve=evolve,
    decide=escalate,
    may={"coordinator": None, "partner": "finance-check", "policy": None},
    example={"dispute": "dispute:0168f4a2-7c00-8123-9abc-0123456789ab"},
)
withdraw_dispute = Decider(
    command=WithdrawDispute,
    boundary=boundary,
    initial=Courses(),
    evolve=evolve,
    decide=withdraw,
    may={"coordinator": None, "partner": "finance-check"},
    example={"dispute": "dispute:0168f4a2-7c00-8123-9abc-0123456789ab"},
)
