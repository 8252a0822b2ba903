"""Who asks, and what their request says: the token, the headers, the body."""

import asyncio
from datetime import datetime
from typing import cast
from uuid import UUID

from litestar.exceptions import InternalServerException

from adapters.http.network import Asked, Network
from adapters.http.problems import BadHeader, BodyTooSlow, NoSuchPath, NotSentAsJson
from application.access import TokenMissing, id_of
from application.desk import Asker
from application.door import BODY_BYTES_MAX, BodyTooLarge, NotAllowed, NotJson

_ASKER = "asker"
READ_BYTES_MAX = 8 * BODY_BYTES_MAX
BODY_SECONDS = 30
"""How long a body may take to arrive."""
YEARS = (1970, 2199)
"""Of a simulated clock: ids carry milliseconds since 1970, and deadlines have to fit behind."""


async def asker_of(request: Asked, network: Network) -> Asker:
    """Who sends this; a token is looked up once. Raises TokenMissing, TokenUnknown, TokenExpired, TokenRevoked, BadHeader."""
    if known := request.state.get(_ASKER):
        return cast("Asker", known)
    return remember(request, await network.tokens.find(bearer_of(request)))


def remember(request: Asked, asker: Asker) -> Asker:
    """Who sends this, as found out already."""
    request.state[_ASKER] = asker
    return asker


def token_id_of(request: Asked) -> str:
    """What the token that comes with this is called. Raises TokenMissing, TokenUnknown, BadHeader."""
    return id_of(bearer_of(request))


def bearer_of(request: Asked) -> str:
    """The token that comes with this. Raises TokenMissing, BadHeader."""
    scheme, _, bearer = (header_of(request, "Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not bearer.strip():
        raise TokenMissing
    return bearer.strip()


def key_of(request: Asked) -> UUID | None:
    """The idempotency key, if one is given. Raises BadHeader."""
    given = header_of(request, "Idempotency-Key")
    if given is None:
        return None
    if not given.strip():
        raise BadHeader("Idempotency-Key", "It is empty; make a UUID for each command, or leave the header out")
    try:
        return UUID(given.strip('"'))  # the header's draft standard quotes it, most clients do not
    except ValueError:
        raise BadHeader("Idempotency-Key", f"{given:.80} is no UUID; make one for each command") from None


def time_of(request: Asked, asker: Asker) -> datetime | None:
    """The time a command is sent at in a constructed network, if one is given. Raises NotAllowed and BadHeader.

    A simulated clock is everybody's and only goes forward, so whoever runs the network sets it and nobody else.
    """
    given = header_of(request, "Tasma-At")
    if given is None:
        return None
    if asker.role != "coordinator":
        raise NotAllowed(asker.role, "set the time of a command", "coordinator")
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadHeader("Tasma-At", f"{given:.80} is no time with a zone, such as 2019-03-05T09:00:00+02:00")
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise BadHeader("Tasma-At", f"{given:.80} is outside the years {YEARS[0]} to {YEARS[1]}")
    return moment


def header_of(request: Asked, name: str) -> str | None:
    """A header that has one value at most. Raises BadHeader."""
    given = request.headers.getall(name, [])
    if len(given) > 1:
        raise BadHeader(name, "This is given twice; give it once")
    return given[0] if given else None


def check_content_type(request: Asked) -> None:
    """A body says that it is JSON in UTF-8, or nothing at all. Raises NotSentAsJson."""
    sent_as = ", ".join(request.headers.getall("content-type", []))
    if not sent_as:
        return
    media_type, *parameters = (part.strip().lower() for part in sent_as.split(";"))
    if media_type != "application/json" or not set(parameters) <= {"", "charset=utf-8", 'charset="utf-8"'}:
        raise NotSentAsJson(sent_as)


async def body_of(request: Asked, *, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """The body, kept no further than the limit. Raises BodyTooLarge, BodyTooSlow and NotJson.

    What is a little too large is read to its end and thrown away: a client that is still sending would meet a closed
    connection instead of the answer.
    """
    announced, read_max = request.headers.get("content-length", "0"), max(READ_BYTES_MAX, 2 * bytes_max)
    if announced.isdigit() and int(announced) > read_max:
        raise BodyTooLarge(int(announced), bytes_max)
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > read_max:
                    break
                if size <= bytes_max:
                    body += chunk
    except InternalServerException:
        raise NotJson("it broke off before its end") from None
    except TimeoutError:
        raise BodyTooSlow(BODY_SECONDS) from None
    if size > bytes_max:
        raise BodyTooLarge(size, bytes_max)
    return bytes(body)


def check_path(request: Asked) -> None:
    """No control character ever reaches a store: nothing has one in its id. Raises NoSuchPath."""
    for value in request.path_params.values():
        if not str(value).isprintable():
            raise NoSuchPath(request.url.path)
