"""Sealed pages: the fast way through what is old, sent as it is stored."""

import re

from litestar import Response

from adapters.http.accepting import weighed
from adapters.http.feed.events import FOR_A_YEAR
from adapters.http.feed.followers import followers_of
from adapters.http.feed.packed_pages import Packed
from adapters.http.network import Asked, network_of
from adapters.http.problems import NoSuchPage, NoSuchPath
from adapters.http.readers import OVERSEERS
from adapters.http.reading import has_tag
from adapters.http.route import Route
from application.envelope import PAGE_EVENTS

PATH = "/v1/feed/pages/{n}"
LINES = "application/x-ndjson"


async def respond(request: Asked) -> Response[bytes]:
    network, followers = network_of(request), followers_of(request)
    n = _number(request)
    network.feed.follow()
    packed = await followers.pages.get(network.log, network.feed.era, n)
    covered = await followers.covered.reaches(network.feed, network.tree, (n + 1) * PAGE_EVENTS)
    as_stored = packed is not None and takes_zstd(request.headers.get("accept-encoding", ""))
    headers = headers_of(n, packed, as_stored=as_stored, covered=covered)
    if packed is not None and has_tag(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(content=b"", status_code=304, media_type=LINES, headers=headers)
    if packed is not None and as_stored:
        return Response(content=packed.body, media_type=LINES, headers=headers)
    pages = await network.log.pages(n, limit=1)
    if not pages:
        raise NoSuchPage(n)
    return Response(content=pages[0], media_type=LINES, headers=headers)


def headers_of(n: int, packed: Packed | None, *, as_stored: bool, covered: bool) -> dict[str, str]:
    """What is said of a page beside its type and length."""
    headers = {
        "Tasma-Position": str((n + 1) * PAGE_EVENTS),
        "Link": f'</v1/feed/pages/{n + 1}>; rel="next"',
        "Vary": "Accept-Encoding, Authorization",
        "Cache-Control": FOR_A_YEAR if covered else "private, no-cache",
    }
    if packed is not None:
        # The lines follow from the frame, so its digest tells theirs apart too.
        headers["ETag"] = f'"{packed.digest}{"" if as_stored else "-lines"}"'
    return {**headers, "Content-Encoding": "zstd"} if as_stored else headers


def _number(request: Asked) -> int:
    """The page asked for, as one writes a number. Raises NoSuchPath."""
    text = request.path_params["n"]
    if not re.fullmatch(r"0|[1-9][0-9]{0,15}", text, re.ASCII):
        raise NoSuchPath(request.url.path)
    return int(text)


def takes_zstd(accepted: str) -> bool:
    """Whether an `Accept-Encoding` names zstd, and not to refuse it."""
    return any(coding == "zstd" and weight for coding, weight in weighed(accepted))


pages = Route(
    name="feed-page",
    path=PATH,
    readers=OVERSEERS,
    often=True,
    says="A sealed page: the events 256n + 1 to 256n + 256, one a line, as the exact bytes that were hashed and signed. It is sent as it "
    "is stored to whoever accepts zstd, and never changes once a checkpoint covers it. The fast way through what is old; what is not "
    "sealed yet is in the feed.",
    gives={LINES: None},
    heeds={"Accept-Encoding": "With `zstd` in it the page is sent as it is stored."},
    headers={
        "Tasma-Position": "Of the last event of the page: the next `after`.",
        "Link": 'The next page: `<…>; rel="next"`.',
        "Content-Encoding": "`zstd`, where you accept that.",
    },
    respond=respond,
    problems=frozenset({"401", "403", "404"}),
)
