"""On which day a line stands in books that are kept by period."""

from datetime import date, timedelta

from domain.calendar import first_day, month_after


def booked_on(occurred_on: date, period: str) -> date:
    """Its own day, or the nearest one of the period: what comes late is booked in the period that was open."""
    return min(max(occurred_on, first_day(period)), first_day(month_after(period)) - timedelta(days=1))
