"""The three copies of 256 events: rows, sealed page, tile. Which of them differs, and what the others say."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from adapters.auditing.report import Fault
from adapters.postgres.audit_reading import TileRow
from adapters.postgres.page_store import hashes_of, unpacked
from application.envelope import PAGE_EVENTS
from application.tree import HASH_BYTES, leaf_hash, root_of, tile_path

Leaf = bytes | None
"""The hash of a leaf; None where the row is missing."""


class Copies(NamedTuple):
    """What is stored of page `n`."""

    n: int
    bodies: Sequence[bytes | None]
    """The bytes of the rows."""
    page: bytes | None
    tile: TileRow | None
    needed: bool
    """Whether page and tile must be there: later ones are, or a checkpoint covers them."""


class Reading(NamedTuple):
    """One way to read the copies: the leaves taken for true, and what is wrong if they are."""

    leaves: tuple[Leaf, ...]
    faults: tuple[Fault, ...]
    seal_again: bool
    """Whether page and tile have to be made again, which they can where the rows are the leaves."""
    root: bytes | None = None
    """Over the leaves, where it is known already."""


class Readings(NamedTuple):
    """The reading by most copies, and the one that believes the rows; the same where all agree."""

    sealed: Reading
    rows: Reading


def read_copies(copies: Copies) -> Readings:
    """Compare the copies of a page."""
    lines = None if copies.page is None else unpacked(copies.page)
    leaves = tuple(None if body is None else leaf_hash(body) for body in copies.bodies)
    if None not in leaves and _agree(copies, lines, leaves):
        reading = Reading(leaves, (), seal_again=False, root=copies.tile.root if copies.tile else None)
        return Readings(reading, reading)
    page = None if lines is None else hashes_of(lines)
    if page is not None and (len(page) != PAGE_EVENTS or not (lines or b"").endswith(b"\n")):
        page = None
    tile = None if copies.tile is None else _split(copies.tile.hashes)
    sound = copies.tile is not None and tile is not None and root_of(tile) == copies.tile.root
    believed = tuple(
        _believed(leaf, page[i] if page else None, tile[i] if tile else None, sound=sound)
        for i, leaf in enumerate(leaves)
    )
    compared = _Compared(copies, leaves, page, tile, sound=sound)
    return Readings(compared.reading(believed), compared.reading(leaves))


def _agree(copies: Copies, lines: bytes | None, leaves: Sequence[Leaf]) -> bool:
    if copies.page is None and copies.tile is None:
        return not copies.needed
    hashes = [leaf for leaf in leaves if leaf]
    return (
        copies.tile is not None
        and lines == b"\n".join(body for body in copies.bodies if body is not None) + b"\n"
        and copies.tile.hashes == b"".join(hashes)
        and copies.tile.root == root_of(hashes)
    )


def _split(hashes: bytes) -> tuple[bytes, ...]:
    return tuple(hashes[i : i + HASH_BYTES] for i in range(0, len(hashes), HASH_BYTES))


def _believed(row: Leaf, page: Leaf, tile: Leaf, *, sound: bool) -> Leaf:
    """Two against one; where no two agree, the copy that carries a checksum of its own and passes it."""
    if page is not None and page == tile:
        return page
    if row is not None and row in (page, tile):
        return row
    return (tile if sound else None) or page or row or tile


class _Compared:
    """Says what is wrong with each copy, for given leaves."""

    def __init__(
        self,
        copies: Copies,
        rows: Sequence[Leaf],
        page: Sequence[bytes] | None,
        tile: Sequence[bytes] | None,
        *,
        sound: bool,
    ) -> None:
        self._copies, self._rows, self._page, self._tile, self._sound = copies, rows, page, tile, sound
        self._n, self._first = copies.n, copies.n * PAGE_EVENTS + 1

    def reading(self, leaves: tuple[Leaf, ...]) -> Reading:
        page_fits, tile_fits = self._page == leaves, self._tile == leaves and self._sound
        rows = tuple(self._row_faults(leaves, page_fits=page_fits, tile_fits=tile_fits))
        others = tuple(self._seal_faults(leaves, page_fits=page_fits, tile_fits=tile_fits))
        return Reading(leaves, rows + others, seal_again=bool(others))

    def _row_faults(self, leaves: Sequence[Leaf], *, page_fits: bool, tile_fits: bool) -> Iterator[Fault]:
        agreeing = [f"sealed page {self._n:,}"] if page_fits else []
        agreeing += ["the signed tree"] if tile_fits else []
        others = " and ".join(agreeing) or "what is sealed"
        verb = "agree on" if len(agreeing) > 1 else "has"
        for position, (row, leaf) in enumerate(zip(self._rows, leaves, strict=True), self._first):
            if row == leaf is None:
                yield Fault(
                    position, f"Position {position:,}: the row is gone, and no other copy of it is left.", "row"
                )
            elif row == leaf:
                continue
            elif row is None:
                has = "have it" if len(agreeing) > 1 else "has it"
                yield Fault(position, f"Position {position:,}: the row is gone; {others} {has}.", "row")
            else:
                yield Fault(
                    position, f"Position {position:,}: the row was changed; {others} {verb} other bytes.", "row"
                )

    def _seal_faults(self, leaves: tuple[Leaf, ...], *, page_fits: bool, tile_fits: bool) -> Iterator[Fault]:
        rows_fit = tuple(self._rows) == leaves
        path = tile_path(0, self._n)
        if not page_fits:
            how = "is missing" if self._copies.page is None else "is damaged"
            others = _agreeing(("rows", rows_fit), ("tree", tile_fits))
            yield Fault(self._first, f"Page {self._n:,} {how}{others}.", "page")
        if not tile_fits:
            how = "is missing" if self._copies.tile is None else "is damaged"
            others = _agreeing(("rows", rows_fit), ("page", page_fits))
            yield Fault(self._first, f"The tile {path.removeprefix('tile/')} {how}{others}.", "tile")


def _agreeing(*copies: tuple[str, bool]) -> str:
    names = [name for name, fits in copies if fits]
    return f"; {' and '.join(names)} agree" if len(names) > 1 else ""
