"""The three copies of 256 events: rows, sealed page, tile. At which positions they differ, and what is wrong in any case."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from adapters.auditing.places import Leaf, Place, names_of
from adapters.auditing.report import Fault
from adapters.postgres.audit_reading import TileRow
from adapters.postgres.page_store import unpacked
from application.envelope import PAGE_EVENTS
from application.tree import HASH_BYTES, leaf_hash, root_of

_PLACE: Final = re.compile(rb'\{"sequence":"([0-9]{20})"')
"""How the bytes of an event begin, with its position."""


class Copies(NamedTuple):
    """What is stored of page `n`."""

    n: int
    bodies: Sequence[bytes | None]
    """The bytes of the rows."""
    page: bytes | None
    tile: TileRow | None
    needed: bool
    """Whether page and tile must be there: later ones are, or a checkpoint covers them."""


class Compared(NamedTuple):
    """What the copies of page `n` say of its leaves."""

    n: int
    leaves: tuple[Leaf, ...]
    """By most copies; None where no copy is left."""
    places: tuple[Place, ...] = ()
    """Where copies that are there differ, in order."""
    faults: tuple[Fault, ...] = ()
    """What is wrong whichever copy is right."""
    as_rows: bool = True
    """Whether no row is missing: then the rows can make page and tile again."""
    damaged: bool = False
    """Whether page or tile must be made again whichever copy is right."""
    sound: bool = True
    """Whether the tile's root is that of its hashes."""
    root: bytes | None = None
    """Over the leaves, where it is known already."""


def read_copies(copies: Copies) -> Compared:
    """Compare the copies of a page."""
    lines = None if copies.page is None else unpacked(copies.page)
    rows = tuple(None if body is None else leaf_hash(body) for body in copies.bodies)
    if None not in rows and _agree(copies, lines, rows):
        return Compared(copies.n, rows, root=copies.tile.root if copies.tile else None)
    page = None if copies.page is None else read_page(copies.n, copies.page)
    tile = None if copies.tile is None else _split(copies.tile.hashes)
    sound = copies.tile is not None and tile is not None and root_of(tile) == copies.tile.root
    leaves: list[Leaf] = []
    places: list[Place] = []
    for position, row in enumerate(rows, copies.n * PAGE_EVENTS + 1):
        i = len(leaves)
        place = Place(position, row, page[i] if page else None, tile[i] if tile else None)
        leaves.append(place.believed(sound=sound))
        if len({place.row, place.page, place.tile} - {None}) > 1:
            places.append(place)
    sealed = tuple(_seal_faults(copies, rows, page, tile, sound=sound))
    gone = tuple(_gone(copies.n, rows, page, tile))
    return Compared(
        copies.n, tuple(leaves), tuple(places), sealed + gone, None not in rows, damaged=bool(sealed), sound=sound
    )


def read_page(n: int, body: bytes) -> tuple[bytes, ...] | None:
    """The hashes of the events of a stored page; None where it is damaged, or holds events of other positions."""
    lines = unpacked(body)
    if lines is None or not lines.endswith(b"\n"):
        return None
    events = lines[:-1].split(b"\n")
    for position, event in enumerate(events, n * PAGE_EVENTS + 1):
        if (place := _PLACE.match(event)) and int(place[1]) != position:
            return None
    return tuple(map(leaf_hash, events)) if len(events) == PAGE_EVENTS else None


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


def _split(hashes: bytes) -> tuple[bytes, ...] | None:
    """The hashes of a tile; None where it has not as many as a full one."""
    if len(hashes) != PAGE_EVENTS * HASH_BYTES:
        return None
    return tuple(hashes[i : i + HASH_BYTES] for i in range(0, len(hashes), HASH_BYTES))


def _seal_faults(
    copies: Copies, rows: Sequence[Leaf], page: Sequence[Leaf] | None, tile: Sequence[Leaf] | None, *, sound: bool
) -> Iterator[Fault]:
    """What is not whole in itself, so that it is wrong whatever was signed."""
    if not copies.needed and copies.page is None and copies.tile is None:
        return
    first, names = copies.n * PAGE_EVENTS + 1, names_of(copies.n)
    if page is None:
        how = "is missing" if copies.page is None else "is damaged"
        others = "; rows and tree agree" if sound and tile == rows else ""
        yield Fault(first, f"{names.page.capitalize()} {how}{others}.", "page")
    if not sound:
        how = "is missing" if copies.tile is None else "is damaged"
        others = "; rows and page agree" if page == rows else ""
        # Where both others agree, the first hash that is not theirs is what was damaged.
        at = next((i for i, (row, leaf) in enumerate(zip(rows, tile or (), strict=False)) if row != leaf), 0)
        yield Fault(first + (at if others else 0), f"The {names.tile} {how}{others}.", "tile")


def _gone(n: int, rows: Sequence[Leaf], page: Sequence[Leaf] | None, tile: Sequence[Leaf] | None) -> Iterator[Fault]:
    """The rows that are not there; where page and tile differ, what they have is said when it is decided."""
    names = names_of(n)
    for i, position in enumerate(range(n * PAGE_EVENTS + 1, n * PAGE_EVENTS + len(rows) + 1)):
        if rows[i] is not None:
            continue
        if page and tile and page[i] != tile[i]:
            continue
        if not page and not tile:
            yield Fault(position, f"Position {position:,}: the row is gone, and no other copy of it is left.", "row")
            continue
        others = [f"sealed {names.page}"] if page else []
        others += ["the signed tree"] if tile else []
        has = "have it" if len(others) > 1 else "has it"
        yield Fault(position, f"Position {position:,}: the row is gone; {' and '.join(others)} {has}.", "row")
