"""The Merkle tree over the log's events: RFC 9162, section 2.1 (the tree of RFC 6962), and its tiles (C2SP tlog-tiles).

Leaf i, counted from 0, is the event at position i + 1. A subtree is named by the leaves it spans, `(begin, end)` without
`end`. Nothing here reads or stores: whoever asks for a proof is told which subtrees' hashes it consists of.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Self

HASH_BYTES: Final = 32
TILE_WIDTH: Final = 256
"""Hashes in a full tile: a subtree of height 8."""
TILE_HEIGHT: Final = 8
LEVEL_MAX: Final = 63
SIZE_MAX: Final = 2**63 - 1

Subtree = tuple[int, int]

_EMPTY: Final = sha256(b"").digest()
_TILE = re.compile(r"tile/([0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?", re.ASCII)


class ProofFault(Exception):
    """A proof that does not prove what it is given for."""


def leaf_hash(body: bytes) -> bytes:
    """The hash of a leaf, of the event's exact bytes."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node, of the hashes below it. Its first byte differs from a leaf's: no node passes for an event."""
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over the hashes of leaves, or of perfect subtrees of one height: of none, the hash of nothing."""
    if not hashes:
        return _EMPTY
    level = list(hashes)
    while len(level) > 1:
        above = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        # What has no neighbour goes up as it is: a left subtree is always the largest perfect one (section 2.1.1).
        level = above + level[len(above) * 2 :]
    return level[0]


