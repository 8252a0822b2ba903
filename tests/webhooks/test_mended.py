"""What an attacker once got out of subscriptions: ids used twice, events passed over, others' rights, others' time, secrets left behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from adapters.memory.subscriptions import MemorySecrets, MemorySubscriptions, Named
from application.access import Wish
from application.ports import CommandIdReused, Unavailable
from application.subscribing import Subscriptions
from application.subscription_refusals import NoSuchSubscription, TokenNotTheirs, TooManySecrets
from application.subscription_wishes import Subscribe
from application.subscriptions import SECRETS_MAX, SLOW_MILLISECONDS, Attempt, Subscription
from application.turns import AT_ONCE, OF_ONE_OWNER, SLOW_AT_ONCE, Turns
from domain.changing import replace
from tests.http.world import WISHES
from tests.webhooks.memory import Network, keep
from tests.webhooks.receiving import Delivery, Receiver, answered, receiving
from tests.webhooks.test_states import NEW, NOW


def put_back(of: Network, head: int) -> None:
    """As a restored backup does."""
    del of.log._kept[head:]  # noqa: SLF001 - nothing else takes an event away


def test_after_a_restored_backup_other_events_have_another_id() -> None:
    """Log and subscription are as they were before the delivery: positions and run are the same again."""

    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url)
        saved, head = await of.now(made), await of.head()
        await of.happen()
        await of.deliverer.work_off()
        put_back(of, head)
        await of.store.remove(saved.id)
        await of.store.add(saved, most=50)
        await of.happen()
        await of.another().work_off()
        before, after = receiver.got
        assert (before.positions, after.positions) == ([head + 1], [head + 1])
        assert before.body != after.body
        assert before.id != after.id

    keep(promise)


def test_a_replay_that_a_restored_backup_knows_nothing_of_lent_its_ids_to_no_later_one() -> None:
    """The receiver knows those ids: what came under them again would be taken for a repeat, and passed over."""

    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url)
        _, asker = await of.issue(WISHES["coordinator"])
        saved, head = await of.now(made), await of.head()
        for _ in range(2):
            await of.subscriptions.replay(saved.id, asker, saved.token, head - 1)
            await of.deliverer.work_off()
            await of.store.remove(saved.id)
            await of.store.add(saved, most=50)
        before, after = receiver.got
        assert before.body == after.body
        assert before.id != after.id

    keep(promise)


async def looked_ahead(of: Network, receiver: Receiver, wanted: str) -> int:
    """Subscribed to one organisation, and looked on in vain; the position that is written down."""
    made = await of.subscribe(receiver.url, about=(wanted,))
    for number in (1, 2):
        await of.happen(number)
        await of.deliverer.work_off()
    cursor = (await of.now(made)).cursor
    assert cursor == await of.head() - 2
    return cursor


def test_what_was_looked_at_in_a_log_that_was_put_back_counts_for_nothing() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        cursor = await looked_ahead(of, receiver, "org:new-4")
        put_back(of, cursor)
        await of.happen(4)
        for _ in range(2):
            await of.deliverer.work_off()
        assert receiver.positions == [cursor + 1]

    keep(promise)


def test_whoever_notices_first_that_the_log_was_put_back_the_deliverer_looks_again() -> None:
    """Also where the log is as long as before: then nothing else says that there is something to look at."""

    async def promise(of: Network, receiver: Receiver) -> None:
        cursor = await looked_ahead(of, receiver, "org:new-4")
        put_back(of, cursor)
        await of.happen(2)
        await of.deliverer.work_off()
        assert receiver.got == []
        of.deliverer._feed.tail.era += 1  # noqa: SLF001 - as it does when it reads another event where it was
        await of.deliverer.work_off()
        assert receiver.positions == [cursor + 1]

    keep(promise)


def test_a_subscription_is_in_the_hands_of_those_who_read_the_same() -> None:
    """A coordinator's token may name an organisation: its partners and subscribers read less."""

    async def promise(of: Network, receiver: Receiver) -> None:
        issued, runs = await of.issue(Wish(role="coordinator", subject="person:c", organisation="org:ekami"))
        _, same = await of.issue(WISHES["coordinator"])
        wanted = Subscribe(url=receiver.url)
        made = await of.subscriptions.create(wanted, runs, issued.id, "key")
        name = made.subscription.id
        for who in ("ekami", "subscriber"):
            token, narrower = await of.issue(WISHES[who])
            assert list(await of.subscriptions.seen_by(narrower)) == []
            for attempted in (
                of.subscriptions.one(name, narrower),
                of.subscriptions.rotate(name, narrower),
                of.subscriptions.replay(name, narrower, token.id, 0),
                of.subscriptions.pause(name, narrower),
                of.subscriptions.delete(name, narrower),
            ):
                with pytest.raises(NoSuchSubscription):
                    await attempted
            with pytest.raises(CommandIdReused):
                await of.subscriptions.create(wanted, narrower, token.id, "key")
        for who_may in (runs, same):
            assert [one.id for one in await of.subscriptions.seen_by(who_may)] == [name]
            assert (await of.subscriptions.one(name, who_may)).id == name

    keep(promise)


