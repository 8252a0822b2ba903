"""Subscriptions over HTTP: whose they are, what is refused, what is shown, and that a secret is shown once."""

import httpx
import pytest

from application.subscribing import SUBSCRIPTIONS_MAX
from tests.http.test_metrics import samples
from tests.http.world import WISHES, World, run

PATH = "/v1/subscriptions"
URL = "https://example.fi/tasma"
MAY = {
    "coordinator": {"coordinator"},
    "auditor": {"auditor", "coordinator"},
    "xamk": {"xamk", "coordinator"},
    "ekami": {"ekami", "ekami without scope", "subscriber", "coordinator"},
    "subscriber": {"ekami", "ekami without scope", "subscriber", "coordinator"},
    "cursor": {"cursor", "coordinator"},
}
ACTIONS = ("test", "pause", "resume", "replay", "rotate-secret")


def send(world: World, path: str, body: object = None, who: str = "xamk", key: str | None = None) -> httpx.Response:
    headers = world.authorised(who) | ({"Idempotency-Key": key} if key else {})
    return world.client.post(path, headers=headers, **({} if body is None else {"json": body}))  # type: ignore[arg-type]


def subscribe(world: World, who: str = "xamk", **wanted: object) -> str:
    answer = send(world, PATH, {"url": URL, **wanted}, who)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["subscription"]["id"])


def test_made_it_is_told_once_how_it_signs(world: World) -> None:
    answer = send(world, PATH, {"url": URL, "types": ["tasma.revenue.*"], "about": ["pathway:p-07"], "after": 3})
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    made = answer.json()
    assert made["secret"].startswith("whsec_")
    shown = made["subscription"]
    assert answer.headers["location"] == f"{PATH}/{shown['id']}"
    assert (shown["cursor"], shown["lag_events"], shown["state"]) == (3, world.head - 3, "active")
    assert (shown["types"], shown["about"]) == (["tasma.revenue.*"], ["pathway:p-07"])
    for path in (PATH, f"{PATH}/{shown['id']}", f"{PATH}/{shown['id']}/attempts"):
        seen = world.get(path, "xamk")
        assert seen.status_code == 200
        assert made["secret"] not in seen.text
        assert "whsec_" not in seen.text
        assert "vault" not in seen.text
    assert world.get(f"{PATH}/{shown['id']}", "xamk").json() == shown


def test_without_a_position_it_begins_at_the_end(world: World) -> None:
    one = world.get(f"{PATH}/{subscribe(world)}", "xamk").json()
    assert (one["cursor"], one["lag_events"], one["lag_seconds"]) == (world.head, 0, 0.0)


def test_the_same_key_makes_one_and_shows_no_secret_again(world: World) -> None:
    key = "00000000-0000-7000-8000-000000000001"
    first, again = (send(world, PATH, {"url": URL}, key=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == {"subscription": first.json()["subscription"], "secret": None}
    other = send(world, PATH, {"url": URL, "after": 0}, key=key)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/command-id-reused")
    anothers = send(world, PATH, {"url": URL}, "ekami", key=key)
    assert anothers.status_code == 201
    assert anothers.json()["subscription"]["id"] != first.json()["subscription"]["id"]


@pytest.mark.parametrize("owner", sorted(MAY))
def test_what_is_not_yours_is_not_there(world: World, owner: str) -> None:
    name = subscribe(world, owner)
    for who in WISHES:
        paths = [("GET", ""), ("GET", "/attempts"), *(("POST", f"/{action}") for action in ACTIONS if action != "test")]
        for method, path in paths:
            content = {"json": {"after": 0}} if path == "/replay" else {}
            headers = world.authorised(who)
            world.later(hours=25)  # or too many secrets sign at once
            answer = world.client.request(method, f"{PATH}/{name}{path}", headers=headers, **content)  # type: ignore[arg-type]
            if who in MAY[owner]:
                assert answer.status_code == 200, (who, path, answer.text)
            elif who in MAY:
                assert answer.status_code == 404, (who, path, answer.text)
                assert answer.json()["type"] == "/problems/no-such-subscription"
            else:
                assert answer.status_code in (403, 404), (who, path, answer.text)
        listed = world.get(PATH, who)
        names = [one["id"] for one in listed.json()["items"]] if listed.status_code == 200 else []
        assert names == ([name] if who in MAY[owner] else []), who
    for who in sorted(WISHES.keys() - MAY[owner]):
        answer = world.client.delete(f"{PATH}/{name}", headers=world.authorised(who))
        assert answer.status_code in (403, 404)
    assert world.client.delete(f"{PATH}/{name}", headers=world.authorised(owner)).status_code == 204
    assert world.get(f"{PATH}/{name}", owner).status_code == 404


@pytest.mark.parametrize("who", ["mentor", "funder", "project auditor"])
def test_who_reads_a_part_only_may_not_subscribe(seen: World, who: str) -> None:
    answer = send(seen, PATH, {"url": URL}, who)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "$"),
        ([], "$"),
        ({"url": 1}, "$.url"),
        ({"url": "http://example.fi/"}, "$.url"),
        ({"url": "https://127.0.0.1/"}, "$.url"),
        ({"url": "https://[::1]/"}, "$.url"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "$.url"),
        ({"url": "https://a:b@example.fi/"}, "$.url"),
        ({"url": "https://example.fi:22/"}, "$.url"),
        ({"url": URL, "types": ["tasma.nothing.v1"]}, "$.types"),
        ({"url": URL, "types": ["tasma.revenue.shared.v1,tasma.revenue.reversed.v1"]}, "$.types"),
        ({"url": URL, "types": "tasma.revenue.*"}, "$.types"),
        ({"url": URL, "types": ["*"] * 51}, "$.types"),
        ({"url": URL, "about": [""]}, "$.about"),
        ({"url": URL, "about": ["x" * 201]}, "$.about"),
        ({"url": URL, "after": -1}, "$.after"),
        ({"url": URL, "after": 10**9}, "$.after"),
        ({"url": URL, "secret": "whsec_x"}, "$"),
    ],
)
def test_what_cannot_be_delivered_is_refused_with_the_place(seen: World, body: object, where: str) -> None:
    answer = send(seen, PATH, body)
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, where), answer.text
    assert seen.get(PATH, "xamk").json()["items"] == []


