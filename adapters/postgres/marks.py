"""How far each policy has worked, in PostgreSQL."""

from collections.abc import Sequence
from typing import Final

from psycopg.types.numeric import Int8

from adapters.postgres.database import Database, connect, statement
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
_BEYOND = "select policy from {schema}.mark where position > %s order by policy"
# The guard lets a mark move forward only: whoever may delete one can put it where the log ends.
_TAKE_AWAY = "delete from {schema}.mark where position > %s returning policy"
_PUT = "insert into {schema}.mark (policy, position) values (%s, %s)"


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


async def marks_beyond(database: Database, schema: str, head: int) -> Sequence[str]:
    """The policies whose marks lie beyond the end of the log: they worked events off that are gone."""
    return [policy for (policy,) in await database.rows(statement(_BEYOND, schema), (Int8(head),), attempts=ATTEMPTS)]


async def set_back(admin_dsn: str, schema: str, head: int) -> None:
    """Put the marks that lie beyond the end of the log there, as only the owner of the tables may.

    A policy that works an event off once more asks for what it asked for before, so it changes nothing twice.
    """
    async with (
        connect(admin_dsn, connections=1) as database,
        database.connection() as connection,
        connection.transaction(),
    ):
        gone = await (await connection.execute(statement(_TAKE_AWAY, schema), (Int8(head),))).fetchall()
        for (policy,) in gone:
            await connection.execute(statement(_PUT, schema), (policy, Int8(head)))
