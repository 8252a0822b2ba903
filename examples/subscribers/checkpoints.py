"""Whether what was sent is what was signed: the Merkle tree of RFC 9162, its tiles (C2SP tlog-tiles), signed notes.

The log is a list of hashes with one hash over all of them, the root. A checkpoint is that root with the number of events, signed.
Whoever arrives at the same root has the same events; who has only some of them finds theirs in the tiles that lead to it.
"""

import base64
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    CHECKS_SIGNATURES = True
except ImportError:  # everything else works without it; `consumer` says so
    CHECKS_SIGNATURES = False

WIDTH = 256
"""Hashes in a full tile, and events in a page."""
HASH_BYTES = 32
LEVELS = 8
"""Of tiles; enough for any log."""
ED25519 = 1


class Fault(Exception):
    """What a person has to see to before anything goes on."""


def leaf_hash(body: bytes) -> bytes:
    """Of an event's exact bytes: that is why they are never decoded and encoded again."""
    return sha256(b"\0" + body).digest()


def add(peaks: list[bytes], size: int, leaf: bytes) -> None:
    """Add a hash to a tree of that size. Its peaks are the roots of its perfect subtrees, largest first: all a root needs."""
    while size & 1:
        leaf = sha256(b"\1" + peaks.pop() + leaf).digest()
        size >>= 1
    peaks.append(leaf)


def joined(peaks: Sequence[bytes]) -> bytes:
    """The root, from the peaks."""
    *others, root = peaks
    for peak in reversed(others):
        root = sha256(b"\1" + peak + root).digest()
    return root


class Checkpoint(NamedTuple):
    origin: str
    """Which log this is."""
    size: int
    root: bytes
    note: str
    """As it was signed: proof for others, worth keeping."""


def read(note: str) -> Checkpoint:
    """What a note says, whoever signed it. Raises Fault."""
    try:
        origin, size, root, *_ = note.partition("\n\n")[0].split("\n")
        found = Checkpoint(origin, int(size), base64.b64decode(root, validate=True), note)
    except ValueError as error:
        raise Fault(f"What was sent is no checkpoint: {note[:80]!r}.") from error
    if found.size < 1 or len(found.root) != HASH_BYTES:
        raise Fault(f"A checkpoint has a size and a root of {HASH_BYTES} bytes; this has {size:.20} and {root:.50}.")
    return found


def check_signature(note: str, keys: Sequence[str]) -> None:
    """Whether one of the keys, `name+hash+base64`, has signed this. Raises Fault."""
    text, _, signatures = note.partition("\n\n")
    try:
        lines = [line.split(" ") for line in signatures.splitlines()]
        given = [(name, base64.b64decode(value, validate=True)) for _, name, value in lines]
        for name, key_hash, encoded in (key.split("+", 2) for key in keys):
            algorithm, *public = base64.b64decode(encoded, validate=True)
            for signer, signature in given:
                if algorithm == ED25519 and (signer, signature[:4].hex()) == (name, key_hash):
                    Ed25519PublicKey.from_public_bytes(bytes(public)).verify(signature[4:], f"{text}\n".encode())
                    return
    except ValueError as error:
        raise Fault("This key or signature cannot be read: a key is `name+hash+base64`, all on one line.") from error
    except InvalidSignature as error:
        raise Fault("The signature does not fit the checkpoint: one of them was changed on the way.") from error
    raise Fault(
        f"None of the {len(keys)} keys trusted here has signed this checkpoint. If the network has a new one, get it from "
        "somebody you trust and give it as --key."
    )


class Tiles:
    """The hashes below a checkpoint, fetched as they are needed and never believed before they lead to its root."""

    def __init__(self, checkpoint: Checkpoint, fetch: Callable[[str], bytes]) -> None:
        """`fetch` gives the bytes at a path such as `tile/0/x001/234.p/7`. Raises Fault."""
        self._size, self._fetch = checkpoint.size, fetch
        # Only the last tile of each level may be partial. Together these lead to the root, and every full tile to one of them.
        self._edge: dict[int, list[bytes]] = {}
        self._newest: dict[int, tuple[int, list[bytes]]] = {}
        for level in range(LEVELS):
            if width := (self._size >> 8 * level) % WIDTH:
                self._edge[level] = self._fetched(level, self._size >> 8 * (level + 1), width)
        if self.root(self._size) != checkpoint.root:
            raise Fault(f"The tiles of {self._size:,} events do not lead to the root of the signed checkpoint.")

    def root(self, size: int) -> bytes:
        """The root that the tree had at a size. Equal to what was signed then: nothing before was changed. Raises Fault."""
        peaks: list[bytes] = []
        for level in reversed(range(LEVELS)):
            if width := (size >> 8 * level) % WIDTH:
                for i, each in enumerate(self._tile(level, size >> 8 * (level + 1))[:width]):
                    add(peaks, i, each)
        return joined(peaks)

    def leaf(self, position: int) -> bytes:
        """The hash of the event at a position. Ask in their order: of each level one tile is remembered. Raises Fault."""
        return self._tile(0, (position - 1) // WIDTH)[(position - 1) % WIDTH]

    def _tile(self, level: int, n: int) -> list[bytes]:
        if (n + 1) * WIDTH > self._size >> 8 * level:
            return self._edge[level]
        if self._newest.get(level, (None,))[0] != n:
            hashes = self._fetched(level, n, WIDTH)
            peaks: list[bytes] = []
            for i, each in enumerate(hashes):
                add(peaks, i, each)
            if joined(peaks) != self._tile(level + 1, n // WIDTH)[n % WIDTH]:
                raise Fault(f"The tile {n:,} of level {level} does not lead to the root of the signed checkpoint.")
            self._newest[level] = n, hashes
        return self._newest[level][1]

    def _fetched(self, level: int, n: int, width: int) -> list[bytes]:
        number, above = f"{n % 1000:03}", n // 1000
        while above:
            number, above = f"x{above % 1000:03}/{number}", above // 1000
        found = self._fetch(f"tile/{level}/{number}" + ("" if width == WIDTH else f".p/{width}"))
        if len(found) != width * HASH_BYTES:
            raise Fault(f"A tile of {width} hashes has {width * HASH_BYTES:,} bytes; {len(found):,} came.")
        return [found[i : i + HASH_BYTES] for i in range(0, len(found), HASH_BYTES)]
