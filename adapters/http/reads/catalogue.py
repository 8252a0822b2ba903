"""The catalogue everybody can search."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from adapters.http.reading import Asking, Found, ListQuery, Read
from domain.catalog.events import Keyword, Mode, OfferingKind, Sector
from domain.money import Language
from domain.words import Names, Organisation, Texts
from projections.catalogue import Offering, catalogue, search


class Search(ListQuery, frozen=True):
    q: Annotated[
        str, Meta(max_length=200, description="Words in Finnish, Swedish or English; all of them are found.")
    ] = ""
    sector: Sector | None = None
    """Only offerings of this sector."""
    provider: Organisation | None = None
    """Only offerings of this organisation."""
    lang: Annotated[Language, Meta(description="Language of instruction.")] | None = None
    stale: Annotated[bool, Meta(description="Also those whose verification has ended.")] = False


class Offered(Struct, frozen=True):
    """An offering as it is shown: without what it is found by."""

    offering: str
    """The id, such as offering:varastologistiikka."""
    provider: str
    """The partner that offers it, such as org:ekami."""
    kind: OfferingKind
    """What is offered."""
    name: Names
    summary: Texts
    sector: Sector
    """The field of work or life that it serves."""
    languages: tuple[Language, ...]
    """Languages of instruction; empty where the owner has not said."""
    modes: tuple[Mode, ...]
    """Where it can be taken part in; empty where the owner has not said."""
    credits: str | None
    """Its extent in credits, an exact decimal such as "2.5"; null where it has none."""
    price_cents: int | None
    """List price in whole cents of euro without VAT; null where it is agreed case by case, 0 where it is free."""
    keywords: tuple[Keyword, ...]
    """What it is found by."""
    skills: tuple[str, ...]
    """ESCO URIs."""
    source: str | None
    """Where the description was taken from, such as the object identifier in the national catalogue."""
    published_on: date | None
    """The day on which it was published, in Helsinki."""
    updated_on: date | None
    """The day of the newest description, in Helsinki; null: it is the first."""
    verified_on: date | None
    """The day on which its owner last looked at it; null: never."""
    verified_until: date | None
    """The last day on which that may be relied on; null: it was never verified."""
    verified: bool | None
    """Whether that holds on the day of the answer; null where it was never verified."""


async def answer(asking: Asking) -> Found:
    wanted, today = asking.query, await asking.today()
    found = await asking.ask(
        catalogue,
        lambda rows: search(
            rows,
            wanted.q,
            sector=wanted.sector,
            provider=wanted.provider,
            language=wanted.lang,
            today=today,
            stale=wanted.stale,
        ),
    )
    return Found([_shown(offering, today) for offering in found.value], found.position, judged_on=today)


def _shown(offering: Offering, today: date) -> Offered:
    named = {f: getattr(offering, f) for f in Offered.__struct_fields__ if f != "verified"}
    return Offered(**named, verified=offering.verified(today))


offerings = Read(
    name="catalog",
    path="/v1/catalog",
    says="What the partners offer: courses, services, expertise, facilities, equipment and mentoring. What is verified comes first.",
    readers=None,
    query=Search,
    gives=Offered,
    answer=answer,
)
