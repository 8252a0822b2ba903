"""Webhooks to a receiver on loopback, beside httpx that posts the same bodies to it."""

import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec.structs import replace

from adapters.bench import feed_receiving
from adapters.bench.feed_process import Readers, ReadersFailed, readers_of
from adapters.bench.feed_receiving import Count, Received, Receiving
from adapters.bench.feed_results import NAME, FeedResult, Read, read_result
from adapters.bench.feed_server import HOST
from adapters.bench.rounds import Say
from adapters.bench.year import settings_of
from adapters.postgres.bench.room import Room
from adapters.settings import Secret
from adapters.vault import master_key_text
from adapters.webhooks.bench.bare import post_bare
from adapters.wiring import Network, open_network
from application.access import Wish
from application.delivery import EVENTS_MAX
from application.subscription_wishes import Subscribe

WAY: Final = "webhooks"
BARE: Final = "httpx"
EVENTS: Final = 5_000
"""The last of the log, delivered to each receiver in each round."""
RECEIVERS: Final = 8
"""As many as one owner is delivered to at a time."""


async def measure_webhooks(
    room: Room, network: str, bodies: Sequence[bytes], *, rounds: int, say: Say
) -> Sequence[FeedResult]:
    """Deliver the end of a log to new subscriptions each round. Raises ReadersFailed."""
    master_key = Secret(master_key_text(secrets.token_bytes))  # what subscribers sign with is kept encrypted
    settings = replace(settings_of(room, network), master_key=master_key, webhook_private=True)
    after = max(0, len(bodies) - EVENTS)
    batches = [b"[" + b",".join(bodies[n : n + EVENTS_MAX]) + b"]" for n in range(after, len(bodies), EVENTS_MAX)]
    found: dict[str, list[Read]] = {NAME: [], BARE: []}
    async with open_network(settings) as opened, readers_of(WAY, feed_receiving) as receiver:
        url = f"http://{HOST}:{(await receiver.hear(Receiving)).port}/"

        async def ours() -> None:
            await _deliver(opened, url, after)

        async def bare() -> None:
            await post_bare(url, batches, RECEIVERS)

        works: dict[str, Callable[[], Awaitable[None]]] = {NAME: ours, BARE: bare}
        for turn in range(1, rounds + 1):
            for system, work in works.items():
                began = time.perf_counter()
                await work()
                seconds = time.perf_counter() - began
                found[system].append(await _received(receiver, batches, len(bodies) - after, seconds))
                say(f"{WAY}, round {turn} of {rounds}: {system} {found[system][-1].per_second:,.0f} events/s")
    return [read_result(system, WAY, RECEIVERS, each) for system, each in found.items()]


async def _deliver(network: Network, url: str, after: int) -> None:
    """Everything behind a position to new subscriptions, which go afterwards. Raises ReadersFailed."""
    issued = await network.tokens.issue(Wish(role="coordinator", subject="person:bench"))
    asker, head = await network.tokens.find(issued.token), (await network.log.head()).position
    made = [
        (await network.subscriptions.create(Subscribe(url=f"{url}{n}", after=after), asker, issued.id)).subscription
        for n in range(RECEIVERS)
    ]
    await network.deliverer.work_off()
    for each in made:
        now = await network.subscriptions.one(each.id, asker)
        if now.cursor != head:
            raise ReadersFailed(
                WAY, f"One was delivered up to {now.cursor:,} of {head:,} and is {now.state}. {now.why}"
            )
        await network.subscriptions.delete(each.id, asker)


async def _received(receiver: Readers, batches: Sequence[bytes], events: int, seconds: float) -> Read:
    await receiver.tell(Count())
    received, expected = await receiver.hear(Received), RECEIVERS * sum(map(len, batches))
    if received.bytes != expected:
        raise ReadersFailed(WAY, f"{received.bytes:,} bytes have come in {received.posts:,} posts, not {expected:,}.")
    return Read(events=RECEIVERS * events, bytes=received.bytes, seconds=seconds)
