"""How a delivery's connection is made: to the very address that was checked, and closed however it ends.

httpcore is used without httpx's client, which is all that a delivery must not have: redirects, cookies, proxies and passwords
of the environment, decoding. And without httpcore's pool, which loses a place when a request in it is cancelled
(github.com/encode/httpcore/issues/1093), as ours are whenever their time is over.
"""

import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import Final

import httpcore

from adapters.webhooks.addresses import is_delivered_to

HEAD_BYTES_MAX: Final = 16_384
BODY_BYTES_MAX: Final = 1_024
"""Read of an answer's body, only to use the connection again; one that says more is closed."""
KEPT_SECONDS_MAX: Final = 4
"""Servers commonly hang up after five idle seconds; a delivery must not be under way just then."""

NAME_NOT_FOUND: Final = "The name of the host is not found."
NOT_REACHABLE_BY_ALL: Final = (
    "The name of the host is not found, or leads to an address that not everybody on the internet reaches."
)
"""One sentence for both, and nothing is connected to: it does not say which names an inner network has. How long the answer took
may tell: one that a near name server knows is found sooner."""
NO_CONNECTION: Final = "The host takes no connection."
TLS_FAILED: Final = (
    "TLS fails: the host's certificate is not valid for its name, it speaks neither TLS 1.2 nor 1.3, "
    "or it asks for a certificate of the sender."
)

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""All addresses of a name, as text, the best first. Raises OSError when there are none, and Failed for another reason."""

_ATTEMPT_SECONDS_MAX: Final = 3
"""For a connection to one of several addresses."""
_READ_BYTES: Final = HEAD_BYTES_MAX + BODY_BYTES_MAX + 1
"""At a time: more than any answer that is read to its end, so that nothing behind it is left where it cannot be seen."""


class Failed(Exception):
    """No connection came about; `why` is the sentence to give."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Connection:
    """A connection to one origin, and what is left to close of it however it ended."""

    def __init__(
        self,
        origin: httpcore.Origin,
        tls: ssl.SSLContext,
        resolve: Resolve,
        *,
        private: bool,
        kept_seconds_max: float = KEPT_SECONDS_MAX,
    ) -> None:
        self.origin = origin
        self._way = _Way(resolve, private=private)
        self._http = httpcore.AsyncHTTPConnection(
            origin, ssl_context=tls, keepalive_expiry=kept_seconds_max, network_backend=self._way
        )

    async def ask(self, request: httpcore.Request) -> httpcore.Response:
        self._way.allow(HEAD_BYTES_MAX)
        return await self._http.handle_async_request(request)

    async def read_out(self, response: httpcore.Response) -> bool:
        """Read a short body to its end; whether the connection can be used again: not with anything behind the body."""
        self._way.allow(min(BODY_BYTES_MAX, _length_of(response)))
        async for _ in response.aiter_stream():
            pass
        await response.aclose()
        return self._http.is_idle() and not self._http.has_expired()

    def is_over(self) -> bool:
        return self._http.has_expired()

    async def close(self) -> None:
        await self._way.close()


class _Way(httpcore.AsyncNetworkBackend):
    """How one connection is made: the name is resolved here alone, each address checked, and one of those connected to."""

    def __init__(self, resolve: Resolve, *, private: bool) -> None:
        self._resolve, self._private = resolve, private
        self._dial = httpcore.AnyIOBackend()
        self._streams: list[_Stream] = []
        self._bytes_left = 0

    def allow(self, size: int) -> None:
        """From here on so many more bytes are read."""
        self._bytes_left = size

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        del timeout  # one time bounds the whole delivery
        for address in await self._checked(host, port):
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self.opened(
                    await self._dial.connect_tcp(address, port, _ATTEMPT_SECONDS_MAX, local_address, socket_options)
                )
        raise Failed(NO_CONNECTION)

    async def _checked(self, host: str, port: int) -> Sequence[str]:
        try:
            found = [ip_address(text) for text in dict.fromkeys(await self._resolve(host, port))]
        except (OSError, ValueError):  # ValueError: what is no address, or a name that the resolver cannot encode
            found = []
        if not found or not all(is_delivered_to(address, private=self._private) for address in found):
            raise Failed(NAME_NOT_FOUND if self._private else NOT_REACHABLE_BY_ALL)
        return [str(address) for address in found]

    def opened(self, stream: httpcore.AsyncNetworkStream) -> httpcore.AsyncNetworkStream:
        self._streams.append(_Stream(stream, self))
        return self._streams[-1]

    def bytes_left(self) -> int:
        """How much may be read now. Raises ReadError when the answer is longer than is read."""
        if self._bytes_left <= 0:
            raise httpcore.ReadError("The answer is too long.")
        return self._bytes_left

    def taken(self, size: int) -> None:
        self._bytes_left -= size

    async def close(self) -> None:
        """The outermost first; httpcore leaves a socket open when it is cancelled between TCP and TLS."""
        while self._streams:
            await self._streams.pop().aclose()


class _Stream(httpcore.AsyncNetworkStream):
    """Hands over an answer in pieces that end where it may end: who reads it asks for no more, and what is left came uncalled for.

    Such bytes would be taken for the answer to the next request, before its receiver has seen it. A head and a body in chunks
    end with a line; a body of a stated length ends with what is allowed to be read.
    """

    def __init__(self, inner: httpcore.AsyncNetworkStream, way: _Way) -> None:
        self._inner, self._way = inner, way
        self._unread = b""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
        size = min(max_bytes, self._way.bytes_left())
        if not self._unread:
            self._unread = await self._inner.read(_READ_BYTES, timeout)
        piece = self._unread[: min(size, self._unread.find(b"\n") + 1 or size)]
        self._unread = self._unread[len(piece) :]
        self._way.taken(len(piece))
        return piece

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's signature
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        try:
            return self._way.opened(await self._inner.start_tls(ssl_context, server_hostname, timeout))
        except (httpcore.ConnectError, OSError):
            raise Failed(TLS_FAILED) from None

    def get_extra_info(self, info: str) -> object:
        if info == "is_readable" and (self._unread or _holds_more(self._inner.get_extra_info("ssl_object"))):
            return True
        return self._inner.get_extra_info(info)


def _length_of(response: httpcore.Response) -> int:
    """Of the body, as far as it is stated; httpcore has checked the headers."""
    said = {name.lower(): value for name, value in response.headers}
    return BODY_BYTES_MAX if b"transfer-encoding" in said else int(said.get(b"content-length", BODY_BYTES_MAX))


def _holds_more(tls: object) -> bool:
    """Whether TLS has received more records, or the end: the socket does not tell."""
    if not isinstance(tls, ssl.SSLObject):
        return False
    try:
        tls.read(1)
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLError:
        return True
    return True
