"""What becomes of a subscription, as pure steps from one state to the next."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.subscriptions import (
    BACKOFF_SECONDS,
    GAVE_UP,
    SAID_GONE,
    Attempt,
    Key,
    Subscription,
    begun,
    delivered,
    failed,
    parked,
    pause_seconds,
    paused,
    replayed,
    resumed,
    rotated,
)

NOW = datetime(2019, 3, 1, 7, tzinfo=UTC)
NEW = Subscription(
    id="sub_" + "0" * 32,
    owner="org:xamk",
    token="t",
    role="partner",
    organisation="org:xamk",
    url="https://hooks.example.org/",
    types=(),
    about=(),
    digest=bytes(32),
    created_at=NOW,
    cursor=5,
    anchor=b"5" * 32,
    run=7,
    secrets=(Key(subject="s-1", reference="r-1"),),
)
ON_ITS_WAY = begun(NEW, 5, b"5" * 32, 9)


def attempt(at: datetime = NOW, status: int | None = 500, why: str = "no") -> Attempt:
    return Attempt(
        at=at,
        kind="events",
        webhook_id=NEW.batch_id(6, 9, b"[]"),
        from_position=6,
        to_position=9,
        status=status,
        milliseconds=200,
        why=why,
    )


def test_it_waits_longer_after_each_failure_and_then_an_hour() -> None:
    waits = [pause_seconds(n, None, 0.5) for n in range(1, 9)]
    assert waits == pytest.approx([5, 30, 120, 600, 1_800, 3_600, 3_600, 3_600])


@given(st.integers(1, 200), st.none() | st.integers(0, 10**9), st.floats(0, 1))
def test_a_wait_is_never_far_from_the_plan_nor_longer_than_an_hour_and_a_fifth(
    failures: int, asked: int | None, chance: float
) -> None:
    """And never shorter than the receiver asks for, up to an hour."""
    planned = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS)) - 1]
    wait = pause_seconds(failures, asked, chance)
    assert planned * 0.79 <= wait <= max(planned * 1.21, min(asked or 0, 3_600))
    assert wait >= min(asked or 0, 3_600)


def test_it_is_given_up_after_three_days_and_not_before() -> None:
    now, known = NOW, ON_ITS_WAY
    for _ in range(500):
        known = failed(known, attempt(now), None, 0.5)
        assert known.next_at is not None
        if known.state == "parked":
            break
        assert now - NOW < timedelta(days=3)
        now = known.next_at
    assert (known.state, known.why) == ("parked", GAVE_UP)
    assert timedelta(days=3) <= now - NOW <= timedelta(days=3, hours=1.2)
    assert (known.cursor, known.pending) == (5, 9)
    assert known.failures == 6 + 72  # six in the first hour, then one each hour


def test_gone_parks_at_once() -> None:
    known = failed(ON_ITS_WAY, attempt(status=410), None, 0.5)
    assert (known.state, known.why, known.cursor) == ("parked", SAID_GONE, 5)


def test_what_arrives_moves_the_cursor_and_forgets_the_failures() -> None:
    known = delivered(failed(ON_ITS_WAY, attempt(), 7, 0.5), attempt(status=200, why=""), b"9" * 32)
    assert (known.cursor, known.anchor, known.pending) == (9, b"9" * 32, None)
    assert (known.failures, known.failing_since, known.next_at, known.attempts) == (0, None, None, 2)


def test_what_is_not_on_its_way_cannot_arrive() -> None:
    with pytest.raises(ValueError, match="The batch up to 9 is not the one on its way, up to None"):
        delivered(NEW, attempt(why=""), bytes(32))


def test_a_failure_of_what_was_paused_meanwhile_leaves_it_paused() -> None:
    known = failed(paused(ON_ITS_WAY, "Wait."), attempt(status=410), None, 0.5)
    assert (known.state, known.why, known.failures) == ("paused", "Wait.", 1)


def test_pausing_what_is_parked_leaves_the_reason_there() -> None:
    known = parked(NEW, "Gone.")
    assert paused(known, "Wait.") == known


def test_resumed_it_repeats_the_same_batch_and_replayed_another_one() -> None:
    stopped = parked(failed(ON_ITS_WAY, attempt(), None, 0.5), "Gone.")
    again = resumed(stopped, "t-2", 5, b"5" * 32, 8)
    assert (again.state, again.why, again.pending, again.next_at, again.token) == ("active", "", 9, None, "t-2")
    assert again.batch_id(6, 9, b"[]") == NEW.batch_id(6, 9, b"[]")
    anew = replayed(stopped, "t", 0, None, 8)
    assert (anew.state, anew.cursor, anew.pending) == ("active", 0, None)
    assert anew.batch_id(6, 9, b"[]") != NEW.batch_id(6, 9, b"[]")
    elsewhere = resumed(stopped, "t", 3, b"3" * 32, 8)
    assert (elsewhere.cursor, elsewhere.pending) == (3, None)
    assert elsewhere.batch_id(6, 9, b"[]") != NEW.batch_id(6, 9, b"[]")


def test_an_old_secret_signs_along_for_a_day() -> None:
    second = rotated(NEW, Key(subject="s-2", reference="r-2"), NOW)
    third = rotated(second, Key(subject="s-3", reference="r-3"), NOW + timedelta(hours=1))
    assert [key.reference for key in third.signing(NOW + timedelta(hours=2))] == ["r-3", "r-2", "r-1"]
    assert [key.reference for key in third.signing(NOW + timedelta(hours=24))] == ["r-3", "r-2"]
    assert [key.reference for key in third.signing(NOW + timedelta(hours=25))] == ["r-3"]


def test_a_secret_that_leaked_never_signs_again() -> None:
    second = rotated(NEW, Key(subject="s-2", reference="r-2"), NOW)
    third = rotated(second, Key(subject="s-3", reference="r-3"), NOW + timedelta(hours=1), keep_old=False)
    assert [key.reference for key in third.signing(NOW + timedelta(hours=1))] == ["r-3"]
