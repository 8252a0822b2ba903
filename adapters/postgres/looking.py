"""What lies inside boundaries, read for all who ask at the same time with one statement."""

from collections.abc import Sequence
from typing import NamedTuple

from adapters.postgres.anchor import Anchor
from adapters.postgres.boundaries import Boundaries
from adapters.postgres.database import statement
from adapters.postgres.dedicated import LIMITS, Dedicated
from domain.kernel import Boundary

_LOOK = """
select
    l.ordinal,
    l.place,
    coalesce(l.bytes, (select sha256(e.data) from {schema}.event e where e.position = l.place)),
    l.ordinal > 0 or not exists (
        select from unnest(%s, %s) as a(position, digest)
        where not exists (select from {schema}.event e where e.position = a.position and sha256(e.data) = a.digest)
    )
from {schema}.look(%s, %s, %s, %s, %s, %s) l
"""


class Seen(NamedTuple):
    """The head and the bytes of the events inside a boundary, in order."""

    head: int
    bodies: list[bytes]


class Looking:
    """Carries out batches of boundaries on a connection of its own. What is read of another log belongs to no era that counts."""

    def __init__(self, info: str, schema: str, anchor: Anchor) -> None:
        self._line = Dedicated(info, LIMITS)
        self._anchor = anchor
        self._query = statement(_LOOK, schema)

    async def close(self) -> None:
        await self._line.close()

    async def carry(self, batch: Sequence[Boundary]) -> Sequence[Seen]:
        boundaries = Boundaries()
        for ordinal, boundary in enumerate(batch, 1):
            boundaries.add(ordinal, boundary, (0,) * len(boundary))
        known = self._anchor.known()
        rows = await self._line.rows(self._query, (*known.parameters(), *boundaries.to_look()))
        (_, head, digest, same), *rows = rows
        known.answered(same=same, position=head, digests=[digest] if digest else [])
        seen = [Seen(head, []) for _ in batch]
        for ordinal, _, body, _ in rows:
            seen[ordinal - 1].bodies.append(body)
        return seen
