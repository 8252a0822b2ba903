"""The log as sealed pages: what is long past is read 256 events at a time and decoded in one pass, the rest as rows.

Of a page only the wanted events are decoded. Where decisions end is looked up at the end of a slice, so that none is cut
in two, and everywhere else only when somebody asks.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain, pairwise
from typing import overload
from uuid import UUID

from adapters.projecting.slices import Facts, LogSlices, Slice, decision_of, id_of, unreadable_at
from application.envelope import PAGE_EVENTS, UNREADABLE, Excerpt, Passed, Recorded, decode, line_decoder
from application.ports import Log
from domain.kernel import Event
from projections.rows import At, Reading, read_as

READ_PAGES = 20
"""Pages of one read."""
SLICE_PAGES = 4
"""Pages of one slice: folding 1,024 events keeps the event loop busy for about 5 ms."""
ROW_EVENTS = 1_000
"""Rows of one slice."""
Lines = Callable[[bytes], Sequence[Recorded | Excerpt | Passed]]


class PageSlices:
    """A source for who folds from far back and wants only some types. It serves one reader that moves forward."""

    def __init__(
        self,
        log: Log,
        wanted: frozenset[type[Event]],
        readings: frozenset[type[Reading]] = frozenset(),
        *,
        pages: int = READ_PAGES,
        rows: int = ROW_EVENTS,
    ) -> None:
        """`readings`: what the fold takes in place of some of the wanted events; of sealed events no more is decoded."""
        self._log = log
        self._decode = line_decoder(wanted, frozenset(read_as(readings).items())).decode_lines
        self._pages = pages
        self._rows = LogSlices(log, events=rows, kept=0)
        self._last: _Page | None = None
        self._bodies: tuple[int, Sequence[bytes]] = (0, ())
        """Read and not yet given, from a number on."""
        self._ahead: tuple[int, asyncio.Task[Sequence[bytes]]] | None = None

    async def after(self, position: int) -> Slice | None:
        """The slice after a position: of sealed events as far as there are pages, else of rows.

        Among its facts is all that is wanted. Raises Unavailable while the log cannot be reached.
        """
        last = self._last
        pages = await self._read(position)
        to = pages[-1].last_end if pages else 0
        if to <= position:
            return await self._rows.after(position)
        self._last = pages[-1]
        facts = list(chain.from_iterable(page.facts for page in pages))
        if position >= pages[0].first or to < pages[-1].last:
            facts = facts[bisect_right(facts, position, key=_position) : bisect_right(facts, to, key=_position)]

        def event_at(position: int) -> UUID | None:
            known = (page for page in (last, *pages) if page and page.first <= position <= page.last)
            return next((page.event_at(position) for page in known), None)

        return Slice(facts, to, _Ends(pages, position, to), event_at(position), event_at)

    async def _read(self, position: int) -> list["_Page"]:
        """The pages from the next position on, without a hole. The one in which the slice before ended is still here."""
        number = position // PAGE_EVENTS
        pages = [self._last] if self._last and self._last.first == number * PAGE_EVENTS + 1 else []
        number += len(pages)
        first = number * PAGE_EVENTS + 1
        for body in await self._next(number):
            page = _page(first, body, self._decode)
            if page is None:
                break
            pages.append(page)
            first += PAGE_EVENTS
        return pages

    async def _next(self, number: int) -> Sequence[bytes]:
        """The pages of the slice from a number on."""
        first, bodies = self._bodies
        if first != number or not bodies:
            bodies = await self._fetch(number)
        else:
            await asyncio.sleep(0)  # others have their turn
        self._bodies = number + SLICE_PAGES, bodies[SLICE_PAGES:]
        return bodies[:SLICE_PAGES]

    async def _fetch(self, number: int) -> Sequence[bytes]:
        """The pages from a number on; while they are folded, the database already sends the next ones."""
        ahead, self._ahead = self._ahead, None
        if ahead and ahead[0] == number:
            bodies = await ahead[1]
        else:
            bodies = await self._log.pages(number, limit=self._pages)
        if len(bodies) == self._pages:
            number += len(bodies)
            task = asyncio.ensure_future(self._log.pages(number, limit=self._pages))
            task.add_done_callback(_heard)
            self._ahead = number, task
        await asyncio.sleep(0)  # the next request goes out, and others have their turn
        return bodies


def _position(fact: tuple[At, object]) -> int:
    return fact[0].position


def _heard(task: "asyncio.Task[Sequence[bytes]]") -> None:
    """Take note of how a reading ahead ended: when the reader goes away before that, nobody else does."""
    if not task.cancelled():
        task.exception()


class _Page:
    """A sealed page with what is wanted of it."""

    def __init__(self, first: int, body: bytes, found: Sequence[Recorded | Excerpt | Passed] | None) -> None:
        """`found`: what its lines hold; None where it cannot be told of all at once."""
        self.first, self.last = first, first + PAGE_EVENTS - 1
        self.facts: Facts = []
        self._body = body
        if found is None:
            self._decode_singly()
        else:
            self.facts = [(At(n, r.time), r.data) for n, r in enumerate(found, first) if not isinstance(r, Passed)]

    @cached_property
    def lines(self) -> list[bytes]:
        return [line for line in self._body.split(b"\n") if line]

    @property
    def last_end(self) -> int:
        """The last position that is surely the end of a decision: the one of the page's last event may go on beyond it."""
        body, end, decision, last = self._body, len(self._body), None, self.last + 1
        while last > self.first:
            begin = body.rfind(b"\n", 0, end - 1) + 1
            found = decision_of(body[begin:end])
            if found != (decision or found):
                break
            decision, end, last = found, begin, last - 1
        return last - 1

    def decisions(self) -> list[tuple[int, UUID]]:
        """Each position with the decision that its event is of."""
        return [(n, decision_of(line)) for n, line in enumerate(self.lines, self.first)]

    def event_at(self, position: int) -> UUID | None:
        """The id of the event at a position."""
        return id_of(self.lines[position - self.first])

    def _decode_singly(self) -> None:
        for position, line in enumerate(self.lines, self.first):
            try:
                recorded = decode(line)
                self.facts.append((At(position, recorded.time), recorded.data))
            except UNREADABLE as error:
                self.facts.append(unreadable_at(position, line, error))


def _page(first: int, body: bytes, decode_lines: Lines) -> _Page | None:
    """A page; None where it is not what its number says: 256 lines, the first of its first position."""
    if not (body.startswith(b'{"sequence":"%020d"' % first) and body.endswith(b"}\n")):
        return None
    try:
        found = decode_lines(body)
    except UNREADABLE:
        return _Page(first, body, None) if body.count(b"\n") == PAGE_EVENTS else None
    return _Page(first, body, found) if len(found) == PAGE_EVENTS else None


class _Ends(Sequence[int]):
    """Where the decisions of a slice end, looked up at the first question."""

    def __init__(self, pages: Sequence[_Page], after: int, to: int) -> None:
        self._pages, self._after, self._to = pages, after, to

    @cached_property
    def _found(self) -> list[int]:
        decisions = [d for page in self._pages for d in page.decisions() if self._after < d[0] <= self._to]
        return [*(n for (n, one), (_, next_one) in pairwise(decisions) if one != next_one), self._to]

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...
    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        return self._found[index]
