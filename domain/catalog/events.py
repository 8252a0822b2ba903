"""What has happened to an offering."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from domain.kernel import Event, Value, fact
from domain.money import Language
from domain.words import Day, Line, Names, OfferingId, Organisation, Price, Quantity, Texts

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
    """What is offered."""
    name: Names
    summary: Texts = Texts()
    sector: Sector = "general"
    """The field of work or life that it serves."""
    languages: Annotated[tuple[Language, ...], Meta(max_length=3)] = ()
    """Languages of instruction; empty where the owner has not said."""
    modes: Annotated[tuple[Mode, ...], Meta(max_length=5)] = ()
    """Where it can be taken part in; empty where the owner has not said."""
    credits: Quantity | None = None
    """Its extent in credits; null where it has none."""
    price_cents: Price | None = None
    """List price without VAT; null where it is agreed case by case, 0 where it is free."""
    keywords: Annotated[tuple[Keyword, ...], Meta(max_length=50)] = ()
    """What it is found by."""
    skills: Annotated[tuple[Line, ...], Meta(max_length=50)] = ()
    """ESCO URIs."""
    source: Line | None = None
    """Where the description was taken from, such as the object identifier in the national catalogue."""


@fact("offering.published", about=("offering",), seen_by="everyone", frequent=True)
class OfferingPublished(Event, frozen=True):
    """An offering stands in the catalogue, for everybody to see."""

    offering: OfferingId
    provider: Organisation
    """The partner that offers it."""
    description: Description
    published_on: Day


@fact("offering.updated", about=("offering",), seen_by="everyone", frequent=True)
class OfferingUpdated(Event, frozen=True):
    """The description of an offering is another from here on, as a whole."""

    offering: OfferingId
    description: Description
    updated_on: Day


@fact("offering.verified", about=("offering",), seen_by="everyone", frequent=True)
class OfferingVerified(Event, frozen=True):
    """The owner has looked at an offering and says that it is right."""

    offering: OfferingId
    verified_on: Day
    verified_until: date
    """The last day on which it counts as looked at, in Helsinki."""


@fact("offering.archived", about=("offering",), seen_by="everyone", frequent=True)
class OfferingArchived(Event, frozen=True):
    """An offering is no longer offered; what was agreed about it stays."""

    offering: OfferingId
    reason: ArchiveReason
    """Why it is offered no longer."""
    archived_on: Day
