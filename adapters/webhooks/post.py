"""The way out for everything that is delivered: checked, signed, sent."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from adapters.webhooks.addresses import checked_url
from adapters.webhooks.sending import Answer, Sender
from adapters.webhooks.signing import headers_of, new_secret

BATCH: Final = "application/cloudevents-batch+json"
CONNECTIONS: Final = 256
"""As many as deliveries are under way at once, so that none waits here for another."""


class WebhookPost:
    """Implements `application.subscription_ports.Post`. An asynchronous context manager: at its end it closes its connections.

    `private`: whether it also goes to http, and to addresses that not everybody reaches. What sends is made when something is
    sent for the first time: most processes send nothing.
    """

    def __init__(self, *, private: bool, draw: Callable[[int], bytes]) -> None:
        self._private, self._draw = private, draw
        self._sender: Sender | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sender is not None:
            await self._sender.__aexit__(kind, error, trace)
            self._sender = None

    def check(self, url: str) -> str:
        """The URL, if anything is ever sent there. Raises Malformed."""
        return checked_url(url, private=self._private)

    def new_secret(self) -> str:
        return new_secret(self._draw)

    async def send(
        self,
        url: str,
        secrets: Sequence[str],
        body: bytes,
        *,
        batch_id: str,
        at: datetime,
        headers: Mapping[str, str],
    ) -> Answer:
        """Send a signed body. Whatever the receiver or the net does is an answer."""
        signed = headers_of(secrets, id=batch_id, at=at, body=body)
        if self._sender is None:
            self._sender = Sender(self._private, CONNECTIONS)
        return await self._sender.send(url, {"Content-Type": BATCH, **headers, **signed}, body)
