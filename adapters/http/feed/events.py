"""The feed in batches: what comes behind a position, as a JSON array of the exact stored bytes, waited for if there is nothing yet."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated
from urllib.parse import quote, urlencode

from litestar import Response
from msgspec import Meta

from adapters.http.asking import asker_of, bearer_of
from adapters.http.feed.followers import followers_of
from adapters.http.feed.speaking import Spoken
from adapters.http.feed.wished import FeedQuery
from adapters.http.network import Asked, Network, network_of
from adapters.http.readers import KNOWN
from adapters.http.reading import has_tag, parameters_of, query_of
from adapters.http.route import Route
from application.feed import Portion, Reader

BATCH = "application/cloudevents-batch+json"
LIMIT = 256
LIMIT_MAX = 1_000
WAIT_SECONDS_MAX = 30
PIECE_BYTES = 65_536
"""What is larger is sent in pieces of so much."""
FOR_A_YEAR = "private, max-age=31536000, immutable"


class EventsQuery(FeedQuery, frozen=True):
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX, description="Events at most.")] = LIMIT
    wait: (
        Annotated[
            int, Meta(ge=0, le=WAIT_SECONDS_MAX, description="Seconds to wait while there is nothing; left out: none.")
        ]
        | None
    ) = None


async def respond(request: Asked) -> Response[bytes]:
    network = network_of(request)
    parameters = parameters_of(request)
    query = query_of(EventsQuery, parameters)
    reader = Reader(await asker_of(request, network), query.wish)
    portion = await _waited_for(request, network, reader, query)
    body = b"[" + b",".join(line.body for line in portion.lines) + b"]"
    # What has its full number never changes once it is signed: neither what is stored nor who may see it. The log's end goes on.
    for_good = len(portion.lines) == query.limit and await followers_of(request).covered.reaches(
        network.feed, network.tree, portion.looked
    )
    following = urlencode(sorted({**parameters, "after": str(portion.looked)}.items()))
    tag = f'"{hashlib.sha256(b"%d " % portion.looked + body).hexdigest()[:32]}"'
    same = has_tag(request.headers.get("if-none-match"), tag)
    headers = {
        "ETag": tag,
        "Tasma-Position": str(portion.looked),
        "Link": f'<{quote(request.url.path)}?{following}>; rel="next"',
        "Cache-Control": FOR_A_YEAR if for_good else "private, no-cache",
        "Vary": "Authorization",
    }
    if same:
        return Response(content=b"", status_code=304, media_type=BATCH, headers=headers)
    if len(body) <= PIECE_BYTES or request.method == "HEAD":
        return Response(content=body, media_type=BATCH, headers=headers)
    lent = followers_of(request).lend(len(body))
    lent.__enter__()  # before the answer begins: who finds no room is told by its status
    return Spoken(_pieces(body), lent, media_type=BATCH, headers={**headers, "Content-Length": str(len(body))})


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    """A large body as it is taken: whoever takes nothing is cut off like one who listens and does not hear."""
    for begin in range(0, len(body), PIECE_BYTES):
        yield body[begin : begin + PIECE_BYTES]


async def _waited_for(request: Asked, network: Network, reader: Reader, query: EventsQuery) -> Portion:
    """The next portion; while there is nothing in it for this reader, what comes until the time is up or the server stops.

    Raises LogEndsBefore for a position that the log does not reach: nothing would ever come behind it that was not missed;
    LogPutBack where that came about while waiting; and what says that the token is no longer good.
    """
    feed = network.feed
    feed.follow()
    era = feed.era
    found = await feed.portion(reader, query.after, limit=query.limit)
    if found.looked == query.after:
        await feed.check(query.after)
    if query.wait and not found.lines:
        followers, bearer = followers_of(request), bearer_of(request)
        with followers.follow(bearer) as held, suppress(TimeoutError):
            async with asyncio.timeout(query.wait):
                while not found.lines and not followers.stopping:
                    await followers.pulse.wait(feed, found.looked)
                    await held.check(lambda: network.tokens.find(bearer))
                    await feed.check_era(era)
                    found = await feed.portion(reader, found.looked, limit=query.limit)
    return found


events = Route(
    name="feed",
    path="/v1/feed",
    readers=KNOWN,
    often=True,
    says="Events in the order of their positions, as the exact bytes that were hashed and signed: a batch of CloudEvents. Ask with the "
    "`Tasma-Position` of the answer before as `after` (or follow its `Link`): nothing is skipped, nothing comes twice, and who wants "
    "little moves on over what is not theirs. With `wait` the answer comes as soon as there is something.",
    query=EventsQuery,
    gives={BATCH: None},
    headers={
        "Tasma-Position": "How far was looked: the next `after`, also where nothing in between was for you.",
        "Link": 'The next request, with the same filters: `<…>; rel="next"`.',
    },
    respond=respond,
    problems=frozenset({"400", "401", "403", "409", "422", "429"}),
)
