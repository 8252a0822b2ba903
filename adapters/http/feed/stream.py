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
from litestar.response import Stream
from msgspec import Meta, Struct

from adapters.http.asking import asker_of
from adapters.http.feed.events import LIMIT
from adapters.http.feed.route import Route
from adapters.http.network import Asked, Network, network_of
from adapters.http.problems import BadHeader
from adapters.http.readers import KNOWN
from adapters.http.reading import parameters_of, query_of
from application.feed import Portion, Reader, wish_of
from application.ports import Unavailable
from domain.kernel import Refused

EVENTS = "text/event-stream"
ASK_SECONDS: Final = 5.0
"""How often it is asked whether the token is still good."""
BEAT_SECONDS: Final = 15.0
"""Without anything else to say, that the connection lives."""
_POSITION_MAX: Final = 2**62


class StreamQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    after: Annotated[
        int,
        Meta(ge=0, lt=_POSITION_MAX, description="The position behind which to begin; `Last-Event-ID` goes before it."),
    ] = 0
    types: (
        Annotated[str, Meta(description="Only these, with commas between; `tasma.revenue.*`: all that begin so.")]
        | None
    ) = None
    about: Annotated[str, Meta(description="Only what concerns any of these ids, with commas between.")] | None = None


class Resume(Struct, frozen=True):
    """The last thing that is said on a stream which the server ends: where to go on, and why it ended."""

    after: int
    why: str


async def respond(request: Asked) -> Response[Any]:
    network = network_of(request)
    query = query_of(StreamQuery, parameters_of(request))
    reader = Reader(await asker_of(request, network), wish_of(query.types, query.about))
    headers = {"Cache-Control": "no-store", "Vary": "Authorization, Last-Event-ID", "X-Accel-Buffering": "no"}
    after = _last_event_id(request, query.after)
    if request.method == "HEAD":
        return Response(content=b"", media_type=EVENTS, headers=headers)
    return Stream(_spoken(request, network, reader, after), media_type=EVENTS, headers=headers)


async def _spoken(request: Asked, network: Network, reader: Reader, after: int) -> AsyncIterator[bytes]:
    try:
        async for portion in _portions(request, network, reader, after):
            after = portion.looked
            yield said(portion)
    except (Refused, Unavailable) as end:
        yield b"event: resume\ndata: " + msgspec.json.encode(Resume(after=after, why=str(end))) + b"\n\n"


async def _portions(request: Asked, network: Network, reader: Reader, after: int) -> AsyncIterator[Portion]:
    """What comes for a reader, and nothing where nothing came for so long. Raises what says that the token is no longer good."""
    clock, feed = asyncio.get_running_loop().time, network.feed
    asked = spoke = clock()
    while True:
        if clock() - asked >= ASK_SECONDS:
            del request.state["asker"]
            await asker_of(request, network)
            asked = clock()
        portion = await feed.portion(reader, after, limit=LIMIT)
        if portion.looked > after or clock() - spoke >= BEAT_SECONDS:
            yield portion
            after, spoke = portion.looked, clock()
        else:
            await feed.wait(after, ASK_SECONDS)


def said(portion: Portion) -> bytes:
    """A portion as text: events, and how far was looked; a comment where it is empty and goes no further."""
    events = [b"id: %d\ndata: %b\n\n" % (line.position, line.body) for line in portion.lines]
    if not events or portion.lines[-1].position < portion.looked:
        events.append(b"id: %d\n\n" % portion.looked if portion.looked else b":\n\n")
    return b"".join(events)


def _last_event_id(request: Asked, after: int) -> int:
    """Where who comes back was. Raises BadHeader."""
    given = request.headers.get("last-event-id")
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
    "reader. When the server ends a stream it says `event: resume`, with the position to go on from and the reason.",
    query=StreamQuery,
    gives={EVENTS: None},
    statuses={"200": "A stream without end."},
    respond=respond,
    problems=frozenset({"400", "401", "403", "422"}),
)
