"""The Merkle tree over sealed pages as it grows: its root at any size, and which tile is full next."""

from collections.abc import Sequence
from typing import Self

from adapters.postgres.page_store import Tile
from application.tree import TILE_WIDTH, joined, root_of


class PageTree:
    """The tree over whole pages, with what has to be known to fill the tiles above theirs."""

    def __init__(self, waiting: Sequence[Sequence[bytes]] = ()) -> None:
        """`waiting`: of each level from 0, the roots of the full tiles after the last full tile of the level above."""
        self._waiting = [list(roots) for roots in waiting]

    @property
    def pages(self) -> int:
        return sum(len(roots) * TILE_WIDTH**level for level, roots in enumerate(self._waiting))

    def copy(self) -> Self:
        return type(self)(self._waiting)

    def add(self, root: bytes) -> list[Tile]:
        """Add the root of the next page's tile; the higher tiles that are full by it."""
        full: list[Tile] = []
        level, pages = 0, self.pages + 1
        while True:
            if level == len(self._waiting):
                self._waiting.append([])
            roots = self._waiting[level]
            roots.append(root)
            if len(roots) < TILE_WIDTH:
                return full
            level += 1
            root = root_of(roots)
            full.append(Tile(level, pages // TILE_WIDTH**level - 1, b"".join(roots), root))
            roots.clear()

    def root(self, tail: Sequence[bytes] = ()) -> bytes:
        """The root of the tree over all pages and the leaves with these hashes after them."""
        peaks: list[bytes] = []
        for roots in (*reversed(self._waiting), tail):
            begin = 0
            while begin < len(roots):
                width = 1 << (len(roots) - begin).bit_length() - 1
                peaks.append(root_of(roots[begin : begin + width]))
                begin += width
        return joined(peaks)