def test_beyond_the_end_nothing_can_begin(seen: World) -> None:
    answer = send(seen, PATH, {"url": URL, "after": seen.head + 1})
    assert answer.json()["errors"][0]["why"] == (
        f"{seen.head + 1} is no position to begin behind: the log ends at {seen.head}"
    )


def test_an_organisation_has_so_many_and_no_more(world: World) -> None:
    name = subscribe(world, "ekami")
    for _ in range(SUBSCRIPTIONS_MAX - 1):
        subscribe(world, "ekami")
    answer = send(world, PATH, {"url": URL}, "subscriber")
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "org:ekami has 50 subscriptions, and no more are kept for one organisation; delete one first.",
    )
    subscribe(world, "xamk")
    assert world.client.delete(f"{PATH}/{name}", headers=world.authorised("ekami")).status_code == 204
    subscribe(world, "subscriber")
    assert _pages(world) == [20, 20, 11]


def _pages(world: World) -> list[int]:
    page = world.get(f"{PATH}?limit=20").json()
    sizes = [len(page["items"])]
    while page["next"]:
        page = world.get(f"{PATH}?limit=20&cursor={page['next']}").json()
        sizes.append(len(page["items"]))
    return sizes


def test_paused_and_resumed_twice_is_once(world: World) -> None:
    path = f"{PATH}/{subscribe(world)}"
    for action, state in (("pause", "paused"), ("pause", "paused"), ("resume", "active"), ("resume", "active")):
        answer = send(world, f"{path}/{action}")
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert send(world, f"{path}/replay", {"after": 2}).json()["cursor"] == 2
    assert send(world, f"{path}/replay", {"after": world.head + 1}).status_code == 422
    assert send(world, f"{path}/replay").status_code == 400


def test_another_token_takes_the_place_of_one_that_ended_if_it_reads_the_same(world: World) -> None:
    name = subscribe(world, "xamk")
    kept = run(world.means.store.get(name))
    assert kept is not None
    run(world.tokens.revoke(kept.token))
    world.bearers["xamk"] = run(world.tokens.issue(WISHES["xamk"])).token
    refused = send(world, f"{PATH}/{name}/resume", who="coordinator")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/token-not-theirs")
    assert send(world, f"{PATH}/{name}/resume", who="xamk").status_code == 200
    again = run(world.means.store.get(name))
    assert again is not None
    assert again.token != kept.token
    assert send(world, f"{PATH}/{name}/resume", who="coordinator").status_code == 200


def test_a_partner_cannot_lend_their_token_to_the_coordinators_subscription(world: World) -> None:
    assert send(world, f"{PATH}/{subscribe(world, 'coordinator')}/resume", who="xamk").status_code == 404


def test_secrets_change_and_only_so_many_sign_at_once(world: World) -> None:
    name = subscribe(world)
    secrets = [send(world, f"{PATH}/{name}/rotate-secret").json()["secret"] for _ in range(3)]
    assert len(set(secrets)) == 3
    refused = send(world, f"{PATH}/{name}/rotate-secret")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/too-many-secrets")
    world.later(hours=25)
    assert send(world, f"{PATH}/{name}/rotate-secret").status_code == 200


def test_monitors_see_how_each_is_doing_by_its_id(world: World) -> None:
    name = subscribe(world, after=0)
    figures = samples(world.get("/metrics").text)
    labels = frozenset({("subscription", name)})
    assert figures["tasma_subscription_lag_events", labels] == world.head
    assert figures["tasma_subscription_lag_seconds", labels] > 0
    send(world, f"{PATH}/{name}/pause")
    figures = samples(world.get("/metrics").text)
    for state in ("active", "failing", "paused", "parked"):
        key = frozenset({("subscription", name), ("state", state)})
        assert figures["tasma_subscription_state", key] == float(state == "paused")
