"""A server that is killed in the middle of a delivery: the next process repeats it, and a receiver can tell."""

import asyncio
import os
import signal
from contextlib import AbstractContextManager

import httpx
from standardwebhooks.webhooks import Webhook

from adapters.postgres.embedded import Server
from adapters.settings import Settings
from adapters.wiring import open_network
from tests.custody.restoring import COORDINATOR, FOUNDING, body_of
from tests.custody.served import Served, children_of, serving
from tests.webhooks.receiving import Delivery, receiving, status, until


async def founded(settings: Settings) -> None:
    async with open_network(settings) as network:
        await network.desk.carry_out("found-network", FOUNDING, COORDINATOR)


def delivering(server: Server, settings: Settings) -> AbstractContextManager[Served]:
    """A server of two processes that delivers to this machine."""
    return serving(server, settings, 2, TASMA_WEBHOOK_PRIVATE="allow")


def _kill_workers(served: Served) -> None:
    for child in children_of(served.process):
        os.kill(child, signal.SIGKILL)


def test_kill_9_of_the_delivering_process_repeats_the_same_delivery(server: Server, settings: Settings) -> None:
    """Of two processes both are killed while the receiver has the batch and has not answered; those in their place go on."""

    async def promise(served: Served) -> None:
        async with (
            receiving() as receiver,
            httpx.AsyncClient(base_url=served.url, headers=served.headers, timeout=30) as client,
        ):
            taken = asyncio.Event()

            async def take(_: Delivery) -> bytes:
                taken.set()
                await asyncio.sleep(60)
                return b""

            receiver.respond = take
            made = await client.post("/v1/subscriptions", json={"url": receiver.url, "after": 0})
            assert made.status_code == 201, made.text
            await asyncio.wait_for(taken.wait(), 30)
            receiver.respond = status(200)
            await asyncio.to_thread(_kill_workers, served)

            async def registered() -> bool:
                try:
                    answer = await client.post("/v1/commands/register-organisation", json=body_of("later"))
                except httpx.TransportError:
                    return False
                return answer.status_code in {201, 409}

            async def arrived() -> bool:
                return bool((await client.get(made.headers["location"])).json()["lag_events"] == 0)

            await until(registered)
            await until(arrived)
            first, again, *_ = receiver.got
            assert (first.id, first.body) == (again.id, again.body)
            assert receiver.positions[len(first.positions) :] == [1, 2]
            for delivery in receiver.got:
                Webhook(made.json()["secret"]).verify(delivery.body, dict(delivery.headers))

    asyncio.run(founded(settings))
    with delivering(server, settings) as served:
        asyncio.run(promise(served))
