"""`tasma bench feed`: how fast subscribers catch up and how soon they hear, beside bare routes and bare senders in the same run."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from msgspec import Struct

from adapters.bench.appends import open_log
from adapters.bench.feed_catch_up import CONNECTIONS, measure_catch_up
from adapters.bench.feed_live import measure_live
from adapters.bench.feed_relay import measure_relay
from adapters.bench.feed_results import FeedResult, feed_ratios
from adapters.bench.feed_server import serving_tasma
from adapters.bench.feed_webhooks import EVENTS as WEBHOOK_EVENTS
from adapters.bench.feed_webhooks import RECEIVERS, measure_webhooks
from adapters.bench.report import Report, machine
from adapters.bench.rounds import Say
from adapters.bench.year import settings_of
from adapters.postgres.bench.loader import BYTES_PER_EVENT
from adapters.postgres.bench.room import Room
from adapters.wiring import open_network
from application.access import Wish
from application.delivery import EVENTS_MAX
from application.ports import Log
from domain.kernel import Unknown

SERVED: Final = ("catch-up", "live")
DELIVERED: Final = ("relay", "webhooks")
DELIVERED_EVENTS: Final = 20_000
"""Of the shorter log that is delivered whole in each round."""
READERS_A_TOKEN: Final = 25
READINGS: Final = {
    "catch-up": "pages and batches: {connections} readers who look into nothing read a log of {length:,} events from `tasma serve` "
    "with one worker on loopback, beside a route that gives out one page or one batch from memory; per_cpu_second is for each second "
    "that the server's processes used of a core, PostgreSQL not among them, and the ratios are of these.",
    "live": "sse and long poll: milliseconds from the return of the append, in another process, until the process of the readers "
    "took the event, over all events and readers; litestar sends to everybody what it is told on a connection, and its time begins "
    "there. A ratio of p99 says how many times longer ours takes.",
    "relay": "relay: a log of {delivered:,} events into a NATS server that keeps them in a file; nats publishes the same bytes "
    "from memory, without headers, with as many under way.",
    "webhooks": "webhooks: the last {posted:,} events to {receivers} subscriptions at a time, in batches of {batch}, each signed, "
    "written down before it is sent and again when it has arrived; httpx posts the same bodies to the same receiver, unsigned.",
}
"""How to read each part."""


class Given(Struct, frozen=True):
    """A log in a network that can be served."""

    network: str
    log: Log
    length: int
    tokens: Sequence[str]


async def bench_feed(
    room: Room,
    *,
    parts: Sequence[str],
    events: int,
    readers: int,
    commits: Sequence[int],
    seconds: float,
    rounds: int,
    seed: int,
    say: Say,
) -> Report:
    """Make a log of so many events, seal it, and measure each part of the feed. Raises Unknown, ReadersFailed, ServerSilent."""
    if unknown := sorted(set(parts) - {*SERVED, *DELIVERED}):
        raise Unknown(f"part {unknown[0]} of the feed")
    room.check_disk(events * BYTES_PER_EVENT)
    wanted, found = set(parts or (*SERVED, *DELIVERED)), list[FeedResult]()
    length = delivered = 0
    if wanted & set(SERVED):
        async with _given(room, events, readers, seed, say) as given, serving_tasma(room, given.network) as serving:
            length = given.length
            if "catch-up" in wanted:
                found += await measure_catch_up(
                    room, serving, given.log, given.tokens[0], head=length, seconds=seconds, rounds=rounds, say=say
                )
            if "live" in wanted:
                found += await measure_live(
                    room,
                    serving,
                    given.log,
                    given.tokens,
                    readers=readers,
                    commits=commits,
                    seconds=seconds,
                    rounds=rounds,
                    seed=seed,
                    say=say,
                )
    if wanted & set(DELIVERED):
        async with _given(room, min(events, DELIVERED_EVENTS), readers, seed, say) as given:
            delivered = given.length
            bodies = await given.log.bodies(0, limit=delivered)
            if "relay" in wanted:
                found += await measure_relay(room, given.log, bodies, rounds=rounds, say=say)
            if "webhooks" in wanted:
                found += await measure_webhooks(room, given.network, bodies, rounds=rounds, say=say)
    return Report(
        bench="feed",
        machine=machine(room.postgresql),
        results=found,
        ratios=feed_ratios(found),
        reading=" ".join(READINGS[part] for part in READINGS if part in wanted).format(
            length=length,
            delivered=delivered,
            connections=CONNECTIONS,
            posted=min(delivered, WEBHOOK_EVENTS),
            receivers=RECEIVERS,
            batch=EVENTS_MAX,
        ),
    )


@asynccontextmanager
async def _given(room: Room, events: int, readers: int, seed: int, say: Say) -> AsyncIterator[Given]:
    """A log of so many events, sealed, read models and policies at its end, and tokens for its readers."""
    network = room.schema()
    async with open_log(room, seed=seed, events=events, network=network, say=say) as log:
        say("sealing its pages and letting the read models follow")
        async with open_network(settings_of(room, network)) as opened:
            await opened.sealer.seal()
            await opened.rebuild()
            await opened.catch_up()
            wish = Wish(role="coordinator", subject="person:bench")
            tokens = [(await opened.tokens.issue(wish)).token for _ in range(-(-readers // READERS_A_TOKEN))]
        yield Given(network, log, (await log.head()).position, tokens)
