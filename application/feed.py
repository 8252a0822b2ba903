"""What subscribers get: of the log the events that a reader may see and wants, as exact bytes, and how far was looked for them.

One cursor everywhere: the position. Who asks after a position gets what comes behind it, and the position up to which all has
been looked at, so that a reader whose events are rare moves on all the same.
"""

import asyncio
from collections.abc import Hashable, Sequence
from typing import Final, NamedTuple, Self

from msgspec import Struct

from application.desk import Asker
from application.door import Malformed
from application.entry import Entry, entries_of
from application.envelope import PAGE_EVENTS
from application.ports import Log
from application.registry import EVENT_TYPES
from application.tail import Tail
from application.visibility import may_see, rights_of, sees_all
from domain.kernel import Refused

LOOK_MAX: Final = 20_000
"""Events looked through for one portion: a reader whose events are rare asks again from where it got to."""
BYTES_MAX: Final = 4_000_000
"""Bytes of one portion, and the event with which they are reached."""
ROWS: Final = 1_000
"""Rows of one read, where no page is sealed yet."""
PAGES: Final = 4
"""Pages of one read: what nobody asked for is read in vain."""
NAMES_MAX: Final = 50
"""Of types, and of ids, that one wish names."""
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
    newest: bytes | None = None
    """The event there, as it was looked at; None where none was."""


class Reader:
    """Somebody who reads the feed: who they are decides what they may see, their wish what of it they get."""

    def __init__(self, asker: Asker, wish: Wish) -> None:
        self._asker, self._wish = asker, wish
        self._sees_all = sees_all(asker)
        self.gets_all = self._sees_all and wish == Wish()
        self.key: Hashable = (rights_of(asker), wish)
        """The same for readers who get the same."""

    def admits(self, entry: Entry) -> bool:
        """Whether this reader gets an event. Raises EventUnreadable."""
        if self.gets_all:
            return True
        wish, recorded = self._wish, entry.recorded
        return (
            (not wish.types or recorded.type in wish.types)
            and (not wish.about or not wish.about.isdisjoint(entry.tags))
            and (self._sees_all or may_see(self._asker, recorded))
        )


class LogEndsBefore(Refused):
    """A position behind the log's end. Positions are given out once and committed, so whoever has it read another log.

    To wait for it would be to pass over, in silence, all that is recorded anew at the positions before it.
    """

    def __init__(self, after: int, head: int) -> None:
        super().__init__(
            f"The log ends at {head:,}, before the position {after:,}: it was put back to an earlier state, or the position is "
            "another network's. Compare what you have with /v1/events/POSITION, and go on behind the last event that is the same."
        )


class LogPutBack(Refused):
    """The log is another one than when somebody began to follow it."""

    def __init__(self, head: int) -> None:
        super().__init__(
            f"The log was put back to an earlier state and ends at {head:,} now. Compare what you have with "
            "/v1/events/POSITION, and go on behind the last event that is the same."
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

    @property
    def era(self) -> Hashable:
        """Another one as soon as this process finds that the log was put back, or is another one than was followed."""
        return self._log.era, self.tail.era

    def follow(self) -> None:
        """Follow the log from now on, for who keeps something of it: it is noticed by that if it was put back."""
        self.tail.follow()

    async def check(self, after: int) -> None:
        """Whether the log reaches to a position, which others may have learned before this process. Raises LogEndsBefore."""
        if after and (self.tail.end is None or self.tail.end < after):
            head = (await self._log.head()).position
            if head < after:
                raise LogEndsBefore(after, head)

    async def check_era(self, era: Hashable) -> None:
        """Whether the log is still the one it was. Raises LogPutBack."""
        if self.era != era:
            raise LogPutBack((await self._log.head()).position)

    async def portion(self, reader: Reader, after: int, *, limit: int) -> Portion:
        """What comes next for a reader: at most `limit` events, 4 MB or what is in 20,000 events of the log.

        Nothing, and `looked == after`, at the end of the log. Raises Unavailable.
        """
        lines: list[Line] = []
        looked, size, newest = after, 0, None
        # Of what is filtered nobody knows how much it takes.
        wanted = limit if reader.gets_all else LOOK_MAX
        kept = None
        # The newest events end it: whoever waited for each that comes meanwhile would come to no end while the log is busy.
        while kept is None and looked - after < LOOK_MAX:
            kept = self.tail.after(looked)
            entries = await self._stored(looked, wanted - len(lines)) if kept is None else kept
            if not entries:
                break
            for entry in entries:
                looked, newest = entry.position, entry.body
                if reader.admits(entry):
                    lines.append(Line(entry.position, entry.body))
                    size += len(entry.body)
                    if len(lines) == limit or size >= BYTES_MAX:
                        return Portion(tuple(lines), looked, newest)
            if kept is None:
                await asyncio.sleep(0)  # others have their turn
        return Portion(tuple(lines), looked, newest)

    async def holds(self, portion: Portion) -> bool:
        """Whether the log still has what is in a portion: the newest events are kept here for seconds after it was put back.

        For who cannot take back what they pass on. Raises Unavailable.
        """
        if not portion.lines:
            return True
        newest = portion.lines[-1]  # where that is the same, so is what lies before it
        return await self._log.body(newest.position) == newest.body

    async def wait(self, after: int, seconds: float) -> bool:
        """Whether there is anything after a position, as soon as there is, or when the time is up."""
        return await self.tail.wait(after, seconds)

    async def _stored(self, position: int, limit: int) -> Sequence[Entry]:
        """The next events: of old ones whole pages, else rows."""
        number = position // PAGE_EVENTS
        first = number * PAGE_EVENTS + 1
        pages = await self._log.pages(number, limit=min(PAGES, -(-(position % PAGE_EVENTS + limit) // PAGE_EVENTS)))
        if pages:
            return entries_of(b"".join(pages).splitlines(), first)[position - first + 1 :]
        return entries_of(await self._log.bodies(position, limit=ROWS), position + 1)


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
    if "*" in pattern and not (pattern.endswith(".*") and pattern.count("*") == 1):
        raise Malformed(
            "?types",
            f"{pattern:.80} is no form of types; `tasma.revenue.*` stands for all that begin so: one star, at the end, after a full stop",
        )
    if not found:
        raise Malformed("?types", f"No event has the type {pattern:.80}; `/asyncapi.json` names them all")
    return found
