"""Issue a partner's statement of a closed period: its balances and digest become part of the log."""

from typing import Annotated

from msgspec import Meta

from domain.calendar import business_days_after
from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, Refused, Value, facts
from domain.settlement.events import PeriodClosed, StatementIssued
from domain.settlement.statement import statement_id
from domain.words import Cents, Organisation, Period

DisputeDays = Annotated[int, Meta(ge=0, le=1_000)]
Seen = PeriodClosed | StatementIssued


class IssueStatement(Command, frozen=True):
    """Issue a statement as folded from the log up to the cut. Sent by the network itself after a closing."""

    partner: Organisation
    period: Period
    form: int
    position: int
    opening_cents: Cents
    closing_cents: Cents
    lines: int
    digest: str
    dispute_days: DisputeDays
    """Business days in which its lines may be disputed: the most that an agreement behind them gives."""
    tacit_approval: bool
    """Whether every agreement behind its lines lets silence approve it."""


class IssuedAlready(Refused):
    def __init__(self, partner: str, period: str) -> None:
        super().__init__(f"The statement of {partner} for {period} has been issued already and does not change.")


class PeriodIsOpen(Refused):
    def __init__(self, period: str) -> None:
        super().__init__(f"{period} is not closed; its statements are issued after the closing.")


class Issuing(Value, frozen=True):
    closed: bool = False
    issued: bool = False


def boundary(command: IssueStatement) -> Boundary:
    return (
        facts(PeriodClosed, about=f"period:{command.period}"),
        facts(StatementIssued, about=statement_id(command.partner, command.period)),
    )


def evolve(state: Issuing, event: Seen) -> Issuing:
    match event:
        case PeriodClosed():
            return replace(state, closed=True)
        case StatementIssued():
            return replace(state, issued=True)


def decide(command: IssueStatement, state: Issuing) -> tuple[Event, ...]:
    if not state.closed:
        raise PeriodIsOpen(command.period)
    if state.issued:
        raise IssuedAlready(command.partner, command.period)
    return (
        StatementIssued(
            statement=statement_id(command.partner, command.period),
            partner=command.partner,
            period=command.period,
            form=command.form,
            position=command.position,
            opening_cents=command.opening_cents,
            closing_cents=command.closing_cents,
            lines=command.lines,
            digest=command.digest,
            dispute_by=business_days_after(command.asked.on, command.dispute_days),
            tacit_approval=command.tacit_approval,
            parties=(command.partner,),
        ),
    )


issue_statement = Decider(
    command=IssueStatement,
    boundary=boundary,
    initial=Issuing(),
    evolve=evolve,
    decide=decide,
    may={"policy": None},
    example={
        "partner": "org:ekami",
        "period": "2019-03",
        "form": 2,
        "position": 812,
        "opening_cents": 0,
        "closing_cents": 51300,
        "lines": 4,
        "digest": "0" * 64,
        "dispute_days": 10,
        "tacit_approval": False,
    },
)
