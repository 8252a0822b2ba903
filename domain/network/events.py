"""What has happened to the network and its members."""

from datetime import date
from typing import Literal

from domain.kernel import Event, fact
from domain.words import Day, EventId, FollowUpId, Line, Names, Organisation, Parties, Period

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
    """A network begins: its name, and the month with which its books open."""

    network: str
    """The name in paths and sources, in lower case: `kymenlaakso`."""
    name: Names
    first_period: Period
    """The month with which the books open."""
    constructed: bool
    """True for an example: its clock is simulated, and nothing in it happened to anybody."""
    founded_on: Day


@fact("network.organisation_registered", about=("organisation",), seen_by="everyone")
class OrganisationRegistered(Event, frozen=True):
    """An organisation is known to the network from here on; a member it is only once it is admitted."""

    organisation: Organisation
    name: Names
    kind: OrganisationKind
    """What sort of organisation it is."""
    business_id: str | None
    """The Finnish business identity code, such as 2472908-2."""
    oid: str | None
    """The object identifier in the register of education providers, such as 1.2.246.562.10.346830761110."""
    unit_of: Organisation | None
    """The organisation that it is a part of; null where it stands for itself."""
    registered_on: Day


@fact("network.partner_admitted", about=("organisation",), seen_by="everyone")
class PartnerAdmitted(Event, frozen=True):
    """An organisation is a partner of the network from here on."""

    organisation: Organisation
    membership: Membership
    """How far it is bound: it leads, implements, is committed, or takes part openly."""
    admitted_on: Day


@fact("network.duty_assigned", about=("organisation",), seen_by="network")
class DutyAssigned(Event, frozen=True):
    """A partner looks after something for the whole network."""

    organisation: Organisation
    duty: Duty
    """What it looks after."""
    starts_on: date
    """The first day of the duty, in Helsinki."""
    ends_on: date | None
    """Its last day; null while no end is set."""


@fact("network.follow_up_opened", about=("follow_up", "about"), seen_by="parties", frequent=True)
class FollowUpOpened(Event, frozen=True):
    """Something that a policy could not do, or that nobody did: it waits on the coordinator's list."""

    follow_up: FollowUpId
    cause: EventId
    """The event that led to it."""
    about: Line
    """The id of the thing that came to nothing."""
    code: FollowUpCode
    """What came to nothing, for programs."""
    reason: Line
    """The same as a sentence."""
    opened_on: Day
    parties: Parties
