"""Record that a mentor met a client, and for how long; what was said stays between them."""

from datetime import date
from fractions import Fraction
from typing import Annotated

from msgspec import Meta

from domain.changing import replace
from domain.kernel import (
    Asked,
    Boundary,
    Command,
    Decider,
    Event,
    InTheFuture,
    NotYours,
    Refused,
    Unknown,
    Value,
    facts,
)
from domain.mentoring.events import MenteeAssigned, MentorNominated, SessionHeld
from domain.pathways.events import PathwayAgreed
from domain.words import ClientId, Hours, MentorId, PathwayId, SessionId

HOURS_MAX = 24
SESSION_MAX = 72
"""Letters of a new session's id, its kind with it: an entry has room for the ids of all the sessions that it counts."""

Seen = MentorNominated | MenteeAssigned | PathwayAgreed | SessionHeld


class RecordSession(Command, frozen=True):
    """Record a session of a mentor with a client: the day, and the hours in quarters.

    Sessions of a pathway whose sharing rule pays `mentor_hour` are counted in with the pathway's next shared amount, each once.
    """

    session: Annotated[SessionId, Meta(max_length=SESSION_MAX)]
    """An id of one's own, new for each session."""
    mentor: MentorId
    client: ClientId
    held_on: date
    """The day of the session, in Helsinki; not later than today."""
    hours: Hours
    """How long it took: above 0, a day at most."""
    pathway: PathwayId | None = None
    """The client's pathway that the hours belong to; null: to none."""


class RecordedAlready(Refused):
    def __init__(self, session: str) -> None:
        super().__init__(f"{session} is recorded already; a session is counted once.")


class NotTheirMentor(Refused):
    def __init__(self, mentor: str, client: str) -> None:
        super().__init__(f"{client} was never assigned to {mentor}; assign the client before sessions are recorded.")


class AnothersPathway(Refused):
    def __init__(self, pathway: str, client: str) -> None:
        super().__init__(f"{pathway} is not the pathway of {client}; name theirs, or leave it out.")


class NotOnThePathway(Refused):
    def __init__(self, organisation: str, pathway: str) -> None:
        super().__init__(
            f"{organisation} has no part in {pathway}, so hours of its mentors are not paid by it; leave the pathway out."
        )


class BeforeThePathway(Refused):
    def __init__(self, pathway: str, held_on: date, agreed_on: date) -> None:
        super().__init__(
            f"{pathway} was agreed on {agreed_on}; a session on {held_on} came before it. Leave the pathway out."
        )


class LongerThanADay(Refused):
    def __init__(self, hours: str) -> None:
        super().__init__(f"A session of {hours} hours is longer than a day; record each day by itself.")


class NoTime(Refused):
    def __init__(self, session: str) -> None:
        super().__init__(f"{session} would have taken 0 hours; give its length in quarters of an hour.")


class Meeting(Value, frozen=True):
    organisation: str | None = None
    clients: frozenset[str] = frozenset()
    """Who was ever assigned to the mentor."""
    agreed: PathwayAgreed | None = None
    sessions: frozenset[str] = frozenset()


def boundary(command: RecordSession) -> Boundary:
    pathway = () if command.pathway is None else (facts(PathwayAgreed, about=command.pathway),)
    return (
        facts(MentorNominated, MenteeAssigned, about=command.mentor),
        facts(SessionHeld, about=command.session),
        *pathway,
    )


def evolve(state: Meeting, event: Seen) -> Meeting:
    match event:
        case MentorNominated():
            return replace(state, organisation=event.organisation)
        case MenteeAssigned():
            return replace(state, clients=state.clients | {event.client})
        case PathwayAgreed():
            return replace(state, agreed=event)
        case SessionHeld():
            return replace(state, sessions=state.sessions | {event.session})


def decide(command: RecordSession, state: Meeting) -> tuple[Event, ...]:
    if state.organisation is None:
        raise Unknown(command.mentor)
    _check_speaker(command.asked, command.mentor, state.organisation)
    if command.session in state.sessions:
        raise RecordedAlready(command.session)
    if command.client not in state.clients:
        raise NotTheirMentor(command.mentor, command.client)
    if command.held_on > command.asked.on:
        raise InTheFuture("A session", command.held_on, command.asked.on)
    if not Fraction(command.hours):
        raise NoTime(command.session)
    if Fraction(command.hours) > HOURS_MAX:
        raise LongerThanADay(command.hours)
    payers: tuple[str, ...] = ()
    if command.pathway is not None:
        if state.agreed is None:
            raise Unknown(f"agreed {command.pathway}")
        if state.agreed.client != command.client:
            raise AnothersPathway(command.pathway, command.client)
        if state.organisation not in state.agreed.parties:
            raise NotOnThePathway(state.organisation, command.pathway)
        if command.held_on < state.agreed.agreed_on:
            raise BeforeThePathway(command.pathway, command.held_on, state.agreed.agreed_on)
        payers = state.agreed.parties
    return (
        SessionHeld(
            session=command.session,
            mentor=command.mentor,
            client=command.client,
            pathway=command.pathway,
            held_on=command.held_on,
            hours=command.hours,
            parties=tuple(sorted({state.organisation, *payers})),
        ),
    )


def _check_speaker(asked: Asked, mentor: str, organisation: str) -> None:
    if asked.role == "mentor":
        if asked.actor != mentor:
            raise Unknown(mentor)
    elif not asked.acts_for(organisation):
        raise NotYours(asked, organisation, "record the sessions of its mentors")


record_session = Decider(
    command=RecordSession,
    boundary=boundary,
    initial=Meeting(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "content", "mentor": None},
    example={
        "session": "session:s-112",
        "mentor": "mentor:m-03",
        "client": "client:c-17",
        "held_on": "2019-03-05",
        "hours": "1.5",
        "pathway": "pathway:p-07",
    },
)
