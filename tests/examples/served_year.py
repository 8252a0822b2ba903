"""The constructed year behind a real server that signs it, and what the log of it holds."""

import asyncio
from collections.abc import Callable, Iterator
from http import HTTPStatus

import psycopg
import pytest
from psycopg import sql

from adapters.postgres.embedded import APP_ROLE, Server
from adapters.postgres.migrate import drop_network, migrate
from application.envelope import decode
from application.policies import POLICIES
from domain.kernel import tags_of
from tests.custody.restoring import settings_of
from tests.custody.served import Served, serving
from tests.examples.memory_stage import bodies_of

SEED = 1


@pytest.fixture(scope="session")
def year_bodies() -> tuple[bytes, ...]:
    """Every event of the year, as stored."""
    return bodies_of(2019)


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
    with serving(server, settings, 1) as served:
        until_signed(served, len(year_bodies))
        yield served
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
