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
    provider: Organisation | None = None
    lang: Annotated[Language, Meta(description="Language of instruction.")] | None = None
    stale: Annotated[bool, Meta(description="Also those whose verification has ended.")] = False


class Offered(Struct, frozen=True):
    """An offering as it is shown: without what it is found by."""

    offering: str
    provider: str
    kind: OfferingKind
    name: Names
    summary: Texts
    sector: Sector
    languages: tuple[Language, ...]
    modes: tuple[Mode, ...]
    credits: str | None
    price_cents: int | None
    keywords: tuple[Keyword, ...]
    skills: tuple[str, ...]
    source: str | None
    published_on: date | None
    updated_on: date | None
    verified_on: date | None
    verified_until: date | None
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
