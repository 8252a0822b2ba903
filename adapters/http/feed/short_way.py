"""The short way to a sealed page: what is asked for thousands of times in a row and is at hand does not go through the framework.

It answers as the route does, or not at all: whatever would need a question, or a sentence, goes the long way.
"""

import re
from typing import Final

from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from adapters.http.feed.followers import Followers
from adapters.http.feed.pages import LINES, PATH, headers_of, takes_zstd
from adapters.http.headers import Headers
from adapters.http.network import Network
from adapters.http.readers import OVERSEERS
from application.envelope import PAGE_EVENTS

_BEFORE: Final = PATH.removesuffix("{n}")
_NUMBER: Final = re.compile("(?:0|[1-9][0-9]{0,15})", re.ASCII)
_WANTED: Final = frozenset({b"authorization", b"accept-encoding"})
_LONG: Final = frozenset({b"if-none-match", b"range"})

Answer = tuple[list[tuple[bytes, bytes]], bytes]
"""Headers and body."""


class ShortWay:
    """Stands before the framework."""

    def __init__(self, state: State, headers: Headers) -> None:
        self._state, self._headers = state, headers

    def before(self, app: ASGIApp) -> ASGIApp:
        async def shorter(scope: Scope, receive: Receive, send: Send) -> None:
            answer = None
            if scope["type"] == ScopeType.HTTP and scope["path"].startswith(_BEFORE) and scope["method"] == "GET":
                answer = self._answer(scope)
            if answer is None:
                await app(scope, receive, send)
                return
            scope["path_template"] = PATH
            headers, body = answer
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body, "more_body": False})

        return shorter

    def _answer(self, scope: HTTPScope) -> Answer | None:
        """The page that is asked for, if it is at hand and it is known that who asks may have it, for good."""
        number, followers = scope["path"][len(_BEFORE) :], self._followers
        network: Network | None = self._state.get("network")
        said = dict[bytes, bytes]()
        for name, value in scope["headers"]:
            if name in _LONG or name in said:
                return None
            if name in _WANTED:
                said[name] = value
        if (
            network is None
            or not _NUMBER.fullmatch(number)
            or scope["query_string"]
            or not takes_zstd(said.get(b"accept-encoding", b"").decode("latin-1"))
        ):
            return None
        scheme, _, bearer = said.get(b"authorization", b"").decode("latin-1").partition(" ")
        asker = followers.lately.known(bearer.strip()) if scheme.lower() == "bearer" else None
        n, era, always = int(number), network.feed.era, self._headers.known
        page = followers.pages.at_hand(era, n)
        if asker is None or page is None or always is None or not OVERSEERS.admit(asker):
            return None
        if not followers.covered.is_known(era, (n + 1) * PAGE_EVENTS):
            return None
        own = headers_of(n, page, as_stored=True, covered=True)
        return [
            *((name.lower().encode(), value.encode()) for name, value in own.items()),
            (b"content-type", LINES.encode()),
            (b"content-length", b"%d" % len(page.body)),
            *always,
        ], page.body

    @property
    def _followers(self) -> Followers:
        followers: Followers = self._state["followers"]
        return followers
