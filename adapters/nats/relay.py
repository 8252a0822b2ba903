"""Brings a network's events into its stream, in order, each once, and follows the log.

Where it goes on is what the stream holds, nothing else is remembered. NATS or the database away: it waits and goes on. A stream
that is ahead of the log, or holds another event where they are compared, is of another network or another history: refused.

What is published cannot be taken back. So right before that the log is asked for it again: what this process keeps in memory
may be of a history that the log no longer has.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

import structlog
from msgspec import Struct

from adapters.nats.connecting import connected
from adapters.nats.message import Unrelayable, label_of, message_of
from adapters.nats.setup import name_of
from adapters.nats.stream import Stream
from adapters.nats.trouble import Denied, Overtaken, StreamRefused, Trouble
from application.desk import Asker
from application.feed import Feed, Line, Reader, Wish
from application.ports import Log, Unavailable

PORTION: Final = 1_000
WAIT_SECONDS: Final = 1.0
"""For news of the log, before it is asked whether the connection still lives."""
LOOK_SECONDS: Final = 5.0
"""While there is nothing to relay, how often it is asked whether stream and log are still what they were."""
SAMPLES: Final = 32
"""Events that are compared before anything is added to a stream."""
REPORT_SECONDS: Final = 60.0
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.25, 5.0
PATIENCE_SECONDS: Final = 30.0
"""Without any progress who does not want to wait for ever gives up."""
EVERYTHING: Final = Reader(Asker(actor="system:relay", role="coordinator"), Wish())

logger = structlog.get_logger()


class Standing(Struct, frozen=True):
    """How far a stream is behind the log."""

    stream: str
    made: bool
    position: int
    head: int
    lag_events: int
    lag_seconds: float
    """Since the first event that the stream has not got was recorded."""


class Last(Struct, frozen=True):
    """How far a stream has come."""

    position: int
    """0: it never held anything."""
    data: bytes
    """The event there."""


NOTHING: Final = Last(0, b"")


class NoProgress(Unavailable):
    def __init__(self, stream: str, position: int, until: int, why: str) -> None:
        super().__init__(
            f"The stream {stream} got no further than {position:,} of {until:,} within {PATIENCE_SECONDS:g} seconds: {why}. "
            "Nothing is lost; start the relay again when NATS and the database answer."
        )


class Relay:
    """One network's relay in one process."""

    def __init__(
        self, addresses: Sequence[str], network: str, log: Log, feed: Feed, now: Callable[[], Awaitable[datetime]]
    ) -> None:
        self._addresses, self._network = addresses, network
        self._log, self._feed, self._now = log, feed, now
        self._stream = name_of(network)
        self._position = 0
        self.state = ""
        """What was said last: it stands by, relays or waits."""
        self._told = 0.0

    async def run(self, replicas: int | None = None) -> None:
        """Relay until cancelled. Raises Refused."""
        pause = PAUSE_SECONDS
        while True:
            before = self._position
            why = await self._tried(replicas, None)
            pause = PAUSE_SECONDS if self._position > before else min(2 * pause, PAUSE_SECONDS_MAX)
            self._tell("waiting", position=self._position, why=why)
            await asyncio.sleep(pause)

    async def once(self, replicas: int | None = None) -> int:
        """Relay what the log holds now; how far the stream has come. Raises Refused and Unavailable."""
        until = (await self._log.head()).position
        clock = asyncio.get_running_loop().time
        progress, before = clock(), self._position
        while why := await self._tried(replicas, until):
            if self._position > before:
                progress, before = clock(), self._position
            if clock() - progress > PATIENCE_SECONDS:
                raise NoProgress(self._stream, self._position, until, why)
            await asyncio.sleep(PAUSE_SECONDS)
        return self._position

    async def standing(self) -> Standing:
        """How far the stream is now. Raises Refused and Unavailable."""
        try:
            async with connected(self._addresses, self._network) as stream:
                position = await stream.find()
                if position is not None:
                    await self._compared(stream, position)
        except Trouble as error:
            raise Unavailable(f"NATS does not say how far {self._stream} is: {error}") from None
        return await self._standing_at(position or 0, made=position is not None)

    def stand_by(self) -> None:
        """Say that this relay waits for its turn."""
        self._tell("stands_by")

    async def _tried(self, replicas: int | None, until: int | None) -> str | None:
        """Relay until something is in the way: what it is. None: it is done. Raises Refused."""
        try:
            await self._session(replicas, until)
        except Overtaken:
            return (
                "another relay was quicker, messages of an earlier connection arrived late, or the stream was changed"
            )
        except Denied as error:
            if until is not None:
                raise  # who relays to an end does not wait for somebody to change the server's settings
            return _said(error)
        except Unavailable as error:
            return _said(error)
        return None

    async def _session(self, replicas: int | None, until: int | None) -> None:
        """Relay over one connection, up to a position or for ever. Raises Refused, Overtaken and Unavailable."""
        clock = asyncio.get_running_loop().time
        async with connected(self._addresses, self._network) as stream:
            last, looked = await self._resumed(stream, replicas), clock()
            self._position = last.position
            self._tell("relaying", position=last.position)
            while until is None or last.position < until:
                portion = await self._feed.portion(EVERYTHING, last.position, limit=PORTION)
                if not await self._feed.holds(portion):
                    await asyncio.sleep(PAUSE_SECONDS)  # the log was put back, and the feed is about to notice it
                    continue
                if portion.lines:
                    await self._check_same(last)  # if it was put back, it may be to before the stream's end
                    last = await self._send(stream, portion.lines)
                elif clock() - looked >= LOOK_SECONDS:
                    await self._check_same(last)
                    await self._check_end(stream, last.position)
                else:
                    if until is not None:
                        await self._feed.check(until)
                    await self._feed.wait(last.position, WAIT_SECONDS)
                    stream.check_alive()
                    continue
                self._position, looked = last.position, clock()
                if until is None and self._is_due():
                    await self._report()

    async def _send(self, stream: Stream, lines: Sequence[Line]) -> Last:
        """Raises Refused, Overtaken and Trouble."""
        for line in lines:
            await stream.publish(line.position, message_of(self._network, line))
        await stream.landed()
        await self._check_end(stream, lines[-1].position)
        return Last(*lines[-1])

    async def _check_end(self, stream: Stream, position: int) -> None:
        """Whether the stream ends where this relay brought it. Raises StreamRefused, Overtaken and Trouble."""
        if await stream.find() != position:
            raise Overtaken

    async def _resumed(self, stream: Stream, replicas: int | None) -> Last:
        """Where to go on; a stream that is missing is made. Raises Refused and Unavailable."""
        position = await stream.find(replicas)
        if position is None:
            await stream.make(replicas or 1)
            logger.info("relay.stream_made", stream=stream.name, replicas=replicas or 1)
            return NOTHING
        return await self._compared(stream, position)

    async def _compared(self, stream: Stream, position: int) -> Last:
        """A stream's end, if it is of this log's history. Raises Refused and Unavailable.

        The last event, the first and some spread evenly between them are compared: a stream of another history is found out,
        since no two histories have one event behind the place where they part. It is not proven that nobody wrote something else
        between them: a reader who has to know holds each event against the network's tiles.
        """
        last = NOTHING
        for sample in samples_of(position):
            compared = Last(sample, await stream.event(sample))
            await self._check_same(compared, position)
            last = max(last, compared, key=lambda each: each.position)
        return last

    async def _check_same(self, held: Last, end: int | None = None) -> None:
        """Whether the log has what a stream, which ends there or further on, holds. Raises Refused and Unavailable."""
        if held.position == 0:
            return
        body = await self._log.body(held.position)
        if body is None:
            head = (await self._log.head()).position  # asked after the stream, so that the log is not the older one
            if head >= held.position:
                raise Unrelayable(held.position)
            raise self._ahead(end or held.position, head)
        if held.data != body:
            raise StreamRefused(
                f"The stream {self._stream} holds another event at {held.position:,} than the log of {self._network}: it is of "
                "another network, or of this one before a backup was restored. Connect the right one, or take the stream away, and "
                "the relay makes it anew."
            )

    def _ahead(self, position: int, head: int) -> StreamRefused:
        return StreamRefused(
            f"The stream {self._stream} is ahead of the log: it ends at {position:,}, the log of {self._network} at {head:,}. "
            "Either the database is a restored backup or another one, or the stream is of another network: connect the right "
            "one, or take the stream away, and the relay makes it anew."
        )

    async def _standing_at(self, position: int, *, made: bool = True) -> Standing:
        """Raises Refused and Unavailable."""
        head = (await self._log.head()).position
        if head < position:
            raise self._ahead(position, head)
        seconds = 0.0
        if bodies := await self._log.bodies(position, limit=1):
            waiting = label_of(Line(position + 1, bodies[0]))
            seconds = max(0.0, (await self._now() - waiting.time).total_seconds())
        return Standing(
            stream=self._stream,
            made=made,
            position=position,
            head=head,
            lag_events=head - position,
            lag_seconds=seconds,
        )

    async def _report(self) -> None:
        """Say how far it is."""
        standing = await self._standing_at(self._position)
        self._tell(
            "relaying",
            position=standing.position,
            lag_events=standing.lag_events,
            lag_seconds=round(standing.lag_seconds, 3),
        )

    def _tell(self, state: str, **more: object) -> None:
        """Say what changed, and once a minute what did not."""
        if state == self.state and not self._is_due():
            return
        level = logger.warning if state == "waiting" else logger.info
        level(f"relay.{state}", stream=self._stream, **more)
        self.state, self._told = state, asyncio.get_running_loop().time()

    def _is_due(self) -> bool:
        return asyncio.get_running_loop().time() - self._told >= REPORT_SECONDS


def samples_of(end: int) -> Sequence[int]:
    """Positions up to the end of a stream, the end first, the first one last, the others evenly between them."""
    if end == 0:
        return ()
    return sorted({1 + (end - 1) * n // (SAMPLES - 1) for n in range(SAMPLES)}, reverse=True)


def _said(error: Exception) -> str:
    return str(error).removesuffix(".")
