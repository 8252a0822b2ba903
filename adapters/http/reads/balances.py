"""How one partner stands with each other, by all that had happened up to a day."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from adapters.compared_statements import standing_of
from adapters.http.readers import MEMBERS
from adapters.http.reading import Asking, Found, Query, Read
from adapters.http.reads.statements import owns
from domain.kernel import Unknown
from projections.balance_effective import Balances


class Effective(Query, frozen=True):
    effective: Annotated[date, Meta(description="What had happened up to this day, whenever it was booked.")] | None = (
        None
    )


async def answer(asking: Asking) -> Found:
    partner, query = asking.path["partner"], asking.query
    if not owns(asking.asker, partner):
        raise Unknown(f"balance of {partner}")
    found = await standing_of(
        asking.network.views, partner, query.effective, as_of=asking.as_of, at_least=query.at_least
    )
    if found is None:
        raise Unknown(f"balance of {partner}")
    return Found(found, found.position)


partner_balances = Read(
    name="partner-balances",
    path="/v1/balances/{partner}",
    says="How a partner stands with every other: all lines of all months, tax, set-offs and payments included; with `effective` those "
    "that had happened up to that day.",
    readers=MEMBERS,
    query=Effective,
    gives=Balances,
    answer=answer,
)
