"""Health is open, honest and tells nothing else; a constructed network says what it is on everything."""

import pytest

from adapters.http.health import LATE_SECONDS
from application.notices import CONSTRUCTED
from tests.http.world import Lag, World

BEHIND = Lag("share-delivered-parts", 23, lag_events=2, state="behind")


def test_health_says_how_far_behind_each_read_model_is(seen: World) -> None:
    seen.lags, seen.policy_lags = [Lag("statements", 20, lag_events=5, lag_seconds=1.23456)], [BEHIND]
    answer = seen.get("/v1/health", None)
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "network": "testi",
        "constructed": False,
        "notice": None,
        "head": seen.head,
        "head_time": "2019-03-01T07:00:23.000002Z",
        "read_only": None,
        "projections": [{"name": "statements", "position": 20, "lag_events": 5, "lag_seconds": 1.235, "state": "live"}],
        "policies": [
            {"name": "share-delivered-parts", "position": 23, "lag_events": 2, "lag_seconds": 0.0, "state": "behind"}
        ],
    }


@pytest.mark.parametrize(
    ("name", "state", "status", "word"),
    [
        ("statements", "live", 200, "ok"),
        ("statements", "behind", 200, "ok"),
        ("statements", "halted", 503, "halted"),
        ("referrals", "halted", 200, "degraded"),
        ("referrals", "parked", 200, "degraded"),
        ("statements", "stale", 503, "halted"),
        ("referrals", "stale", 200, "degraded"),
    ],
)
def test_money_that_stands_still_is_no_health(seen: World, name: str, state: str, status: int, word: str) -> None:
    seen.lags, seen.policy_lags = [Lag(name, 20, state=state, fault="what was in the event")], [BEHIND]
    answer = seen.get("/v1/health", None)
    assert (answer.status_code, answer.json()["status"]) == (status, word)
    assert "what was in the event" not in answer.text


def test_a_halted_policy_is_money_that_stands_still(seen: World) -> None:
    halted = Lag("share-delivered-parts", 23, lag_events=2, state="halted", fault="what was in the event")
    seen.lags, seen.policy_lags = [Lag("statements", 25)], [halted]
    answer = seen.get("/v1/health", None)
    assert (answer.status_code, answer.json()["status"]) == (503, "halted")
    (policy,) = answer.json()["policies"]
    assert (policy["state"], policy["position"]) == ("halted", 23)
    assert "what was in the event" not in answer.text


def test_a_log_that_is_only_read_is_money_that_stands_still(world: World) -> None:
    """Health says why; that is for everybody, since it names positions alone."""
    world.lags, world.policy_lags = [Lag("statements", 25)], []
    world.read_only = "The log ends at position 25, but a checkpoint over 30 events was signed."
    answer = world.get("/v1/health", None)
    assert (answer.status_code, answer.json()["status"]) == (503, "halted")
    assert answer.json()["read_only"] == world.read_only


@pytest.mark.parametrize(("seconds", "word"), [(LATE_SECONDS, "ok"), (LATE_SECONDS + 1, "degraded")])
def test_what_does_not_move_is_degraded_whatever_its_state_says(seen: World, seconds: float, word: str) -> None:
    """A read model or a policy that nobody works on is not halted; its lag gives it away."""
    late = Lag("referrals", 20, lag_events=5, lag_seconds=seconds, state="behind")
    for seen.lags, seen.policy_lags in (([late], [BEHIND]), ([], [late])):
        answer = seen.get("/v1/health", None)
        assert (answer.status_code, answer.json()["status"]) == (200, word)


def test_every_answer_of_a_constructed_network_says_so(constructed: World) -> None:
    answers = [constructed.get(path, None) for path in ("/v1/health", "/docs", "/openapi.json", "/nix", "/v1/partners")]
    answers += [constructed.send("found-network", {}), constructed.client.options("/v1/partners")]
    assert {a.headers["tasma-constructed"] for a in answers} == {"true"}
    assert answers[0].json()["notice"] == CONSTRUCTED
    assert CONSTRUCTED in answers[1].text
    assert CONSTRUCTED in answers[2].json()["info"]["description"]


def test_no_answer_of_a_real_network_says_so(seen: World) -> None:
    assert all("tasma-constructed" not in seen.get(path).headers for path in ("/v1/health", "/nix", "/v1/partners"))


def test_a_constructed_network_takes_the_time_with_the_command(constructed: World) -> None:
    organisation = {"name": {"fi": "Uusi"}, "kind": "other"}
    first = constructed.send(
        "register-organisation",
        {"organisation": "org:a", **organisation},
        headers={"Tasma-At": "2019-06-05T09:00:00+03:00"},
    )
    assert first.status_code == 201, first.text
    position = first.json()["position"]
    assert constructed.get(f"/v1/events/{position}").json()["time"] == "2019-06-05T06:00:00.000000Z"
    # Without a time of its own a command reads the head's.
    second = constructed.send("register-organisation", {"organisation": "org:b", **organisation}).json()["position"]
    assert constructed.get(f"/v1/events/{second}").json()["time"] == "2019-06-05T06:00:00.000001Z"
    earlier = constructed.send(
        "register-organisation", {"organisation": "org:c", **organisation}, headers={"Tasma-At": "2019-06-04T09:00:00Z"}
    )
    assert (earlier.status_code, earlier.json()["type"]) == (409, "/problems/clock-behind")


@pytest.mark.parametrize("who", ["xamk", "ekami"])
def test_a_simulated_clock_is_set_by_the_coordinator_alone(constructed: World, who: str) -> None:
    before = constructed.head
    offering = {"offering": "offering:o-1", "provider": f"org:{who}"}
    body = {**offering, "description": {"kind": "course", "name": {"fi": "Kurssi"}}}
    answer = constructed.send("publish-offering", body, who, {"Tasma-At": "2199-12-31T00:00:00Z"})
    assert (answer.status_code, answer.json()["type"], answer.json()["detail"]) == (
        403,
        "/problems/not-allowed",
        "The role partner may not set the time of a command; it needs coordinator.",
    )
    assert constructed.head == before
    assert constructed.send("publish-offering", body, who).status_code == 201


@pytest.mark.parametrize("at", ["2019-06-05", "2019-06-05T09:00:00", "noon", ""])
def test_a_time_without_a_zone_is_no_time(constructed: World, at: str) -> None:
    body = {"organisation": "org:a", "name": {"fi": "Uusi"}, "kind": "other"}
    answer = constructed.send("register-organisation", body, headers={"Tasma-At": at})
    why = f"{at} is no time with a zone, such as 2019-03-05T09:00:00+02:00"
    assert (answer.status_code, answer.json()["errors"]) == (400, [{"where": "Tasma-At", "why": why}])


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_simulated_clock_keeps_to_years_that_can_be_reckoned_with(constructed: World, at: str) -> None:
    body = {"organisation": "org:a", "name": {"fi": "Uusi"}, "kind": "other"}
    answer = constructed.send("register-organisation", body, headers={"Tasma-At": at})
    why = f"{at} is outside the years 1970 to 2199"
    assert (answer.status_code, answer.json()["errors"]) == (400, [{"where": "Tasma-At", "why": why}])
