"""The Merkle tree of one network in PostgreSQL: hashes from sealed tiles, what is not sealed yet from the events."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from psycopg.types.numeric import Int8

from adapters.postgres.checkpoints import KEYS, NEWEST
from adapters.postgres.database import Database, statement
from adapters.signing import recorded_witness_of
from application.cosignatures import cosigned
from application.notes import NOTE_BYTES_MAX, SIGNATURES_MAX, parse_checkpoint, read
from application.ports import EventGone, NoSuchCheckpoint, Witness, WitnessTaken
from application.tree import (
    HASH_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    Subtree,
    consistency_path,
    inclusion_path,
    joined,
    perfect_subtrees,
    root_of,
    tile_width,
)

ATTEMPTS: Final = 3
_ANEW: Final = 64
"""Hashes of lost tiles that are made again together: four megabytes of what they are made of."""

_ROOTS = """
select t.level + 1, t.n, t.root from unnest(%b::int[], %b::bigint[], %b::bigint[]) as w(level, first, last)
join {schema}.tile t on t.level = w.level - 1 and t.n >= w.first and t.n < w.last
"""
_LEAF_TILES = "select n, hashes from {schema}.tile where level = 0 and n = any (%b::bigint[])"
_LEAVES = r"""
select e.position - 1, sha256('\x00'::bytea || e.data) from unnest(%b::bigint[], %b::bigint[]) as w(first, last)
join {schema}.event e on e.position > w.first and e.position <= w.last
"""
_LINES = """
select line from (
    select line, kept_at, vkey, sum(octet_length(line)) over (order by kept_at, vkey) as bytes
    from {schema}.cosignature where size = %s
) with_bytes
where bytes <= %s order by kept_at, vkey limit %s
"""
_OF_SIZE = "select size, root, note from {schema}.checkpoint where size = %s"
_SIGNED_AT = "select signed_at from {schema}.checkpoint where size = %s"
_COSIGN = "insert into {schema}.cosignature (size, vkey, line) values (%s, %s, %s) on conflict do nothing returning 1"
_WITNESSES = "select vkey, organisation from {schema}.witness order by registered_at, vkey"
_REGISTER = "insert into {schema}.witness (vkey, organisation) values (%s, %s) on conflict do nothing"
_OWNER = "select organisation from {schema}.witness where vkey = %s"

Node = tuple[int, int]
"""A hash of some tile: the tile's level, and the hash's number in that whole level."""


class PostgresTree:
    """Implements `application.ports.Tree`."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database = database
        self._newest, self._keys = statement(NEWEST, schema), statement(KEYS, schema)
        self._roots, self._leaf_tiles = statement(_ROOTS, schema), statement(_LEAF_TILES, schema)
        self._leaves, self._lines = statement(_LEAVES, schema), statement(_LINES, schema)
        self._of_size, self._cosign = statement(_OF_SIZE, schema), statement(_COSIGN, schema)
        self._witnesses, self._register = statement(_WITNESSES, schema), statement(_REGISTER, schema)
        self._owner, self._signed_at = statement(_OWNER, schema), statement(_SIGNED_AT, schema)

    async def checkpoint(self, size: int | None = None) -> str | None:
        asked = (self._newest,) if size is None else (self._of_size, (Int8(size),))
        for of, _, note in await self._database.rows(*asked, attempts=ATTEMPTS):
            # No more lines and bytes than every reader of notes takes, those of the log's own keys among them.
            room = NOTE_BYTES_MAX - len(note.encode()), SIGNATURES_MAX - len(read(note)[1])
            lines = await self._database.rows(self._lines, (Int8(of), *room), attempts=ATTEMPTS)
            return "".join([note, *(line for (line,) in lines)])
        return None

    async def note(self) -> str | None:
        for _, _, note in await self._database.rows(self._newest, attempts=ATTEMPTS):
            return str(note)
        return None

    async def signed_at(self, size: int) -> datetime | None:
        rows = await self._database.rows(self._signed_at, (Int8(size),), attempts=ATTEMPTS)
        return next((at for (at,) in rows), None)

    async def tile(self, level: int, n: int, width: int) -> bytes | None:
        newest = await self._database.rows(self._newest, attempts=ATTEMPTS)
        if not newest or tile_width(level, n, newest[0][0]) < width:
            return None
        nodes = [(level, i) for i in range(n * TILE_WIDTH, n * TILE_WIDTH + width)]
        hashes = await self._hashes(nodes)
        return b"".join(hashes[node] for node in nodes)

    async def subtree(self, begin: int, end: int) -> bytes:
        (found,) = await self._subtrees([(begin, end)])
        return found

    async def leaves(self, begin: int, end: int) -> tuple[bytes, ...]:
        spans = [Int8(begin)], [Int8(end)]
        found: dict[int, bytes] = dict(await self._database.rows(self._leaves, spans, attempts=ATTEMPTS))
        if gone := [i for i in range(begin, end) if i not in found]:
            raise EventGone(gone[0] + 1)
        return tuple(found[i] for i in range(begin, end))

    async def inclusion(self, position: int, size: int) -> tuple[bytes, ...]:
        return await self._subtrees(inclusion_path(position - 1, size))

    async def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        return await self._subtrees(consistency_path(old, new))

    async def add_cosignature(self, note: str) -> int:
        verifiers = [recorded_witness_of(witness.vkey) for witness in await self.witnesses()]
        vkeys = {(verifier.name, verifier.key_hash): verifier.vkey for verifier in verifiers}
        found = cosigned(note, verifiers)
        size = parse_checkpoint(found.text).size
        stored = await self._database.rows(self._of_size, (Int8(size),), attempts=ATTEMPTS)
        if not stored or read(stored[0][2])[0] != found.text:
            raise NoSuchCheckpoint(size)
        new = 0
        for signature in found.verified:
            vkey = vkeys[signature.name, signature.key_hash]
            new += len(await self._database.rows(self._cosign, (Int8(size), vkey, signature.line), attempts=ATTEMPTS))
        return new

    async def verifiers(self) -> tuple[str, ...]:
        return tuple(vkey for (vkey,) in await self._database.rows(self._keys, attempts=ATTEMPTS))

    async def witnesses(self) -> tuple[Witness, ...]:
        rows = await self._database.rows(self._witnesses, attempts=ATTEMPTS)
        return tuple(Witness(vkey, organisation) for vkey, organisation in rows)

    async def add_witness(self, witness: Witness) -> None:
        async with self._database.connection() as connection:
            await connection.execute(self._register, (witness.vkey, witness.organisation))
            rows = await (await connection.execute(self._owner, (witness.vkey,))).fetchall()
        if rows[0][0] != witness.organisation:
            raise WitnessTaken(rows[0][0])

    async def _subtrees(self, wanted: Iterable[Subtree]) -> tuple[bytes, ...]:
        """The hashes of subtrees, with three questions to the database however many there are and however large."""
        parts = [[_nodes_of(*perfect) for perfect in perfect_subtrees(*subtree)] for subtree in wanted]
        hashes = await self._hashes([node for subtree in parts for nodes in subtree for node in nodes])
        return tuple(joined([root_of([hashes[node] for node in nodes]) for nodes in subtree]) for subtree in parts)

    async def _hashes(self, wanted: Sequence[Node]) -> dict[Node, bytes]:
        """The hashes of nodes. Raises EventGone."""
        found: dict[Node, bytes] = {}
        higher = [node for node in wanted if node[0]]
        if higher:
            spans = _spans(higher)
            columns = [[s[0] for s in spans], [Int8(s[1]) for s in spans], [Int8(s[2]) for s in spans]]
            for level, i, root in await self._database.rows(self._roots, columns, attempts=ATTEMPTS):
                found[level, i] = root
        leaves = [i for level, i in wanted if not level]
        if leaves:
            tiles = sorted({i // TILE_WIDTH for i in leaves})
            for n, tile in await self._database.rows(self._leaf_tiles, ([Int8(n) for n in tiles],), attempts=ATTEMPTS):
                for i in range(TILE_WIDTH):
                    found[0, n * TILE_WIDTH + i] = tile[i * HASH_BYTES : (i + 1) * HASH_BYTES]
            unsealed = _spans([(0, i) for i in leaves if (0, i) not in found])
            if unsealed:
                ends = [Int8(s[1]) for s in unsealed], [Int8(s[2]) for s in unsealed]
                for i, leaf in await self._database.rows(self._leaves, ends, attempts=ATTEMPTS):
                    found[0, i] = leaf
        lost = sorted({node for node in wanted if node not in found})
        if lost and not lost[0][0]:
            raise EventGone(lost[0][1] + 1)
        for first in range(0, len(lost), _ANEW):
            # Tiles that were lost, discarded or not made yet: slower, and just as right.
            below = {node: _below(*node) for node in lost[first : first + _ANEW]}
            hashes = await self._hashes([each for nodes in below.values() for each in nodes])
            found |= {node: root_of([hashes[each] for each in nodes]) for node, nodes in below.items()}
        return found


def _nodes_of(begin: int, end: int) -> list[Node]:
    """The hashes of one tile that a perfect subtree is the tree over."""
    level, rest = divmod((end - begin).bit_length() - 1, TILE_HEIGHT)
    first = begin >> TILE_HEIGHT * level
    return [(level, i) for i in range(first, first + (1 << rest))]


def _below(level: int, i: int) -> list[Node]:
    """The hashes of the tile that a node is the root of."""
    return [(level - 1, j) for j in range(i * TILE_WIDTH, (i + 1) * TILE_WIDTH)]


def _spans(nodes: Iterable[Node]) -> list[tuple[int, int, int]]:
    """Nodes as spans of a level: first, and the one after the last."""
    spans: list[tuple[int, int, int]] = []
    for level, i in sorted(set(nodes)):
        if spans and spans[-1][0] == level and spans[-1][2] == i:
            spans[-1] = (level, spans[-1][1], i + 1)
        else:
            spans.append((level, i, i + 1))
    return spans
