"""A stream or a log that somebody changed, before a relay looks or while it does: it is noticed, and nothing is added to it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from adapters.nats import relay as relaying
from adapters.nats import stream as streaming
from adapters.nats.connecting import connected
from adapters.nats.message import message_of
from adapters.nats.relay import SAMPLES, Relay, samples_of
from adapters.nats.trouble import StreamRefused, Trouble
from application import tail
from application.feed import Line
from application.ports import Log
from tests.custody.restoring import cut_back
from tests.faults.load import until
from tests.relay.brokers import come_to, jetstream
from tests.relay.ground import Ground, grow, running

EVENTS = 20
QUICK_SECONDS = 0.3


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who idles looks often, so that nobody waits for it here."""
    monkeypatch.setattr(relaying, "LOOK_SECONDS", QUICK_SECONDS)


def usual(ground: Ground) -> StreamConfig:
    return StreamConfig(
        name=ground.stream, subjects=[f"tasma.{ground.place.schema}.>"], deny_delete=True, deny_purge=True
    )


async def refused(relay: Relay, ground: Ground) -> str:
    """What it says to be started, and to be asked how far it is."""
    with pytest.raises(StreamRefused) as once:
        await asyncio.wait_for(relay.once(), 20)
    with pytest.raises(StreamRefused) as standing:
        await relay.standing()
    assert str(once.value) == str(standing.value)
    return str(once.value).replace(ground.stream, "STREAM").replace(ground.place.schema, "kymi")


async def filled(
    ground: Ground, js: JetStreamContext, log: Log, forged: int | None, *, deletable: bool = False
) -> None:
    """A stream with the events of the log, one of them forged."""
    await js.add_stream(usual(ground).evolve(deny_delete=not deletable))
    for position, body in enumerate(await log.bodies(0, limit=1_000), 1):
        subject, headers, data = message_of(ground.place.schema, Line(position, body))
        await js.publish(subject, b"{}" if position == forged else data, headers=headers)


def test_a_stream_whose_messages_are_gone_is_refused_and_takes_no_other_history(ground: Ground) -> None:
    """All of them aged away while the limit was set; it was set back, and the number of the last one stayed."""

    async def run() -> None:
        async with ground.relay() as (relay, log), jetstream(ground.broker.url) as js:
            await grow(log, EVENTS)
            await relay.once()
            await js.update_stream(usual(ground).evolve(max_age=0.1, duplicate_window=0.1))
            async with asyncio.timeout(20):
                while (await js.stream_info(ground.stream)).state.messages:  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(0.05)
            await js.update_stream(usual(ground).evolve(max_age=0, duplicate_window=120))
            assert await refused(relay, ground) == (
                "The stream STREAM has lost messages: it ends at 20, begins at 21 and holds 0, so what was there cannot be compared "
                "with the log. Take it away, and the relay makes it anew."
            )

    asyncio.run(run())


@pytest.mark.parametrize("lost", [1, 7, EVENTS])
def test_a_stream_with_a_hole_is_refused(ground: Ground, lost: int) -> None:
    async def run() -> None:
        async with ground.relay() as (relay, log), jetstream(ground.broker.url) as js:
            await grow(log, EVENTS)
            await filled(ground, js, log, None, deletable=True)
            await js.delete_msg(ground.stream, lost)
            await js.update_stream(usual(ground))
            first = 2 if lost == 1 else 1
            assert await refused(relay, ground) == (
                f"The stream STREAM has lost messages: it ends at 20, begins at {first} and holds 19, so what was there cannot be "
                "compared with the log. Take it away, and the relay makes it anew."
            )

    asyncio.run(run())


@pytest.mark.parametrize("forged", [1, 7, EVENTS])
def test_a_stream_with_another_event_anywhere_among_few_is_refused(ground: Ground, forged: int) -> None:
    async def run() -> None:
        async with ground.relay() as (relay, log), jetstream(ground.broker.url) as js:
            await grow(log, EVENTS)
            await filled(ground, js, log, forged)
            assert (await refused(relay, ground)).startswith(
                f"The stream STREAM holds another event at {forged} than the log of kymi: "
            )

    asyncio.run(run())


def test_what_is_compared_is_the_end_the_beginning_and_what_lies_evenly_between() -> None:
    assert samples_of(0) == ()
    assert samples_of(1) == [1]
    assert samples_of(5) == [5, 4, 3, 2, 1]
    for end in (SAMPLES, 1_000, 1_000_000):
        samples = samples_of(end)
        assert (len(samples), samples[0], samples[-1]) == (SAMPLES, end, 1)
        steps = {one - other for one, other in pairwise(samples)}
        assert max(steps) - min(steps) <= 1


