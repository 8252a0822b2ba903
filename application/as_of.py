"""As of when: a position, a time or a date becomes a position whose answer never changes again."""

import re
from datetime import UTC, date, datetime, timedelta

from application.desk import Clock
from application.ports import Log
from domain.calendar import day_of, start_of
from domain.kernel import Refused

_SETTLING = timedelta(seconds=2)
"""A decision may still get a time this close to the clock's."""
_TICK = timedelta(microseconds=1)
"""What a log's times are apart at least."""


class NotAMoment(Refused):
    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is no moment: give a position (1234), a date (2019-11-30) or a time with its zone (2019-11-30T12:00:00Z)."
        )


class StillOpen(Refused):
    def __init__(self, text: str, latest: str) -> None:
        super().__init__(f"{text} is not settled yet, its answer could still change; ask as of {latest} at the latest.")


async def resolve(text: str, log: Log, clock: Clock) -> int:
    """The last position that was recorded as of a moment.

    A date means before the next midnight in Helsinki. Refused is what later events could still be recorded at: the last two
    seconds and all that comes after; in a constructed network, where the next event may be of any later time, everything
    after the head's time. A day is settled when all of it is: today's date is refused, and the day of a simulated head.
    """
    head = await log.head()
    if re.fullmatch(r"[0-9]{1,18}", text):
        position = int(text)
        if position > head.position:
            raise StillOpen(f"Position {position}", f"position {head.position}")
        return position
    simulated = head.time if head.constructed else None
    latest = simulated or clock() - _SETTLING - _TICK
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            moment = start_of(date.fromisoformat(text) + timedelta(days=1)) - _TICK
            settled = str(day_of(latest + _TICK) - timedelta(days=1))
        else:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                raise NotAMoment(text)
            moment = moment.astimezone(UTC)
            settled = latest.isoformat(timespec="auto" if simulated else "seconds")
        after = moment + _TICK  # what was recorded at that moment was known then
    except (ValueError, OverflowError):
        raise NotAMoment(text) from None
    if moment > latest:
        raise StillOpen(text, settled)
    return await log.last_before(after)
