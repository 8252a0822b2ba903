"""The life of a subscription in PostgreSQL: delivered by the network at work, checked with the reference library, killed, restored."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import psycopg
import pytest
from psycopg import sql
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from adapters.postgres.embedded import Server
from adapters.settings import Settings
from adapters.webhooks.standing import standings
from adapters.wiring import Network, open_network, serving_network
from application.access import Wish
from domain.changing import replace
from tests.custody.restoring import COORDINATOR, FOUNDING, client_of, cut_back, register
from tests.webhooks.receiving import Delivery, Receiver, answered, receiving, status, until

PATH = "/v1/subscriptions"
RUNS = Wish(role="coordinator", subject="person:c")
READS = Wish(role="subscriber", organisation="org:xamk")
Promise = Callable[[Network, httpx.AsyncClient, Receiver], Awaitable[None]]


@asynccontextmanager
async def at_work(settings: Settings) -> AsyncIterator[tuple[Network, httpx.AsyncClient]]:
    async with serving_network(settings) as network, client_of(network, RUNS) as client:
        if (await network.log.head()).position == 0:
            await network.desk.carry_out("found-network", FOUNDING, COORDINATOR)
        yield network, client


def keep(settings: Settings, promise: Promise) -> None:
    async def kept() -> None:
        async with receiving() as receiver, at_work(settings) as (network, client):
            await promise(network, client, receiver)

    asyncio.run(kept())


async def made(client: httpx.AsyncClient, receiver: Receiver, **wanted: object) -> tuple[str, str]:
    """The path of a new subscription, and its secret."""
    answer = await client.post(PATH, json={"url": receiver.url, **wanted})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"], answer.json()["secret"]


async def caught_up(client: httpx.AsyncClient, path: str) -> bool:
    return bool((await client.get(path)).json()["lag_events"] == 0)


def test_what_happens_arrives_and_the_reference_library_agrees(settings: Settings) -> None:
    async def promise(network: Network, client: httpx.AsyncClient, receiver: Receiver) -> None:
        path, secret = await made(client, receiver, after=0)
        await register(network, *(f"o-{n}" for n in range(250)))
        await until(lambda: caught_up(client, path))
        assert receiver.positions == list(range(1, (await network.log.head()).position + 1))
        for delivery in receiver.got:
            Webhook(secret).verify(delivery.body, dict(delivery.headers))
            with pytest.raises(WebhookVerificationError):
                Webhook(secret).verify(delivery.body + b" ", dict(delivery.headers))
        shown = (await client.get(path)).json()
        assert (shown["state"], shown["last_attempt"]["status"], shown["last_attempt"]["why"]) == ("active", 204, "")
        tried = (await client.get(f"{path}/attempts", params={"limit": 1})).json()
        assert tried["items"][0] == shown["last_attempt"]
        assert tried["items"][0]["webhook_id"] == receiver.got[-1].id
        assert (tried["next"] is None) == (len(receiver.got) == 1)

    keep(settings, promise)


def test_a_test_is_sent_now_and_answered_with_what_came_of_it(settings: Settings) -> None:
    async def promise(network: Network, client: httpx.AsyncClient, receiver: Receiver) -> None:
        path, secret = await made(client, receiver)
        answer = await client.post(f"{path}/test")
        assert (answer.status_code, answer.json()["status"], answer.json()["why"]) == (200, 204, "")
        (ping,) = receiver.got
        assert (ping.body, ping.headers["tasma-position"]) == (b"[]", str((await network.log.head()).position))
        Webhook(secret).verify(ping.body, dict(ping.headers))
        assert answer.json()["webhook_id"] == ping.id
        too_soon = await client.post(f"{path}/test")
        assert (too_soon.status_code, too_soon.json()["type"]) == (429, "/problems/tested-just-now")
        assert 1 <= int(too_soon.headers["retry-after"]) <= 5

    keep(settings, promise)


def test_after_a_change_of_secret_either_verifies(settings: Settings) -> None:
    async def promise(network: Network, client: httpx.AsyncClient, receiver: Receiver) -> None:
        path, old = await made(client, receiver, after=0)
        await until(lambda: caught_up(client, path))
        new = (await client.post(f"{path}/rotate-secret")).json()["secret"]
        await register(network, "later")
        await until(lambda: caught_up(client, path))
        last = receiver.got[-1]
        for secret in (old, new):
            Webhook(secret).verify(last.body, dict(last.headers))
        with pytest.raises(WebhookVerificationError):
            Webhook(new).verify(receiver.got[0].body, dict(receiver.got[0].headers))

    keep(settings, promise)


def test_a_secret_that_leaked_signs_nothing_any_more_and_is_erased(settings: Settings) -> None:
    async def promise(network: Network, client: httpx.AsyncClient, receiver: Receiver) -> None:
        path, leaked = await made(client, receiver, after=0)
        await until(lambda: caught_up(client, path))
        secrets = [leaked, *[(await client.post(f"{path}/rotate-secret")).json()["secret"] for _ in range(3)]]
        answer = await client.post(f"{path}/rotate-secret", json={"keep_old": False})
        assert answer.json()["subscription"]["old_secrets_until"] is None
        await register(network, "later")
        await until(lambda: caught_up(client, path))
        last = receiver.got[-1]
        Webhook(answer.json()["secret"]).verify(last.body, dict(last.headers))
        for secret in secrets:
            with pytest.raises(WebhookVerificationError):
                Webhook(secret).verify(last.body, dict(last.headers))
        with psycopg.connect(network.dsn) as connection:
            assert len(connection.execute(_all(settings, "vault_entry")).fetchall()) == 1

    keep(settings, promise)


def test_deleted_its_secrets_and_attempts_are_gone(settings: Settings) -> None:
    async def promise(network: Network, client: httpx.AsyncClient, receiver: Receiver) -> None:
        path, secret = await made(client, receiver, after=0)
        await client.post(f"{path}/rotate-secret")
        await until(lambda: caught_up(client, path))
        with psycopg.connect(network.dsn) as connection:
            for table in ("subscription", "attempt", "vault_key", "vault_entry"):
                rows = connection.execute(_all(settings, table)).fetchall()
                assert rows
                assert secret not in str(rows)
                assert secret.removeprefix("whsec_") not in str(rows)
        assert (await client.delete(path)).status_code == 204
        assert (await client.delete(path)).status_code == 404
        with psycopg.connect(network.dsn) as connection:
            for table in ("subscription", "attempt", "vault_key", "vault_entry"):
                assert connection.execute(_all(settings, table)).fetchall() == []

    keep(settings, promise)


def _all(settings: Settings, table: str) -> sql.Composed:
    return sql.SQL("select * from {}").format(sql.Identifier(settings.network, table))


def test_killed_between_sending_and_writing_it_down_the_next_process_sends_the_same(settings: Settings) -> None:
    async def promise() -> None:
        async with receiving() as receiver:
            dying = asyncio.Event()

            async def die(_: Delivery) -> bytes:
                dying.set()
                await asyncio.sleep(60)
                return b""

            receiver.respond = die
            async with at_work(settings) as (network, client):
                path, _ = await made(client, receiver, after=0)
                await dying.wait()
                await register(network, *(f"o-{n}" for n in range(20)))
            receiver.respond = status(200)
            async with at_work(settings) as (network, client):
                await until(lambda: caught_up(client, path))
                head = (await network.log.head()).position
            first, again, *_ = receiver.got
            assert (first.id, first.body) == (again.id, again.body)
            assert receiver.positions[len(first.positions) :] == list(range(1, head + 1))

    asyncio.run(promise())


def test_a_lost_database_connection_loses_and_reorders_nothing(settings: Settings, server: Server) -> None:
    """All connections are cut again and again while events come and are delivered."""

    async def promise(network: Network, client: httpx.AsyncClient, receiver: Receiver) -> None:
        path, _ = await made(client, receiver, after=0)
        for n in range(5):
            await register(network, *(f"o-{n}-{i}" for i in range(20)))
            await asyncio.to_thread(_cut, server, settings.network)
        head = (await network.log.head()).position
        await until(lambda: caught_up(client, path))
        once = {delivery.id: delivery for delivery in receiver.got}
        assert all(once[delivery.id].body == delivery.body for delivery in receiver.got)
        assert [p for delivery in once.values() for p in delivery.positions] == list(range(1, head + 1))

    keep(settings, promise)


def _cut(server: Server, network: str) -> None:
    with psycopg.connect(server.admin_dsn, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where query like %s and pid <> pg_backend_pid()",
            (f"%{network}%subscription%",),
        )


def test_a_restored_backup_parks_it_until_its_owner_says_how_to_go_on(settings: Settings, server: Server) -> None:
    async def promise() -> None:
        async with receiving() as receiver:
            async with at_work(settings) as (network, client):
                await register(network, *(f"o-{n}" for n in range(10)))
                path, _ = await made(client, receiver, after=0)
                await until(lambda: caught_up(client, path))
                before, head = len(receiver.got), (await network.log.head()).position
            async with open_network(settings) as network, client_of(network, RUNS) as client:
                await asyncio.to_thread(cut_back, server, settings.network, head - 3)
                await network.deliverer.work_off()
                shown = (await client.get(path)).json()
                assert (shown["state"], len(receiver.got)) == ("parked", before)
                assert f"but the log ends at {head - 3}" in shown["why"]
                assert (await client.post(f"{path}/resume")).json()["cursor"] == head - 3

    asyncio.run(promise())


def test_a_subscriber_gets_nothing_that_is_anothers(settings: Settings) -> None:
    """What an organisation may not see is passed over: it is not sent, and the cursor moves."""

    async def promise(network: Network, client: httpx.AsyncClient, receiver: Receiver) -> None:
        async with client_of(network, READS) as reader:
            path, _ = await made(reader, receiver, after=0, types=["tasma.network.founded.v1"])
            await register(network, "a", "b")
            await until(lambda: caught_up(reader, path))
            assert receiver.positions == [1]
            assert [one["id"] for one in (await client.get(PATH)).json()["items"]] == [path.removeprefix(f"{PATH}/")]

    keep(settings, promise)


def test_without_a_master_key_nobody_can_subscribe_and_the_sentence_says_so(settings: Settings) -> None:
    async def promise(_: Network, client: httpx.AsyncClient, receiver: Receiver) -> None:
        answer = await client.post(PATH, json={"url": receiver.url})
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-master-key")

    keep(replace(settings, master_key=None), promise)


def test_private_addresses_are_refused_where_they_are_not_allowed(settings: Settings) -> None:
    async def promise(_: Network, client: httpx.AsyncClient, receiver: Receiver) -> None:
        answer = await client.post(PATH, json={"url": receiver.url})
        assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "$.url")

    keep(replace(settings, webhook_private=False), promise)


def test_the_log_of_the_process_names_no_secret_and_no_body(
    settings: Settings, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def promise(network: Network, client: httpx.AsyncClient, receiver: Receiver) -> None:
        async def say(_: Delivery) -> bytes:
            return answered(500, body=b"the receiver's own secret")

        receiver.respond = say
        path, secret = await made(client, receiver, after=0)
        await receiver.until(1)
        await until(lambda: _failing(client, path))
        attempts = (await client.get(f"{path}/attempts")).text
        told = capsys.readouterr()
        for text in (told.out, told.err, caplog.text, attempts):
            assert secret not in text
            assert "own secret" not in text
        (standing,) = await standings(await network.subscriptions.store.all(), network.log, network.clock())
        assert (standing.state, standing.failing_since is not None) == ("failing", True)

    caplog.set_level(logging.DEBUG)
    keep(settings, promise)


async def _failing(client: httpx.AsyncClient, path: str) -> bool:
    return bool((await client.get(path)).json()["state"] == "failing")
