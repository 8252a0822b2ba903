"""A real network that signs, and what a restored backup of it looks like."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg import sql

from adapters.http.app import create_app
from adapters.postgres.embedded import Server
from adapters.settings import Secret, Settings
from adapters.signing import make_key
from adapters.wiring import Network, open_network
from application.access import Wish
from application.desk import Asker

COORDINATOR = Asker(actor="person:c", role="coordinator")
FOUNDING = {"network": "testi", "name": {"fi": "Testi"}, "first_period": "2019-01"}


def settings_of(server: Server, schema: str, folder: Path, *seeds: int) -> Settings:
    """Settings with signing keys made of these seeds, the first current."""
    origin = f"tasma/networks/{schema}"
    keys = " ".join(make_key(origin, bytes([seed]) * 32) for seed in seeds)
    return Settings(
        network=schema,
        database_url=server.app_dsn,
        admin_database_url=server.admin_dsn,
        data_dir=folder,
        signing_key=Secret(keys) if keys else None,
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """The same as variables."""
    given = {
        "TASMA_NETWORK": settings.network,
        "TASMA_DATABASE_URL": settings.database_url,
        "TASMA_ADMIN_DATABASE_URL": settings.admin_database_url,
        "TASMA_DATA_DIR": str(settings.data_dir),
        "TASMA_SIGNING_KEY": settings.signing_key,
        "TASMA_MASTER_KEY": settings.master_key,
    }
    return {name: str(value) for name, value in given.items() if value is not None}


async def register(network: Network, *names: str) -> None:
    """One event each."""
    for name in names:
        body = {"organisation": f"org:{name}", "name": {"fi": name}, "kind": "other"}
        await network.desk.carry_out("register-organisation", body, COORDINATOR)


async def lived(settings: Settings, *names: str) -> None:
    """A network that was founded, registered these organisations and signed that."""
    async with open_network(settings) as network:
        await network.desk.carry_out("found-network", FOUNDING, COORDINATOR)
        await register(network, *names)
        await network.sealer.seal()


def cut_back(server: Server, schema: str, position: int) -> None:
    """Take away what came after a position: what is left is what a backup from then holds."""
    with psycopg.connect(server.admin_dsn) as connection:
        for table, column in (
            ("tag", "position"),
            ("event", "position"),
            ("command", "last"),
            ("checkpoint", "size"),
        ):
            name = sql.Identifier(schema, table)
            connection.execute(sql.SQL("alter table {} disable trigger append_only").format(name))
            connection.execute(
                sql.SQL("delete from {} where {} > %s").format(name, sql.Identifier(column)), (position,)
            )
            connection.execute(sql.SQL("alter table {} enable trigger append_only").format(name))


@asynccontextmanager
async def client_of(network: Network, wish: Wish) -> AsyncIterator[httpx.AsyncClient]:
    """The application of an open network, and somebody who asks it with a token."""
    issued = await network.tokens.issue(wish)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(network)),  # type: ignore[arg-type]  # litestar's own types
        base_url="http://tasma",
        headers={"Authorization": f"Bearer {issued.token}"},
    ) as client:
        yield client


def body_of(name: str) -> Mapping[str, Any]:
    return {"organisation": f"org:{name}", "name": {"fi": name}, "kind": "other"}
