"""The events that something follows from, as they stand in the log."""

import asyncio
from collections.abc import Sequence
from typing import Final

from application.ports import Log, Unavailable

READ_TOGETHER: Final = 32
"""Events: more would keep others from the database."""


class CauseMissing(Unavailable):
    def __init__(self, position: int) -> None:
        super().__init__(
            f"The event at {position:,}, from which a line of the statement follows, is not in the log; `tasma audit verify` says "
            "what else is wrong with it."
        )


async def causes_at(log: Log, positions: Sequence[int]) -> list[bytes]:
    """The exact stored bytes of each, in the order asked for. Raises CauseMissing."""
    bodies: list[bytes] = []
    for n in range(0, len(positions), READ_TOGETHER):
        bodies += await asyncio.gather(*(_cause(log, position) for position in positions[n : n + READ_TOGETHER]))
    return bodies


async def _cause(log: Log, position: int) -> bytes:
    body = await log.body(position)
    if body is None:
        raise CauseMissing(position)
    return body
