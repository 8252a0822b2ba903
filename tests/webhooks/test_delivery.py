"""Delivery from a network in memory to real receivers, with a clock that the test sets: in order, until it has arrived."""

import asyncio
import hashlib
from datetime import timedelta

import pytest

from application.delivery import EVENTS_MAX
from application.subscriptions import GAVE_UP, PAUSED_BY_OWNER, SAID_GONE, Subscription
from tests.http.world import WISHES
from tests.webhooks.memory import Network, keep
from tests.webhooks.receiving import Delivery, Receiver, answered, receiving, status


async def until_it_rests(of: Network, one: Subscription, *, hours: float) -> int:
    """Let time pass from attempt to attempt; how often it was tried."""
    world, end, tries = of.world, of.world.now + timedelta(hours=hours), 0
    while world.now < end:
        await of.deliverer.work_off()
        known = await of.now(one)
        tries = known.attempts
        if known.next_at is None or known.state != "active":
            break
        world.now = max(known.next_at, world.now)
    return tries


def test_everything_arrives_in_order_as_the_exact_bytes() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url, after=0)
        await of.happen(2 * EVENTS_MAX)
        await of.deliverer.work_off()
        assert receiver.positions == list(range(1, await of.head() + 1))
        for delivery in receiver.got:
            first, last = delivery.positions[0], delivery.positions[-1]
            stored = await of.log.bodies(first - 1, limit=last - first + 1)
            assert delivery.body == b"[" + b",".join(stored) + b"]"
            assert delivery.headers["content-type"] == "application/cloudevents-batch+json"
            assert (delivery.headers["tasma-after"], delivery.headers["tasma-position"]) == (str(first - 1), str(last))
            digest = hashlib.sha256(delivery.body).hexdigest()[:16]
            assert delivery.id == f"{made.subscription.id}_{made.subscription.run}_{first}_{last}_{digest}"
        assert (await of.now(made)).cursor == await of.head()
        assert len(receiver.got) == 3

    keep(promise)


def test_from_now_on_means_that_nothing_of_before_comes() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        await of.subscribe(receiver.url)
        head = await of.head()
        await of.deliverer.work_off()
        assert receiver.got == []
        await of.happen(3)
        await of.deliverer.work_off()
        assert receiver.positions == [head + 1, head + 2, head + 3]

    keep(promise)


@pytest.mark.parametrize("who", ["xamk", "ekami", "cursor", "subscriber", "auditor", "coordinator"])
def test_each_gets_what_their_token_may_see_and_never_anothers_money(who: str) -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        _, asker = await of.issue(WISHES[who])
        made = await of.subscribe(receiver.url, who, after=0)
        await of.deliverer.work_off()
        assert receiver.positions == await of.visible(asker)
        revenue = [e for d in receiver.got for e in d.events if e["type"] == "tasma.revenue.shared.v2"]
        assert len(revenue) == (0 if who == "cursor" else 1)
        assert (await of.now(made)).cursor == await of.head()

    keep(promise)


def test_who_wants_little_moves_on_over_the_rest_without_being_sent_anything() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url, after=0, types=("tasma.revenue.*",))
        await of.deliverer.work_off()
        ((delivery,), head) = receiver.got, await of.head()
        assert [event["type"] for event in delivery.events] == ["tasma.revenue.shared.v2"]
        await of.happen(300)
        of.world.later(minutes=1)
        await of.deliverer.work_off()
        assert len(receiver.got) == 1
        assert (await of.now(made)).cursor == head + 300

    keep(promise)


def test_after_a_day_without_an_answer_everything_is_made_up_for_in_order() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url, after=0)
        receiver.respond = status(503)
        for _ in range(4):
            await of.happen(40)
            await until_it_rests(of, made.subscription, hours=6)
        known = await of.now(made)
        assert (known.state, known.cursor) == ("active", 0)
        failed, receiver.respond = receiver.got, status(200)
        assert {(delivery.id, delivery.body) for delivery in failed} == {(failed[0].id, failed[0].body)}
        receiver.got = []
        of.world.now = known.next_at or of.world.now
        await of.deliverer.work_off()
        assert receiver.positions == list(range(1, await of.head() + 1))
        assert receiver.got[0].id == failed[0].id
        known = await of.now(made)
        assert (known.failures, known.failing_since, known.cursor) == (0, None, await of.head())

    keep(promise)


def test_after_three_days_it_is_parked_with_nothing_lost_and_resumed_by_its_owner() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url, after=0)
        receiver.respond = status(500)
        tries = await until_it_rests(of, made.subscription, hours=100)
        known = await of.now(made)
        assert (known.state, known.why, known.cursor) == ("parked", GAVE_UP, 0)
        assert 70 <= tries <= 95
        of.world.later(days=30)
        await of.deliverer.work_off()
        assert len(receiver.got) == tries
        receiver.respond = status(200)
        _, asker = await of.issue(WISHES["coordinator"])
        await of.subscriptions.resume(known.id, asker, known.token)
        await of.deliverer.work_off()
        assert receiver.positions[-(await of.head()) :] == list(range(1, await of.head() + 1))
        assert {delivery.id for delivery in receiver.got[: tries + 1]} == {receiver.got[0].id}

    keep(promise)


