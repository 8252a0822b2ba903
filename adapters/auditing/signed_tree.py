"""The tree as the copies give it, held against every signed checkpoint: the signature decides between the copies.

Where copies differ, a tree grows on for each way to read them. The next checkpoint fits one of these ways, and that says which
copies were wrong, wherever each of them was; or it fits none, and then all copies were changed somewhere, or what was signed
was another history. At most 64 ways are followed, those first that go least often against most copies: beyond that, and where
nothing is signed, it is said at which positions nobody can decide.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, Self

from adapters.auditing.checkpoints import SignedRoot
from adapters.auditing.copies import Compared
from adapters.auditing.places import COPIES, WAYS_MAX, Copy, Leaf, Way, faults_by, undecided, ways_of
from adapters.auditing.report import Fault, Faults, Repairable
from adapters.postgres.audit_reading import TileRow
from adapters.postgres.page_store import Tile
from adapters.postgres.page_tree import PageTree
from application.counting import counted
from application.envelope import PAGE_EVENTS
from application.tree import root_of, tile_path

_MISFITS_MAX: Final = 64
"""Checkpoints that fit no way, after which none is held against them any more."""


class _Mend(NamedTuple):
    """The pages that can be made again, the last one first: what branches have in common they share."""

    n: int
    root: bytes
    before: "_Mend | None"


class _Branch:
    """One way to read the copies since the last checkpoint that fitted, with what is wrong by it."""

    def __init__(self, tree: PageTree | None) -> None:
        self.cost = 0
        self.by: frozenset[Copy] = frozenset(COPIES)
        self.faults = Faults()
        self.higher: dict[tuple[int, int], tuple[Fault, Tile]] = {}
        self.mend: _Mend | None = None
        self.contradicted: list[Fault] = []
        """What to say of checkpoints that do not fit it and decide nothing."""
        self._tree = tree
        """None as soon as the bytes of an event are gone."""
        self._decided: dict[int, Leaf] = {}
        """At places of the page that is not added yet, by position."""
        self._full: list[Tile] = []

    def along(self, way: Way, faults: Faults) -> Self:
        """This branch with a few more places decided."""
        made = type(self)(self._tree and self._tree.copy())
        made.cost, made.by = self.cost + way.cost, self.by & way.by
        made.faults = self.faults.copy()
        made.faults.add_all(faults)
        made.higher, made.mend = {**self.higher}, self.mend
        made.contradicted = [*self.contradicted]
        made._decided = {**self._decided, **way.leaves}  # noqa: SLF001 - of the same class
        return made

    def root(self, compared: Compared, ends: int) -> bytes | None:
        """The root with so many leaves of the next page; None where the bytes of one are gone."""
        hashes = self._leaves(compared, ends)
        return None if self._tree is None or hashes is None else self._tree.root(hashes)

    def close(self, compared: Compared, roots: dict[tuple[bytes, ...], bytes]) -> None:
        """Add the page. `roots`: over the leaves of this page as other branches have them."""
        hashes = self._leaves(compared, PAGE_EVENTS)
        if self._tree is None or hashes is None:
            self._tree, self._full = None, []
        else:
            if (root := compared.root or roots.get(hashes)) is None:
                root = roots[hashes] = root_of(hashes)
            as_rows = compared.as_rows and all(self._decided[place.position] == place.row for place in compared.places)
            if as_rows and (compared.damaged or compared.places):
                self.mend = _Mend(compared.n, root, self.mend)
            self._full = self._tree.add(root)
        self._decided = {}

    def compare(self, level: int, n: int, stored: TileRow | None) -> None:
        """Compare a higher tile as it must be with the stored one."""
        tile = next((each for each in self._full if (each.level, each.n) == (level, n)), None)
        if tile is None or stored == (tile.hashes, tile.root):
            return
        path = tile_path(level, n).removeprefix("tile/")
        how = "is missing" if stored is None else "is damaged"
        fault = Fault(
            n * PAGE_EVENTS ** (level + 1) + 1, f"The tile {path} {how}; the tiles below it give another.", "tile"
        )
        self.higher[level, n] = fault, tile

    def repairable(self, covered: int) -> Iterator[tuple[int, bytes]]:
        """The pages up to a position that can be made again, with their roots."""
        at = self.mend
        while at:
            if (at.n + 1) * PAGE_EVENTS <= covered:
                yield at.n, at.root
            at = at.before

    def settled(self) -> Self:
        """The branch as it goes on from a checkpoint that fits it."""
        made = type(self)(self._tree)
        made._decided = self._decided  # noqa: SLF001 - of the same class
        return made

    def _leaves(self, compared: Compared, ends: int) -> tuple[bytes, ...] | None:
        leaves = [*compared.leaves[:ends]]
        before = compared.n * PAGE_EVENTS + 1
        for position, leaf in self._decided.items():
            if position - before < ends:
                leaves[position - before] = leaf
        hashes = tuple(leaf for leaf in leaves if leaf is not None)
        return hashes if len(hashes) == len(leaves) else None


class SignedTree:
    """Grows page by page, in order."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._branches = [_Branch(PageTree())]
        """Since the last checkpoint that fitted, the likeliest first."""
        self._whole = True
        """Whether they are all the ways there are."""
        self._undecided = Faults()
        """What is to be said where no checkpoint decides between them."""
        self._fitted = 0
        self._misfits: list[int] = []
        """The sizes of the checkpoints that fit none of them."""
        self._misfit: tuple[Fault, ...] = ()
        """What is to be said of the first of these where no later checkpoint fits."""
        self.forked = False
        """Whether a checkpoint fits nothing: nobody knows then which copy is right."""
        self.repairable = Repairable()

    def add(self, compared: Compared, signed: Sequence[SignedRoot]) -> Iterator[tuple[int, int]]:
        """Add a page and hold the checkpoints that end in it against it; the higher tiles that must be there now."""
        self._read(compared, signed)
        roots: dict[tuple[bytes, ...], bytes] = {}
        for branch in self._branches:
            branch.close(compared, roots)
        return _full_by(compared.n)

    def compare(self, level: int, n: int, stored: TileRow | None) -> None:
        """Compare a higher tile that must be there now."""
        for branch in self._branches:
            branch.compare(level, n, stored)

    def finish(self, compared: Compared, signed: Sequence[SignedRoot]) -> bytes | None:
        """The leaves after the last full page, with their checkpoints; the root over everything, if it can be known."""
        self._read(compared, signed)
        likeliest = self._branches[0]
        self._faults.add(*self._misfit, *(fault for fault, _ in likeliest.higher.values()))
        self._faults.add(*likeliest.contradicted)
        self._faults.add_all(self._undecided)
        self._take(likeliest)
        return likeliest.root(compared, PAGE_EVENTS)

    def _read(self, compared: Compared, signed: Sequence[SignedRoot]) -> None:
        self._faults.add(*compared.faults)
        begin = 0
        for checkpoint in signed:
            ends = checkpoint.size - compared.n * PAGE_EVENTS
            self._branch_out(compared, begin, ends)
            self._hold(checkpoint, compared, ends)
            begin = ends
        self._branch_out(compared, begin, PAGE_EVENTS)

    def _branch_out(self, compared: Compared, begin: int, end: int) -> None:
        """Follow each way to decide at the places of a part of a page, or the likeliest of them."""
        if not compared.places:
            return
        first = compared.n * PAGE_EVENTS + 1
        places = [place for place in compared.places if begin <= place.position - first < end]
        if not places:
            return
        self._undecided.add(*undecided(compared.n, places, sound=compared.sound))
        ways, whole = ways_of(places, sound=compared.sound)
        pairs = sorted(
            ((branch, way) for branch in self._branches for way in ways),
            key=lambda pair: (not pair[0].by & pair[1].by, pair[0].cost + pair[1].cost),
        )
        self._whole = self._whole and whole and len(pairs) <= WAYS_MAX
        found: dict[int, Faults] = {}
        branches = []
        for branch, way in pairs[:WAYS_MAX]:
            if (faults := found.get(id(way))) is None:
                faults = found[id(way)] = faults_by(compared.n, places, way.leaves, sound=compared.sound)
            branches.append(branch.along(way, faults))
        self._branches = branches

    def _hold(self, checkpoint: SignedRoot, compared: Compared, ends: int) -> None:
        if not checkpoint.decides:
            self._hear(checkpoint, compared, ends)
            return
        if len(self._misfits) >= _MISFITS_MAX:
            return
        fitting = next((b for b in self._branches if b.root(compared, ends) == checkpoint.root), None)
        if fitting is None:
            self.forked = True
            self._misfit = self._misfit or (self._fits_nothing(checkpoint.size),)
            self._misfits.append(checkpoint.size)
            return
        self._faults.add(*(_overruled(size, checkpoint.size) for size in self._misfits))
        self._faults.add(*(fault for fault, _ in fitting.higher.values()))
        self._faults.add(*fitting.contradicted)
        self._faults.add_all(fitting.faults)
        self._fitted = checkpoint.size
        self._take(fitting)
        self._branches, self._whole, self._undecided = [fitting.settled()], True, Faults()
        self._misfits, self._misfit = [], ()

    def _hear(self, checkpoint: SignedRoot, compared: Compared, ends: int) -> None:
        """Remember which ways a checkpoint contradicts that only the database vouches for: it decides between none."""
        for branch in self._branches:
            if len(branch.contradicted) < _MISFITS_MAX and branch.root(compared, ends) != checkpoint.root:
                branch.contradicted.append(_contradicting(checkpoint))

    def _take(self, branch: _Branch) -> None:
        """Take what can be made again of what the last checkpoint that fits covers."""
        self.forked = self.forked or bool(branch.contradicted)
        tiles = {at: tile for at, (_, tile) in branch.higher.items()}
        self.repairable.take(Repairable(dict(branch.repairable(self._fitted)), tiles), self._fitted)

    def _fits_nothing(self, size: int) -> Fault:
        first = self._fitted + 1
        where = f"position {first:,}" if first == size else f"positions {first:,} to {size:,}"
        before = (
            f"the checkpoint of {counted(self._fitted, 'event')} fits"
            if self._fitted
            else "no checkpoint before it fits"
        )
        how = "was signed over other events than any copy holds"
        if not self._whole:
            how = (
                f"fits none of the {WAYS_MAX} ways to read the copies that were tried, and they differ at so many positions that "
                "there are more"
            )
        what = f"The checkpoint of {counted(size, 'event')} {how}: {before}, so the change is at the {where}."
        return Fault(first, what, "tree")


def _contradicting(checkpoint: SignedRoot) -> Fault:
    what = (
        f"The checkpoint of {counted(checkpoint.size, 'event')} was signed over other events than the log has, by "
        f"{', '.join(checkpoint.by)}, for which only the database vouches."
    )
    return Fault(checkpoint.size, what, "checkpoint")


def _overruled(size: int, fitting: int) -> Fault:
    what = (
        f"The checkpoint of {counted(size, 'event')} was signed over other events than any copy holds, and the later one of {fitting:,} "
        "events fits: both cannot have been signed of one history."
    )
    return Fault(size, what, "checkpoint")


def _full_by(n: int) -> Iterator[tuple[int, int]]:
    """The higher tiles, by level and number, that are full by page `n`."""
    level, pages = 0, n + 1
    while pages % PAGE_EVENTS == 0:
        level, pages = level + 1, pages // PAGE_EVENTS
        yield level, pages - 1
