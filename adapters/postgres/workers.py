"""For how many worker processes a server has connections."""

from typing import Final

from adapters.postgres.database import CONNECTIONS_MAX, Database
from domain.kernel import Refused

HELD_MAX: Final = CONNECTIONS_MAX + 7
"""Connections of a worker that is busy: its pool, one each for appending, looking, recalling, listening, leases and read models,
and one that waits for standbys."""
OTHERS: Final = 16
"""Connections left to commands beside the workers, read models that are built anew, and backups."""

_ROOM = b"""
select current_setting('max_connections')::int,
    current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true), '0')::int
"""


class TooManyWorkers(Refused):
    def __init__(self, workers: int, most: int, reserved: int) -> None:
        fit = max((most - reserved - OTHERS) // HELD_MAX, 1)
        super().__init__(
            f"{workers} workers hold up to {workers * HELD_MAX} connections to the database, {HELD_MAX} each; its server allows "
            f"{most}, of which it reserves {reserved}, and {OTHERS} are left to commands: {fit} fit. Give `--workers {fit}`, or "
            "raise max_connections."
        )


async def check_workers(database: Database, workers: int) -> None:
    """Raises TooManyWorkers and Unavailable. One is always let in."""
    ((most, reserved),) = await database.rows(_ROOM)
    if workers > 1 and workers * HELD_MAX > most - reserved - OTHERS:
        raise TooManyWorkers(workers, most, reserved)
