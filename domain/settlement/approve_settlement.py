"""Approve a settlement: from here on its payments may be made."""

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, Refused, Unknown, Value, facts
from domain.settlement.events import PeriodSettled, SettlementApproved, SettlementPlanned
from domain.words import SettlementId

Seen = PeriodSettled | SettlementPlanned | SettlementApproved


class ApproveSettlement(Command, frozen=True):
    """Approve the payments of a settlement as they are planned, as somebody else than who settled.

    Until then there are no payment files.
    """

    settlement: SettlementId


class NotPlanned(Refused):
    def __init__(self, settlement: str) -> None:
        super().__init__(f"{settlement} is still being planned; approve it when all its payments stand in the log.")


class SettledByOneself(Refused):
    def __init__(self, settlement: str) -> None:
        super().__init__(f"Who settles may not approve the same settlement; let another person approve {settlement}.")


class ApprovedAlready(Refused):
    def __init__(self, approved: SettlementApproved) -> None:
        super().__init__(f"{approved.settlement} was approved on {approved.approved_on} already.")


class Approving(Value, frozen=True):
    settled: PeriodSettled | None = None
    planned: bool = False
    approved: SettlementApproved | None = None


def boundary(command: ApproveSettlement) -> Boundary:
    return (facts(PeriodSettled, SettlementPlanned, SettlementApproved, about=command.settlement),)


def evolve(state: Approving, event: Seen) -> Approving:
    match event:
        case PeriodSettled():
            return replace(state, settled=event)
        case SettlementPlanned():
            return replace(state, planned=True)
        case SettlementApproved():
            return replace(state, approved=event)


def decide(command: ApproveSettlement, state: Approving) -> tuple[Event, ...]:
    if state.settled is None:
        raise Unknown(command.settlement)
    if state.approved:
        raise ApprovedAlready(state.approved)
    if not state.planned:
        raise NotPlanned(command.settlement)
    if command.asked.actor == state.settled.by:
        raise SettledByOneself(command.settlement)
    return (SettlementApproved(settlement=command.settlement, by=command.asked.actor, approved_on=command.asked.on),)


approve_settlement = Decider(
    command=ApproveSettlement,
    boundary=boundary,
    initial=Approving(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None},
    example={"settlement": "settlement:0168f4a2-7c00-8123-9abc-0123456789ab"},
)
