"""The feed as it happens: Server-Sent Events, from any position on, until one of both hangs up.

The identifier of an event is its position, so whoever comes back with the last one misses nothing. Where there is nothing for a
reader, an identifier alone moves them on. No reader has a buffer here: what comes next is fetched when the connection takes more.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import msgspec
from litestar import Response
from msgspec import Meta, Struct

from adapters.http.asking import asker_of, bearer_of, header_of
from adapters.http.feed.followers import Followers, Held, followers_of
from adapters.http.feed.speaking import Spoken
from adapters.http.feed.wished import POSITION_MAX, FeedQuery
from adapters.http.network import Asked, Network, network_of
from adapters.http.problems import BadHeader
from adapters.http.readers import KNOWN
from adapters.http.reading import parameters_of, query_of
from adapters.http.route import Route
from application.entry import EventUnreadable
from application.feed import Reader
from application.ports import Unavailable
from domain.kernel import Refused

EVENTS = "text/event-stream"
BEAT_SECONDS: Final = 15.0
"""Without anything else to say, that the connection lives."""


class StreamQuery(FeedQuery, frozen=True):
    after: Annotated[
        int,
        Meta(ge=0, lt=POSITION_MAX, description="The position behind which to begin; `Last-Event-ID` goes before it."),
    ] = 0


class Resume(Struct, frozen=True):
    """The last thing that is said on a stream which the server ends: where to go on, and why it ended."""

    after: int
    """The position to go on behind."""
    why: str
    """Why the stream ends, in a sentence."""


async def respond(request: Asked) -> Response[Any]:
    network, followers = network_of(request), followers_of(request)
    query = query_of(StreamQuery, parameters_of(request))
    reader = Reader(await asker_of(request, network), query.wish)
    after = _last_event_id(request, query.after)
    await network.feed.check(after)
    headers = {"Cache-Control": "no-store", "Vary": "Authorization, Last-Event-ID", "X-Accel-Buffering": "no"}
    if request.method == "HEAD":
        return Response(content=b"", media_type=EVENTS, headers=headers)
    bearer = bearer_of(request)
    following = followers.follow(bearer)
    held = following.__enter__()  # before the answer begins: who finds no room is told by its status
    story = Story(network, followers, reader, after)
    return Spoken(story.told(held, bearer), following, media_type=EVENTS, headers=headers)


class Story:
    """What one stream tells."""

    def __init__(self, network: Network, followers: Followers, reader: Reader, after: int) -> None:
        self._network, self._followers, self._reader, self._after = network, followers, reader, after
        self._era = network.feed.era

    async def told(self, held: Held, bearer: str) -> AsyncIterator[bytes]:
        """Chunk after chunk, as they are taken, and in the end why it ended."""
        network, clock = self._network, asyncio.get_running_loop().time
        spoke, known = clock(), self._after
        try:
            while True:
                self._followers.check()
                try:
                    # First, whether the token is good: while nobody can tell, nothing is given out and the line is kept.
                    await held.check(lambda: network.tokens.find(bearer))
                    text = await self._next()
                except EventUnreadable:
                    raise
                except Unavailable:
                    text = None
                if text is None:
                    if clock() - spoke < BEAT_SECONDS:
                        # What is known to be there and cannot be read just now is asked for again with the next beat.
                        waited = await self._followers.pulse.wait(network.feed, known)
                        known = self._after if waited else POSITION_MAX
                        continue
                    text = b":\n\n"
                yield text
                spoke, known = clock(), self._after
        except (Refused, Unavailable) as end:
            yield b"event: resume\ndata: " + msgspec.json.encode(Resume(after=self._after, why=str(end))) + b"\n\n"

    async def _next(self) -> bytes | None:
        """What comes next; None at the end of the log. Raises LogEndsBefore and LogPutBack, Unavailable."""
        feed = self._network.feed
        await feed.check(self._after)
        await feed.check_era(self._era)
        if feed.tail.end == self._after:
            return None
        chunk = await self._followers.chunks.after(feed, self._reader, self._after)
        if chunk.looked > self._after:
            self._after = chunk.looked
            return chunk.text
        return None


def _last_event_id(request: Asked, after: int) -> int:
    """Where who comes back was. Raises BadHeader."""
    given = header_of(request, "Last-Event-ID")
    if not given:
        return after
    if not re.fullmatch(r"[0-9]{1,18}", given, re.ASCII):
        raise BadHeader("Last-Event-ID", f"{given:.80} is no position; send the last `id` of the stream, or nothing")
    return int(given)


stream = Route(
    name="feed-stream",
    path="/v1/feed/stream",
    readers=KNOWN,
    says="The same events as they happen (Server-Sent Events): `id` is the position, `data` the exact bytes. Who comes back with "
    "`Last-Event-ID`, as every browser does by itself, goes on where it was. An `id` without data moves on over what is not for this "
    "reader. When nothing else is said, a comment comes every 15 seconds: who hears nothing for 45 comes back. When the server ends a "
    'stream it says `event: resume`; its `data` are `{"after": POSITION, "why": SENTENCE}`: the position to go on behind, and the reason.',
    query=StreamQuery,
    gives={EVENTS: None},
    statuses={"200": "A stream without end."},
    heeds={"Last-Event-ID": "The last `id` that you were sent: the stream goes on behind it. It goes before `after`."},
    respond=respond,
    problems=frozenset({"400", "401", "403", "409", "422", "429"}),
)
