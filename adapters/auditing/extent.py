"""How far a log reaches, by what is stored of it and what was signed of it.

Where rows are gone at the end, sealed pages and checkpoints say that they were there. A number alone says nothing: a row or a page
that stands far beyond all others, or a page that holds other events than its own, is a stray, and is named as one.
"""

from collections.abc import Callable
from contextlib import aclosing
from typing import NamedTuple

from adapters.auditing.copies import read_page
from adapters.postgres.audit_reading import AuditReading
from adapters.postgres.page_store import unpacked
from application.envelope import PAGE_EVENTS


class Extent(NamedTuple):
    head: int
    """The last position of a row."""
    last: int
    """The last position of which any copy is left."""
    needed: int
    """The number of the last page that must be there with its tile; -1 where there need be none."""
    signed: int
    """The size of the newest checkpoint that decides; 0 where there is none."""


async def extent_of(
    reading: AuditReading,
    decides: Callable[[int, bytes, str], bool],
    covered: Callable[[int], int],
    *,
    to_head: bool = False,
) -> Extent:
    """Look where everything ends. `decides`: whether a stored checkpoint is what a key signed that is believed.

    covered: how far what is kept outside covers a log that ends there. to_head: whatever stands beyond the last row is left out.
    """
    room = await reading.room()
    head = await reading.head(room)
    if to_head:
        room = head
    signed = 0
    async with aclosing(reading.checkpoints_down()) as checkpoints:
        async for size, root, note in checkpoints:
            if decides(size, root, note):
                signed = size
                break
    signed = max(signed, covered(head))
    page = -1
    for n in await reading.pages_down(0, room // PAGE_EVENTS):
        if n < head // PAGE_EVENTS or is_own(n, (await reading.pages(n, n + 1))[n]):
            page = n
            break
    # A tile says of no event that it was there: its hashes could be those of any others.
    tile = await reading.last_tile(min(max(head, signed), room) // PAGE_EVENTS)
    sealed = max(page, -1 if tile is None else tile)
    return Extent(head, max(head, (sealed + 1) * PAGE_EVENTS), max(sealed, signed // PAGE_EVENTS - 1), signed)


def is_own(n: int, body: bytes) -> bool:
    """Whether a page holds the events that it must."""
    begins = b'{"sequence":"%020d"' % (n * PAGE_EVENTS + 1)
    return read_page(n, body) is not None and (unpacked(body) or b"").startswith(begins)
