"""A stream that is not this network's, or not this history's, is left alone, and a sentence says why."""

import asyncio
from collections.abc import Mapping

import pytest
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

from adapters.nats.message import Unrelayable, message_of
from adapters.nats.trouble import StreamRefused
from application.feed import Line
from domain.kernel import Refused
from tests.custody.restoring import cut_back
from tests.relay.brokers import come_to, jetstream
from tests.relay.ground import Ground, grow

SEQUENCE = "0" * 19 + "7"
EVENT = (
    b'{"sequence":"%b","time":"2026-03-05T09:00:00Z","specversion":"1.0","id":"019cbd4b-1111-7000-8000-000000000001",'
    b'"type":"%b","data":{}}'
)


def refusal(ground: Ground, *, events: int, stream: Mapping[str, object] | None, sent: Mapping[str, str] | None) -> str:
    """What a relay of a log with so many events says to a stream with one message."""

    async def run() -> str:
        async with ground.relay() as (relay, log), jetstream(ground.broker.url) as js:
            await grow(log, events)
            subject = f"tasma.{ground.place.schema}.>"
            usual: dict[str, object] = {"subjects": [subject], "deny_delete": True, "deny_purge": True}
            await js.add_stream(StreamConfig(name=ground.stream).evolve(**{**usual, **(stream or {})}))
            if sent is not None:
                await js.publish(f"tasma.{ground.place.schema}.other.thing", b"{}", headers=dict(sent))
            with pytest.raises(StreamRefused) as once:
                await relay.once()
            with pytest.raises(StreamRefused) as forever:
                await relay.run()
            assert str(once.value) == str(forever.value)
            assert (await js.stream_info(ground.stream)).state.messages == (sent is not None)
            return str(once.value).replace(ground.stream, "STREAM").replace(ground.place.schema, "kymi")

    return asyncio.run(run())


def test_a_stream_that_is_ahead_of_the_log_is_refused(ground: Ground) -> None:
    assert refusal(ground, events=0, stream=None, sent={"Tasma-Position": "1"}) == (
        "The stream STREAM is ahead of the log: it ends at 1, the log of kymi at 0. Either the database is a restored backup or "
        "another one, or the stream is of another network: connect the right one, or take the stream away, and the relay makes it "
        "anew."
    )


def test_a_stream_of_another_history_is_refused(ground: Ground) -> None:
    """It is as long as the log, or shorter, and holds other events."""
    assert refusal(ground, events=5, stream=None, sent={"Tasma-Position": "1"}) == (
        "The stream STREAM holds another event at 1 than the log of kymi: it is of another network, or of this one before a backup "
        "was restored. Connect the right one, or take the stream away, and the relay makes it anew."
    )


def test_a_stream_that_something_else_filled_is_refused(ground: Ground) -> None:
    assert refusal(ground, events=5, stream=None, sent={"Any": "thing"}) == (
        "The message 1 of the stream STREAM says Tasma-Position: nothing. In a stream that a relay filled the two are the same; take "
        "this one away, and the relay makes it anew."
    )


def test_a_stream_that_may_lose_events_or_take_others_is_refused(ground: Ground) -> None:
    wrong = {"subjects": ["other.>"], "deny_purge": False, "no_ack": True}
    assert refusal(ground, events=5, stream=wrong, sent=None) == (
        "The stream STREAM is not set up as a relay's: subjects is ['other.>'], not ['tasma.kymi.>']; deny_purge is False, not True; "
        "no_ack is True, not False. It is left as it is; change it with the tools of NATS, or take it away, and the relay makes it "
        "anew."
    )


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"max_msgs": 10}, "max_msgs is 10, not -1"),
        ({"max_bytes": 5_000}, "max_bytes is 5000, not -1"),
        ({"max_age": 600.0}, "max_age is 600.0, not 0"),
        ({"max_msgs_per_subject": 3}, "max_msgs_per_subject is 3, not -1"),
        ({"max_msg_size": 100}, "max_msg_size is 100, not -1"),
        ({"discard": DiscardPolicy.NEW}, "discard is 'new', not 'old'"),
        ({"storage": StorageType.MEMORY}, "storage is 'memory', not 'file'"),
        ({"retention": RetentionPolicy.INTEREST}, "retention is 'interest', not 'limits'"),
    ],
)
def test_a_stream_in_which_events_do_not_last_is_refused(
    ground: Ground, setting: Mapping[str, object], said: str
) -> None:
    assert refusal(ground, events=5, stream=setting, sent=None) == (
        f"The stream STREAM is not set up as a relay's: {said}. It is left as it is; change it with the tools of NATS, or take it "
        "away, and the relay makes it anew."
    )


def test_a_log_that_is_put_back_while_a_relay_works_stops_it(ground: Ground) -> None:
    """The new history is not appended to the old one, however long it has grown meanwhile."""

    async def run() -> None:
        async with ground.relay() as (relay, log), jetstream(ground.broker.url) as js:
            head = await grow(log, 20)
            work = asyncio.create_task(relay.run())
            await come_to(js, ground.stream, head)
            cut_back(ground.place.server, ground.place.schema, 15)
            async with ground.place.log() as another:
                await grow(another, 10)
            with pytest.raises(StreamRefused) as refused:
                await asyncio.wait_for(work, 30)
            said = str(refused.value).removeprefix(f"The stream {ground.stream} ")
            assert said.startswith(("holds another event at 20 than the log", "is ahead of the log: it ends at 20"))
            assert (await js.stream_info(ground.stream)).state.last_seq == 20

    asyncio.run(run())


def test_copies_that_one_server_cannot_keep_are_refused(ground: Ground) -> None:
    async def run() -> None:
        async with ground.relay() as (relay, log), jetstream(ground.broker.url):
            await grow(log, 1)
            with pytest.raises(StreamRefused) as refused:
                await relay.once(3)
            assert str(refused.value) == (
                f"The stream {ground.stream} with 3 copies cannot be made; the server says: replicas > 1 not supported in "
                "non-clustered mode."
            )
            assert await relay.once() == 1
            with pytest.raises(StreamRefused, match="num_replicas is 1, not 3"):
                await relay.once(3)

    asyncio.run(run())


def test_an_event_of_a_newer_version_is_relayed_all_the_same() -> None:
    body = EVENT % (SEQUENCE.encode(), b"tasma.later.thing_seen.v12")
    message = message_of("kymi", Line(7, body))
    assert message.subject == "tasma.kymi.later.thing_seen"
    assert message.headers == {"Nats-Msg-Id": "019cbd4b-1111-7000-8000-000000000001", "Tasma-Position": "7"}
    assert message.data is body


@pytest.mark.parametrize(
    "body",
    [
        EVENT % (b"0" * 19 + b"8", b"tasma.referral.sent.v1"),
        EVENT % (SEQUENCE.encode(), b"tasma.*.sent.v1"),
        (EVENT % (SEQUENCE.encode(), b"tasma.referral.sent.v1"))[:-9],
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_damaged_bytes_stop_the_relay_and_are_not_passed_over(body: bytes) -> None:
    with pytest.raises(Unrelayable) as refused:
        message_of("kymi", Line(7, body))
    assert isinstance(refused.value, Refused)
    assert str(refused.value) == (
        "What the log holds at position 7 is no event of that position: its row is gone or its bytes are damaged, so nothing is "
        "relayed from there on. `tasma audit verify` says what happened."
    )
