"""Issued documents, kept byte for byte, in PostgreSQL."""

import asyncio
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import chain
from typing import Final

from adapters.postgres.database import Database, statement
from adapters.postgres.frames import packed_pieces, unpacked_pieces

ATTEMPTS: Final = 3
PACKED_FROM: Final = 65_536
"""Bytes. What is shorter is kept as it is, where anybody can read it."""
FIND: Final = "select body, length from {schema}.document where digest = %s"
"""What `as_kept` takes."""

_KEEP = """
insert into {schema}.document (digest, body, length) values (%s, %s, %s) on conflict do nothing returning 1
"""


def as_kept(body: bytes, length: int | None) -> bytes:
    """A document of its row. A damaged frame stands for itself: whoever compares digests finds it."""
    if length is None:
        return body
    unpacked = unpacked_pieces(body, length)
    return body if unpacked is None else unpacked


class PostgresDocuments:
    """Implements `application.ports.Documents`. Nothing kept is ever replaced."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database = database
        self._keep = statement(_KEEP, schema)
        self._find = statement(FIND, schema)

    async def keep(self, digest: str, body: bytes) -> None:
        """Keeping the same again changes nothing. Raises ValueError for other bytes under a digest that is taken."""
        await self._kept(digest, body, None)

    async def keep_pieces(self, pieces: Iterable[bytes]) -> str:
        """Keep a long one, that never has to be in memory as a whole; its digest. Raises ValueError as `keep`.

        In a thread of their own, so that others have their turn: the pieces may be asked for there.
        """
        digest, body, length = await asyncio.to_thread(_digested, pieces)
        await self._kept(digest, body, length)
        return digest

    async def find(self, digest: str) -> bytes | None:
        rows = await self._database.rows(self._find, (digest,), attempts=ATTEMPTS)
        for body, length in rows:
            return await asyncio.to_thread(as_kept, body, length)
        return None

    async def _kept(self, digest: str, body: bytes, length: int | None) -> None:
        if await self._database.rows(self._keep, (digest, body, length), attempts=ATTEMPTS):
            return
        found = await self._database.rows(self._find, (digest,), attempts=ATTEMPTS)
        # Nearly always it was packed alike: then nothing has to be unpacked, which takes a while.
        if [*found] == [(body, length)]:
            return
        if next((as_kept(*row) for row in found), None) != as_kept(body, length):
            raise ValueError(f"Another document is kept under {digest}: a digest names one sequence of bytes.")


def _digested(pieces: Iterable[bytes]) -> tuple[str, bytes, int | None]:
    """The digest of pieces in a row, and how they are kept."""
    digest = sha256()

    def passed() -> Iterator[bytes]:
        for piece in pieces:
            digest.update(piece)
            yield piece

    rest = passed()
    begin = b"".join(_first(rest))
    body, length = (begin, None) if len(begin) < PACKED_FROM else packed_pieces(chain((begin,), rest))
    return digest.hexdigest(), body, length


def _first(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """As many as it takes to be worth packing; the rest stays."""
    size = 0
    for piece in pieces:
        yield piece
        size += len(piece)
        if size >= PACKED_FROM:
            return
