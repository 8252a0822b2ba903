"""Give a partner an upkeep task of the network for a time."""

from datetime import date

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, Refused, Unknown, Value, facts
from domain.network.events import Duty, DutyAssigned, PartnerAdmitted
from domain.words import Organisation

Seen = PartnerAdmitted | DutyAssigned


class AssignDuty(Command, frozen=True):
    """Assign a duty such as mentor coordination or the shared web service; without `ends_on` until further notice."""

    organisation: Organisation
    """The partner that looks after it."""
    duty: Duty
    """What it looks after for the whole network."""
    starts_on: date
    """The first day of the duty, in Helsinki."""
    ends_on: date | None = None
    """Its last day; null: until further notice."""


class EndsBeforeItStarts(Refused):
    def __init__(self, starts_on: date, ends_on: date) -> None:
        super().__init__(f"A duty from {starts_on} cannot end on {ends_on}, which is earlier.")


class HasThisDuty(Refused):
    def __init__(self, organisation: str, duty: str, since: date) -> None:
        super().__init__(f"{organisation} has had the duty {duty} since {since}, and it has not ended by then.")


class Held(Value, frozen=True):
    partner: bool = False
    duties: tuple[DutyAssigned, ...] = ()


def boundary(command: AssignDuty) -> Boundary:
    return (facts(PartnerAdmitted, DutyAssigned, about=command.organisation),)


def evolve(state: Held, event: Seen) -> Held:
    match event:
        case PartnerAdmitted():
            return replace(state, partner=True)
        case DutyAssigned():
            return replace(state, duties=(*state.duties, event))


def decide(command: AssignDuty, state: Held) -> tuple[Event, ...]:
    if not state.partner:
        raise Unknown(f"partner {command.organisation}")
    if command.ends_on and command.ends_on < command.starts_on:
        raise EndsBeforeItStarts(command.starts_on, command.ends_on)
    for held in state.duties:
        if held.duty == command.duty and _overlap(held, command):
            raise HasThisDuty(command.organisation, command.duty, held.starts_on)
    return (
        DutyAssigned(
            organisation=command.organisation, duty=command.duty, starts_on=command.starts_on, ends_on=command.ends_on
        ),
    )


def _overlap(held: DutyAssigned, asked: AssignDuty) -> bool:
    return (held.ends_on or date.max) >= asked.starts_on and (asked.ends_on or date.max) >= held.starts_on


assign_duty = Decider(
    command=AssignDuty,
    boundary=boundary,
    initial=Held(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None},
    example={"organisation": "org:xamk", "duty": "mentor-coordination", "starts_on": "2019-01-02"},
)
