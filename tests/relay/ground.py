"""A network's log and relays of it, on real servers."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from adapters.clock import system_clock
from adapters.nats.relay import Relay
from adapters.nats.setup import name_of
from adapters.settings import Settings
from application.feed import Feed
from application.ports import Log
from tests.command import TASMA
from tests.custody.restoring import environment_of
from tests.log.conftest import Place
from tests.log.decisions import capacity, decision, founded
from tests.relay.brokers import Broker, jetstream, messages_of, same_as

EVENTS = 64
"""Of a decision."""


@dataclass(frozen=True)
class Ground:
    place: Place
    broker: Broker
    settings: Settings

    @property
    def stream(self) -> str:
        return name_of(self.place.schema)

    @asynccontextmanager
    async def relay(self, *urls: str, name: str = "tasma test") -> AsyncIterator[tuple[Relay, Log]]:
        async with self.place.log(name=name) as log, Feed(log) as feed:
            yield Relay(urls or (self.broker.url,), self.place.schema, log, feed, now), log

    async def check(self, *urls: str) -> int:
        """The stream is what the log is; how long both are."""
        async with self.place.log() as log, jetstream(*(urls or (self.broker.url,))) as js:
            bodies = await log.bodies(0, limit=100_000)
            same_as(bodies, await messages_of(js, self.stream), self.place.schema)
            return len(bodies)

    def tasma(self, *arguments: str, url: str | None = None) -> subprocess.Popen[str]:
        """`tasma relay` in a process of its own."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TASMA_")}
        environment |= environment_of(self.settings)
        return subprocess.Popen(  # noqa: S603 - our own command
            [str(TASMA), "relay", *arguments],
            env={**environment, "TASMA_NATS_URL": url or self.broker.url, "TASMA_LOG": "json"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


async def grow(log: Log, events: int) -> int:
    """Append so many events of two types; where the log ends then."""
    head = (await log.head()).position
    end = head + events
    while head < end:
        made = [capacity(n % 7, 1 + n % 50) for n in range(head, min(head + EVENTS, end))]
        facts = made if head else [founded(constructed=False), *made[1:]]
        head = (await log.append(decision(*facts))).position
    return head


@asynccontextmanager
async def running(relays: Sequence[Relay], replicas: int | None = None) -> AsyncIterator[None]:
    """Relays at work; none may end by itself."""
    tasks = [asyncio.create_task(relay.run(replicas)) for relay in relays]
    try:
        yield
        assert not any(task.done() for task in tasks), tasks
    finally:
        for task in tasks:
            while not task.done():  # the client of NATS loses a cancellation that arrives while it writes
                task.cancel()
                await asyncio.wait({task}, timeout=1)
    assert all(task.cancelled() for task in tasks), tasks


async def now() -> datetime:
    return system_clock()