class Frontier:
    """A tree that only grows, as far as its root needs it: at most one perfect subtree of each size."""

    __slots__ = ("_peaks", "_size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """A tree of that size; `peaks` are the hashes of `perfect_subtrees(0, size)`. Raises ValueError."""
        if len(peaks) != size.bit_count():
            raise ValueError(f"A tree of {size} leaves has {size.bit_count()} perfect subtrees, not {len(peaks)}.")
        self._size, self._peaks = size, list(peaks)

    @property
    def size(self) -> int:
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The hashes of its perfect subtrees, left to right: the largest first."""
        return tuple(self._peaks)

    def add(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        self.add_subtree(leaf, 1)

    def add_subtree(self, root: bytes, leaves: int) -> None:
        """Add the hash of a perfect subtree, such as a full tile. Raises ValueError where none of that size can stand."""
        if leaves.bit_count() != 1 or self._size % leaves:
            raise ValueError(f"After {self._size} leaves no perfect subtree of {leaves} can stand.")
        height = leaves
        while self._size & height:
            root = node_hash(self._peaks.pop(), root)
            height *= 2
        self._peaks.append(root)
        self._size += leaves

    def root(self) -> bytes:
        return joined(self._peaks)

    def copy(self) -> Self:
        return type(self)(self._size, self._peaks)


def perfect_subtrees(begin: int, end: int) -> tuple[Subtree, ...]:
    """The perfect subtrees that make up a subtree, left to right. Each is a node of some tile, or a leaf.

    Raises ValueError where `(begin, end)` is no subtree of any tree.
    """
    if not 0 <= begin <= end or begin % _covering(end - begin):
        raise ValueError(f"No subtree spans the leaves {begin} to {end}.")
    found = []
    while begin < end:
        largest = 1 << (end - begin).bit_length() - 1
        found.append((begin, begin + largest))
        begin += largest
    return tuple(found)


def joined(peaks: Sequence[bytes]) -> bytes:
    """The hash of a subtree from those of its perfect subtrees, left to right."""
    if not peaks:
        return _EMPTY
    *others, root = peaks
    for peak in reversed(others):
        root = node_hash(peak, root)
    return root


def inclusion_path(index: int, size: int) -> tuple[Subtree, ...]:
    """The subtrees whose hashes prove a leaf, from the leaf to the root (section 2.1.3.1). Raises ValueError.

    Those at the right edge need not be perfect: `perfect_subtrees` takes them apart.
    """
    if not 0 <= index < size:
        raise ValueError(f"A tree of {size} leaves has no leaf {index}.")
    path: list[Subtree] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((begin, middle))
            begin = middle
    return tuple(reversed(path))


def consistency_path(old: int, new: int) -> tuple[Subtree, ...]:
    """The subtrees whose hashes prove that a tree goes on from an older one (section 2.1.4.1). Raises ValueError.

    Between equal trees, and from the empty tree, there is nothing to prove.
    """
    if not 0 <= old <= new:
        raise ValueError(f"A tree of {new} leaves does not go on from one of {old}.")
    if old in (0, new):
        return ()
    path: list[Subtree] = []
    begin, end = 0, new
    while end != old:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((begin, middle))
            begin = middle
    # The old tree itself is known to whoever asks; of its last perfect subtrees they need the hash.
    if begin > 0:
        path.append((begin, end))
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf with this hash stands at this index (section 2.1.3.2). Raises ProofFault."""
    if not 0 <= index < size:
        raise ProofFault(f"A tree of {size:,} leaves has no leaf {index:,}, counted from 0.")
    _check_hashes((leaf, root, *proof))
    _, found = _climbed(index, size - 1, leaf, proof)
    _check_root(size, found, root)


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the newer tree begins with all leaves of the older one (section 2.1.4.2). Raises ProofFault."""
    if not 0 <= old <= new:
        raise ProofFault(f"A tree of {new:,} leaves does not go on from one of {old:,}.")
    _check_hashes((old_root, new_root, *proof))
    if bool(proof) == (old in (0, new)):
        needed = "empty" if proof else "not empty"
        raise ProofFault(f"From {old:,} to {new:,} leaves a proof is {needed}; this one has {len(proof)} hashes.")
    if old in (0, new):
        _check_root(old, _EMPTY if old == 0 else new_root, old_root)
        return
    # A perfect older tree is a subtree of the newer one: its root begins the proof without being sent.
    seed, *others = (old_root, *proof) if old.bit_count() == 1 else proof
    below = (old ^ (old - 1)).bit_length() - 1
    old_found, new_found = _climbed(old - 1 >> below, new - 1 >> below, seed, others)
    _check_root(old, old_found, old_root)
    _check_root(new, new_found, new_root)


def tile_width(level: int, n: int, size: int) -> int:
    """How many hashes of a tile there are in a tree of that size: 0 to 256."""
    return max(0, min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - n * TILE_WIDTH))


def tile_path(level: int, n: int, width: int = TILE_WIDTH) -> str:
    """Where a tile is served: `tile/0/x001/x234/067`, and `tile/0/000.p/7` while it has 7 hashes. Raises ValueError."""
    if not (0 <= level <= LEVEL_MAX and 0 <= n <= SIZE_MAX >> TILE_HEIGHT and 1 <= width <= TILE_WIDTH):
        raise ValueError(f"There is no tile {n} of level {level} with {width} hashes.")
    last, parts = f"{n % 1000:03}", []
    while n := n // 1000:
        parts.append(f"x{n % 1000:03}/")
    return f"tile/{level}/{''.join(reversed(parts))}{last}{'' if width == TILE_WIDTH else f'.p/{width}'}"


def parse_tile_path(text: str) -> tuple[int, int, int]:
    """Level, number and width of the tile served at a path. Raises ValueError for any other than `tile_path` gives."""
    parts = _TILE.fullmatch(text)
    if parts is None:
        raise ValueError("No tile is served at such a path.")
    level, n, width = int(parts[1]), int(parts[2].replace("/", "").replace("x", "")), int(parts[3] or TILE_WIDTH)
    if text != tile_path(level, n, width):
        raise ValueError("A tile has one path: numbers in groups of three digits, without zeros in front.")
    return level, n, width


def _split(size: int) -> int:
    """The leaves of the left subtree: the largest power of two below the size (section 2.1.1)."""
    return 1 << (size - 1).bit_length() - 1


def _covering(size: int) -> int:
    """The smallest power of two that is not below the size."""
    return 1 << max(size - 1, 0).bit_length()


def _climbed(at: int, last: int, seed: bytes, siblings: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots that a proof leads to, from one node of a level whose last is `last`: of the tree up to that node, of all.

    The steps that both verifications have in common, as the RFC gives them. Raises ProofFault.
    """
    upto, whole = seed, seed
    for sibling in siblings:
        if last == 0:
            raise ProofFault(f"The proof goes on after the root: {len(siblings)} hashes are too many.")
        if at & 1 or at == last:
            upto, whole = node_hash(sibling, upto), node_hash(sibling, whole)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            whole = node_hash(whole, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofFault(f"The proof ends before the root: {len(siblings)} hashes are too few.")
    return upto, whole


def _check_root(size: int, found: bytes, root: bytes) -> None:
    if found != root:
        raise ProofFault(f"The proof leads to the root {found.hex()}, the tree of {size:,} leaves has {root.hex()}.")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    for each in hashes:
        if len(each) != HASH_BYTES:
            raise ProofFault(f"A hash has {HASH_BYTES} bytes, not {len(each)}.")
