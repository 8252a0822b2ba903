"""What has happened to the network and its members."""

from datetime import date
from typing import Annotated, Literal

from domain.kernel import Event, Value, fact
from domain.words import Code, Day, EventId, FollowUpId, Line, Names, Organisation, Parties, Period, form

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


@fact("network.organisation_renamed", about=("organisation",), seen_by="network")
class OrganisationRenamed(Event, frozen=True):
    """An organisation has another name from here on; what was made out before keeps the one it had then."""

    organisation: Organisation
    name: Names
    """The whole name anew, in the languages that it has."""
    by: str
    """The opaque id of who renamed it."""
    renamed_on: Day


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


class Address(Value, frozen=True):
    """Where a legal person gets its post."""

    street: Line
    postal_code: Line
    town: Line
    country: Annotated[str, form(r"^[A-Z]{2}(?![\s\S])", "a country in two capital letters such as FI")] = "FI"


@fact("network.billing_details_set", about=("organisation",), seen_by="network")
class BillingDetailsSet(Event, frozen=True):
    """Where an organisation is to be invoiced and paid from here on; all of it is public business data."""

    organisation: Organisation
    address: Address
    vat_number: str | None
    """The VAT number with its country, such as FI24729082; null where it is in no register of VAT."""
    iban: str | None
    """The account that is paid to and from, without spaces."""
    bic: str | None
    """The bank of the account."""
    einvoice_address: Line | None
    """Where e-invoices go to."""
    einvoice_operator: Line | None
    """Who carries them there."""
    by: str
    """The opaque id of who set them."""
    set_on: Day


@fact("network.follow_up_opened", about=("follow_up", "about"), seen_by="parties", frequent=True, version=2)
class FollowUpOpened(Event, frozen=True):
    """Something that a policy could not do, or that nobody did: it waits on the coordinator's list."""

    follow_up: FollowUpId
    cause: EventId
    """The event that led to it."""
    about: Line
    """The id of the thing that came to nothing."""
    code: Code
    """What came to nothing, for programs: `referral-declined`, `referral-expired`, `refused` (by a rule), `hours-left-over`,
    `statement-silent`, `dispute-escalated`, `correction-missed` (its entry was not corrected in time; earlier logs have
    `dispute-accepted` for its entry is to be corrected); more may come."""
    reason: Line
    """The same as a sentence."""
    opened_on: Day
    parties: Parties


@fact("network.follow_up_closed", about=("follow_up", "about"), seen_by="parties")
class FollowUpClosed(Event, frozen=True):
    """Something on the coordinator's list has been looked after: it is on it no longer."""

    follow_up: FollowUpId
    about: Line
    """The id of the thing that it was about."""
    outcome: Line
    """What was done, as a code or a sentence."""
    by: str
    """The opaque id of who says so."""
    closed_on: Day
    parties: Parties
