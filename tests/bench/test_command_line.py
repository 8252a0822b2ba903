"""`tasma bench` as people and scripts use it, in runs too short to mean anything."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.postgres.embedded import Server

TASMA = Path(sys.executable).with_name("tasma")
Bench = Callable[..., subprocess.CompletedProcess[str]]
TINY = ("--seconds", "0.2", "--rounds", "2")


@pytest.fixture
def environment(server: Server, tmp_path: Path) -> dict[str, str]:
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("TASMA_")},
        "TASMA_DATABASE_URL": server.app_dsn,
        "TASMA_ADMIN_DATABASE_URL": server.admin_dsn,
        "TASMA_DATA_DIR": str(tmp_path),
    }


@pytest.fixture
def bench(environment: dict[str, str]) -> Bench:
    def run(*arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own command
            [str(TASMA), "bench", *arguments],
            env={**environment, **changed},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


def checked(done: subprocess.CompletedProcess[str], server: Server, folder: Path) -> dict[str, Any]:
    """The report, of a run that has left nothing behind."""
    assert done.returncode == 0, done.stderr
    assert_cleared(done.stderr, server, folder)
    report: dict[str, Any] = json.loads(done.stdout)
    assert set(report["machine"]) == {"cores", "python", "postgresql"}
    assert report["reading"].endswith(".")
    return report


def assert_cleared(said: str, server: Server, folder: Path) -> None:
    run = re.search(r"tasma_bench_[0-9a-f]{8}", said)
    assert run
    with psycopg.connect(server.admin_dsn) as connection:
        left = connection.execute("select nspname from pg_namespace where nspname like %s", (f"{run[0]}%",)).fetchall()
    assert (left, list(folder.iterdir())) == ([], [])


def speeds(report: dict[str, Any], **wanted: object) -> dict[tuple[str, int], float]:
    chosen = [r for r in report["results"] if all(r.get(key) == value for key, value in wanted.items())]
    return {(r["system"], r["writers"]): r["per_second"] for r in chosen}


def test_append_measures_peers_in_the_same_run(bench: Bench, server: Server, tmp_path: Path) -> None:
    """Every system with every number of writers, each with its rounds; ratios are quotients of these very figures."""
    pytest.importorskip("umadb")
    done = bench("append", "--writers", "1,2", *TINY, "--peers", "--length", "10000", "--format", "json")
    report = checked(done, server, tmp_path)
    assert report["bench"] == "append"
    fresh = speeds(report, length=None)
    assert set(fresh) == {(s, w) for s in ("tasma", "eventsourcing", "umadb", "limit") for w in (1, 2)}
    assert all(len(r["rounds"]) == 2 for r in report["results"])
    pairs = [("tasma", "eventsourcing"), ("tasma", "umadb"), ("limit", "tasma")]
    assert report["ratios"] == {
        f"{one}/{other}@{w}": round(fresh[one, w] / fresh[other, w], 2) for one, other in pairs for w in (1, 2)
    }
    assert set(speeds(report, length=10_000)) == {("tasma", 1), ("tasma", 2)}


def test_decide_measures_the_same_decision_and_the_length(bench: Bench, server: Server, tmp_path: Path) -> None:
    done = bench("decide", "--deciders", "2", *TINY, "--peers", "--length", "10000,20000", "--format", "json")
    report = checked(done, server, tmp_path)
    fresh = speeds(report, length=None)
    assert set(fresh) == {("tasma", 2), ("eventsourcing", 2)}
    found = {
        (length, spread): speeds(report, length=length, spread=spread)["tasma", 2]
        for length in (10_000, 20_000)
        for spread in ("newest", "anywhere")
    }
    assert report["ratios"] == {
        "tasma/eventsourcing@2": round(fresh["tasma", 2] / fresh["eventsourcing", 2], 2),
        **{
            f"tasma[20000 {s}]/tasma[10000 {s}]@2": round(found[20_000, s] / found[10_000, s], 2)
            for s in ("newest", "anywhere")
        },
    }


def test_rebuild_measures_a_projection_alone(bench: Bench, server: Server, tmp_path: Path) -> None:
    """The year itself is the shortest log there is."""
    done = bench("rebuild", "statements", "--events", "1", "--rounds", "1", "--peers", "--format", "json")
    report = checked(done, server, tmp_path)
    ours = {r["projection"]: r for r in report["results"] if r["system"] == "tasma"}
    assert set(ours) == {"statements"}
    assert ours["statements"]["length"] > 1_000
    assert ours["statements"]["peak_mb"] > 10
    (stock,) = (r for r in report["results"] if r["system"] == "eventsourcing")
    assert report["ratios"] == {
        "tasma/eventsourcing@1": round(ours["statements"]["per_second"] / stock["per_second"], 1)
    }


def test_people_get_a_table_and_how_to_read_it(bench: Bench) -> None:
    done = bench("append", "--writers", "1", "--seconds", "0.1", "--rounds", "1", COLUMNS="200")
    assert done.returncode == 0, done.stderr
    assert "tasma bench append:" in done.stdout
    assert "per_second is the median of the rounds" in " ".join(done.stdout.split())


def test_stopped_with_ctrl_c_it_leaves_nothing(environment: dict[str, str], server: Server, tmp_path: Path) -> None:
    arguments = [str(TASMA), "bench", "append", "--writers", "4", "--seconds", "600", "--peers"]
    with subprocess.Popen(  # noqa: S603 - our own command
        arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr
        said = running.stderr.readline()
        running.send_signal(signal.SIGINT)
        said += running.stderr.read()
        assert running.wait(60) == 128 + signal.SIGINT, said
    assert_cleared(said, server, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("append", "--writers", "0"), "give whole numbers from 1 to 256"),
        (("append", "--writers", ""), "give whole numbers from 1 to 256"),
        (("decide", "--length", "1e6"), "give whole numbers from 1 to 100,000,000"),
    ],
)
def test_wrong_numbers_are_wrong_usage(bench: Bench, arguments: tuple[str, ...], says: str) -> None:
    done = bench(*arguments)
    assert (done.returncode, says in done.stderr) == (2, True)


def test_what_cannot_be_measured_is_refused_in_a_sentence(bench: Bench) -> None:
    unknown = bench("rebuild", "weather")
    assert (unknown.returncode, unknown.stderr.splitlines()[-1]) == (1, "There is no projection weather here.")
    alone = bench("append", TASMA_ADMIN_DATABASE_URL="")
    assert alone.returncode == 1
    assert alone.stderr.startswith(
        "A bench makes schemas of its own and drops them afterwards: set TASMA_ADMIN_DATABASE_URL"
    )
