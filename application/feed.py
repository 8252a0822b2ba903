"""What subscribers get: of the log the events that a reader may see and wants, as exact bytes, and how far was looked for them.

One cursor everywhere: the position. Who asks after a position gets what comes behind it, and the position up to which all has
been looked at, so that a reader whose events are rare moves on all the same.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable, Sequence
from typing import Final, NamedTuple, Self

from msgspec import Struct

from application.desk import Asker
from application.door import Malformed
from application.entry import Entry
from application.envelope import PAGE_EVENTS
from application.ports import Log
from application.registry import EVENT_TYPES
from application.tail import Tail
from application.visibility import may_see, sees_all

LOOK_MAX: Final = 20_000
"""Events looked through for one portion: a reader whose events are rare asks again from where it got to."""
BYTES_MAX: Final = 4_000_000
"""Bytes of one portion, and the event with which they are reached."""
ROWS: Final = 1_000
"""Rows of one read, where no page is sealed yet."""
PAGES: Final = 4
"""Pages of one read: what nobody asked for is read in vain."""
NAMES_MAX: Final = 50
NAME_LENGTH_MAX: Final = 200


class Wish(Struct, frozen=True):
    """What of all that they may see somebody wants; nothing said: all."""

    types: frozenset[str] = frozenset()
    about: frozenset[str] = frozenset()
    """Ids: events that carry any of them."""


class Line(NamedTuple):
    """One event as it is given out."""

    position: int
    body: bytes


class Portion(Struct, frozen=True):
    lines: tuple[Line, ...]
    looked: int
    """Everything up to here has been looked at: the next portion begins behind it."""


class Reader:
    """Somebody who reads the feed: who they are decides what they may see, their wish what of it they get."""

    def __init__(self, asker: Asker, wish: Wish) -> None:
        self._asker, self._wish = asker, wish
        self._sees_all = sees_all(asker)
        self.gets_all = self._sees_all and wish == Wish()
        self.key: Hashable = (asker.role, asker.organisation, asker.subject, asker.project, wish)
        """The same for readers who get the same."""

    def admits(self, entry: Entry) -> bool:
        """Whether this reader gets an event. Raises Unreadable."""
        if self.gets_all:
            return True
        wish, recorded = self._wish, entry.recorded
        return (
            (not wish.types or recorded.type in wish.types)
            and (not wish.about or not wish.about.isdisjoint(entry.tags))
            and (self._sees_all or may_see(self._asker, recorded))
        )


class Feed:
    """One network's feed in one process. An asynchronous context manager: at its end it stops following the log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.tail = Tail(log)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.tail.close()

    async def portion(self, reader: Reader, after: int, *, limit: int) -> Portion:
        """What comes next for a reader: at most `limit` events, 4 MB or what is in 20,000 events of the log.

        Nothing, and `looked == after`, at the end of the log. Raises Unavailable.
        """
        lines: list[Line] = []
        looked, size = after, 0
        while looked - after < LOOK_MAX and (entries := await self._after(looked, limit - len(lines))):
            for entry in entries:
                looked = entry.position
                if reader.admits(entry):
                    lines.append(Line(entry.position, entry.body))
                    size += len(entry.body)
                    if len(lines) == limit or size >= BYTES_MAX:
                        return Portion(tuple(lines), looked)
            await asyncio.sleep(0)  # others have their turn
        return Portion(tuple(lines), looked)

    async def until(self, reader: Reader, after: int, *, limit: int, seconds: float) -> AsyncIterator[Portion]:
        """Portions behind a position, as the log grows, until the time is up; also those with nothing for this reader."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while (left := deadline - loop.time()) > 0 and await self.wait(after, left):
            portion = await self.portion(reader, after, limit=limit)
            after = portion.looked
            yield portion

    async def wait(self, after: int, seconds: float) -> bool:
        """Whether there is anything after a position, as soon as there is, or when the time is up."""
        return await self.tail.wait(after, seconds)

    async def _after(self, position: int, limit: int) -> Sequence[Entry]:
        """The next events: of the newest those that are kept, of old ones whole pages, else rows."""
        kept = self.tail.after(position)
        if kept is not None:
            return kept
        number = position // PAGE_EVENTS
        first = number * PAGE_EVENTS + 1
        pages = await self._log.pages(number, limit=min(PAGES, -(-limit // PAGE_EVENTS) + 1))
        if pages:
            bodies = b"".join(pages).splitlines()
            return [Entry(n, body) for n, body in enumerate(bodies, first) if n > position]
        rows = await self._log.bodies(position, limit=ROWS)
        return [Entry(n, body) for n, body in enumerate(rows, position + 1)]


def wish_of(types: str | None, about: str | None) -> Wish:
    """A wish as it is written in a query: names separated by commas; `tasma.revenue.*` stands for all that begin so.

    Raises Malformed.
    """
    return Wish(
        types=frozenset(name for pattern in _names("?types", types) for name in _types_of(pattern)),
        about=frozenset(_names("?about", about)),
    )


def _names(where: str, text: str | None) -> list[str]:
    if text is None:
        return []
    names = text.split(",")
    if len(names) > NAMES_MAX or not all(
        name and name.isprintable() and len(name) <= NAME_LENGTH_MAX for name in names
    ):
        raise Malformed(where, f"Give 1 to {NAMES_MAX} names with a comma between them")
    return names


def _types_of(pattern: str) -> list[str]:
    prefix = pattern.removesuffix("*")
    found = [name for name in EVENT_TYPES if name == pattern or (prefix != pattern and name.startswith(prefix))]
    if not found or (prefix != pattern and not prefix.endswith(".")):
        raise Malformed("?types", f"No event has the type {pattern:.80}; `/asyncapi.json` names them all")
    return found
