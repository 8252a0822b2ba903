"""What has happened to the network and its members."""

from datetime import date
from typing import Literal

from domain.kernel import Event, fact
from domain.words import EventId, FollowUpId, Line, Names, Organisation, Period

Membership = Literal["lead", "implementer", "committed", "open"]
OrganisationKind = Literal[
    "university_of_applied_sciences",
    "university",
    "university_consortium",
    "vocational_institute",
    "liberal_adult_education",
    "continuing_education",
    "development_company",
    "foundation",
    "authority",
    "company",
    "other",
]
FollowUpCode = Literal["referral-declined", "referral-expired", "refused"]
Duty = Literal["mentor-coordination", "foresight", "web-service", "catalogue", "settlement", "network-coordination"]


@fact("network.founded", about=("network",), seen_by="everyone")
class NetworkFounded(Event, frozen=True):
    network: str
    name: Names
    first_period: Period
    constructed: bool
    founded_on: date


@fact("network.organisation_registered", about=("organisation",), seen_by="everyone")
class OrganisationRegistered(Event, frozen=True):
    organisation: Organisation
    name: Names
    kind: OrganisationKind
    business_id: str | None
    oid: str | None
    unit_of: Organisation | None
    registered_on: date


@fact("network.partner_admitted", about=("organisation",), seen_by="everyone")
class PartnerAdmitted(Event, frozen=True):
    organisation: Organisation
    membership: Membership
    admitted_on: date


@fact("network.duty_assigned", about=("organisation",), seen_by="network")
class DutyAssigned(Event, frozen=True):
    organisation: Organisation
    duty: Duty
    starts_on: date
    ends_on: date | None


@fact("network.follow_up_opened", about=("follow_up", "about"), seen_by="parties", frequent=True)
class FollowUpOpened(Event, frozen=True):
    """Something that a policy could not do, or that nobody did: it waits on the coordinator's list."""

    follow_up: FollowUpId
    cause: EventId
    about: Line
    """The id of the thing that came to nothing."""
    code: FollowUpCode
    reason: Line
    """The same as a sentence."""
    opened_on: date
    parties: tuple[Organisation, ...]
