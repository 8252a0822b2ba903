"""Both stores of tokens keep the same promises."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from adapters.memory.tokens import MemoryTokens
from adapters.postgres.database import connect
from adapters.postgres.embedded import Server
from adapters.postgres.tokens import TokenTable, tokens_in
from application.access import Token, TokenStore, Wish
from application.desk import Asker

Opened = Callable[[], AbstractAsyncContextManager[TokenStore]]
NOW = datetime(2019, 3, 1, 7, 0, 0, 123456, tzinfo=UTC)


def token(token_id: str, *, later: timedelta = timedelta(0)) -> Token:
    return Token(
        id=token_id,
        secret_hash=bytes(32),
        role="partner",
        organisation="org:xamk",
        subject="person:p",
        scopes=("content", "finance-check"),
        project=None,
        issued_at=NOW + later,
        expires_on=date(2019, 12, 31),
        revoked_at=None,
    )


@pytest.fixture(params=["memory", "postgres"])
def opened(request: pytest.FixtureRequest) -> Opened:
    @asynccontextmanager
    async def memory() -> AsyncIterator[TokenStore]:
        yield MemoryTokens()

    if request.param == "memory":
        return memory
    server: Server = request.getfixturevalue("server")
    schema: str = request.getfixturevalue("migrated_schema")

    @asynccontextmanager
    async def postgres() -> AsyncIterator[TokenStore]:
        async with connect(server.app_dsn, connections=2) as database:
            yield TokenTable(database, schema)

    return postgres


def during(opened: Opened, work: Callable[[TokenStore], Coroutine[Any, Any, None]]) -> None:
    async def all_of_it() -> None:
        async with opened() as store:
            await work(store)

    asyncio.run(all_of_it())


def test_what_was_put_is_found_as_it_was(opened: Opened) -> None:
    async def work(store: TokenStore) -> None:
        await store.put(token("a"))
        await store.put(token("a"))
        assert await store.get("a") == token("a")
        assert await store.get("b") is None

    during(opened, work)


def test_all_are_in_the_order_of_issue(opened: Opened) -> None:
    async def work(store: TokenStore) -> None:
        await store.put(token("a", later=timedelta(seconds=1)))
        await store.put(token("b"))
        assert [t.id for t in await store.all()] == ["b", "a"]

    during(opened, work)


def test_the_first_revocation_counts(opened: Opened) -> None:
    async def work(store: TokenStore) -> None:
        await store.put(token("a"))
        first = await store.revoke("a", NOW)
        assert first is not None
        assert first.revoked_at == NOW
        assert await store.revoke("a", NOW + timedelta(hours=1)) == first
        assert await store.get("a") == first
        assert await store.revoke("b", NOW) is None

    during(opened, work)


def test_the_application_can_revoke_a_token_and_change_nothing_else_of_it(server: Server, migrated_schema: str) -> None:
    with psycopg.connect(server.app_dsn, autocommit=True) as connection:
        for change in ("set role = 'coordinator'", "set expires_on = null", "set secret_hash = secret_hash"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"update {migrated_schema}.token {change}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"delete from {migrated_schema}.token".encode())  # noqa: S608 - a name of this test


def test_tokens_in_postgresql_open_the_door(server: Server, migrated_schema: str) -> None:
    async def work() -> Asker:
        async with connect(server.app_dsn, connections=2) as database:
            tokens = tokens_in(database, migrated_schema, lambda: NOW)
            issued = await tokens.issue(Wish(role="partner", organisation="org:xamk"))
            return await tokens.find(issued.token)

    asker = asyncio.run(work())
    assert (asker.role, asker.organisation) == ("partner", "org:xamk")
    assert asker.actor.startswith("token:")
