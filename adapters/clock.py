"""The only place where the time is read."""

from datetime import UTC, datetime


def system_clock() -> datetime:
    """Now, in UTC, to the microsecond."""
    return datetime.now(UTC)  # noqa: TID251 - this is the clock that the ban points to