def test_a_coordinators_subscription_goes_on_with_the_token_of_another_coordinator() -> None:
    """Theirs is who they are, and the same what they read: role and organisation."""

    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url)
        await of.world.tokens.revoke((await of.now(made)).token)
        issued, other = await of.issue(Wish(role="coordinator", subject="person:d"))
        for token_replaced in (
            await of.subscriptions.resume(made.subscription.id, other, issued.id),
            await of.subscriptions.replay(made.subscription.id, other, issued.id, 0),
        ):
            assert (token_replaced.token, token_replaced.owner) == (issued.id, "person:c")
        await of.deliverer.work_off()
        assert receiver.positions == list(range(1, await of.head() + 1))

    keep(promise)


def test_an_auditors_subscription_is_theirs_alone_and_goes_on_with_another_token_of_theirs() -> None:
    """Who may have to do with it and what is read with it are two questions: another auditor reads the same, and sees it not."""

    async def promise(of: Network, receiver: Receiver) -> None:
        made = await of.subscribe(receiver.url, "auditor")
        await of.world.tokens.revoke((await of.now(made)).token)
        token, runs = await of.issue(WISHES["coordinator"])
        with pytest.raises(TokenNotTheirs) as refused:
            await of.subscriptions.resume(made.subscription.id, runs, token.id)
        assert str(refused.value) == (
            "The token that this subscription reads with is no longer good: This token has been revoked; ask the coordinator for a new "
            "one. Whoever has one of the same role that was issued to person:a resumes it with that."
        )
        for who in (replace(WISHES["auditor"], subject="person:b"), replace(WISHES["auditor"], project="S20967")):
            token, another = await of.issue(who)
            with pytest.raises(NoSuchSubscription):
                await of.subscriptions.resume(made.subscription.id, another, token.id)
        token, same = await of.issue(WISHES["auditor"])
        assert (await of.subscriptions.resume(made.subscription.id, same, token.id)).token == token.id

    keep(promise)


def test_four_organisations_whose_receivers_hang_do_not_hold_up_a_fifth() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        over = asyncio.Event()

        async def hang(_: Delivery) -> bytes:
            await over.wait()
            return answered(200)

        async with receiving() as slow:
            slow.respond = hang
            for who in ("xamk", "ekami", "cursor", "coordinator"):
                for _ in range(OF_ONE_OWNER):
                    await of.subscribe(slow.url, who, after=0)
            hanging = asyncio.create_task(of.deliverer.work_off())
            await slow.until(4 * OF_ONE_OWNER)
            await of.subscribe(receiver.url, "auditor", after=0)
            working = asyncio.create_task(of.deliverer.work_off())
            async with asyncio.timeout(5):  # half of what a delivery to one that hangs lasts
                await receiver.until(1)
            over.set()
            await asyncio.gather(hanging, working)

    keep(promise)


def test_slow_ones_use_half_of_the_turns_and_one_owner_some_of_them() -> None:
    async def promise() -> None:
        turns, over, running = Turns(), asyncio.Event(), list[str]()

        async def take(owner: str, *, slow: bool) -> None:
            async with turns.turn(owner, slow=slow):
                running.append(owner)
                await over.wait()

        async with asyncio.TaskGroup() as group:
            for n in range(2 * AT_ONCE):
                group.create_task(take(f"slow-{n}", slow=True))
            for _ in range(50):
                group.create_task(take("many", slow=False))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert len(running) == SLOW_AT_ONCE + OF_ONE_OWNER
            assert running.count("many") == OF_ONE_OWNER
            for n in range(AT_ONCE):
                group.create_task(take(f"fast-{n}", slow=False))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert len(running) == AT_ONCE
            over.set()
        assert len(running) == 3 * AT_ONCE + 50
        assert not turns._of  # noqa: SLF001 - nothing is kept of owners that have no turn

    asyncio.run(promise())


def test_who_is_broken_off_while_waiting_or_when_admitted_leaves_room() -> None:
    async def promise() -> None:
        turns = Turns()

        async def take() -> None:
            async with turns.turn("one", slow=False):
                await asyncio.sleep(0)

        async with AsyncExitStack() as stack:
            for _ in range(OF_ONE_OWNER - 1):
                await stack.enter_async_context(turns.turn("one", slow=False))
            async with turns.turn("one", slow=False):
                waiting, admitted = asyncio.create_task(take()), asyncio.create_task(take())
                await asyncio.sleep(0)
                waiting.cancel()
            admitted.cancel()  # it has its turn and has not begun
            await asyncio.gather(waiting, admitted, return_exceptions=True)
            async with asyncio.timeout(5):
                await take()
        assert not turns._of  # noqa: SLF001 - all have left
        assert not turns._waiting  # noqa: SLF001 - and nobody waits

    asyncio.run(promise())


