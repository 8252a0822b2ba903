"""Members of the network."""

from adapters.http.readers import GUIDES
from adapters.http.reading import Asking, Found, ListQuery, Read
from projections.partners import Member, members, partners


async def answer(asking: Asking) -> Found:
    found = await asking.ask(partners, members)
    return Found(found.value, found.position)


membership = Read(
    name="partners",
    path="/v1/partners",
    says="Every registered organisation, its membership and the duties it holds, by id.",
    readers=GUIDES,
    query=ListQuery,
    gives=Member,
    answer=answer,
)
