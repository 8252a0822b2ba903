"""What has happened to an offering."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from domain.kernel import Event, Value, fact
from domain.money import Language
from domain.words import Line, Names, OfferingId, Organisation, Price, Quantity, Texts

OfferingKind = Literal["course", "service", "expertise", "facility", "equipment", "mentoring"]
Mode = Literal["workplace", "home", "library", "remote", "campus"]
Sector = Literal[
    "logistics",
    "bioeconomy",
    "digitalisation",
    "health-and-welfare",
    "business",
    "technology",
    "education",
    "tourism",
    "general",
]
ArchiveReason = Literal["discontinued", "replaced", "duplicate", "entered-in-error", "archived-at-source"]


class Keyword(Value, frozen=True):
    """A subject or job title an offering is found by, as its owner or the source writes it."""

    text: Line
    language: Language | None = None
    """Null where nobody says in which language it is."""


class Description(Value, frozen=True):
    """What an offering is, as its owner describes it."""

    kind: OfferingKind
    name: Names
    summary: Texts = Texts()
    sector: Sector = "general"
    languages: Annotated[tuple[Language, ...], Meta(max_length=3)] = ()
    """Languages of instruction; empty where the owner has not said."""
    modes: Annotated[tuple[Mode, ...], Meta(max_length=5)] = ()
    credits: Quantity | None = None
    price_cents: Price | None = None
    """List price without VAT; None where it is agreed case by case, 0 where it is free."""
    keywords: Annotated[tuple[Keyword, ...], Meta(max_length=50)] = ()
    skills: Annotated[tuple[Line, ...], Meta(max_length=50)] = ()
    """ESCO URIs."""
    source: Line | None = None
    """Where the description was taken from, such as the object identifier in the national catalogue."""


@fact("offering.published", about=("offering",), seen_by="everyone", frequent=True)
class OfferingPublished(Event, frozen=True):
    offering: OfferingId
    provider: Organisation
    description: Description
    published_on: date


@fact("offering.updated", about=("offering",), seen_by="everyone", frequent=True)
class OfferingUpdated(Event, frozen=True):
    offering: OfferingId
    description: Description
    updated_on: date


@fact("offering.verified", about=("offering",), seen_by="everyone", frequent=True)
class OfferingVerified(Event, frozen=True):
    offering: OfferingId
    verified_on: date
    verified_until: date


@fact("offering.archived", about=("offering",), seen_by="everyone", frequent=True)
class OfferingArchived(Event, frozen=True):
    offering: OfferingId
    reason: ArchiveReason
    archived_on: date
