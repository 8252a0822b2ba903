"""Issued documents, kept byte for byte, in PostgreSQL."""

from typing import Final

from adapters.postgres.database import Database, statement

ATTEMPTS: Final = 3

_KEEP = "insert into {schema}.document (digest, body) values (%s, %s) on conflict do nothing returning 1"
_FIND = "select body from {schema}.document where digest = %s"


class PostgresDocuments:
    """Implements `application.ports.Documents`. Nothing kept is ever replaced."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database = database
        self._keep = statement(_KEEP, schema)
        self._find = statement(_FIND, schema)

    async def keep(self, digest: str, body: bytes) -> None:
        """Keeping the same again changes nothing. Raises ValueError for other bytes under a digest that is taken."""
        if await self._database.rows(self._keep, (digest, body), attempts=ATTEMPTS):
            return
        if await self.find(digest) != body:
            raise ValueError(f"Another document is kept under {digest}: a digest names one sequence of bytes.")

    async def find(self, digest: str) -> bytes | None:
        rows = await self._database.rows(self._find, (digest,), attempts=ATTEMPTS)
        return next((body for (body,) in rows), None)
