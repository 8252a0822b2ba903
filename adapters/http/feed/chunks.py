"""What is said on a stream, made once for all who get the same from the same place on."""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from msgspec import Struct

from application.envelope import PAGE_EVENTS
from application.feed import Feed, Portion, Reader

KEPT_BYTES: Final = 16_000_000
KEPT_CHUNKS: Final = 256


class Chunk(Struct, frozen=True):
    """Whole messages of a stream."""

    looked: int
    """The position up to which it brings who gets it; where they were, if there is nothing for anybody yet."""
    text: bytes


class Chunks:
    """The last that were made. No reader has a buffer: each has a position, and the chunk that their connection is taking."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Chunk] = OrderedDict()
        self._making: dict[Hashable, asyncio.Task[Chunk]] = {}
        self._bytes = 0

    async def after(self, feed: Feed, reader: Reader, position: int) -> Chunk:
        """What comes next for a reader, to the end of a page at most. Raises Unavailable."""
        key = (feed.era, position, reader.key)
        chunk = self._kept.get(key)
        if chunk is None and feed.tail.after(position) is not None:
            chunk = await _made(feed, reader, position)  # of what is at hand: nobody else comes between
            self._keep(key, position, chunk)
        return chunk or await self._read(key, feed, reader, position)

    async def _read(self, key: Hashable, feed: Feed, reader: Reader, position: int) -> Chunk:
        """What has to be read first, by a task of its own: whoever asked may hang up while others wait for the same."""
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.create_task(_made(feed, reader, position), name="tasma feed chunk")
            making.add_done_callback(lambda _: self._making.pop(key))
        chunk = await asyncio.shield(making)
        if key not in self._kept:
            self._keep(key, position, chunk)
        return chunk

    def _keep(self, key: Hashable, position: int, chunk: Chunk) -> None:
        """Of the end of the log nothing is kept: the next one asks anew."""
        if chunk.looked == position:
            return
        self._kept[key] = chunk
        self._bytes += len(chunk.text)
        while self._bytes > KEPT_BYTES or len(self._kept) > KEPT_CHUNKS:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.text)


async def _made(feed: Feed, reader: Reader, position: int) -> Chunk:
    portion = await feed.portion(reader, position, limit=PAGE_EVENTS - position % PAGE_EVENTS)
    return Chunk(portion.looked, said(portion))


def said(portion: Portion) -> bytes:
    """A portion as messages: events, and how far was looked where that is further."""
    events = [b"id: %d\ndata: %b\n\n" % (line.position, line.body) for line in portion.lines]
    if not events or portion.lines[-1].position < portion.looked:
        events.append(b"id: %d\n\n" % portion.looked)
    return b"".join(events)
