"""An answer without end: sent chunk by chunk as it is taken, until it ends, who listens hangs up, or takes nothing any more."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, aclosing
from typing import Any, Final

import structlog
from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import HTTPResponseBodyEvent, Receive, Scope, Send

from adapters.http.feed.hanging_up import hang_up

TAKE_SECONDS: Final = 60.0
"""How long somebody may leave a chunk lying: the connection is closed then, and they come back with their position."""
LOOK_SECONDS: Final = 5.0
"""How often that is looked at."""

logger = structlog.get_logger()


class Spoken(Response[bytes]):
    """The response, with what is held while it lasts."""

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        holding: AbstractContextManager[object],
        *,
        media_type: str,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(b"", media_type=media_type, headers=dict(headers))
        self._chunks, self._holding = chunks, holding

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:  # noqa: ANN401 - what the framework could add is not used
        return _Speech(self._chunks, self._holding, media_type=str(self.media_type), headers=self.headers)


class _Speech(ASGIResponse):
    _should_set_content_length = False

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        holding: AbstractContextManager[object],
        *,
        media_type: str,
        headers: dict[str, Any],
    ) -> None:
        super().__init__(media_type=media_type, headers=headers)
        self._chunks, self._holding = chunks, holding
        self._lying: float | None = None
        """Since when a chunk waits to be taken."""
        self._cut = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
            if self._cut:
                logger.info("feed.not_taken", seconds=TAKE_SECONDS, closed=hang_up(scope))
        finally:
            self._holding.__exit__(None, None, None)

    async def send_body(self, send: Send, receive: Receive) -> None:
        talk = asyncio.create_task(self._talk(send), name="tasma feed stream")
        hear = asyncio.create_task(_hung_up(receive), name="tasma feed listener")
        clock, done = asyncio.get_running_loop().time, set[asyncio.Task[None]]()
        try:
            while not done and (self._lying is None or clock() - self._lying < TAKE_SECONDS):
                done, _ = await asyncio.wait({talk, hear}, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            talk.cancel()
            hear.cancel()
            ended, _ = await asyncio.gather(talk, hear, return_exceptions=True)
        self._cut = not done
        if isinstance(ended, Exception):
            logger.error("feed.stream_failed", exc_info=ended)

    async def _talk(self, send: Send) -> None:
        clock = asyncio.get_running_loop().time
        async with aclosing(self._chunks) as chunks:  # type: ignore[type-var] # an asynchronous generator
            async for chunk in chunks:
                self._lying = clock()
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                self._lying = None
        end: HTTPResponseBodyEvent = {"type": "http.response.body", "body": b"", "more_body": False}
        await send(end)


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