@pytest.mark.parametrize(
    ("last", "failures", "slow"),
    [(None, 0, False), (20, 0, False), (SLOW_MILLISECONDS, 0, True), (20, 1, True)],
)
def test_who_failed_or_was_slow_the_last_time_is_a_slow_one(last: int | None, failures: int, slow: bool) -> None:  # noqa: FBT001 - of the table
    attempt = Attempt(at=NOW, kind="test", webhook_id="x", status=200, milliseconds=last or 0, why="")
    assert replace(NEW, failures=failures, last=None if last is None else attempt).holds_up is slow


class Hesitant(MemorySecrets):
    """Others come between; `meanwhile` is what they do."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], Awaitable[object]] = _nothing

    async def put(self, subject: str, text: str) -> Named:
        kept = await super().put(subject, text)
        await asyncio.sleep(0)
        await self.meanwhile()
        return kept

    @property
    def number(self) -> int:
        return len(self._texts)


async def _nothing() -> None:
    pass


class Restless(MemorySubscriptions):
    """Somebody changes what is being removed just before; what is added is, or is not, and nobody learns of it."""

    def __init__(self) -> None:
        super().__init__()
        self.before_removal: Callable[[], Awaitable[object]] = _nothing
        self.added: bool | None = None

    async def add(self, new: Subscription, *, most: int) -> bool:
        if self.added is None:
            return await super().add(new, most=most)
        if self.added:
            await super().add(new, most=most)
        raise Unavailable("The connection ended.")

    async def remove(self, subscription_id: str) -> Subscription | None:
        await self.before_removal()
        return await super().remove(subscription_id)


@asynccontextmanager
async def restless(of: Network) -> AsyncIterator[tuple[Subscriptions, Hesitant, Restless]]:
    secrets, store = Hesitant(), Restless()
    yield Subscriptions(replace(of.means, secrets=secrets, store=store)), secrets, store


def test_of_many_who_change_the_secret_at_once_no_more_succeed_than_may_sign() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        issued, asker = await of.issue(WISHES["xamk"])
        async with restless(of) as (subscriptions, secrets, _):
            made = await subscriptions.create(Subscribe(url=receiver.url), asker, issued.id)
            name = made.subscription.id
            done = await asyncio.gather(*(subscriptions.rotate(name, asker) for _ in range(8)), return_exceptions=True)
            assert sum(isinstance(each, TooManySecrets) for each in done) == 8 - (SECRETS_MAX - 1)
            assert len((await subscriptions.one(name, asker)).secrets) == SECRETS_MAX == secrets.number

    keep(promise)


def test_a_secret_made_while_its_subscription_is_deleted_is_erased() -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        issued, asker = await of.issue(WISHES["xamk"])
        async with restless(of) as (subscriptions, secrets, store):
            name = (await subscriptions.create(Subscribe(url=receiver.url), asker, issued.id)).subscription.id
            secrets.meanwhile = lambda: subscriptions.delete(name, asker)
            with pytest.raises(NoSuchSubscription):
                await subscriptions.rotate(name, asker)
            assert secrets.number == 0
            secrets.meanwhile = _nothing
            name = (await subscriptions.create(Subscribe(url=receiver.url), asker, issued.id)).subscription.id
            store.before_removal = lambda: subscriptions.rotate(name, asker)
            await subscriptions.delete(name, asker)
            assert secrets.number == 0

    keep(promise)


@pytest.mark.parametrize("added", [False, True])
def test_a_subscription_that_could_not_be_made_leaves_no_secret(*, added: bool) -> None:
    """And one that was made, though nobody learned of it, keeps its own."""

    async def promise(of: Network, receiver: Receiver) -> None:
        issued, asker = await of.issue(WISHES["xamk"])
        async with restless(of) as (subscriptions, secrets, store):
            store.added = added
            with pytest.raises(Unavailable):
                await subscriptions.create(Subscribe(url=receiver.url), asker, issued.id)
            assert secrets.number == int(added)

    keep(promise)


def test_a_place_that_is_gone_while_it_is_looked_up_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def promise(of: Network, receiver: Receiver) -> None:
        async def gone(_: int) -> None:
            return None

        monkeypatch.setattr(of.log, "body", gone)
        with pytest.raises(Unavailable, match="ask again in a moment"):
            await of.subscribe(receiver.url)

    keep(promise)
