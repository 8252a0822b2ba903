"""Both stores of subscriptions keep the same promises."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from adapters.memory.subscriptions import MemorySubscriptions
from adapters.postgres.database import connect
from adapters.postgres.embedded import Server
from adapters.postgres.subscriptions import SubscriptionTable
from adapters.postgres.tokens import TokenTable
from application.subscription_ports import ATTEMPTS_KEPT, SubscriptionStore
from application.subscriptions import Attempt, Key, Subscription, begun, delivered, failed, paused, rotated
from domain.changing import replace
from tests.http.test_token_stores import token

NOW = datetime(2019, 3, 1, 7, 0, 0, 123456, tzinfo=UTC)
Opened = Callable[[], AbstractAsyncContextManager[SubscriptionStore]]
Promise = Callable[[SubscriptionStore], Awaitable[None]]


def new(number: int, owner: str = "org:xamk") -> Subscription:
    return Subscription(
        id=f"sub_{number:032x}",
        owner=owner,
        token="t-1",
        role="partner",
        organisation=owner,
        url="https://hooks.example.org/ä",
        types=("tasma.revenue.*",),
        about=("pathway:p-07", "org:xamk"),
        digest=bytes(32),
        created_at=NOW + timedelta(seconds=number),
        cursor=2**40,
        anchor=b"a" * 32,
        run=2**31 - 1,
        secrets=(Key(subject="s", reference="vault:r"),),
    )


@pytest.fixture(params=["memory", "postgres"])
def keep(request: pytest.FixtureRequest) -> Callable[[Promise], None]:
    @asynccontextmanager
    async def memory() -> AsyncIterator[SubscriptionStore]:
        yield MemorySubscriptions()

    server: Server = request.getfixturevalue("server")
    schema = request.getfixturevalue("migrated_schema") if request.param == "postgres" else ""

    @asynccontextmanager
    async def postgres() -> AsyncIterator[SubscriptionStore]:
        async with connect(server.app_dsn, connections=4) as database:
            await TokenTable(database, schema).put(token("t-1"))
            yield SubscriptionTable(database, schema)

    opened: Opened = memory if request.param == "memory" else postgres

    def kept(promise: Promise) -> None:
        async def run() -> None:
            async with opened() as store:
                assert isinstance(store, SubscriptionStore)
                await promise(store)

        asyncio.run(run())

    return kept


def test_what_is_kept_is_what_was_given(keep: Callable[[Promise], None]) -> None:
    async def promise(store: SubscriptionStore) -> None:
        second, first = new(2), new(1)
        for one in (second, first, new(3, "org:ekami")):
            assert await store.add(one, most=50)
        assert await store.get(first.id) == first
        assert await store.get("sub_nix") is None
        assert list(await store.all("org:xamk")) == [first, second]
        assert [one.id for one in await store.all()] == [new(n).id for n in (1, 2, 3)]

    keep(promise)


def test_every_field_that_changes_is_kept(keep: Callable[[Promise], None]) -> None:
    async def promise(store: SubscriptionStore) -> None:
        known = new(1)
        await store.add(known, most=50)
        at = NOW + timedelta(minutes=1)
        trial = Attempt(
            at=at,
            kind="events",
            webhook_id="sub_1_0_1_9",
            from_position=2**40 + 1,
            to_position=2**40 + 9,
            status=500,
            milliseconds=7,
            why="no",
        )
        changes: tuple[Callable[[Subscription], Subscription], ...] = (
            lambda one: begun(one, one.cursor, one.anchor, 2**40 + 9),
            lambda one: failed(one, trial, 100, 0.25),
            lambda one: rotated(one, Key(subject="s-2", reference="vault:r-2"), at),
            lambda one: rotated(one, Key(subject="s-3", reference="vault:r-3"), at, keep_old=False),
            lambda one: delivered(one, replace(trial, why="", status=200), b"b" * 32),
            lambda one: replace(paused(one, "Wait."), tested_at=at),
        )
        for change in changes:
            changed = change(known)
            done = await store.change(known, changed)
            assert done == replace(changed, revision=known.revision + 1)
            assert await store.get(known.id) == done
            known = done
        assert [one.n for one in await store.attempts(known.id, upto=known.attempts, limit=9)] == [2, 1]
        assert (await store.attempts(known.id, upto=1, limit=9))[0] == replace(trial, n=1)

    keep(promise)


def test_who_saw_an_older_one_changes_nothing(keep: Callable[[Promise], None]) -> None:
    async def promise(store: SubscriptionStore) -> None:
        known = new(1)
        await store.add(known, most=50)
        changes = [store.change(known, paused(known, f"Wait for {n}.")) for n in range(8)]
        done = [one for one in await asyncio.gather(*changes) if one is not None]
        assert done == [await store.get(known.id)]

    keep(promise)


def test_of_many_that_come_at_once_no_more_are_kept_than_there_is_room_for(keep: Callable[[Promise], None]) -> None:
    async def promise(store: SubscriptionStore) -> None:
        added = await asyncio.gather(*(store.add(new(n), most=5) for n in range(12)))
        assert sorted(added) == [False] * 7 + [True] * 5
        (kept, *_) = await store.all("org:xamk")
        assert await store.add(kept, most=5)  # the same again changes nothing
        assert len(await store.all("org:xamk")) == 5
        assert await store.add(new(99, "org:ekami"), most=5)
        assert await store.remove(kept.id) == kept
        assert await store.remove(kept.id) is None
        assert await store.add(new(98), most=5)

    keep(promise)


def test_of_attempts_the_newest_are_kept_and_none_of_what_is_gone(keep: Callable[[Promise], None]) -> None:
    async def promise(store: SubscriptionStore) -> None:
        known = new(1)
        await store.add(known, most=50)
        for n in range(ATTEMPTS_KEPT + 3):
            trial = Attempt(
                at=NOW + timedelta(hours=n),
                kind="events",
                webhook_id="sub_1_0_1_1",
                to_position=1,
                status=None,
                milliseconds=1,
                why="no",
            )
            known = await store.change(known, failed(known, trial, None, 0.5)) or known
        kept = await store.attempts(known.id, upto=2**40, limit=2 * ATTEMPTS_KEPT)
        assert [one.n for one in kept] == list(range(ATTEMPTS_KEPT + 3, 3, -1))
        await store.remove(known.id)
        assert list(await store.attempts(known.id, upto=2**40, limit=10)) == []
        assert await store.change(known, paused(known, "Wait.")) is None

    keep(promise)


def test_the_application_cannot_give_a_subscription_to_somebody_else(server: Server, migrated_schema: str) -> None:
    for column in ("owner", "role", "organisation", "url", "types", "about", "created_at", "digest"):
        table, name = sql.Identifier(migrated_schema, "subscription"), sql.Identifier(column)
        with psycopg.connect(server.app_dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(sql.SQL("update {} set {} = {}").format(table, name, name))
