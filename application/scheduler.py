"""Due work: what has passed its deadline becomes an ordinary command, so that time can be replayed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

import structlog
from msgspec import Struct

from application.desk import Asker, Desk
from domain.calendar import day_of
from domain.kernel import Refused, derived

logger = structlog.get_logger()

SCHEDULER = Asker(actor="policy:scheduler", role="policy")
_NIL = UUID(int=0)
"""No event causes an expiry, so its key has no time in front."""


class Due(Struct, frozen=True):
    """A command that became due."""

    name: str
    body: Mapping[str, Any]
    key: tuple[str, ...]
    """What the command is about: it becomes due once for each."""


class Deadlines(Protocol):
    async def due(self, today: date) -> Sequence[Due]:
        """What nobody did until its last day."""


async def expire_due(deadlines: Deadlines, desk: Desk, at: datetime | None = None) -> int:
    """Send what is due; returns how much of it was done. What somebody answered in the meantime is left alone.

    `at`: the simulated time of a constructed network; elsewhere the clock says what is due.
    """
    done = 0
    for due in await deadlines.due(day_of(at or desk.clock())):
        key = derived(_NIL, SCHEDULER.actor, due.name, *due.key)
        try:
            await desk.carry_out(due.name, due.body, SCHEDULER, key=key, at=at)
            done += 1
        except Refused as refusal:
            logger.info("scheduler.refused", command=due.name, about=due.key, why=type(refusal).__name__)
    return done
