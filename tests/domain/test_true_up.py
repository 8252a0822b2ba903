"""True-ups: what rounding has moved between partners is set right after a closing, once, and sums to zero."""

from typing import Any

from domain.revenue.events import RevenueTruedUp
from tests.domain.story import AGREEMENT, closed, do, march_closed, numbered
from tests.given_when_then import Given, asked, given

DRIFT = "drift:kymenlaakso-2019.1.xamk"
MAY, JUNE = "2019-05-02T09:00:00+03:00", "2019-06-03T09:00:00+03:00"
POLICY = asked(MAY, role="policy")
TEN_CENTS = (("org:ekami", "6/1", 10), ("org:ksao", "5/2", 0), ("org:xamk", "3/2", 0))
"""Ten sales of 1 cent at 60/25/15: each cent went to the first."""


def truing(period: str = "2019-03", totals: tuple[tuple[str, str, int], ...] = TEN_CENTS) -> dict[str, Any]:
    return {
        "agreement": AGREEMENT,
        "version": 1,
        "collected_by": "org:xamk",
        "closed_period": period,
        "totals": [{"partner": p, "exact": e, "booked_cents": b} for p, e, b in totals],
    }


def given_by(so_far: Given) -> RevenueTruedUp:
    event = so_far.history[-1]
    assert isinstance(event, RevenueTruedUp)
    return event


def trued_up(so_far: Given, number: int = 1, **body: Any) -> Given:  # noqa: ANN401 - of `truing`
    return do(so_far, "true-up", truing(**body), numbered(number, POLICY))


def test_ten_sales_of_one_cent_at_60_25_15() -> None:
    event = given_by(trued_up(march_closed()))
    assert [(s.partner, s.exact, s.booked_cents, s.cents) for s in event.shares] == [
        ("org:ekami", "6/1", 10, -4),
        ("org:ksao", "5/2", 0, 3),
        ("org:xamk", "3/2", 0, 1),
    ]
    assert (event.entry, event.drift) == (numbered(1, POLICY).new("entry"), DRIFT)
    assert (event.agreement, event.version, event.collected_by) == (AGREEMENT, 1, "org:xamk")
    assert (event.closed_period, event.period, event.occurred_on.isoformat()) == ("2019-03", "2019-05", "2019-05-02")
    assert event.parties == ("org:ekami", "org:ksao", "org:xamk")


def test_the_totals_may_come_in_any_order_and_the_collector_sees_what_it_owes() -> None:
    """It is a party even where it keeps nothing; shares stand in order of id."""
    totals = (("org:ksao", "1/2", 0), ("org:ekami", "1/2", 1), ("org:cursor", "1/1", 1))
    march_closed().when("true-up", truing(totals=totals), POLICY).then_refused(
        f"Nobody is off by a cent in {DRIFT}; there is nothing to set right."
    )
    event = given_by(trued_up(march_closed(), totals=(*totals[:2], ("org:cursor", "1/1", 0), ("org:lut", "0/1", 1))))
    assert [(s.partner, s.cents) for s in event.shares] == [
        ("org:cursor", 1),
        ("org:ekami", 0),
        ("org:ksao", 0),
        ("org:lut", -1),
    ]
    assert event.parties == ("org:cursor", "org:ekami", "org:ksao", "org:lut", "org:xamk")


def test_drift_is_set_right_after_the_closing() -> None:
    march_closed().when("true-up", truing("2019-04"), POLICY).then_refused(
        "2019-04 is not closed; drift is set right after the closing."
    )
    given().when("true-up", truing(), POLICY).then_refused("The network has not been founded yet; found it first.")


def test_each_closing_sets_right_once() -> None:
    once = trued_up(march_closed())
    for period in ("2019-03", "2019-02"):
        once.when("true-up", truing(period), numbered(2, POLICY)).then_refused(
            f"{DRIFT} was set right up to 2019-03 already."
        )


def test_the_next_closing_counts_what_was_given() -> None:
    """Its totals are folded up to the later closing, which comes after the true-up."""
    april = closed(trued_up(march_closed()), "2019-04", at=MAY)
    given_before = (("org:ekami", "6/1", 6), ("org:ksao", "5/2", 3), ("org:xamk", "3/2", 1))
    april.when("true-up", truing("2019-04", given_before), numbered(2, POLICY)).then_refused(
        f"Nobody is off by a cent in {DRIFT}; there is nothing to set right."
    )


def test_two_closings_before_the_first_is_worked_off_give_no_cent_twice() -> None:
    """The totals of both are folded up to their closings, where nothing was given yet."""
    both = closed(march_closed(), "2019-04", at=MAY)
    first = trued_up(both)
    first.when("true-up", truing("2019-04"), numbered(2, POLICY)).then_refused(
        f"Nobody is off by a cent in {DRIFT}; there is nothing to set right."
    )
    one_more = (("org:ekami", "33/5", 11), ("org:ksao", "11/4", 0), ("org:xamk", "33/20", 0))
    second = given_by(trued_up(first, 2, period="2019-04", totals=one_more))
    assert [(s.partner, s.booked_cents, s.cents) for s in second.shares] == [
        ("org:ekami", 7, -1),
        ("org:ksao", 3, 0),
        ("org:xamk", 1, 1),
    ]
    may = closed(Given((*first.history, second)), "2019-05", at=JUNE)
    right = (("org:ekami", "33/5", 6), ("org:ksao", "11/4", 3), ("org:xamk", "33/20", 2))
    may.when("true-up", truing("2019-05", right), numbered(3, POLICY)).then_refused(
        f"Nobody is off by a cent in {DRIFT}; there is nothing to set right."
    )


def test_a_true_up_moves_cents_and_makes_none() -> None:
    march_closed().when("true-up", truing(totals=TEN_CENTS[:2]), POLICY).then_refused(
        "10 cents were booked, but the exact totals sum to 17/2; a true-up moves cents between partners and makes none, "
        "so both must be of the same entries."
    )
