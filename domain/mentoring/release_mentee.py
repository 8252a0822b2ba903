"""End the guidance of a client by a mentor."""

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, NotYours, Refused, Unknown, Value, facts
from domain.mentoring.events import MenteeAssigned, MenteeReleased, MentorNominated, ReleaseReason
from domain.words import ClientId, MentorId

Seen = MentorNominated | MenteeAssigned | MenteeReleased


class ReleaseMentee(Command, frozen=True):
    """End a mentoring relation, with a reason; the mentor has room again."""

    mentor: MentorId
    client: ClientId
    reason: ReleaseReason
    """Why it ends; `mentor-paused`: the mentor guides nobody for a while."""


class NotGuided(Refused):
    def __init__(self, mentor: str, client: str) -> None:
        super().__init__(f"{mentor} does not guide {client} now.")


class Guided(Value, frozen=True):
    organisation: str | None = None
    clients: frozenset[str] = frozenset()


def boundary(command: ReleaseMentee) -> Boundary:
    return (facts(MentorNominated, MenteeAssigned, MenteeReleased, about=command.mentor),)


def evolve(state: Guided, event: Seen) -> Guided:
    match event:
        case MentorNominated():
            return replace(state, organisation=event.organisation)
        case MenteeAssigned():
            return replace(state, clients=state.clients | {event.client})
        case MenteeReleased():
            return replace(state, clients=state.clients - {event.client})


def decide(command: ReleaseMentee, state: Guided) -> tuple[Event, ...]:
    if state.organisation is None:
        raise Unknown(command.mentor)
    if not command.asked.acts_for(state.organisation):
        raise NotYours(command.asked, state.organisation, "release clients of its mentors")
    if command.client not in state.clients:
        raise NotGuided(command.mentor, command.client)
    return (
        MenteeReleased(
            mentor=command.mentor,
            client=command.client,
            reason=command.reason,
            released_on=command.asked.on,
            parties=(state.organisation,),
        ),
    )


release_mentee = Decider(
    command=ReleaseMentee,
    boundary=boundary,
    initial=Guided(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "content"},
    example={"mentor": "mentor:m-03", "client": "client:c-17", "reason": "pathway-completed"},
)
