"""`tasma bench feed`, in runs too short to mean anything: each part prints its results, beside others, and ratios of these."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from adapters.postgres.embedded import Server
from tests.bench.test_command_line import Bench, bench, checked, environment

__all__ = ["bench", "environment"]
TINY = ("--events", "10000", "--rounds", "1", "--seconds", "0.2", "--format", "json")


def test_who_catches_up_reads_pages_and_batches(bench: Bench, server: Server, tmp_path: Path) -> None:
    report = checked(bench("feed", "catch-up", *TINY, "--rounds", "2"), server, tmp_path)
    assert report["bench"] == "feed"
    found = {(r["way"], r["system"]): r for r in report["results"]}
    assert set(found) == {(way, system) for way in ("pages", "batches") for system in ("tasma", "litestar")}
    for result in found.values():
        assert result["per_second"] > 0
        assert result["mb_per_second"] > 0
        assert len(result["rounds"]) == 2
    assert set(report["ratios"]) == {"pages/litestar", "batches/litestar"}


def test_who_listens_hears_every_event(bench: Bench, server: Server, tmp_path: Path) -> None:
    """Readers that miss one end the bench, so figures are of all events and readers."""
    done = bench("feed", "live", "--readers", "30", "--commits", "20", *TINY)
    report = checked(done, server, tmp_path)
    found = {(r["way"], r["system"], r["commits"]): r for r in report["results"]}
    ways = [("sse", "tasma"), ("sse", "litestar"), ("long poll", "tasma")]
    assert set(found) == {(*way, 20) for way in ways}
    for result in found.values():
        assert 0 <= result["p50_ms"] <= result["p99_ms"] <= result["max_ms"]
        assert (result["readers"], len(result["rounds"])) == (30, 1)
    ours, bare = found["sse", "tasma", 20]["p99_ms"], found["sse", "litestar", 20]["p99_ms"]
    assert report["ratios"] == {"sse p99/litestar@20": round(ours / bare, 2)}


@pytest.mark.skipif(
    shutil.which("nats-server") is None, reason="NOT TESTED: the bench of the relay needs a nats-server"
)
def test_the_relay_is_measured_beside_the_bare_client(bench: Bench, server: Server, tmp_path: Path) -> None:
    report = checked(bench("feed", "relay", *TINY), server, tmp_path)
    assert_delivered(report, "relay", "nats")


def test_without_a_nats_server_the_relay_has_a_row_that_says_so(bench: Bench, server: Server, tmp_path: Path) -> None:
    report = checked(bench("feed", "relay", *TINY, PATH=""), server, tmp_path)
    (row,) = report["results"]
    assert (row["per_second"], row["note"]) == (None, "not measured: no nats-server")
    assert report["ratios"] == {}


def test_webhooks_are_measured_beside_bare_posts(bench: Bench, server: Server, tmp_path: Path) -> None:
    report = checked(bench("feed", "webhooks", *TINY), server, tmp_path)
    assert_delivered(report, "webhooks", "httpx")


def assert_delivered(report: dict[str, Any], way: str, bare: str) -> None:
    found = {r["system"]: r for r in report["results"]}
    assert set(found) == {"tasma", bare}
    assert {r["way"] for r in found.values()} == {way}
    assert report["ratios"] == {f"{way}/{bare}": round(found["tasma"]["per_second"] / found[bare]["per_second"], 2)}


def test_what_is_no_part_of_the_feed_is_refused(bench: Bench) -> None:
    done = bench("feed", "weather")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "There is no part weather of the feed here.")
