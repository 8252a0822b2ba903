"""Business days agree with an independent calendar, and months end at midnight in Helsinki."""

from datetime import UTC, date, datetime, timedelta

import holidays
import pytest

from domain.calendar import (
    banking_day_from,
    business_days_after,
    day_of,
    end_of,
    is_banking_day,
    is_business_day,
    is_target_day,
    month_after,
)

CLOSED = {
    2019: "01-01 04-19 04-22 05-01 05-30 06-21 12-06 12-24 12-25 12-26",
    2020: "01-01 01-06 04-10 04-13 05-01 05-21 06-19 12-24 12-25",
    2021: "01-01 01-06 04-02 04-05 05-13 06-25 12-06 12-24",
    2022: "01-06 04-15 04-18 05-26 06-24 12-06 12-26",
    2023: "01-06 04-07 04-10 05-01 05-18 06-23 12-06 12-25 12-26",
    2024: "01-01 03-29 04-01 05-01 05-09 06-21 12-06 12-24 12-25 12-26",
    2025: "01-01 01-06 04-18 04-21 05-01 05-29 06-20 12-24 12-25 12-26",
    2026: "01-01 01-06 04-03 04-06 05-01 05-14 06-19 12-24 12-25",
    2027: "01-01 01-06 03-26 03-29 05-06 06-25 12-06 12-24",
    2028: "01-06 04-14 04-17 05-01 05-25 06-23 12-06 12-25 12-26",
    2029: "01-01 03-30 04-02 05-01 05-10 06-22 12-06 12-24 12-25 12-26",
    2030: "01-01 04-19 04-22 05-01 05-30 06-21 12-06 12-24 12-25 12-26",
    2031: "01-01 01-06 04-11 04-14 05-01 05-22 06-20 12-24 12-25 12-26",
    2032: "01-01 01-06 03-26 03-29 05-06 06-25 12-06 12-24",
    2033: "01-06 04-15 04-18 05-26 06-24 12-06 12-26",
    2034: "01-06 04-07 04-10 05-01 05-18 06-23 12-06 12-25 12-26",
    2035: "01-01 03-23 03-26 05-01 05-03 06-22 12-06 12-24 12-25 12-26",
}
"""Every weekday without business, written out: the Finnish holidays that fall on one, with the two eves, as the laws had them."""


def test_business_days_are_those_of_an_independent_calendar() -> None:
    """Christmas Eve and Midsummer Eve are in that calendar too; it is compared day by day for a century."""
    finland = holidays.country_holidays("FI", years=range(2000, 2100))
    day = date(2000, 1, 1)
    while day.year < 2100:
        assert is_business_day(day) == (day.weekday() < 5 and day not in finland), day
        day += timedelta(days=1)


@pytest.mark.parametrize("year", CLOSED)
def test_the_holidays_of_a_year_are_the_same_for_ever(year: int) -> None:
    """Deadlines are counted anew whenever the log is read. A line above changes only if its year has not begun when the law does."""
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    closed = [day for day in days if day.year == year and day.weekday() < 5 and not is_business_day(day)]
    assert [f"{day:%m-%d}" for day in closed] == CLOSED[year].split()


def test_the_day_of_sending_is_not_counted() -> None:
    assert business_days_after(date(2019, 6, 20), 2) == date(2019, 6, 25)
    assert business_days_after(date(2019, 12, 23), 1) == date(2019, 12, 27)


def test_banking_days_are_those_of_two_independent_calendars() -> None:
    """Finland's and the European Central Bank's, compared day by day for fifty years."""
    finland = holidays.country_holidays("FI", years=range(2002, 2052))
    target = holidays.financial_holidays("ECB", years=range(2002, 2052))
    day = date(2002, 1, 1)
    while day.year < 2052:
        open_there = day.weekday() < 5 and day not in target
        assert is_target_day(day) == open_there, day
        assert is_banking_day(day) == (open_there and day not in finland), day
        day += timedelta(days=1)


def test_a_payment_waits_for_the_next_banking_day() -> None:
    assert banking_day_from(date(2019, 12, 5)) == date(2019, 12, 5), "a Thursday like others"
    assert banking_day_from(date(2019, 12, 6)) == date(2019, 12, 9), "Independence Day, then a weekend"
    assert banking_day_from(date(2021, 4, 2)) == date(2021, 4, 6), "Easter"
    assert banking_day_from(date(2020, 1, 6)) == date(2020, 1, 7), "Epiphany: TARGET is open, Finnish banks are not"


def test_days_and_months_are_those_of_helsinki() -> None:
    assert day_of(datetime(2019, 1, 31, 21, 59, tzinfo=UTC)) == date(2019, 1, 31)
    assert day_of(datetime(2019, 1, 31, 22, 0, tzinfo=UTC)) == date(2019, 2, 1)
    assert end_of("2019-03") == datetime(2019, 3, 31, 21, tzinfo=UTC), "summer time began that day"
    assert end_of("2019-10") == datetime(2019, 10, 31, 22, tzinfo=UTC)
    assert month_after("2019-12") == "2020-01"
