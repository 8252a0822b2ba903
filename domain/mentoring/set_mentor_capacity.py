"""Change how many clients a mentor can guide."""

from domain.kernel import Boundary, Command, Decider, Event, NotYours, Unknown, Value, facts
from domain.mentoring.events import Capacity, MentorCapacitySet, MentorNominated
from domain.words import MentorId


class SetMentorCapacity(Command, frozen=True):
    """Set a mentor's capacity. Below the present number of clients nobody is released, but nobody is added either."""

    mentor: MentorId
    capacity: Capacity


class Nominated(Value, frozen=True):
    organisation: str | None = None


def boundary(command: SetMentorCapacity) -> Boundary:
    return (facts(MentorNominated, about=command.mentor),)


def evolve(state: Nominated, event: MentorNominated) -> Nominated:  # noqa: ARG001 - a mentor is nominated once
    return Nominated(organisation=event.organisation)


def decide(command: SetMentorCapacity, state: Nominated) -> tuple[Event, ...]:
    if state.organisation is None:
        raise Unknown(command.mentor)
    if not command.asked.acts_for(state.organisation):
        raise NotYours(command.asked, state.organisation, "set the capacity of its mentors")
    return (
        MentorCapacitySet(
            mentor=command.mentor,
            organisation=state.organisation,
            capacity=command.capacity,
            set_on=command.asked.on,
        ),
    )


set_mentor_capacity = Decider(
    command=SetMentorCapacity,
    boundary=boundary,
    initial=Nominated(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "content"},
    example={"mentor": "mentor:m-03", "capacity": 8},
)
