"""As of when: a position, a time or a date becomes a position whose answer never changes again."""

import re
from datetime import UTC, date, datetime, timedelta

from application.desk import Clock
from application.ports import Log
from domain.calendar import day_of, start_of
from domain.kernel import Refused

_SETTLING = timedelta(seconds=2)
"""A decision may still get a time this close to the clock's."""


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

    A date means before the next midnight in Helsinki. Refused are the future, today's date and the last two seconds; in a
    constructed network everything after the head's time.
    """
    head = await log.head()
    if re.fullmatch(r"[0-9]{1,18}", text):
        position = int(text)
        if position > head.position:
            raise StillOpen(f"Position {position}", f"position {head.position}")
        return position
    now = clock()
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            day = date.fromisoformat(text)
            moment = start_of(day + timedelta(days=1))
            if not head.constructed and day >= day_of(now):
                raise StillOpen(text, str(day_of(now) - timedelta(days=1)))
        else:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                raise NotAMoment(text)
            moment = moment.astimezone(UTC) + timedelta(
                microseconds=1
            )  # what was recorded at that moment was known then
    except (ValueError, OverflowError):
        raise NotAMoment(text) from None
    latest = head.time if head.constructed and head.time else now - _SETTLING
    if head.constructed:
        # The day of the head is asked for as what is known by now: nothing later can have an earlier time.
        if moment > start_of(day_of(latest) + timedelta(days=1)):
            raise StillOpen(text, latest.isoformat())
    elif moment > latest:
        raise StillOpen(text, latest.isoformat(timespec="seconds"))
    return await log.last_before(moment)