def test_410_parks_at_once() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url, after=0)
        receiver.respond = status(410)
        await of.deliverer.work_off()
        known = await of.now(made)
        assert (known.state, known.why, known.attempts) == ("parked", SAID_GONE, 1)

    keep(promise)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (answered(500), 500),
        (answered(404), 404),
        (answered(302, "Location: http://127.0.0.1:1/"), 302),
        (answered(199), None),
        (b"", None),
        (b"SSH-2.0-nothing\r\n", None),
    ],
)
def test_whatever_else_is_answered_is_tried_again(answer: bytes, said: int | None) -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        async def respond(_: Delivery) -> bytes:
            return answer

        made = await of.subscribe(receiver.url, after=0)
        receiver.respond = respond
        await of.deliverer.work_off()
        known = await of.now(made)
        assert (known.state, known.failures, known.cursor) == ("active", 1, 0)
        assert known.last is not None
        assert known.last.why
        assert known.last.status == said
        receiver.respond = status(200)
        of.world.later(seconds=6)
        await of.deliverer.work_off()
        assert (await of.now(made)).cursor == await of.head()

    keep(promise)


def test_a_receiver_that_asks_for_time_gets_it_up_to_an_hour() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        for asked, given in (("120", 120), ("99999", 3_600)):
            made = await of.subscribe(receiver.url, after=0)
            receiver.respond = status(429, f"Retry-After: {asked}")
            await of.deliverer.work_off()
            known = await of.now(made)
            assert known.next_at is not None
            assert given <= (known.next_at - of.world.now).total_seconds() < given + 2

    keep(promise)


def test_one_that_hangs_or_fails_delays_nobody_else() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        hanging = asyncio.Event()

        async def hang(_: Delivery) -> bytes:
            await hanging.wait()
            return answered(200)

        async with receiving() as slow:
            slow.respond = hang
            await of.subscribe(slow.url, "xamk", after=0)
            made = await of.subscribe(receiver.url, "ekami", after=0)
            working = asyncio.create_task(of.deliverer.work_off())
            await slow.until(1)
            await receiver.until(1)
            async with asyncio.timeout(10):
                while (await of.now(made)).cursor != await of.head():  # noqa: ASYNC110 - seen from outside only
                    await asyncio.sleep(0.01)
            assert not working.done()
            assert len(slow.got) == 1  # one batch in flight
            hanging.set()
            await working

    keep(promise)


def test_killed_between_sending_and_writing_it_down_it_sends_the_same_again() -> None:
    """Also when more has happened meanwhile: who receives recognises the repeat by its id."""

    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url, after=0)
        dying = asyncio.Event()

        async def die(_: Delivery) -> bytes:
            dying.set()
            await asyncio.sleep(60)
            return b""

        receiver.respond = die
        working = asyncio.create_task(of.deliverer.work_off())
        await dying.wait()
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        await of.happen(30)
        receiver.respond = status(200)
        await of.another().work_off()
        first, again, *_ = receiver.got
        assert (first.id, first.body) == (again.id, again.body)
        assert receiver.positions[len(first.positions) :] == list(range(1, await of.head() + 1))
        assert (await of.now(made)).cursor == await of.head()

    keep(promise)


def test_two_who_deliver_at_once_send_the_same_batches_and_lose_none() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url, after=0)
        await of.happen(250)
        await asyncio.gather(of.deliverer.work_off(), of.another().work_off(), of.another().work_off())
        await of.another().work_off()
        assert (await of.now(made)).cursor == await of.head()
        bodies: dict[str, bytes] = {}
        for delivery in receiver.got:
            assert bodies.setdefault(delivery.id, delivery.body) == delivery.body
        once = {id_: d for d in receiver.got for id_ in [d.id]}
        assert sorted(p for d in once.values() for p in d.positions) == list(range(1, await of.head() + 1))

    keep(promise)


def test_a_revoked_token_pauses_it_visibly_and_one_of_the_same_rights_goes_on() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url, "xamk", after=0)
        await of.deliverer.work_off()
        before, position = len(receiver.got), (await of.now(made)).cursor
        await of.world.tokens.revoke(made.subscription.token)
        await of.happen()
        await of.deliverer.work_off()
        known = await of.now(made)
        assert (known.state, known.cursor, len(receiver.got)) == ("paused", position, before)
        assert known.why == (
            "This token has been revoked; ask the coordinator for a new one. Then resume with that one."
        )
        issued, asker = await of.issue(WISHES["xamk"])
        await of.subscriptions.resume(known.id, asker, issued.id)
        await of.deliverer.work_off()
        assert (await of.now(made)).cursor == await of.head()
        assert receiver.positions == sorted(set(receiver.positions))

    keep(promise)


