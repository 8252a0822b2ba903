"""Admit a registered organisation as a partner."""

from datetime import date

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, InTheFuture, Refused, Unknown, Value, facts
from domain.network.events import Membership, OrganisationRegistered, PartnerAdmitted
from domain.words import Organisation

Seen = OrganisationRegistered | PartnerAdmitted


class AdmitPartner(Command, frozen=True):
    """Admit an organisation to the network, in one of the membership classes."""

    organisation: Organisation
    membership: Membership
    """How far it is bound: it leads, implements, is committed, or takes part openly."""
    admitted_on: date
    """The day from which it is a partner, in Helsinki; not later than today."""


class AlreadyAPartner(Refused):
    def __init__(self, organisation: str, since: date) -> None:
        super().__init__(f"{organisation} has been a partner since {since}.")


class Admission(Value, frozen=True):
    registered: bool = False
    since: date | None = None


def boundary(command: AdmitPartner) -> Boundary:
    return (facts(OrganisationRegistered, PartnerAdmitted, about=command.organisation),)


def evolve(state: Admission, event: Seen) -> Admission:
    match event:
        case OrganisationRegistered():
            return replace(state, registered=True)
        case PartnerAdmitted():
            return replace(state, since=event.admitted_on)


def decide(command: AdmitPartner, state: Admission) -> tuple[Event, ...]:
    if not state.registered:
        raise Unknown(command.organisation)
    if state.since:
        raise AlreadyAPartner(command.organisation, state.since)
    if command.admitted_on > command.asked.on:
        raise InTheFuture("An admission", command.admitted_on, command.asked.on)
    return (
        PartnerAdmitted(
            organisation=command.organisation, membership=command.membership, admitted_on=command.admitted_on
        ),
    )


admit_partner = Decider(
    command=AdmitPartner,
    boundary=boundary,
    initial=Admission(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None},
    example={"organisation": "org:xamk", "membership": "lead", "admitted_on": "2019-01-02"},
)
