"""How far each policy has worked, in PostgreSQL."""

from typing import Final

from psycopg.types.numeric import Int8

from adapters.postgres.database import Database, statement
from application.ports import OutOfStep

ATTEMPTS: Final = 3

_MARK = "select position from {schema}.mark where policy = %s"
_ADVANCE = """
with moved as (
    update {schema}.mark set position = %(new)s where policy = %(policy)s and position = %(old)s returning 1
), made as (
    insert into {schema}.mark (policy, position) select %(policy)s, %(new)s where %(old)s = 0
    on conflict do nothing returning 1
)
select from moved union all select from made
"""


class PostgresMarks:
    """Implements `application.ports.Marks`."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database = database
        self._mark = statement(_MARK, schema)
        self._advance = statement(_ADVANCE, schema)

    async def mark(self, policy: str) -> int:
        """The position this policy has worked through; 0 before it began."""
        rows = await self._database.rows(self._mark, (policy,), attempts=ATTEMPTS)
        return next((position for (position,) in rows), 0)

    async def advance(self, policy: str, *, old: int, new: int) -> None:
        """Raises OutOfStep when the mark is not at `old`, ValueError when it would not move forward.

        When the connection dies it is not tried again, it raises Unavailable: where the mark stands has to be read again.
        """
        if new <= old:
            raise ValueError(f"The mark of {policy} moves forward only, not from {old} to {new}.")
        parameters = {"policy": policy, "old": Int8(old), "new": Int8(new)}
        if not await self._database.rows(self._advance, parameters):
            raise OutOfStep(f"The mark of {policy} is not at {old}: another process moved it.")
