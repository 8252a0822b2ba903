"""What becomes of a statement that was issued: checked and approved by two people of its partner, or its deadline passes."""

from datetime import date

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, Refused, Value, facts
from domain.persons import same_person
from domain.settlement.events import StatementApproved, StatementChecked, StatementIssued, StatementUnanswered
from domain.settlement.statement import issued_to, statement_id
from domain.words import Digest, Organisation, Period

Seen = StatementIssued | StatementChecked | StatementApproved | StatementUnanswered


class CheckStatement(Command, frozen=True):
    """Record that you have gone through a statement; somebody else approves it.

    `digest` is that of the statement as you read it: what is checked is this text and no other.
    """

    partner: Organisation
    """Whose statement it is."""
    period: Period
    digest: Digest
    """As it stands on the statement that you read."""


class ApproveStatement(Command, frozen=True):
    """Stand by a statement that somebody else has checked: by all its lines but those that are disputed.

    The coordinator approves for a partner who asked for it in writing. After the deadline it is still welcome.
    """

    partner: Organisation
    """Whose statement it is."""
    period: Period
    digest: Digest
    """That of the statement as you read it; what is approved is this text and no other."""


class PassDeadline(Command, frozen=True):
    """Let the deadline of a statement pass that nobody approved; sent by the scheduler after its last day.

    Where every agreement behind its lines takes silence for approval the statement is approved, else it waits on the
    coordinator's list.
    """

    partner: Organisation
    period: Period


class AnotherDigest(Refused):
    def __init__(self, statement: str, issued: str, given: str) -> None:
        super().__init__(
            f"{statement} was issued with the digest {issued}, not {given}; read it again before you answer."
        )


class CheckedAlready(Refused):
    def __init__(self, statement: str) -> None:
        super().__init__(f"You have checked {statement} already; somebody else approves it.")


class NotChecked(Refused):
    def __init__(self, statement: str) -> None:
        super().__init__(f"Nobody has checked {statement} yet; it is approved by somebody else than who checks it.")


class CheckerApproves(Refused):
    def __init__(self, statement: str) -> None:
        super().__init__(f"You have checked {statement}; who checks may not approve, so let somebody else approve it.")


class StatementStands(Refused):
    def __init__(self, statement: str, approved_on: date) -> None:
        super().__init__(
            f"{statement} was approved on {approved_on} already; what is wrong in it is set right by corrections."
        )


class NoDeadline(Refused):
    def __init__(self, statement: str) -> None:
        super().__init__(f"{statement} was issued without a deadline; it waits until it is approved.")


class DeadlineNotPassed(Refused):
    def __init__(self, statement: str, dispute_by: date) -> None:
        super().__init__(f"{statement} may still be answered until {dispute_by}; its deadline passes after that day.")


class DeadlinePassedAlready(Refused):
    def __init__(self, statement: str, passed_on: date) -> None:
        super().__init__(
            f"That nobody answered {statement} was recorded on {passed_on} already; it waits until it is approved."
        )


class Answered(Value, frozen=True):
    issued: StatementIssued | None = None
    checked_by: frozenset[str] = frozenset()
    approved_on: date | None = None
    passed_on: date | None = None


def boundary(command: CheckStatement | ApproveStatement | PassDeadline) -> Boundary:
    statement = statement_id(command.partner, command.period)
    return (facts(StatementIssued, StatementChecked, StatementApproved, StatementUnanswered, about=statement),)


def evolve(state: Answered, event: Seen) -> Answered:
    match event:
        case StatementIssued():
            return Answered(issued=event)
        case StatementChecked():
            return replace(state, checked_by=state.checked_by | {event.by})
        case StatementApproved():
            return replace(state, approved_on=event.approved_on)
        case StatementUnanswered():
            return replace(state, passed_on=event.passed_on)


def check(command: CheckStatement, state: Answered) -> tuple[Event, ...]:
    issued = _as_read(command, state)
    if _has_checked(command, state):
        raise CheckedAlready(issued.statement)
    return (
        StatementChecked(
            statement=issued.statement,
            partner=issued.partner,
            period=issued.period,
            digest=issued.digest,
            by=command.asked.actor,
            checked_on=command.asked.on,
            parties=issued.parties,
        ),
    )


def approve(command: ApproveStatement, state: Answered) -> tuple[Event, ...]:
    issued = _as_read(command, state)
    if _has_checked(command, state):
        raise CheckerApproves(issued.statement)
    if not state.checked_by:
        raise NotChecked(issued.statement)
    return (_approved(command, issued, tacit=False),)


def pass_by(command: PassDeadline, state: Answered) -> tuple[Event, ...]:
    issued = _standing_open(command, state)
    if issued.dispute_by is None:
        raise NoDeadline(issued.statement)
    if command.asked.on <= issued.dispute_by:
        raise DeadlineNotPassed(issued.statement, issued.dispute_by)
    if state.passed_on:
        raise DeadlinePassedAlready(issued.statement, state.passed_on)
    if issued.tacit_approval:
        return (_approved(command, issued, tacit=True),)
    return (
        StatementUnanswered(
            statement=issued.statement,
            partner=issued.partner,
            period=issued.period,
            passed_on=command.asked.on,
            parties=issued.parties,
        ),
    )


def _approved(command: ApproveStatement | PassDeadline, issued: StatementIssued, *, tacit: bool) -> StatementApproved:
    return StatementApproved(
        statement=issued.statement,
        partner=issued.partner,
        period=issued.period,
        digest=issued.digest,
        by=command.asked.actor,
        tacit=tacit,
        approved_on=command.asked.on,
        parties=issued.parties,
    )


def _has_checked(command: CheckStatement | ApproveStatement, state: Answered) -> bool:
    return any(same_person(command.asked.actor, checker) for checker in state.checked_by)


def _as_read(command: CheckStatement | ApproveStatement, state: Answered) -> StatementIssued:
    issued = _standing_open(command, state)
    if command.digest != issued.digest:
        raise AnotherDigest(issued.statement, issued.digest, command.digest)
    return issued


def _standing_open(command: CheckStatement | ApproveStatement | PassDeadline, state: Answered) -> StatementIssued:
    issued = issued_to(command.asked, command.partner, command.period, state.issued)
    if state.approved_on:
        raise StatementStands(issued.statement, state.approved_on)
    return issued


check_statement = Decider(
    command=CheckStatement,
    boundary=boundary,
    initial=Answered(),
    evolve=evolve,
    decide=check,
    may={"coordinator": None, "partner": "finance-check"},
    signed=True,
    example={"partner": "org:ekami", "period": "2019-03", "digest": "0" * 64},
)
approve_statement = Decider(
    command=ApproveStatement,
    boundary=boundary,
    initial=Answered(),
    evolve=evolve,
    decide=approve,
    may={"coordinator": None, "partner": "finance-approve"},
    signed=True,
    example={"partner": "org:ekami", "period": "2019-03", "digest": "0" * 64},
)
pass_deadline = Decider(
    command=PassDeadline,
    boundary=boundary,
    initial=Answered(),
    evolve=evolve,
    decide=pass_by,
    may={"policy": None},
    example={"partner": "org:ekami", "period": "2019-03"},
)
