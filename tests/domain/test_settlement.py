"""Periods close in order, once, after they have ended; a statement is issued once for a closed period."""

from datetime import date

from domain.settlement.events import PeriodClosed, StatementIssued
from tests.domain.story import closing, do, founded
from tests.given_when_then import asked, given

MAY = "2019-05-02T09:00:00+03:00"
ISSUE = {
    "partner": "org:ekami",
    "period": "2019-01",
    "form": 2,
    "position": 9,
    "opening_cents": 0,
    "closing_cents": -5,
    "lines": 1,
    "digest": "0" * 64,
    "dispute_days": 10,
    "tacit_approval": True,
}


def test_a_period_closes_after_its_last_midnight_in_helsinki() -> None:
    closing(founded(), "2019-01", "2019-01-31T23:59:59+02:00").then_refused(
        "2019-01 has not ended: it can be closed from 2019-01-31T22:00:00Z on."
    )
    assert isinstance(closing(founded(), "2019-01", "2019-02-01T00:00:00+02:00").events()[0], PeriodClosed)


def test_periods_close_in_order_and_once() -> None:
    closing(founded(), "2019-02", MAY).then_refused("Periods close in order: 2019-01 comes before 2019-02.")
    once = closing(founded(), "2019-01", MAY).and_then()
    closing(once, "2019-01", MAY).then_refused(
        "2019-01 is closed already and never opens again; the earliest open period is 2019-02."
    )
    closing(given(), "2019-01", MAY).then_refused("The network has not been founded yet; found it first.")


def test_a_period_waits_for_the_sharing_of_its_last_event() -> None:
    closing(founded(), "2019-01", MAY, mark=8, last_before_end=9).then_refused(
        "2019-01 cannot be closed yet: revenue has been shared up to position 8, and the period reaches to 9. "
        "Try again when the sharing has caught up."
    )
    assert isinstance(closing(founded(), "2019-01", MAY, mark=9, last_before_end=9).events()[0], PeriodClosed)


def test_a_period_closes_when_nothing_can_come_before_its_end_any_more() -> None:
    closing(founded(), "2019-01", MAY, settled=False).then_refused(
        "2019-01 has only just ended, and what was done in it may still be on its way: close it once something was "
        "recorded after its end, or an hour later."
    )


def test_a_statement_is_issued_once_for_a_closed_period() -> None:
    founded().when("issue-statement", ISSUE).then_refused(
        "2019-01 is not closed; its statements are issued after the closing."
    )
    issued = do(closing(founded(), "2019-01", MAY).and_then(), "issue-statement", ISSUE, asked(MAY))
    event = issued.history[-1]
    assert isinstance(event, StatementIssued)
    assert (event.dispute_by, event.tacit_approval) == (date(2019, 5, 16), True), "ten business days after 2 May"
    issued.when("issue-statement", ISSUE).then_refused(
        "The statement of org:ekami for 2019-01 has been issued already and does not change."
    )
