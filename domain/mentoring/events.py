"""What has happened between mentors and clients."""

from typing import Annotated, Literal

from msgspec import Meta

from domain.kernel import Event, fact
from domain.money import Language
from domain.words import ClientId, Day, Hours, MentorId, Organisation, Parties, PathwayId, Quantity, SessionId

Capacity = Annotated[int, Meta(ge=0, le=500, description="How many clients a mentor guides at most at one time.")]
ReleaseReason = Literal["pathway-completed", "handed-over", "client-withdrew", "mentor-paused"]


@fact("mentoring.mentor_nominated", about=("mentor",), seen_by="network")
class MentorNominated(Event, frozen=True):
    """Somebody guides clients for an organisation from here on."""

    mentor: MentorId
    organisation: Organisation
    """The partner that the mentor works for."""
    languages: tuple[Language, ...]
    """The languages in which the mentor guides."""
    nominated_on: Day


@fact("mentoring.capacity_set", about=("mentor",), seen_by="network")
class MentorCapacitySet(Event, frozen=True):
    """How many clients a mentor guides at most at one time is another from here on."""

    mentor: MentorId
    organisation: Organisation
    """The partner that the mentor works for."""
    capacity: Capacity
    set_on: Day


@fact("mentoring.mentee_assigned", about=("mentor", "client"), seen_by="parties", frequent=True)
class MenteeAssigned(Event, frozen=True):
    """A mentor guides a client from here on."""

    mentor: MentorId
    client: ClientId
    assigned_on: Day
    parties: Parties


@fact("mentoring.mentee_released", about=("mentor", "client"), seen_by="parties", frequent=True)
class MenteeReleased(Event, frozen=True):
    """A mentor guides a client no longer."""

    mentor: MentorId
    client: ClientId
    reason: ReleaseReason
    """Why it ended."""
    released_on: Day
    parties: Parties


@fact("mentoring.session_held", about=("session", "mentor", "pathway"), seen_by="parties", frequent=True)
class SessionHeld(Event, frozen=True):
    """A mentor has met a client; what was said stays between them."""

    session: SessionId
    mentor: MentorId
    client: ClientId
    pathway: PathwayId | None
    """The pathway that its hours belong to; null where they belong to none."""
    held_on: Day
    hours: Hours
    """How long it took, in hours as an exact decimal."""
    parties: Parties


@fact("mentoring.hours_left_over", about=("pathway",), seen_by="parties", frequent=True)
class HoursLeftOver(Event, frozen=True):
    """A pathway is complete, and hours of sessions came with no amount any more: the coordinator looks after them."""

    pathway: PathwayId
    sessions: tuple[SessionId, ...]
    """The sessions that were not counted in."""
    hours: Quantity
    """Their hours together."""
    listed_on: Day
    parties: Parties
