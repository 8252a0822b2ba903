"""A path with a form of its own: where it is, what it gives to whom, and how it answers."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from litestar import HttpMethod, Response
from msgspec import Struct, field

from adapters.http.asking import asker_of
from adapters.http.feed.followers import followers_of
from adapters.http.network import Asked, network_of
from adapters.http.readers import Readers
from adapters.http.reading import has_tag
from application.door import NotAllowed

FOR_EVER = "public, max-age=31536000, immutable"
AT_ONCE = "no-cache"
"""Kept only to be compared."""


class Route(Struct, frozen=True, kw_only=True):
    """One path. Everything said here is in the documentation."""

    name: str
    path: str
    """With the parts that vary in braces; `{tile:path}` may contain slashes."""
    says: str
    readers: Readers | None
    """Whose token opens it; None: it is open to everybody."""
    gives: Mapping[str, Any]
    """By media type: the type of the answer, None where it is text or bytes."""
    respond: Callable[[Asked], Awaitable[Response[bytes]]]
    tag: Literal["feed", "questions", "commands"] = "feed"
    """Under which heading it is documented."""
    often: bool = False
    """Whether the same reader asks so often that a token which was good within the last seconds will do."""
    query: type[Struct] | None = None
    method: Literal["get", "post", "delete"] = "get"
    statuses: Mapping[str, str] = field(default_factory=lambda: {"200": "As asked.", "304": "Nothing has changed."})
    problems: frozenset[str]
    """The statuses of what can go wrong, 405 and 503 left out: these can everywhere."""
    takes: Mapping[str, str] = {}
    """By media type: an example of the body."""
    wants: Any = None
    """The type of a body that is JSON."""
    heeds: Mapping[str, str] = {}
    """Headers of a request that count, with what they mean; `If-None-Match` goes without saying where 304 can be answered."""
    headers: Mapping[str, str] = {}
    """Headers of an answer, with what they mean; `ETag` goes without saying where 304 can be answered."""

    @property
    def template(self) -> str:
        """The path as documents write it."""
        return self.path.replace(":path}", "}")

    @property
    def methods(self) -> tuple[HttpMethod, ...]:
        """None named: what can be got can be asked for its headers alone."""
        return () if self.method == "get" else (HttpMethod(self.method.upper()),)

    @property
    def who(self) -> str:
        return self.readers.says if self.readers else "everybody, without a token"


async def respond(route: Route, request: Asked) -> Response[bytes]:
    """Answer who may ask. Raises what `asker_of` raises, and NotAllowed."""
    if route.readers is not None:
        asking = (
            followers_of(request).lately.asker_of(request) if route.often else asker_of(request, network_of(request))
        )
        asker = await asking
        if not route.readers.admit(asker):
            raise NotAllowed(asker.role, f"use {route.path}", route.readers.says)
    return await route.respond(request)


def reply(request: Asked, body: bytes, media_type: str, caching: str) -> Response[bytes]:
    """The answer, or that who asks has it already."""
    tag = f'"{hashlib.sha256(media_type.encode() + body).hexdigest()[:32]}"'
    same = has_tag(request.headers.get("if-none-match"), tag)
    return Response(
        content=b"" if same else body,
        status_code=304 if same else 200,
        headers={"ETag": tag, "Cache-Control": caching},
        media_type=media_type,
    )
