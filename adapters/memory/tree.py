"""The Merkle tree in memory: the same hashes, proofs and notes as in PostgreSQL, gone with the process."""

from collections.abc import Sequence
from datetime import datetime

from adapters.signing import witness_of
from application.cosignatures import cosigned
from application.envelope import decode
from application.notes import (
    Checkpoint,
    Signature,
    Signer,
    checkpoint_text,
    parse_checkpoint,
    read,
    signed,
    with_signatures,
)
from application.ports import EventGone, Log, NoSuchCheckpoint, Witness, WitnessTaken
from application.tree import (
    TILE_HEIGHT,
    TILE_WIDTH,
    Subtree,
    consistency_path,
    inclusion_path,
    leaf_hash,
    root_of,
    tile_width,
)


class MemoryTree:
    """Implements `application.ports.Tree` over any log; `seal` takes in what came since, as the sealer does beside PostgreSQL.

    signers: without one there are hashes and proofs and no checkpoint.
    """

    def __init__(self, log: Log, origin: str, signers: Sequence[Signer]) -> None:
        self._log, self._origin, self._signers = log, origin, tuple(signers)
        self._leaves: list[bytes] = []
        self._notes: dict[int, str] = {}
        self._cosignatures: dict[int, dict[str, Signature]] = {}
        self._verifiers: dict[str, None] = {}
        self._witnesses: dict[str, Witness] = {}

    async def seal(self) -> None:
        """Sign a checkpoint of everything there is now."""
        while (body := await self._log.body(len(self._leaves) + 1)) is not None:
            self._leaves.append(leaf_hash(body))
        size = len(self._leaves)
        if size in self._notes or not size or not self._signers:
            return
        self._verifiers |= dict.fromkeys(signer.vkey for signer in self._signers)
        text = checkpoint_text(Checkpoint(self._origin, size, root_of(self._leaves)))
        self._notes[size] = signed(text, self._signers)

    async def checkpoint(self, size: int | None = None) -> str | None:
        size = max(self._notes, default=0) if size is None else size
        if size not in self._notes:
            return None
        return with_signatures(self._notes[size], tuple(self._cosignatures.get(size, {}).values()))

    async def note(self) -> str | None:
        return self._notes[max(self._notes)] if self._notes else None

    async def signed_at(self, size: int) -> datetime | None:
        """It has no clock: as if signed when the newest event was recorded."""
        body = await self._log.body(size) if size in self._notes else None
        return decode(body).time if body else None

    async def tile(self, level: int, n: int, width: int) -> bytes | None:
        if tile_width(level, n, len(self._leaves)) < width:
            return None
        first, span = n * TILE_WIDTH, 1 << TILE_HEIGHT * level
        return b"".join(self._hash((i * span, (i + 1) * span)) for i in range(first, first + width))

    async def subtree(self, begin: int, end: int) -> bytes:
        leaves = self._leaves[begin:end]
        for position in range(begin + len(leaves) + 1, end + 1):
            if (body := await self._log.body(position)) is None:
                raise EventGone(position)
            leaves.append(leaf_hash(body))
        return root_of(leaves)

    async def leaves(self, begin: int, end: int) -> tuple[bytes, ...]:
        found = []
        for position in range(begin + 1, end + 1):
            if (body := await self._log.body(position)) is None:
                raise EventGone(position)
            found.append(leaf_hash(body))
        return tuple(found)

    async def inclusion(self, position: int, size: int) -> tuple[bytes, ...]:
        return tuple(map(self._hash, inclusion_path(position - 1, size)))

    async def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        return tuple(map(self._hash, consistency_path(old, new)))

    async def add_cosignature(self, note: str) -> int:
        found = cosigned(note, [witness_of(vkey) for vkey in self._witnesses])
        size = parse_checkpoint(found.text).size
        if size not in self._notes or read(self._notes[size])[0] != found.text:
            raise NoSuchCheckpoint(size)
        kept = self._cosignatures.setdefault(size, {})
        before = len(kept)
        for signature in found.verified:
            kept.setdefault(signature.key, signature)
        return len(kept) - before

    async def verifiers(self) -> tuple[str, ...]:
        return tuple(self._verifiers)

    async def witnesses(self) -> tuple[Witness, ...]:
        return tuple(self._witnesses.values())

    async def add_witness(self, witness: Witness) -> None:
        kept = self._witnesses.setdefault(witness.vkey, witness)
        if kept.organisation != witness.organisation:
            raise WitnessTaken(kept.organisation)

    def _hash(self, subtree: Subtree) -> bytes:
        begin, end = subtree
        if not 0 <= begin <= end <= len(self._leaves):
            raise ValueError(f"Of {len(self._leaves)} leaves there is no subtree {begin} to {end}.")
        return root_of(self._leaves[begin:end])
