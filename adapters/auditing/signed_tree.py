"""The tree as the copies give it, held against every signed checkpoint: the signature decides between the copies.

Where copies of a page differ, two trees grow on: that of most copies and that of the rows. The next checkpoint fits one of
them, and that says what was wrong; or neither, and then all copies were changed, or what was signed was another history.
"""

from collections.abc import Sequence
from typing import Self

from adapters.auditing.checkpoints import SignedRoot
from adapters.auditing.copies import Leaf, Reading, Readings
from adapters.auditing.report import Fault, Faults, Repairable
from adapters.postgres.audit_reading import TileRow
from adapters.postgres.page_store import Tile
from adapters.postgres.page_tree import PageTree
from application.envelope import PAGE_EVENTS
from application.tree import root_of, tile_path


class Branch:
    """One of the trees, with what was found since the last checkpoint that fitted it."""

    def __init__(self, tree: PageTree | None) -> None:
        self._tree = tree
        """None as soon as the bytes of an event are gone."""
        self._faults: list[Fault] = []
        self._repairable = Repairable()

    def copy(self) -> Self:
        made = type(self)(self._tree and self._tree.copy())
        made._faults = [*self._faults]  # noqa: SLF001 - of the same class
        made._repairable.pages.update(self._repairable.pages)  # noqa: SLF001 - of the same class
        made._repairable.tiles.update(self._repairable.tiles)  # noqa: SLF001 - of the same class
        return made

    def add(self, n: int, reading: Reading, *, as_rows: bool) -> list[Tile]:
        """Add a page; the higher tiles that are full by it. as_rows: the rows can make page and tile again."""
        self._faults += reading.faults
        hashes = _known(reading.leaves)
        if self._tree is None or hashes is None:
            self._tree = None
            return []
        root = reading.root or root_of(hashes)
        if reading.seal_again and as_rows:
            self._repairable.pages[n] = root
        return self._tree.add(root)

    def compare(self, tile: Tile, stored: TileRow | None) -> None:
        """Compare a higher tile as it must be with the stored one."""
        if stored == (tile.hashes, tile.root):
            return
        path = tile_path(tile.level, tile.n).removeprefix("tile/")
        how = "is missing" if stored is None else "is damaged"
        first = tile.n * PAGE_EVENTS ** (tile.level + 1) + 1
        self._faults.append(Fault(first, f"The tile {path} {how}; the tiles below it give another.", "tile"))
        self._repairable.tiles[tile.level, tile.n] = tile

    def found(self, *faults: Fault) -> None:
        self._faults += faults

    def root(self, leaves: Sequence[Leaf]) -> bytes | None:
        """The root with these leaves after the pages; None where the bytes of one are gone."""
        hashes = _known(leaves)
        return None if self._tree is None or hashes is None else self._tree.root(hashes)

    def settle(self, faults: Faults, repairable: Repairable, covered: int) -> None:
        """Hand over what was found: as it is now known. What may be made again: what the last checkpoint that fits covers."""
        faults.add(*self._faults)
        repairable.take(self._repairable, covered)
        self._faults, self._repairable = [], Repairable()


class SignedTree:
    """Grows page by page, in order."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._sealed = Branch(PageTree())
        self._rows: Branch | None = None
        self._fitted = 0
        self.forked = False
        """Whether a checkpoint fits nothing: nobody knows then which copy is right."""
        self.repairable = Repairable()

    def add(self, n: int, readings: Readings, signed: Sequence[SignedRoot]) -> list[tuple[Branch, Tile]]:
        """Add page `n` and hold the checkpoints that end in it against it; the higher tiles that must be there now."""
        readings = self._decide(n, readings, signed)
        as_rows = readings.sealed.leaves == readings.rows.leaves
        tiles = [(self._sealed, tile) for tile in self._sealed.add(n, readings.sealed, as_rows=as_rows)]
        if self._rows:
            tiles += [(self._rows, tile) for tile in self._rows.add(n, readings.rows, as_rows=True)]
        return tiles

    def finish(self, n: int, readings: Readings, signed: Sequence[SignedRoot]) -> bytes | None:
        """The leaves after the last full page, with their checkpoints; the root over everything, if it can be known."""
        readings = self._decide(n, readings, signed)
        self._sealed.found(*readings.sealed.faults)
        self._sealed.settle(self._faults, self.repairable, self._fitted)
        return self._sealed.root(readings.sealed.leaves)

    def _decide(self, n: int, readings: Readings, signed: Sequence[SignedRoot]) -> Readings:
        if self._rows is None and readings.sealed.leaves != readings.rows.leaves:
            self._rows = self._sealed.copy()
        for checkpoint in signed:
            if self.forked:
                break
            ends = checkpoint.size - n * PAGE_EVENTS
            if self._sealed.root(readings.sealed.leaves[:ends]) != checkpoint.root:
                if self._rows is None or self._rows.root(readings.rows.leaves[:ends]) != checkpoint.root:
                    self._fork(checkpoint)
                    break
                self._sealed, readings = self._rows, Readings(readings.rows, readings.rows)
            self._fitted = checkpoint.size
            self._sealed.settle(self._faults, self.repairable, self._fitted)
            # What differs after the checkpoint is still open.
            self._rows = self._sealed.copy() if readings.sealed.leaves != readings.rows.leaves else None
        return readings

    def _fork(self, checkpoint: SignedRoot) -> None:
        self.forked, self._rows = True, None
        first = self._fitted + 1
        where = f"position {first:,}" if first == checkpoint.size else f"positions {first:,} to {checkpoint.size:,}"
        before = f"the checkpoint of {self._fitted:,} events fits" if self._fitted else "no checkpoint before it fits"
        self._faults.add(
            Fault(
                first,
                f"The checkpoint of {checkpoint.size:,} events was signed over other events than any copy holds: {before}, so "
                f"the change is at the {where}.",
                "tree",
            )
        )


def _known(leaves: Sequence[Leaf]) -> list[bytes] | None:
    hashes = [leaf for leaf in leaves if leaf is not None]
    return hashes if len(hashes) == len(leaves) else None
