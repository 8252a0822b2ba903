"""What lies inside boundaries, read for all who ask at the same time with one statement."""

from collections.abc import Sequence
from typing import NamedTuple

from adapters.postgres.boundaries import Boundaries
from adapters.postgres.database import statement
from adapters.postgres.dedicated import LIMITS, Dedicated
from domain.kernel import Boundary

_LOOK = "select ordinal, place, bytes from {schema}.look(%s, %s, %s, %s, %s, %s)"


class Seen(NamedTuple):
    """The head and the bytes of the events inside a boundary, in order."""

    head: int
    bodies: list[bytes]


class Looking:
    """Carries out batches of boundaries on a connection of its own."""

    def __init__(self, info: str, schema: str) -> None:
        self._line = Dedicated(info, LIMITS)
        self._query = statement(_LOOK, schema)

    @property
    def era(self) -> int:
        return self._line.era

    async def close(self) -> None:
        await self._line.close()

    async def carry(self, batch: Sequence[Boundary]) -> Sequence[Seen]:
        boundaries = Boundaries()
        for ordinal, boundary in enumerate(batch, 1):
            boundaries.add(ordinal, boundary, (0,) * len(boundary))
        (_, head, _), *rows = await self._line.rows(self._query, boundaries.to_look())
        seen = [Seen(head, []) for _ in batch]
        for ordinal, _, body in rows:
            seen[ordinal - 1].bodies.append(body)
        return seen
