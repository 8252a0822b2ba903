"""The life of an offering: published, updated, verified and archived by its owner."""

from collections.abc import Mapping
from datetime import date

from domain.catalog.events import (
    ArchiveReason,
    Description,
    OfferingArchived,
    OfferingPublished,
    OfferingUpdated,
    OfferingVerified,
)
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
    Role,
    Scope,
    Unknown,
    Value,
    facts,
)
from domain.network.events import PartnerAdmitted
from domain.words import OfferingId, Organisation

Seen = PartnerAdmitted | OfferingPublished | OfferingUpdated | OfferingVerified | OfferingArchived


class PublishOffering(Command, frozen=True):
    """Publish an offering of a partner in the catalogue everybody can search."""

    offering: OfferingId
    """A new id, for good."""
    provider: Organisation
    """The partner that offers it."""
    description: Description


class UpdateOffering(Command, frozen=True):
    """Replace the description of an offering. Its verification stays what it was: verified is not updated."""

    offering: OfferingId
    description: Description
    """The whole of it: what is left out of it is no longer said."""


class VerifyOffering(Command, frozen=True):
    """Confirm that an offering's description is true, and until when that may be relied on (two years at most)."""

    offering: OfferingId
    verified_on: date
    """The day on which somebody looked, in Helsinki; not later than today."""
    verified_until: date
    """The last day on which that may be relied on, in Helsinki."""


class ArchiveOffering(Command, frozen=True):
    """Take an offering out of the catalogue, with a reason. Nothing is deleted; it cannot be chosen for new pathways."""

    offering: OfferingId
    reason: ArchiveReason
    """Why it is offered no longer; `archived-at-source`: the catalogue it was taken from has archived it."""


class PublishedAlready(Refused):
    def __init__(self, offering: str, provider: str) -> None:
        super().__init__(f"{offering} was published by {provider} already; update it, or choose another id.")


class IsArchived(Refused):
    def __init__(self, offering: str, on: date) -> None:
        super().__init__(f"{offering} was archived on {on}; publish it anew under another id.")


class NothingNew(Refused):
    def __init__(self, offering: str) -> None:
        super().__init__(f"{offering} is described in exactly these words already.")


class VerifiedTooLong(Refused):
    def __init__(self, verified_on: date, until: date) -> None:
        super().__init__(
            f"An offering verified on {verified_on} is verified until a later day, two years ahead at most; {until} is not."
        )


class Kept(Value, frozen=True):
    partner: bool = False
    provider: str | None = None
    description: Description | None = None
    archived_on: date | None = None


DAYS_VERIFIED_MAX = 731
LIFE = (OfferingPublished, OfferingUpdated, OfferingVerified, OfferingArchived)


def boundary_of_publishing(command: PublishOffering) -> Boundary:
    return (facts(*LIFE, about=command.offering), facts(PartnerAdmitted, about=command.provider))


def boundary(command: UpdateOffering | VerifyOffering | ArchiveOffering) -> Boundary:
    return (facts(*LIFE, about=command.offering),)


def evolve_publishing(state: Kept, event: Seen) -> Kept:
    return replace(state, partner=True) if isinstance(event, PartnerAdmitted) else evolve(state, event)


def evolve(state: Kept, event: OfferingPublished | OfferingUpdated | OfferingVerified | OfferingArchived) -> Kept:
    match event:
        case OfferingPublished():
            return replace(state, provider=event.provider, description=event.description)
        case OfferingUpdated():
            return replace(state, description=event.description)
        case OfferingVerified():
            return state
        case OfferingArchived():
            return replace(state, archived_on=event.archived_on)


def publish(command: PublishOffering, state: Kept) -> tuple[Event, ...]:
    if state.provider:
        raise PublishedAlready(command.offering, state.provider)
    if not command.asked.acts_for(command.provider):
        raise NotYours(command.asked, command.provider, "publish its offerings")
    if not state.partner:
        raise Unknown(f"partner {command.provider}")
    return (
        OfferingPublished(
            offering=command.offering,
            provider=command.provider,
            description=command.description,
            published_on=command.asked.on,
        ),
    )


def update(command: UpdateOffering, state: Kept) -> tuple[Event, ...]:
    _check(command.asked, command.offering, state)
    if command.description == state.description:
        raise NothingNew(command.offering)
    return (OfferingUpdated(offering=command.offering, description=command.description, updated_on=command.asked.on),)


def verify(command: VerifyOffering, state: Kept) -> tuple[Event, ...]:
    _check(command.asked, command.offering, state)
    if command.verified_on > command.asked.on:
        raise InTheFuture("A verification", command.verified_on, command.asked.on)
    if not 0 < (command.verified_until - command.verified_on).days <= DAYS_VERIFIED_MAX:
        raise VerifiedTooLong(command.verified_on, command.verified_until)
    return (
        OfferingVerified(
            offering=command.offering, verified_on=command.verified_on, verified_until=command.verified_until
        ),
    )


def archive(command: ArchiveOffering, state: Kept) -> tuple[Event, ...]:
    _check(command.asked, command.offering, state)
    return (OfferingArchived(offering=command.offering, reason=command.reason, archived_on=command.asked.on),)


def _check(asked: Asked, offering: str, state: Kept) -> None:
    if state.provider is None:
        raise Unknown(offering)
    if not asked.acts_for(state.provider):
        raise NotYours(asked, state.provider, "change its offerings")
    if state.archived_on:
        raise IsArchived(offering, state.archived_on)


KEEPERS: Mapping[Role, Scope | None] = {"coordinator": None, "partner": "content"}
EXAMPLE_DESCRIPTION = {
    "kind": "course",
    "name": {
        "fi": "Varastologistiikan perusteet",
        "sv": "Grunderna i lagerlogistik",
        "en": "Basics of warehouse logistics",
    },
    "sector": "logistics",
    "languages": ["fi"],
    "credits": "5",
    "price_cents": 45000,
}

publish_offering = Decider(
    command=PublishOffering,
    boundary=boundary_of_publishing,
    initial=Kept(),
    evolve=evolve_publishing,
    decide=publish,
    may=KEEPERS,
    example={"offering": "offering:varastologistiikka", "provider": "org:ekami", "description": EXAMPLE_DESCRIPTION},
)
update_offering = Decider(
    command=UpdateOffering,
    boundary=boundary,
    initial=Kept(),
    evolve=evolve,
    decide=update,
    may=KEEPERS,
    example={"offering": "offering:varastologistiikka", "description": {**EXAMPLE_DESCRIPTION, "price_cents": 48000}},
)
verify_offering = Decider(
    command=VerifyOffering,
    boundary=boundary,
    initial=Kept(),
    evolve=evolve,
    decide=verify,
    may=KEEPERS,
    example={"offering": "offering:varastologistiikka", "verified_on": "2019-02-01", "verified_until": "2020-01-31"},
)
archive_offering = Decider(
    command=ArchiveOffering,
    boundary=boundary,
    initial=Kept(),
    evolve=evolve,
    decide=archive,
    may=KEEPERS,
    example={"offering": "offering:varastologistiikka", "reason": "discontinued"},
)
