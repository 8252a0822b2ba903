"""Stored pages that were asked for last, kept by the process: many who catch up read the same ones."""

import hashlib
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from msgspec import Struct

from application.ports import Log

READ_PAGES: Final = 16
"""Pages of one read: whoever asks for one asks for the next ones."""
KEPT_BYTES: Final = 32_000_000


class Packed(Struct, frozen=True):
    """A page as it is stored, one zstd frame."""

    body: bytes
    digest: str


class PackedPages:
    """Those that were asked for last, and those next to them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, Packed] = OrderedDict()
        self._bytes = 0
        self._era: Hashable = None

    async def get(self, log: Log, era: Hashable, n: int) -> Packed | None:
        """A page of the log as it is in this era; None where it is not sealed, or not stored in this form. Raises Unavailable."""
        if era != self._era:
            self._kept.clear()
            self._bytes, self._era = 0, era
        if n not in self._kept:
            read = await log.packed_pages(n, limit=READ_PAGES)
            pages = {number: Packed(body, hashlib.sha256(body).hexdigest()[:32]) for number, body in enumerate(read, n)}
            if era != self._era:  # found to be of another log while it was read
                return pages.get(n)
            for number, page in pages.items():
                self._keep(number, page)
        return self._kept.get(n)

    def at_hand(self, era: Hashable, n: int) -> Packed | None:
        """A page that was read before, in this era of the log."""
        return self._kept.get(n) if era == self._era else None

    def _keep(self, n: int, page: Packed) -> None:
        before = self._kept.pop(n, None)
        self._bytes += len(page.body) - (len(before.body) if before else 0)
        self._kept[n] = page
        while self._bytes > KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.body)