def test_what_is_kept_in_memory_of_a_history_that_the_log_has_no_longer_is_not_published(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NATS is away while the log grows and is put back to where the stream ends; nothing says so to who follows it."""
    monkeypatch.setattr(tail, "WAIT_SECONDS", 600.0)

    async def run() -> None:
        async with ground.relay() as (relay, log), ground.place.log(seed=7) as other:
            await grow(log, EVENTS)
            async with running([relay]):
                async with jetstream(ground.broker.url) as js:
                    await come_to(js, ground.stream, EVENTS)
                ground.broker.kill()
                await until(lambda: relay.state == "waiting", "the relay waits")
                gone = await grow(other, 10)
                await until(lambda: relay._feed.tail.end == gone, "the relay knows them")  # noqa: SLF001
                cut_back(ground.place.server, ground.place.schema, EVENTS)
                ground.broker.start()
                await until(lambda: relay.state == "relaying", "the relay works")
                async with jetstream(ground.broker.url) as js:
                    await asyncio.sleep(1)  # in which it would publish them
                    assert (await js.stream_info(ground.stream)).state.last_seq == EVENTS
                    async with ground.place.log(seed=9) as anew:
                        await come_to(js, ground.stream, await grow(anew, 15))
            assert await ground.check() == EVENTS + 15

    asyncio.run(run())


def test_a_stream_that_is_taken_away_while_nothing_happens_is_made_anew(ground: Ground) -> None:
    """As the refusals advise."""

    async def run() -> None:
        async with ground.relay() as (relay, log), jetstream(ground.broker.url) as js:
            await grow(log, EVENTS)
            async with running([relay]):
                await come_to(js, ground.stream, EVENTS)
                await js.delete_stream(ground.stream)
                await come_to(js, ground.stream, EVENTS)
            assert await ground.check() == EVENTS

    asyncio.run(run())


@asynccontextmanager
async def idle(ground: Ground) -> AsyncIterator[tuple[Relay, asyncio.Task[None], JetStreamContext]]:
    """A relay at work that has nothing to do."""
    async with ground.relay() as (relay, log), jetstream(ground.broker.url) as js:
        await grow(log, EVENTS)
        work = asyncio.create_task(relay.run())
        await come_to(js, ground.stream, EVENTS)
        await until(lambda: relay._position == EVENTS, "the relay has nothing to do")  # noqa: SLF001
        yield relay, work, js


def test_a_message_of_somebody_else_is_noticed_while_nothing_happens(ground: Ground) -> None:
    async def run() -> None:
        async with idle(ground) as (_, work, js):
            await js.publish(f"tasma.{ground.place.schema}.x.y", b"junk")
            with pytest.raises(StreamRefused, match=r"^The message 21 of the stream .* says Tasma-Position: nothing"):
                await asyncio.wait_for(work, 20)

    asyncio.run(run())


def test_a_log_that_ends_before_the_stream_is_noticed_while_nothing_happens(ground: Ground) -> None:
    """And nobody is told that the stream is at its head."""

    async def run() -> None:
        async with idle(ground) as (relay, work, _):
            cut_back(ground.place.server, ground.place.schema, 10)
            for asked in (asyncio.wait_for(work, 20), relay._standing_at(EVENTS)):  # noqa: SLF001
                with pytest.raises(StreamRefused, match=r"is ahead of the log: it ends at 20, .* at 10"):
                    await asked

    asyncio.run(run())


def test_what_somebody_else_acknowledges_is_not_taken_for_stored(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They listen to the subjects, see where acknowledgements are expected, and send some, right ones and others."""
    monkeypatch.setattr(relaying, "LOOK_SECONDS", 600.0)  # it is noticed at once, not when nothing happens

    async def run() -> None:
        async with ground.relay() as (relay, log), jetstream(ground.broker.url) as js:
            forger = Client()
            await forger.connect(ground.broker.url)

            async def forge(message: Msg) -> None:
                position = int((message.headers or {}).get("Tasma-Position", "0"))
                for answer in (
                    b"ok",
                    b'{"stream":"OTHER","seq":%d}' % position,
                    json.dumps({"stream": ground.stream, "seq": position}).encode(),
                ):
                    if message.reply:
                        await forger.publish(message.reply, answer)

            await grow(log, EVENTS)
            async with running([relay]):
                await come_to(js, ground.stream, EVENTS)
                await forger.subscribe("tasma.>", cb=forge)
                await forger.flush()
                await js.delete_stream(ground.stream)  # from now on nobody but the forger answers
                head = await grow(log, 5)
                await come_to(js, ground.stream, head)
                await until(lambda: relay._position == head, "the relay has seen it")  # noqa: SLF001
            await forger.close()
            assert await ground.check() == head

    asyncio.run(run())


def test_an_acknowledgement_of_another_stream_is_none(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "ANSWER_SECONDS", 1.0)

    async def run() -> None:
        async with ground.relay() as (_, log), jetstream(ground.broker.url):
            await grow(log, 1)
            forger = Client()
            await forger.connect(ground.broker.url)

            async def forge(message: Msg) -> None:
                await forger.publish(message.reply, b'{"stream":"OTHER","seq":1}')

            await forger.subscribe("tasma.>", cb=forge)
            await forger.flush()
            async with connected([ground.broker.url], ground.place.schema) as stream:
                (body,) = await log.bodies(0, limit=1)
                await stream.publish(1, message_of(ground.place.schema, Line(1, body)))
                with pytest.raises(Trouble, match="no answer came in time"):
                    await stream.landed()
            await forger.close()

    asyncio.run(run())
