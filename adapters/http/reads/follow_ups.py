"""The coordinator's list."""

from adapters.http.readers import OVERSEERS
from adapters.http.reading import Asking, Found, ListQuery, Read
from projections.follow_ups import FollowUp, follow_ups, open_follow_ups


async def answer(asking: Asking) -> Found:
    found = await asking.ask(follow_ups, open_follow_ups)
    return Found(found.value, found.position)


coordinators_list = Read(
    name="follow-ups",
    path="/v1/follow-ups",
    says="What came to nothing and must be looked after, the oldest first.",
    readers=OVERSEERS,
    query=ListQuery,
    gives=FollowUp,
    answer=answer,
)
