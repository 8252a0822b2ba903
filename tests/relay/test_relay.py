"""The stream is the log: the same bytes in the same order, each event once, whatever happens to relays and servers."""

import asyncio
import signal

import pytest
from nats.js.api import RetentionPolicy, StorageType

from adapters.nats.connecting import connected
from adapters.nats.message import message_of
from adapters.nats.trouble import Overtaken
from application.feed import Line
from tests.faults.load import until
from tests.relay.brokers import come_to, jetstream
from tests.relay.ground import Ground, grow, running


def test_everything_is_relayed_in_order_and_what_comes_later_follows(ground: Ground) -> None:
    """Pages, rows and the newest events: all the way from the first event to one that has just happened."""

    async def run() -> None:
        async with ground.relay() as (relay, log), jetstream(ground.broker.url) as js:
            head = await grow(log, 1_300)
            async with running([relay]):
                await come_to(js, ground.stream, head)
                for _ in range(10):
                    head = await grow(log, 7)
                    await come_to(js, ground.stream, head)
            assert await ground.check() == 1_370

    asyncio.run(run())


def test_a_stream_that_is_missing_is_made_so_that_nothing_can_be_taken_out_of_it(ground: Ground) -> None:
    async def run() -> None:
        async with ground.relay() as (relay, log), jetstream(ground.broker.url) as js:
            await grow(log, 3)
            assert await relay.once() == 3
            config = (await js.stream_info(ground.stream)).config
            assert config.subjects == [f"tasma.{ground.place.schema}.>"]
            assert (config.storage, config.retention) == (StorageType.FILE, RetentionPolicy.LIMITS)
            assert (config.deny_delete, config.deny_purge, config.num_replicas) == (True, True, 1)
            assert config.duplicate_window == 120

    asyncio.run(run())


def test_a_relay_goes_on_where_the_stream_ends(ground: Ground) -> None:
    async def run() -> None:
        for events in (0, 1, 256, 0, 300):
            async with ground.relay() as (relay, log):
                head = await grow(log, events)
                assert await relay.once() == head
                standing = await relay.standing()
                assert (standing.position, standing.head, standing.lag_events, standing.lag_seconds) == (
                    head,
                    head,
                    0,
                    0,
                )
        assert await ground.check() == 557

    asyncio.run(run())


def test_two_relays_at_once_relay_each_event_once(ground: Ground) -> None:
    """Also without a lease between them: the server refuses what does not come next."""

    async def run() -> None:
        async with (
            ground.relay() as (one, log),
            ground.relay() as (two, _),
            jetstream(ground.broker.url) as js,
        ):
            await grow(log, 1_500)
            async with running([one, two]):
                for _ in range(5):
                    await come_to(js, ground.stream, await grow(log, 300))
            assert await ground.check() == 3_000

    asyncio.run(run())


def test_nats_that_is_away_is_waited_for(ground: Ground) -> None:
    """At the start, in the middle of everything, and when there is nothing to do."""

    async def run() -> None:
        ground.broker.kill()
        async with ground.relay() as (relay, log):
            head = await grow(log, 600)
            async with running([relay]):
                await asyncio.sleep(0.5)
                ground.broker.start()
                for way in (ground.broker.kill, ground.broker.stop, ground.broker.kill):
                    async with jetstream(ground.broker.url) as js:
                        await come_to(js, ground.stream, head - 550)
                    way()
                    head = await grow(log, 600)
                    ground.broker.start()
                async with jetstream(ground.broker.url) as js:
                    await come_to(js, ground.stream, head)
            assert await ground.check() == 2_400

    asyncio.run(run())


def test_a_server_that_hangs_is_given_up_and_taken_again(ground: Ground) -> None:
    """Its connections stay open and nothing comes from it; what it takes in later, it takes in once."""

    async def run() -> None:
        async with ground.relay() as (relay, log), jetstream(ground.broker.url) as js:
            async with running([relay]):
                await come_to(js, ground.stream, await grow(log, 300))
                ground.broker.signal(signal.SIGSTOP)
                head = await grow(log, 300)
                await until(lambda: relay.state == "waiting", "the relay waits")
                ground.broker.signal(signal.SIGCONT)
                await come_to(js, ground.stream, head)
            assert await ground.check() == 600

    asyncio.run(run())


def test_a_server_that_forgot_what_was_sent_last_takes_what_comes_next(ground: Ground) -> None:
    """The duplicate window is over and the server was started again: it knows the last message's number, not its id."""

    async def run() -> None:
        async with ground.relay() as (relay, log):
            await grow(log, 10)
            await relay.once()
            async with jetstream(ground.broker.url) as js:
                config = (await js.stream_info(ground.stream)).config
                await js.update_stream(config.evolve(duplicate_window=0.1))
            await asyncio.sleep(0.2)
            ground.broker.stop()
            ground.broker.start()
            await grow(log, 10)
            assert await relay.once() == 20
            assert await ground.check() == 20

    asyncio.run(run())


def test_the_server_itself_refuses_a_double_and_a_gap(ground: Ground) -> None:
    """What a relay sends that is behind or ahead is not taken, also when the duplicate window is over."""

    async def run() -> None:
        network = ground.place.schema
        async with ground.relay() as (relay, log), jetstream(ground.broker.url) as js:
            await grow(log, 20)
            await relay.once()
            await grow(log, 20)
            config = (await js.stream_info(ground.stream)).config
            await js.update_stream(config.evolve(duplicate_window=0.1))
            await asyncio.sleep(0.2)
            ground.broker.stop()
            ground.broker.start()
            for position in (10, 20, 22, 40):
                async with jetstream(ground.broker.url), connected([ground.broker.url], network) as stream:
                    (body,) = await log.bodies(position - 1, limit=1)
                    await stream.publish(position, message_of(network, Line(position, body)))
                    with pytest.raises(Overtaken):
                        await stream.landed()
            assert await relay.once() == 40
        assert await ground.check() == 40

    asyncio.run(run())


def test_what_the_server_lost_is_brought_again(ground: Ground) -> None:
    """A power cut can take the newest messages from a server; here it takes the whole stream."""

    async def run() -> None:
        async with ground.relay() as (relay, log), jetstream(ground.broker.url) as js:
            head = await grow(log, 300)
            async with running([relay]):
                await come_to(js, ground.stream, head)
                await js.delete_stream(ground.stream)
                await come_to(js, ground.stream, await grow(log, 5))
            assert await ground.check() == 305

    asyncio.run(run())
