"""The hashes of events as their rows have them now, whatever is sealed of them."""

from collections.abc import Mapping
from typing import Final

from psycopg.types.numeric import Int8

from adapters.postgres.database import Database, statement

ATTEMPTS: Final = 3

_HASHES = r"""
select position, sha256('\x00'::bytea || data) from {schema}.event where position > %s and position <= %s
"""


class RowHashes:
    """Implements `adapters.bundle.as_signed.Rows`."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database, self._hashes = database, statement(_HASHES, schema)

    async def hashes(self, after: int, upto: int) -> Mapping[int, bytes]:
        return dict(await self._database.rows(self._hashes, (Int8(after), Int8(upto)), attempts=ATTEMPTS))
