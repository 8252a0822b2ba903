"""Nominate a mentor and say how many clients they can guide."""

from typing import Annotated

from msgspec import Meta

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, NotYours, Refused, Unknown, Value, facts
from domain.mentoring.events import Capacity, MentorCapacitySet, MentorNominated
from domain.money import Language
from domain.network.events import PartnerAdmitted
from domain.words import MentorId, Organisation

Seen = PartnerAdmitted | MentorNominated


class NominateMentor(Command, frozen=True):
    """Nominate a mentor at a partner. The id is opaque; who the person is stays outside the log."""

    mentor: MentorId
    """A new id, of which only the partner knows whose it is."""
    organisation: Organisation
    """The partner that the mentor works for."""
    capacity: Capacity
    languages: Annotated[tuple[Language, ...], Meta(min_length=1, max_length=3)] = ("fi",)
    """The languages in which the mentor guides."""


class NominatedAlready(Refused):
    def __init__(self, mentor: str, organisation: str) -> None:
        super().__init__(f"{mentor} has been nominated by {organisation} already.")


class Nomination(Value, frozen=True):
    partner: bool = False
    organisation: str | None = None


def boundary(command: NominateMentor) -> Boundary:
    return (facts(MentorNominated, about=command.mentor), facts(PartnerAdmitted, about=command.organisation))


def evolve(state: Nomination, event: Seen) -> Nomination:
    match event:
        case PartnerAdmitted():
            return replace(state, partner=True)
        case MentorNominated():
            return replace(state, organisation=event.organisation)


def decide(command: NominateMentor, state: Nomination) -> tuple[Event, ...]:
    if not command.asked.acts_for(command.organisation):
        raise NotYours(command.asked, command.organisation, "nominate its mentors")
    if state.organisation:
        raise NominatedAlready(command.mentor, state.organisation)
    if not state.partner:
        raise Unknown(f"partner {command.organisation}")
    return (
        MentorNominated(
            mentor=command.mentor,
            organisation=command.organisation,
            languages=command.languages,
            nominated_on=command.asked.on,
        ),
        MentorCapacitySet(
            mentor=command.mentor,
            organisation=command.organisation,
            capacity=command.capacity,
            set_on=command.asked.on,
        ),
    )


nominate_mentor = Decider(
    command=NominateMentor,
    boundary=boundary,
    initial=Nomination(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "content"},
    example={"mentor": "mentor:m-03", "organisation": "org:xamk", "capacity": 5, "languages": ["fi", "en"]},
)
