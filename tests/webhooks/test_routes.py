"""Subscriptions over HTTP: whose they are, what is refused, what is shown, and that a secret is shown once."""

from datetime import timedelta

import httpx
import pytest
from msgspec import Struct
from msgspec.structs import fields

from adapters.http.feed.subscriptions import Attempts, Standings, Subscribed
from adapters.http.feed.subscriptions_kept import From, Rotate
from adapters.http.schemas_words import said_of, said_of_fields
from adapters.webhooks.standing import Standing
from application.subscription_wishes import Subscribe
from application.subscriptions import OLD_SECRET, SAID_GONE, SUBSCRIPTIONS_MAX, Attempt, parked
from tests.http.test_metrics import samples
from tests.http.world import START, WISHES, World, opened, run

PATH = "/v1/subscriptions"
URL = "https://hooks.example.org/tasma"
MAY = {
    "coordinator": {"coordinator"},
    "auditor": {"auditor", "coordinator"},
    "xamk": {"xamk", "coordinator"},
    "ekami": {"ekami", "ekami without scope", "coordinator"},
    "subscriber": {"subscriber", "coordinator"},
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
        ({"url": "http://hooks.example.org/"}, "$.url"),
        ({"url": "https://127.0.0.1/"}, "$.url"),
        ({"url": "https://[::1]/"}, "$.url"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "$.url"),
        ({"url": "https://a:b@hooks.example.org/"}, "$.url"),
        ({"url": "https://hooks.example.org:22/"}, "$.url"),
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
    empty = send(world, f"{path}/replay")
    assert (empty.status_code, empty.json()["detail"]) == (
        400,
        'The body is not JSON: it is empty. Send {"after": N}: the position behind which to begin, 0 for all.',
    )


@pytest.mark.parametrize("state", ["paused", "parked"])
def test_replayed_it_is_active_again(world: World, state: str) -> None:
    name = subscribe(world)
    stop(world, name, state)
    again = send(world, f"{PATH}/{name}/replay", {"after": 2}).json()
    assert (again["state"], again["why"], again["cursor"]) == ("active", "", 2)


def test_pausing_what_is_parked_says_that_it_stays_so(world: World) -> None:
    name = subscribe(world)
    stop(world, name, "parked")
    answer = send(world, f"{PATH}/{name}/pause")
    assert (answer.status_code, answer.json()["state"], answer.json()["why"]) == (
        200,
        "parked",
        "It was parked before it was to be paused, and stays so: nothing is delivered either way. " + SAID_GONE,
    )
    assert world.get(f"{PATH}/{name}", "xamk").json()["why"] == SAID_GONE


def stop(world: World, name: str, state: str) -> None:
    if state == "paused":
        assert send(world, f"{PATH}/{name}/pause").json()["state"] == state
        return
    known = run(world.means.store.get(name))
    assert known is not None
    assert run(world.means.store.change(known, parked(known, SAID_GONE))) is not None


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
    assert refused.json()["detail"] == (
        "4 secrets sign at once already; the next can be made when the oldest ends, "
        f'{(world.now + OLD_SECRET).isoformat()}, or at once with {{"keep_old": false}}, which ends all of them.'
    )
    alone = send(world, f"{PATH}/{name}/rotate-secret", {"keep_old": False})
    assert (alone.status_code, alone.json()["subscription"]["old_secrets_until"]) == (200, None)
    kept = run(world.means.store.get(name))
    assert kept is not None
    assert len(kept.secrets) == 1
    for _ in range(3):
        assert send(world, f"{PATH}/{name}/rotate-secret", {}).status_code == 200
    assert send(world, f"{PATH}/{name}/rotate-secret", {"keep_old": True}).status_code == 409
    assert send(world, f"{PATH}/{name}/rotate-secret", {"keep": False}).status_code == 422
    world.later(hours=25)
    assert send(world, f"{PATH}/{name}/rotate-secret").status_code == 200


def test_of_several_old_secrets_the_one_that_ends_last_is_named(world: World) -> None:
    name = subscribe(world)
    send(world, f"{PATH}/{name}/rotate-secret")
    world.later(hours=1)
    shown = send(world, f"{PATH}/{name}/rotate-secret").json()["subscription"]
    assert shown["old_secrets_until"] == f"{world.now + OLD_SECRET:%Y-%m-%dT%H:%M:%SZ}"


def test_in_a_constructed_network_the_lag_is_reckoned_in_its_own_time() -> None:
    """Its events are of years long past, and nothing waits since then."""
    with opened(constructed=True) as world:
        world.later(days=3_650)
        name = subscribe(world, after=world.head)
        for day in (10, 12):
            body = {"organisation": f"org:new-{day}", "name": {"fi": "uusi"}, "kind": "other"}
            at = (START + timedelta(days=day)).isoformat()
            assert world.send("register-organisation", body, headers={"Tasma-At": at}).status_code == 201
        shown = world.get(f"{PATH}/{name}", "xamk").json()
        assert (shown["lag_events"], shown["lag_seconds"]) == (2, timedelta(days=2).total_seconds())
        labels = frozenset({("subscription", name)})
        assert samples(world.get("/metrics").text)["tasma_subscription_lag_seconds", labels] == shown["lag_seconds"]
        assert shown["created_at"] == f"{world.now:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("kind", [Subscribe, Subscribed, Standing, Attempt, From, Rotate, Standings, Attempts])
def test_every_field_is_described(kind: type[Struct]) -> None:
    assert said_of(kind)
    assert {f.name for f in fields(kind)} - said_of_fields(kind).keys() == set()


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
