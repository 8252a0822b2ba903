"""Metrics: figures of the whole network for those who oversee it, and nobody's name among the labels."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.figures import Batches, Work
from adapters.http.traffic import OTHER
from tests.http.world import WISHES, Lag, World

Sample = tuple[str, frozenset[tuple[str, str]]]
OVERSEERS = {"coordinator", "auditor"}


def samples(text: str) -> dict[Sample, float]:
    """By name and labels, as a monitor reads them."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def seen_by(world: World, name: str, **labels: str) -> float | None:
    answer = world.get("/metrics")
    assert answer.status_code == 200, answer.text
    return samples(answer.text).get((name, frozenset(labels.items())))


@pytest.mark.parametrize("who", sorted(WISHES))
def test_only_those_who_oversee_the_network_may_read_them(seen: World, who: str) -> None:
    answer = seen.get("/metrics", who)
    assert answer.status_code == (200 if who in OVERSEERS else 404)
    if who in OVERSEERS:
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"


def test_nobody_reads_them_without_a_token(seen: World) -> None:
    answer = seen.get("/metrics", None)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/token-missing")
    assert "tasma_" not in answer.text


def test_every_figure_explains_itself(seen: World) -> None:
    for family in text_string_to_metric_families(seen.get("/metrics").text):
        assert family.name.startswith("tasma_")
        assert family.documentation.endswith("."), family.name


def test_requests_are_counted_by_route_and_class_of_status(world: World) -> None:
    labels = {"method": "GET", "route": "/v1/partners"}
    assert seen_by(world, "tasma_http_requests_total", **labels, status="2xx") is None
    for _ in range(3):
        world.get("/v1/partners")
    world.get("/v1/partners", None)
    assert seen_by(world, "tasma_http_requests_total", **labels, status="2xx") == 3
    assert seen_by(world, "tasma_http_requests_total", **labels, status="4xx") == 1
    assert seen_by(world, "tasma_http_request_duration_seconds_count", **labels) == 4
    assert seen_by(world, "tasma_http_request_duration_seconds_bucket", **labels, le="+Inf") == 4


def test_no_label_names_anybody_or_anything(world: World) -> None:
    """Routes are labels by their template, whatever was asked for; what is made up is one label together."""
    for path in (
        "/v1/pathways/pathway:p-07",
        "/v1/statements/org:ekami/2019-03",
        "/v1/mentors/mentor:m-03/clients",
        "/v1/events/17",
        "/nix/org:ekami",
    ):
        world.get(path)
    world.send("assign-mentee", {"mentor": "mentor:m-03", "client": "client:c-99"})
    world.client.request("BREW", "/v1/partners/made-up")
    text = world.get("/metrics").text
    for name in ("p-07", "ekami", "xamk", "m-03", "c-99", "events/17", "2019-03", "person:", "BREW", "made-up"):
        assert name not in text
    routes = {dict(labels)["route"] for (name, labels) in samples(text) if name == "tasma_http_requests_total"}
    assert routes >= {"/v1/statements/{partner}/{period}", "/v1/commands/assign-mentee", OTHER}


def test_what_fails_is_counted_as_failed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> None:
        raise ValueError("something broke")

    monkeypatch.setattr(world, "status", broken)
    assert world.get("/v1/health").status_code == 500
    monkeypatch.undo()
    labels = {"method": "GET", "route": "/v1/health", "status": "5xx"}
    assert seen_by(world, "tasma_http_requests_total", **labels) == 1


def test_lags_and_states_are_told_of_each_read_model_and_policy(world: World) -> None:
    world.lags = [Lag("statements", 20, lag_events=5, lag_seconds=1.5, state="behind")]
    world.policy_lags = [Lag("share-delivered-parts", 25, state="halted")]
    assert seen_by(world, "tasma_projection_lag_events", projection="statements") == 5
    assert seen_by(world, "tasma_projection_lag_seconds", projection="statements") == 1.5
    assert seen_by(world, "tasma_projection_state", projection="statements", state="behind") == 1
    assert seen_by(world, "tasma_projection_state", projection="statements", state="live") == 0
    assert seen_by(world, "tasma_policy_position", policy="share-delivered-parts") == 25
    assert seen_by(world, "tasma_policy_state", policy="share-delivered-parts", state="halted") == 1


def test_the_head_and_the_catalogue_are_told(world: World) -> None:
    assert seen_by(world, "tasma_log_head") == world.head
    world.do("register-organisation", {"organisation": "org:uusi", "name": {"fi": "Uusi"}, "kind": "other"})
    assert seen_by(world, "tasma_log_head") == world.head
    assert (seen_by(world, "tasma_catalogue_version") or 0) > 30
    assert (seen_by(world, "tasma_log_read_only"), seen_by(world, "tasma_checkpoint_kept_outside")) == (0, 1)
    world.read_only = world.unkept = "why"
    assert (seen_by(world, "tasma_log_read_only"), seen_by(world, "tasma_checkpoint_kept_outside")) == (1, 0)


def test_the_work_of_the_process_is_told(world: World) -> None:
    world.done = Work(
        decisions=7,
        events=9,
        conflicts=2,
        refused=3,
        batches={"appends": Batches(waiting=4, items=12, sizes=[2, 1, 1, 0, 0, 0, 0, 0, 0])},
    )
    for name, value in {
        "tasma_appended_decisions_total": 7,
        "tasma_appended_events_total": 9,
        "tasma_conflicts_total": 2,
        "tasma_overloaded_total": 3,
    }.items():
        assert seen_by(world, name) == value
    assert seen_by(world, "tasma_sealing") == 1
    world.done.resting = 1
    assert seen_by(world, "tasma_sealing") == 0
    assert seen_by(world, "tasma_queue_depth", kind="appends") == 4
    assert seen_by(world, "tasma_batch_size_bucket", kind="appends", le="3.0") == 3
    assert seen_by(world, "tasma_batch_size_count", kind="appends") == 4
    assert seen_by(world, "tasma_batch_size_sum", kind="appends") == 12
