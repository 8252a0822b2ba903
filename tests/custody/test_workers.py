"""A server of two processes on PostgreSQL: its figures add up over both, and what the database says is said once."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from adapters.postgres.embedded import APP_ROLE, Server
from adapters.postgres.migrate import drop_network, migrate
from application.registry import EVENT_TYPES
from tests.custody.restoring import FOUNDING, body_of, settings_of
from tests.custody.served import Served, children_of, serving


@pytest.fixture(scope="module")
def served(
    server: Server, fresh_schema: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    settings = settings_of(server, fresh_schema(), tmp_path_factory.mktemp("data"), 1)
    asyncio.run(migrate(server.admin_dsn, settings.network, APP_ROLE))
    with serving(server, settings, 2) as served:
        assert served.send("found-network", FOUNDING).status_code == 201
        yield served
    asyncio.run(drop_network(server.admin_dsn, settings.network))


def test_requests_and_decisions_add_up_over_the_processes(served: Served) -> None:
    route = {"method": "POST", "route": "/v1/commands/register-organisation", "status": "2xx"}
    for n in range(20):
        assert served.send("register-organisation", body_of(f"o-{n}")).status_code == 201
    expected = {
        ("tasma_http_requests_total", frozenset(route.items())): 20,
        ("tasma_appended_decisions_total", frozenset[tuple[str, str]]()): 21,
        ("tasma_appended_events_total", frozenset[tuple[str, str]]()): 21,
        ("tasma_log_head", frozenset[tuple[str, str]]()): 21,
    }

    def told() -> bool:
        figures = served.figures()
        return {key: figures.get(key) for key in expected} == expected

    # A process shares its counts within a second: then whichever answers says the same, and it stays so.
    served.until(lambda: all(told() for _ in range(8)))
    assert all(told() for _ in range(8))


def test_a_checkpoint_is_signed_behind_the_head_and_kept_outside(served: Served) -> None:
    head = served.send("register-organisation", body_of("signed")).json()["position"]
    served.until(lambda: served.figure("tasma_checkpoint_size") == head)
    figures = served.figures()
    assert figures["tasma_checkpoint_signed", frozenset()] == 1
    assert figures["tasma_checkpoint_lag_events", frozenset()] == 0
    assert figures["tasma_checkpoint_timestamp_seconds", frozenset()] > 1_700_000_000
    assert figures["tasma_seal_lag_events", frozenset()] == head
    assert (figures["tasma_sealed_pages", frozenset()], figures["tasma_seal_lag_seconds", frozenset()]) == (0, 0)
    file = (served.settings.data_dir or Path()) / f"{served.settings.network}.checkpoint"
    assert file.read_text(encoding="utf-8").splitlines()[1] == str(head)


def test_what_a_killed_process_counted_stays_in_the_sum(served: Served) -> None:
    """Counters never fall, or a monitor would take it for a restart of all."""
    before = served.figures()["tasma_appended_decisions_total", frozenset()]
    os.kill(children_of(served.process)[-1], signal.SIGKILL)
    served.until(served.answers)
    assert served.send("register-organisation", body_of("after-the-kill")).status_code == 201
    served.until(lambda: served.figure("tasma_appended_decisions_total") == before + 1)


def test_a_process_older_than_the_network_reads_and_does_not_decide(served: Served) -> None:
    """The last test of the file: a newer version has recorded events meanwhile."""
    newer = len(EVENT_TYPES) + 1
    with psycopg.connect(served.server.admin_dsn, autocommit=True) as connection:
        table = sql.Identifier(served.settings.network, "catalogue")
        connection.execute(sql.SQL("insert into {} (version) values (%s)").format(table), (newer,))
    refused = served.send("register-organisation", body_of("too-late"))
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/outdated")
    assert refused.json()["detail"] == (
        f"This version of Täsmä knows {len(EVENT_TYPES)} versions of events, the network has recorded with one that knows "
        f"{newer}: it may read but not decide. Update it."
    )
    assert served.get("/v1/partners").status_code == 200
    assert served.figure("tasma_catalogue_recorded_version") == newer
    assert served.figure("tasma_catalogue_version") == len(EVENT_TYPES)
