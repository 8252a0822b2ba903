"""What has happened between mentors and clients."""

from typing import Annotated, Literal

from msgspec import Meta

from domain.kernel import Event, fact
from domain.money import Language
from domain.words import ClientId, Day, MentorId, Organisation, Parties

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
