"""Assign a client to a mentor who has room, and to no second mentor."""

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, NotYours, Refused, Unknown, Value, facts
from domain.mentoring.events import MenteeAssigned, MenteeReleased, MentorCapacitySet, MentorNominated
from domain.words import ClientId, MentorId

Seen = MentorNominated | MentorCapacitySet | MenteeAssigned | MenteeReleased


class AssignMentee(Command, frozen=True):
    """Give a client a mentor. A mentor never guides more clients than their capacity, a client has one mentor at a time."""

    mentor: MentorId
    client: ClientId


class MentorIsFull(Refused):
    def __init__(self, mentor: str, guided: int, capacity: int) -> None:
        super().__init__(
            f"{mentor} guides {guided} clients and has room for {capacity}; release one, raise the capacity or choose another mentor."
        )


class AlreadyMentored(Refused):
    """Which mentor it is, is the business of that mentor's organisation."""

    def __init__(self, client: str) -> None:
        super().__init__(f"{client} is guided by a mentor already; the client must be released there first.")


class Room(Value, frozen=True):
    organisation: str | None = None
    capacity: int = 0
    guided: frozenset[tuple[str, str]] = frozenset()
    """(mentor, client) of everyone guided now, as far as asked."""


def boundary(command: AssignMentee) -> Boundary:
    return (
        facts(MentorNominated, MentorCapacitySet, MenteeAssigned, MenteeReleased, about=command.mentor),
        facts(MenteeAssigned, MenteeReleased, about=command.client),
    )


def evolve(state: Room, event: Seen) -> Room:
    match event:
        case MentorNominated():
            return replace(state, organisation=event.organisation)
        case MentorCapacitySet():
            return replace(state, capacity=event.capacity)
        case MenteeAssigned():
            return replace(state, guided=state.guided | {(event.mentor, event.client)})
        case MenteeReleased():
            return replace(state, guided=state.guided - {(event.mentor, event.client)})


def decide(command: AssignMentee, state: Room) -> tuple[Event, ...]:
    if state.organisation is None:
        raise Unknown(command.mentor)
    if not command.asked.acts_for(state.organisation):
        raise NotYours(command.asked, state.organisation, "assign clients to its mentors")
    if any(client == command.client for _, client in state.guided):
        raise AlreadyMentored(command.client)
    guided = sum(mentor == command.mentor for mentor, _ in state.guided)
    if guided >= state.capacity:
        raise MentorIsFull(command.mentor, guided, state.capacity)
    return (
        MenteeAssigned(
            mentor=command.mentor, client=command.client, assigned_on=command.asked.on, parties=(state.organisation,)
        ),
    )


assign_mentee = Decider(
    command=AssignMentee,
    boundary=boundary,
    initial=Room(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "content"},
    example={"mentor": "mentor:m-03", "client": "client:c-17"},
)
