"""How far the newest checkpoint covers the log: what lies before it was signed, and can be kept for good by whoever got it."""

import time
from collections.abc import Hashable
from typing import Final

from application.feed import Feed
from application.notes import parse_checkpoint, read
from application.ports import Tree

ASK_SECONDS: Final = 1.0


class Covered:
    """As known to this process: asked for only by answers that lie behind what was known, and not more than once a second."""

    def __init__(self) -> None:
        self._size = 0
        self._era: Hashable = None
        self._asked = 0.0

    def is_known(self, era: Hashable, position: int) -> bool:
        """Whether it is known already that everything up to a position is covered, in this era of the log."""
        return era == self._era and self._size >= position

    async def reaches(self, feed: Feed, tree: Tree, position: int) -> bool:
        """Whether everything up to a position is covered. Raises Unavailable."""
        if feed.era != self._era:  # it was put back: what was signed of what is gone covers nothing
            self._size, self._era, self._asked = 0, feed.era, 0.0
        now = time.monotonic()
        if self._size < position and now - self._asked >= ASK_SECONDS:
            self._asked = now
            note = await tree.note()
            self._size = parse_checkpoint(read(note)[0]).size if note else 0
        return self._size >= position
