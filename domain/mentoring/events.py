"""What has happened between mentors and clients."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from domain.kernel import Event, fact
from domain.money import Language
from domain.words import ClientId, MentorId, Organisation

Capacity = Annotated[int, Meta(ge=0, le=500, description="How many clients a mentor guides at most at one time.")]
ReleaseReason = Literal["pathway-completed", "handed-over", "client-withdrew", "mentor-paused"]


@fact("mentoring.mentor_nominated", about=("mentor",), seen_by="network")
class MentorNominated(Event, frozen=True):
    mentor: MentorId
    organisation: Organisation
    languages: tuple[Language, ...]
    nominated_on: date


@fact("mentoring.capacity_set", about=("mentor",), seen_by="network")
class MentorCapacitySet(Event, frozen=True):
    mentor: MentorId
    organisation: Organisation
    capacity: Capacity
    set_on: date


@fact("mentoring.mentee_assigned", about=("mentor", "client"), seen_by="parties", frequent=True)
class MenteeAssigned(Event, frozen=True):
    mentor: MentorId
    client: ClientId
    assigned_on: date
    parties: tuple[Organisation, ...]


@fact("mentoring.mentee_released", about=("mentor", "client"), seen_by="parties", frequent=True)
class MenteeReleased(Event, frozen=True):
    mentor: MentorId
    client: ClientId
    reason: ReleaseReason
    released_on: date
    parties: tuple[Organisation, ...]
