"""Signed checkpoints and the keys that signed them, as they are stored."""

from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.types.numeric import Int8

from adapters.postgres.database import Row, statement

NEWEST = "select size, root, note from {schema}.checkpoint order by size desc limit 1"
_UPTO = "select size, root from {schema}.checkpoint where size <= %s order by size"
_LOCK = "select pg_advisory_xact_lock(hashtextextended('tasma checkpoint ' || {schema_text}, 0))"
_ADD = """
insert into {schema}.checkpoint (size, root, note)
select %s, %s, %s where not exists (select from {schema}.checkpoint c where c.size >= %s)
"""
_RECORD_KEY = "insert into {schema}.signing_key (vkey, first_size) values (%s, %s) on conflict do nothing"
KEYS = "select vkey from {schema}.signing_key order by recorded_at, vkey"


class Kept(NamedTuple):
    """A checkpoint as stored: without cosignatures."""

    size: int
    root: bytes
    note: str


class Checkpoints:
    """The statements on checkpoints of one schema, for a connection that the caller holds."""

    def __init__(self, schema: str) -> None:
        self._newest = statement(NEWEST, schema)
        self._upto = statement(_UPTO, schema)
        self._lock = statement(_LOCK, schema)
        self._add = statement(_ADD, schema)
        self._record_key = statement(_RECORD_KEY, schema)
        self._keys = statement(KEYS, schema)

    async def newest(self, connection: AsyncConnection[Row]) -> Kept | None:
        row = await (await connection.execute(self._newest, binary=True)).fetchone()
        return Kept(*row) if row else None

    async def roots(self, connection: AsyncConnection[Row], upto: int) -> list[tuple[int, bytes]]:
        """The size and root of every checkpoint up to a size, in order."""
        cursor = await connection.execute(self._upto, (Int8(upto),), binary=True)
        return [(size, root) for size, root in await cursor.fetchall()]

    async def record_key(self, connection: AsyncConnection[Row], vkey: str, first_size: int) -> None:
        """Keep a public key for ever. One that is recorded stays as it is."""
        await connection.execute(self._record_key, (vkey, Int8(first_size)))

    async def keys(self, connection: AsyncConnection[Row]) -> tuple[str, ...]:
        """Every public key that ever signed here, the oldest first."""
        return tuple(vkey for (vkey,) in await (await connection.execute(self._keys, binary=True)).fetchall())

    async def add(self, connection: AsyncConnection[Row], size: int, root: bytes, note: str) -> None:
        """Store a checkpoint, unless one of that size or a larger one is there: then another sealer was faster."""
        async with connection.transaction():
            # A statement of its own: what follows sees what was committed before the lock was granted.
            await connection.execute(self._lock)
            await connection.execute(self._add, (Int8(size), root, note, Int8(size)))
