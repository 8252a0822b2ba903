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
from domain.money.decimals import decimal_text
from domain.pathways.events import PathwayAgreed
from domain.words import MENTOR, ClientId, Hours, MentorId, PathwayId, SessionId

HOURS_MAX = 24
SESSION_MAX = 72
"""Letters of a new session's id, its kind with it: an entry has room for the ids of all the sessions that it counts."""

Seen = MentorNominated | MenteeAssigned | PathwayAgreed | SessionHeld


class RecordSession(Command, frozen=True):
    """Record a session of a mentor with a client: the day, and the hours in quarters.

    Sessions of a pathway whose sharing rule pays `mentor_hour` are counted in with the pathway's next shared amount, each once.
    Where the pathway binds `role:mentor`, they are sessions of that organisation's mentors: nobody is paid for another's.
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


class MentoredByAnother(Refused):
    def __init__(self, organisation: str, pathway: str, bound: str) -> None:
        super().__init__(
            f"{pathway} pays {bound} for mentoring, so hours of mentors of {organisation} are not paid by it; leave the pathway out, and "
            "agree another pathway for what they do from now on."
        )


class BeforeThePathway(Refused):
    def __init__(self, pathway: str, held_on: date, agreed_on: date) -> None:
        super().__init__(
            f"{pathway} was agreed on {agreed_on}; a session on {held_on} came before it. Leave the pathway out."
        )


class LongerThanADay(Refused):
    def __init__(self, hours: str) -> None:
        super().__init__(f"A session of {hours} hours is longer than a day; record each day by itself.")


class MoreThanADay(Refused):
    def __init__(self, mentor: str, held_on: date, hours: Fraction) -> None:
        super().__init__(
            f"{mentor} would have held sessions of {decimal_text(hours)} hours on {held_on}, and a day has {HOURS_MAX}; look whether one "
            "is recorded twice."
        )


class NoTime(Refused):
    def __init__(self, session: str) -> None:
        super().__init__(f"{session} would have taken 0 hours; give its length in quarters of an hour.")


class Meeting(Value, frozen=True):
    organisation: str | None = None
    clients: frozenset[str] = frozenset()
    """Who was ever assigned to the mentor."""
    agreed: PathwayAgreed | None = None
    held: tuple[SessionHeld, ...] = ()


def boundary(command: RecordSession) -> Boundary:
    pathway = () if command.pathway is None else (facts(PathwayAgreed, about=command.pathway),)
    return (
        facts(MentorNominated, MenteeAssigned, SessionHeld, about=command.mentor),
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
            return replace(state, held=(*state.held, event))


def decide(command: RecordSession, state: Meeting) -> tuple[Event, ...]:
    if state.organisation is None:
        raise Unknown(command.mentor)
    _check_speaker(command.asked, command.mentor, state.organisation)
    if any(s.session == command.session for s in state.held):
        raise RecordedAlready(command.session)
    if command.client not in state.clients:
        raise NotTheirMentor(command.mentor, command.client)
    _check_time(command, state)
    payers = _payers(command, command.pathway, state.organisation, state.agreed) if command.pathway else ()
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


def _payers(command: RecordSession, pathway: str, organisation: str, agreed: PathwayAgreed | None) -> tuple[str, ...]:
    """Who may come to pay for it, by the pathway that it belongs to."""
    if agreed is None:
        raise Unknown(f"agreed {pathway}")
    if agreed.client != command.client:
        raise AnothersPathway(pathway, command.client)
    if organisation not in agreed.parties:
        raise NotOnThePathway(organisation, pathway)
    bound = next((b.organisation for b in agreed.roles if b.role == MENTOR), organisation)
    if bound != organisation:
        raise MentoredByAnother(organisation, pathway, bound)
    if command.held_on < agreed.agreed_on:
        raise BeforeThePathway(pathway, command.held_on, agreed.agreed_on)
    return agreed.parties


def _check_time(command: RecordSession, state: Meeting) -> None:
    if command.held_on > command.asked.on:
        raise InTheFuture("A session", command.held_on, command.asked.on)
    if not Fraction(command.hours):
        raise NoTime(command.session)
    if Fraction(command.hours) > HOURS_MAX:
        raise LongerThanADay(command.hours)
    that_day = (s for s in state.held if (s.mentor, s.held_on) == (command.mentor, command.held_on))
    hours = sum((Fraction(s.hours) for s in that_day), Fraction(command.hours))
    if hours > HOURS_MAX:
        raise MoreThanADay(command.mentor, command.held_on, hours)


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
