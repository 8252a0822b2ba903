"""Due work: what has passed its deadline becomes an ordinary command, so that time can be replayed."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import structlog

from application.desk import Asker, Desk
from domain.calendar import day_of
from domain.kernel import Refused, derived

logger = structlog.get_logger()

SCHEDULER = Asker(actor="policy:scheduler", role="policy")
_NIL = UUID(int=0)
"""No event causes an expiry, so its key has no time in front."""


class Deadlines(Protocol):
    async def due_referrals(self, today: date) -> Sequence[str]:
        """Referrals that nobody answered until their last day."""


async def expire_due(deadlines: Deadlines, desk: Desk, at: datetime | None = None) -> int:
    """Expire what is due; returns how many. A referral answered in the meantime is left alone.

    `at`: the simulated time of a constructed network; elsewhere the clock says what is due.
    """
    expired = 0
    for referral in await deadlines.due_referrals(day_of(at or desk.clock())):
        key = derived(_NIL, SCHEDULER.actor, "expire-referral", referral)
        try:
            await desk.carry_out("expire-referral", {"referral": referral}, SCHEDULER, key=key, at=at)
            expired += 1
        except Refused as refusal:
            logger.info("scheduler.refused", referral=referral, why=type(refusal).__name__)
    return expired
