"""The coordinator's list."""

from functools import partial
from typing import Annotated

from msgspec import Meta

from adapters.http.readers import OVERSEERS
from adapters.http.reading import Asking, Found, ListQuery, Read
from projections.follow_ups import FollowUp, State, follow_ups, listed_follow_ups


class Wanted(ListQuery, frozen=True):
    state: Annotated[
        State, Meta(description="Those that are still to be looked after, or those that have been closed.")
    ] = "open"


async def answer(asking: Asking) -> Found:
    found = await asking.ask(follow_ups, partial(listed_follow_ups, state=asking.query.state))
    return Found(found.value, found.position)


coordinators_list = Read(
    name="follow-ups",
    path="/v1/follow-ups",
    says="What came to nothing and must be looked after, the oldest first, until `close-follow-up` says what was done.",
    readers=OVERSEERS,
    query=Wanted,
    gives=FollowUp,
    answer=answer,
)