def test_a_revoked_token_shows_even_where_nothing_happens() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url, "xamk")
        await of.world.tokens.revoke(made.subscription.token)
        of.world.later(minutes=1)
        await of.deliverer.work_off()
        assert (await of.now(made)).state == "paused"

    keep(promise)


def test_an_auditors_subscription_ends_with_the_auditors_days() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url, "auditor", after=0)
        of.world.later(days=400)
        await of.deliverer.work_off()
        known = await of.now(made)
        assert (known.state, receiver.got) == ("paused", [])
        assert known.why.startswith("This token was good until 2019-12-31")

    keep(promise)


def test_paused_nothing_is_sent_and_resumed_it_goes_on() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url, after=0)
        _, asker = await of.issue(WISHES["coordinator"])
        await of.subscriptions.pause(made.subscription.id, asker)
        known = await of.subscriptions.pause(made.subscription.id, asker)
        assert (known.state, known.why) == ("paused", PAUSED_BY_OWNER)
        await of.deliverer.work_off()
        assert receiver.got == []
        await of.subscriptions.resume(known.id, asker, known.token)
        await of.deliverer.work_off()
        assert receiver.positions == list(range(1, await of.head() + 1))

    keep(promise)


def test_paused_while_a_batch_is_on_its_way_that_one_counts_and_no_other_follows() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url, after=0)
        await of.happen(EVENTS_MAX)
        _, asker = await of.issue(WISHES["coordinator"])

        async def pause(_: Delivery) -> bytes:
            await of.subscriptions.pause(made.subscription.id, asker)
            return answered(200)

        receiver.respond = pause
        await of.deliverer.work_off()
        known = await of.now(made)
        assert (known.state, known.cursor, len(receiver.got)) == ("paused", EVENTS_MAX, 1)

    keep(promise)


def test_replayed_it_comes_again_under_other_ids() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url, after=0)
        await of.deliverer.work_off()
        first, receiver.got = receiver.got, []
        _, asker = await of.issue(WISHES["coordinator"])
        await of.subscriptions.replay(made.subscription.id, asker, made.subscription.token, 10)
        await of.deliverer.work_off()
        assert receiver.positions == list(range(11, await of.head() + 1))
        assert not {d.id for d in first} & {d.id for d in receiver.got}

    keep(promise)


def test_a_log_that_was_put_back_parks_it_and_nothing_is_sent_until_its_owner_says_so() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        await of.happen(10)
        made = await of.subscribe(receiver.url, after=0)
        await of.deliverer.work_off()
        head, before = await of.head(), len(receiver.got)
        del of.log._kept[head - 5 :]  # noqa: SLF001 - as a restored backup does
        await of.deliverer.work_off()
        known = await of.now(made)
        assert (known.state, len(receiver.got)) == ("parked", before)
        assert known.why == (
            f"This subscription stands at position {head}, but the log ends at {head - 5}: the database is a restored backup, or "
            "the position was set by hand. Resume it to go on from the log as it is now, or replay it from any position."
        )
        _, asker = await of.issue(WISHES["coordinator"])
        await of.subscriptions.resume(known.id, asker, known.token)
        await of.happen(2)
        await of.deliverer.work_off()
        assert receiver.got[-1].positions == [head - 4, head - 3]

    keep(promise)


def test_another_log_in_its_place_parks_it_too_however_long_it_is() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        await of.happen(10)
        made = await of.subscribe(receiver.url, after=0)
        await of.deliverer.work_off()
        head, before = await of.head(), len(receiver.got)
        del of.log._kept[head - 5 :]  # noqa: SLF001 - as a restored backup does
        await of.happen(20)
        await of.deliverer.work_off()
        known = await of.now(made)
        assert (known.state, len(receiver.got)) == ("parked", before)
        assert known.why.startswith(f"The event at position {head} is another one than was delivered: ")

    keep(promise)


def test_what_was_on_its_way_from_a_log_that_is_gone_is_not_sent_as_if_it_were_the_same() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        await of.happen(10)
        made = await of.subscribe(receiver.url, after=0)
        receiver.respond = status(500)
        await of.deliverer.work_off()
        del of.log._kept[await of.head() - 5 :]  # noqa: SLF001 - as a restored backup does
        receiver.respond = status(200)
        of.world.later(seconds=10)
        await of.deliverer.work_off()
        known = await of.now(made)
        assert (known.state, known.cursor, len(receiver.got)) == ("parked", 0, 1)

    keep(promise)


def test_a_secret_that_does_not_open_sends_nothing_and_is_tried_again() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url, after=0)
        (key,) = made.subscription.secrets
        assert made.secret is not None
        await of.means.secrets.erase(key.subject)
        await of.deliverer.work_off()
        known = await of.now(made)
        assert (known.state, known.failures, receiver.got) == ("active", 1, [])
        assert known.last is not None
        assert known.last.why.startswith("Its secret does not open here")
        await of.means.secrets.put(key.subject, made.secret)
        of.world.later(seconds=10)
        await of.deliverer.work_off()
        assert (await of.now(made)).cursor == await of.head()

    keep(promise)
