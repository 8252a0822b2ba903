"""Positions at which the copies differ: the ways to decide between them, and what is wrong by each."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, product
from math import prod
from typing import Final, Literal, NamedTuple

from adapters.auditing.report import Fault, Faults
from application.tree import tile_path

WAYS_MAX: Final = 64
"""Ways to read the copies between two checkpoints that are tried."""

Leaf = bytes | None
"""The hash of a leaf; None where a copy has none."""
Copy = Literal["most", "row", "page", "tile"]
COPIES: Final[tuple[Copy, ...]] = ("most", "row", "page", "tile")


class Names(NamedTuple):
    """What the copies of a page are called."""

    page: str
    tile: str


def names_of(n: int) -> Names:
    return Names(f"page {n:,}", f"tile {tile_path(0, n).removeprefix('tile/')}")


class Place(NamedTuple):
    """The leaf at a position, as each copy has it."""

    position: int
    row: Leaf
    page: Leaf
    tile: Leaf

    def believed(self, *, sound: bool) -> Leaf:
        """Two against one; where no two agree, the copy that carries a checksum of its own and passes it."""
        row, page, tile = self.row, self.page, self.tile
        if page is not None and page == tile:
            return page
        if row is not None and row in (page, tile):
            return row
        return (tile if sound else None) or page or row or tile

    def of(self, copy: Copy, *, sound: bool) -> Leaf:
        """What a copy has; what most have where it has nothing."""
        there = {"row": self.row, "page": self.page, "tile": self.tile}.get(copy)
        return there or self.believed(sound=sound)

    @property
    def alike(self) -> tuple[tuple[str, ...], ...]:
        """The copies that are there, those that agree together."""
        found: dict[bytes, list[str]] = {}
        for name, leaf in (("row", self.row), ("page", self.page), ("tile", self.tile)):
            if leaf is not None:
                found.setdefault(leaf, []).append(name)
        return tuple(map(tuple, found.values()))


class Way(NamedTuple):
    """One way to decide at some places."""

    leaves: Mapping[int, Leaf]
    """By position."""
    cost: int
    """How often it goes against most copies: the ways that do so least are tried first."""
    by: frozenset[Copy]
    """The copies that have all of it: whoever changed one copy everywhere leaves the others whole."""


def ways_of(places: Sequence[Place], *, sound: bool) -> tuple[Sequence[Way], bool]:
    """The ways to decide, and whether they are all there are.

    Each place by itself as long as there are few, as many as are tried; of more, places at which the same copies agree are
    decided alike.
    """
    groups: list[tuple[Place, ...]] = [(place,) for place in places]
    if not (whole := prod(len(place.alike) for place in places) <= WAYS_MAX):
        by_copies: dict[object, list[Place]] = {}
        for place in places:
            by_copies.setdefault(place.alike, []).append(place)
        groups = [tuple(group) for group in by_copies.values()]
    options = [[alike[0] for alike in group[0].alike] for group in groups]
    believed = {place.position: place.believed(sound=sound) for place in places}
    ways = []
    for chosen in product(*options):
        leaves = {p.position: getattr(p, copy) for group, copy in zip(groups, chosen, strict=True) for p in group}
        against = sum(leaves[group[0].position] != believed[group[0].position] for group in groups)
        by = frozenset(c for c in COPIES if all(leaves[p.position] == p.of(c, sound=sound) for p in places))
        ways.append(Way(leaves, min(against, 1) if by else against, by))
    return sorted(ways, key=lambda way: way.cost), whole


def faults_by(n: int, places: Sequence[Place], leaves: Mapping[int, Leaf], *, sound: bool) -> Faults:
    """What is wrong with each copy if these are the true leaves. A tile that is not whole in itself is named elsewhere."""
    names, faults = names_of(n), Faults()
    pages: dict[str, list[int]] = {}
    tiles: dict[str, list[int]] = {}
    for place in places:
        position, leaf = place.position, leaves[place.position]
        row, page, tile = place.row == leaf, place.page == leaf, place.tile == leaf
        if not row:
            others = [f"sealed {names.page}"] if page else []
            others += ["the signed tree"] if tile else []
            what = "the row is gone" if place.row is None else "the row was changed"
            verb = "has" if len(others) == 1 else "agree on"
            has = f"{verb} other bytes" if place.row is not None else "has it"
            faults.add(Fault(position, f"Position {position:,}: {what}; {' and '.join(others)} {has}.", "row"))
        if place.page is not None and not page:
            pages.setdefault(_right(("the rows", row), ("the tree", tile)), []).append(position)
        if place.tile is not None and not tile and sound:
            tiles.setdefault(_right(("the rows", row), ("the page", page)), []).append(position)
    for right, at in pages.items():
        faults.add(Fault(at[0], f"{names.page.capitalize()} was changed at {_listed(at)}; {right}.", "page"))
    for right, at in tiles.items():
        faults.add(Fault(at[0], f"The {names.tile} was changed at {_listed(at)}; {right}.", "tile"))
    return faults


def undecided(n: int, places: Sequence[Place], *, sound: bool) -> Iterator[Fault]:
    """That nobody knows which copy is right, for each run of positions at which the same copies agree."""
    names = names_of(n)
    if not sound:  # that tile is damaged in itself: it casts no doubt on the others
        places = [place for place in (each._replace(tile=None) for each in places) if len(place.alike) > 1]
    called = {"row": "the row", "page": f"sealed {names.page}", "tile": f"the {names.tile}"}
    runs = groupby(enumerate(places), key=lambda each: (each[1].position - each[0], each[1].row is None, each[1].alike))
    for (_, gone, alike), run in runs:
        at = [place.position for _, place in run]
        readings = ("one reading", "another", "a third")
        said = [
            f"{' and '.join(called[name] for name in group)} {'have' if len(group) > 1 else 'has'} {reading}"
            for group, reading in zip(alike, readings, strict=False)
        ]
        what = f"{'the row is gone; ' if gone else ''}{', '.join(said)}"
        where = f"Position {at[0]:,}" if len(at) == 1 else f"Positions {at[0]:,} to {at[-1]:,}"
        kind: Literal["row", "undecided"] = "row" if gone else "undecided"
        yield Fault(at[0], f"{where}: {what}, and no signed checkpoint decides between them.", kind)


def _right(*copies: tuple[str, bool]) -> str:
    """Who has what was signed."""
    names = [name for name, right in copies if right]
    verb = "have" if len(names) > 1 or names == ["the rows"] else "has"
    return f"{' and '.join(names)} {verb} what was signed"


def _listed(positions: Sequence[int]) -> str:
    if len(positions) == 1:
        return f"position {positions[0]:,}"
    if positions[-1] - positions[0] == len(positions) - 1:
        return f"the positions {positions[0]:,} to {positions[-1]:,}"
    return f"{len(positions)} positions, the first {positions[0]:,}, the last {positions[-1]:,}"
