"""Days, months, business days and banking days of the network: Europe/Helsinki, Finnish holidays, TARGET."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

HELSINKI = ZoneInfo("Europe/Helsinki")
_SATURDAY, _SUNDAY, _FRIDAY = 5, 6, 4


def day_of(moment: datetime) -> date:
    """The day in Helsinki on which a moment falls."""
    return moment.astimezone(HELSINKI).date()


def start_of(day: date) -> datetime:
    """Midnight in Helsinki at which a day begins, in UTC."""
    return datetime.combine(day, time.min, HELSINKI).astimezone(UTC)


def month_of(day: date) -> str:
    """The period a day belongs to: `2019-11`."""
    return f"{day:%Y-%m}"


def month_after(period: str) -> str:
    return month_of(first_day(period) + timedelta(days=31))


def first_day(period: str) -> date:
    return date.fromisoformat(f"{period}-01")


def end_of(period: str) -> datetime:
    """The midnight in Helsinki that ends a period, in UTC: the first moment that is no longer in it."""
    return start_of(first_day(month_after(period)))


def business_days_after(day: date, count: int) -> date:
    """The last day of a deadline of `count` business days; the day itself is not counted."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_business_day(day)
    return day


def is_business_day(day: date) -> bool:
    return day.weekday() not in (_SATURDAY, _SUNDAY) and day not in _holidays(day.year)


def is_banking_day(day: date) -> bool:
    """Whether banks in Finland and TARGET, through which they settle, are both open: a payment can be executed then."""
    return is_business_day(day) and is_target_day(day)


def banking_day_from(day: date) -> date:
    """The day itself, or the next banking day."""
    while not is_banking_day(day):
        day += timedelta(days=1)
    return day


def is_target_day(day: date) -> bool:
    """Whether TARGET is open: its calendar since 2002 (European Central Bank, press release of 14 December 2000).

    Every closing day of it is a Finnish holiday too, today; that is two calendars agreeing, not one rule.
    """
    if day.weekday() in (_SATURDAY, _SUNDAY) or (day.month, day.day) in ((1, 1), (5, 1), (12, 25), (12, 26)):
        return False
    return day - _easter(day.year) not in (timedelta(days=-2), timedelta(days=1))


@lru_cache(maxsize=256)
def _holidays(year: int) -> frozenset[date]:
    """Holidays that can fall on a weekday: kirkkolaki 652/2023 (church), laki 388/1937 (6 December), laki 272/1944 (1 May).

    Deadlines are counted anew whenever the log is read, so the holidays of a year that has begun never change. Where a law changes, a
    rule holds for the years that it was law: the old one up to the change and the new one from then on stand beside each other.
    Christmas Eve and Midsummer Eve are no holidays by law; no office is open on them. All Saints' and Midsummer Day are Saturdays.
    """
    easter = _easter(year)
    midsummer_eve = next(d for n in range(19, 26) if (d := date(year, 6, n)).weekday() == _FRIDAY)
    fixed = ((1, 1), (1, 6), (5, 1), (12, 6), (12, 24), (12, 25), (12, 26))
    moving = (-2, 1, 39)  # Good Friday, Easter Monday, Ascension Day
    return frozenset(
        {date(year, m, d) for m, d in fixed} | {easter + timedelta(days=n) for n in moving} | {midsummer_eve}
    )


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the method of Nature, 20 April 1876)."""
    golden, (century, in_century) = year % 19, divmod(year, 100)
    leaps, century_rest = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - moon + 15) % 30
    quarter, rest = divmod(in_century, 4)
    weekday = (32 + 2 * century_rest + 2 * quarter - epact - rest) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)
