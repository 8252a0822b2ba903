"""The constructed year behind a real server that signs it, and what the log of it holds."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from http import HTTPStatus

import psycopg
import pytest
from psycopg import sql

from adapters.clock import system_clock
from adapters.postgres.database import connect
from adapters.postgres.embedded import APP_ROLE, Server
from adapters.postgres.migrate import drop_network, migrate
from adapters.postgres.tokens import tokens_in
from adapters.settings import Settings
from application.access import Issued, Wish
from application.envelope import decode
from application.policies import POLICIES
from domain.kernel import tags_of
from tests.custody.restoring import environment_of, settings_of
from tests.custody.test_workers import PATIENCE_SECONDS, REPOSITORY, Served
from tests.examples.memory_stage import played

SERVE = "import sys; from adapters.http.serve import serve; serve('127.0.0.1', int(sys.argv[1]), 1)"
SEED = 1


@pytest.fixture(scope="session")
def year_bodies() -> tuple[bytes, ...]:
    """Every event of the year, as stored."""
    stage, _ = asyncio.run(played(2019))
    return tuple(asyncio.run(stage.log.bodies(0, limit=100_000)))


@pytest.fixture(scope="module")
def year(
    server: Server,
    fresh_schema: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
    year_bodies: tuple[bytes, ...],
) -> Iterator[Served]:
    """The year on a real server; its headers are the coordinator's."""
    settings = settings_of(server, fresh_schema(), tmp_path_factory.mktemp("data"), SEED)
    asyncio.run(migrate(server.admin_dsn, settings.network, APP_ROLE))
    _put(server, settings.network, year_bodies)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TASMA_")} | environment_of(settings)
    process = subprocess.Popen(  # noqa: S603 - this interpreter, a script of this file
        [sys.executable, "-c", SERVE, str(port)],
        cwd=REPOSITORY,
        env={**environment, "TASMA_LOG": "json"},
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        served = Served(server, settings, port, process)
        try:
            token = asyncio.run(issued(settings, Wish(role="coordinator", subject="person:c"))).token
            served.headers["Authorization"] = f"Bearer {token}"
            served.until(served.answers)
            until_signed(served, len(year_bodies))
            yield served
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_SECONDS)
    asyncio.run(drop_network(server.admin_dsn, settings.network))


def until_signed(served: Served, size: int) -> None:
    """Wait until a checkpoint covers so many events."""
    served.until(lambda: signed_size(served) >= size)


def signed_size(served: Served) -> int:
    answer = served.get("/v1/feed/checkpoint")
    return int(answer.text.split("\n")[1]) if answer.status_code == HTTPStatus.OK else 0


def stored(served: Served) -> list[bytes]:
    with psycopg.connect(served.server.app_dsn) as connection:
        table = sql.Identifier(served.settings.network, "event")
        return [
            bytes(data)
            for (data,) in connection.execute(sql.SQL("select data from {} order by position").format(table))
        ]


async def issued(settings: Settings, wish: Wish) -> Issued:
    async with connect(settings.database_url or "", connections=1) as database:
        return await tokens_in(database, settings.network, system_clock).issue(wish)


async def revoked(settings: Settings, token: str) -> None:
    async with connect(settings.database_url or "", connections=1) as database:
        await tokens_in(database, settings.network, system_clock).revoke(token)


def _put(server: Server, schema: str, bodies: tuple[bytes, ...]) -> None:
    """Into the tables by their owner: through the door it would take half a minute. The policies have done their part."""
    types: dict[str, int] = {}
    events: list[tuple[object, ...]] = []
    tags: list[tuple[object, ...]] = []
    for position, body in enumerate(bodies, 1):
        event = decode(body)
        kind, names = types.setdefault(event.type, len(types) + 1), tags_of(event.data)
        events.append((position, kind, event.time, list(names), body))
        tags += [(tag, kind, position) for tag in names]
    rows: dict[str, list[tuple[object, ...]]] = {
        "event_type": [(kind, name) for name, kind in types.items()],
        "event": events,
        "tag": tags,
        "network": [(True, True)],
        "mark": [(policy.name, len(bodies)) for policy in POLICIES],
    }
    with psycopg.connect(server.admin_dsn) as connection, connection.cursor() as cursor:
        for table, each in rows.items():
            with cursor.copy(sql.SQL("copy {} from stdin").format(sql.Identifier(schema, table))) as copy:
                for row in each:
                    copy.write_row(row)
