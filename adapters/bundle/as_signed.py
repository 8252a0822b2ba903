"""Whether a log is the one that was signed, page by page as it is read for auditors."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from itertools import zip_longest
from typing import Final, NamedTuple, Protocol

from adapters.signing import KeyFault, recorded_witness_of, verifier_of
from application.envelope import PAGE_EVENTS
from application.notes import Checkpoint, NoteFault, opened, parse_checkpoint
from application.ports import Log, Tree
from application.tree import leaf_hash
from domain.kernel import Refused

_AT_ONCE: Final = 4
"""Pages that are read together; twice as many are held in memory at most."""


class NotAsSigned(Refused):
    """A bundle of a damaged log would prove nothing but that."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; nothing was exported. `tasma audit verify` says what was changed.")


class Rows(Protocol):
    """The events themselves, beside what is sealed of them."""

    async def hashes(self, after: int, upto: int) -> Mapping[int, bytes]:
        """The leaf hashes of the events after a position up to another, by position, of those that are there."""


class Page(NamedTuple):
    """The events of a page as stored, and their leaf hashes."""

    n: int
    lines: Sequence[bytes]
    hashes: Sequence[bytes]


async def signed(tree: Tree, note: str) -> Checkpoint:
    """The checkpoint in a note, if each of its signatures that can be checked is right. Raises NotAsSigned."""
    try:
        own = [verifier_of(vkey) for vkey in await tree.verifiers()]
        witnesses = [recorded_witness_of(each.vkey) for each in await tree.witnesses()]
        opened(note, own)  # a witness alone signs for nobody
        return parse_checkpoint(opened(note, [*own, *witnesses]).text)
    except (NoteFault, KeyFault) as fault:
        raise NotAsSigned(f"The newest checkpoint cannot be relied on ({fault})") from fault


async def pages_of(log: Log, rows: Rows | None, events: int) -> AsyncGenerator[Page, None]:
    """Every page up to so many events, compared with the rows. Raises NotAsSigned."""
    async with aclosing(_lines(log, events)) as pages:
        n = 0
        async for lines in pages:
            page = Page(n, lines, [leaf_hash(line) for line in lines])
            if rows:
                await _compare(rows, page, min((n + 1) * PAGE_EVENTS, events))
            yield page
            n += 1


async def _compare(rows: Rows, page: Page, upto: int) -> None:
    """A bundle of pages whose events were changed or removed since would look right, and the log is not."""
    after = page.n * PAGE_EVENTS
    found = await rows.hashes(after, upto)
    for position, (_, leaf) in enumerate(zip_longest(range(after, upto), page.hashes), after + 1):
        if position not in found:
            raise NotAsSigned(f"The row of the event at position {position:,} is gone; sealed page {page.n:,} has it")
        if found[position] != leaf:
            raise NotAsSigned(
                f"The event at position {position:,} has other bytes in its row than in sealed page {page.n:,}"
            )


async def _lines(log: Log, events: int) -> AsyncGenerator[Sequence[bytes], None]:
    """The lines of every page: of sealed ones as they are, of the rest from the rows."""
    first, pages = 0, -(-events // PAGE_EVENTS)
    while first < pages:
        sealed: Sequence[bytes] = await log.pages(first, limit=min(_AT_ONCE, pages - first))
        for page in sealed:
            yield page.split(b"\n")[:-1][: events - first * PAGE_EVENTS]
            first += 1
        if not sealed:  # not yet, or damaged: the rows are the truth
            last = min(events, (first + 1) * PAGE_EVENTS)
            yield [await _body(log, position) for position in range(first * PAGE_EVENTS + 1, last + 1)]
            first += 1


async def _body(log: Log, position: int) -> bytes:
    body = await log.body(position)
    if body is None:
        raise NotAsSigned(f"The event at position {position:,} is not there")
    if b"\n" in body:
        raise NotAsSigned(f"The bytes at position {position:,} hold a line break, which no event's bytes have")
    return body
