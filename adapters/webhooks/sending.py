"""One delivery over HTTP: sent once, within its time, and the answer is hardly read."""

import asyncio
import re
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Final, Self

import httpcore
from msgspec import Struct

from adapters.webhooks.addresses import Place, place_of
from adapters.webhooks.connecting import KEPT_SECONDS_MAX, TLS_FAILED, Connection, Failed, Resolve
from adapters.webhooks.names import Names
from application.door import Malformed

SECONDS_MAX: Final = 10
"""For a whole delivery: names, connections, TLS, request and answer."""

KEPT_MAX: Final = 64
"""Connections that wait for a next delivery: each holds a file open."""

URL_REFUSED: Final = "Deliveries do not go to URLs of this form."
TOO_SLOW: Final = "There was no answer within 10 seconds."
BROKEN: Final = "The connection ended without an answer in HTTP/1.1."
REDIRECTED: Final = "The answer is a redirect, and none is followed; subscribe with the final URL."
NOT_2XX: Final = "The answer is not a success (2xx)."

_BODY_SECONDS_MAX: Final = 1
_SUCCESS: Final = range(200, 300)
_REDIRECT: Final = range(300, 400)
_DELAY = re.compile(r"[0-9]{1,9}", re.ASCII)
_BROKEN_BY = (httpcore.NetworkError, httpcore.RemoteProtocolError, httpcore.TimeoutException, OSError)
"""A TimeoutError is an OSError, and so is one of TLS."""


class Answer(Struct, frozen=True):
    """What became of a delivery."""

    status: int | None
    """None: there was no answer in HTTP."""
    why: str
    """A fixed sentence, empty when it was taken; nothing of the answer, nor of addresses."""
    seconds: float
    retry_after: int | None = None
    """Seconds that the receiver asks for."""


class Sender:
    """Sends deliveries, so many at a time. An asynchronous context manager.

    `resolve` finds addresses, `tls` says whom to trust: by default the system's resolver, its certificates and Mozilla's.
    """

    def __init__(
        self,
        private: bool,  # noqa: FBT001 - as said by the one setting
        connections: int = 32,
        *,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        seconds_max: float = SECONDS_MAX,
        kept_seconds_max: float = KEPT_SECONDS_MAX,
    ) -> None:
        self._private = private
        self._connections = connections
        self._turns = asyncio.Semaphore(connections)
        self._resolve = resolve or Names().addresses
        self._tls = tls or httpcore.default_ssl_context()
        self._seconds_max = seconds_max
        self._kept_seconds_max = kept_seconds_max
        self._kept: list[Connection] = []
        self._sweeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
        while self._kept:
            await self._kept.pop().close()

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a body and say what came back. Raises nothing for what a receiver or the net does."""
        async with self._turns:
            started = time.monotonic()
            status, why, retry_after = await self._sent(url, headers, body)
            return Answer(status, why, time.monotonic() - started, retry_after)

    async def _sent(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int | None, str, int | None]:
        try:
            response = await self._exchanged(_request(place_of(url, private=self._private), headers, body))
        except (Malformed, Failed, *_BROKEN_BY) as error:
            return None, _why_of(error), None
        if response.status in _SUCCESS:
            return response.status, "", None
        return response.status, REDIRECTED if response.status in _REDIRECT else NOT_2XX, _retry_after(response.headers)

    async def _exchanged(self, request: httpcore.Request) -> httpcore.Response:
        """The answer's head. What was said in it counts, whatever becomes of the body behind it."""
        clock = asyncio.get_running_loop().time
        until = clock() + self._seconds_max
        connection = await self._connection(request.url.origin)
        again = False
        try:
            async with asyncio.timeout_at(until):
                response = await connection.ask(request)
            with suppress(*_BROKEN_BY):
                async with asyncio.timeout_at(min(until, clock() + _BODY_SECONDS_MAX)):
                    again = await connection.read_out(response)
        finally:
            if again:
                await self._keep(connection)
            else:
                await connection.close()
        return response

    async def _connection(self, origin: httpcore.Origin) -> Connection:
        """One that is kept to the same scheme, host and port, or a new one; those that are over are closed on the way."""
        await self._close_over()
        for number, connection in enumerate(self._kept):
            if connection.origin == origin:
                return self._kept.pop(number)
        return Connection(
            origin, self._tls, self._resolve, private=self._private, kept_seconds_max=self._kept_seconds_max
        )

    async def _keep(self, connection: Connection) -> None:
        self._kept.append(connection)
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = asyncio.create_task(self._sweep())
        while len(self._kept) > min(self._connections, KEPT_MAX):
            await self._kept.pop(0).close()

    async def _sweep(self) -> None:
        """Closes those that are over while nothing is delivered; ends when none is kept."""
        while self._kept:
            await asyncio.sleep(self._kept_seconds_max)
            await self._close_over()

    async def _close_over(self) -> None:
        while over := next((each for each in self._kept if each.is_over()), None):
            self._kept.remove(over)
            await over.close()


def _why_of(error: Exception) -> str:
    match error:
        case Malformed():
            return URL_REFUSED
        case Failed():
            return error.why
        case TimeoutError():
            return TOO_SLOW
        case ssl.SSLError():
            return TLS_FAILED
        case _:
            return BROKEN


def _request(place: Place, headers: Mapping[str, str], body: bytes) -> httpcore.Request:
    return httpcore.Request(
        "POST",
        httpcore.URL(scheme=place.scheme, host=place.host, port=place.port, target=place.target),
        headers=[
            ("Host", place.authority),
            ("User-Agent", "Tasma/1 (webhook)"),
            ("Accept-Encoding", "identity"),
            ("Content-Length", str(len(body))),
            *headers.items(),
        ],
        content=body,
    )


def _retry_after(headers: Sequence[tuple[bytes, bytes]]) -> int | None:
    """Retry-After (RFC 9110, 10.2.3) in seconds; a time of day is reckoned from the answer's own Date."""
    said = {name.lower(): value.decode("latin-1").strip() for name, value in headers}
    after = said.get(b"retry-after", "")
    if _DELAY.fullmatch(after):
        return int(after)
    try:
        until, now = (parsedate_to_datetime(text).replace(tzinfo=UTC) for text in (after, said.get(b"date", "")))
    except (ValueError, OverflowError):
        return None
    return max(0, int((until - now).total_seconds()))
