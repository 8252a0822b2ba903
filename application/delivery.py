"""Delivers the feed to whom it was promised: in order, one batch at a time to each, until it has arrived.

A batch is written down before it is sent and the cursor moves when it has arrived: whoever delivers after a crash sends the same
batch under the same id, and nothing is passed over. Nobody waits for anybody else's receiver.
"""

import asyncio
import hashlib
import traceback
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from msgspec import Struct

from application.feed import Feed, Line, Portion, Reader
from application.policy_worker import beyond_end
from application.ports import Unavailable
from application.subscribing import anchor_at, attempt_of, wish_in
from application.subscription_ports import Answer, Means
from application.subscriptions import Subscription, begun, delivered, failed, moved, parked, paused
from domain.kernel import Refused

EVENTS_MAX: Final = 100
BYTES_MAX: Final = 262_144
AT_ONCE: Final = 32
"""Receivers that are being sent to."""
OF_ONE_OWNER: Final = 8
"""Of those at most: whoever has many slow ones slows their own."""
WAIT_SECONDS: Final = 1.0
"""How long it takes at most until a change of a subscription is seen."""
REST_SECONDS: Final = 0.25
"""What happens within it leaves together."""
MOVE_EVERY: Final = timedelta(seconds=5)
"""How often it is written down how far was looked for somebody for whom there was nothing."""
TOKEN_EVERY: Final = timedelta(seconds=30)
"""How often the token of somebody for whom there is nothing is looked at; of others, before every batch."""
BROKEN_REST: Final = timedelta(seconds=10)
"""Before somebody whose next events cannot be read, or are not to be had, has their turn again."""
TRIES: Final = 8

WAY_OUT: Final = "Resume it to go on from the log as it is now, or replay it from any position."
LOCKED: Final = (
    "Its secret does not open here: the network's operator has to put the master key back. It is tried again by itself."
)

logger = structlog.get_logger()


class Batch(Struct, frozen=True):
    """What is sent at once."""

    after: int
    lines: tuple[Line, ...]

    @property
    def first(self) -> int:
        return self.lines[0].position

    @property
    def last(self) -> int:
        return self.lines[-1].position

    @property
    def body(self) -> bytes:
        return b"[" + b",".join(line.body for line in self.lines) + b"]"


class _Look(Struct):
    """How far was looked for somebody for whom there was nothing."""

    run: int
    upto: int
    written_at: datetime | None = None


class _NotSigned(Struct, frozen=True):
    """What comes of a batch that cannot be signed: nothing was sent."""

    status: int | None = None
    why: str = LOCKED
    seconds: float = 0.0
    retry_after: int | None = None


class Deliverer:
    """Delivers all subscriptions of a network. Several may run: what they change is fenced, and repeats carry the same id."""

    def __init__(self, means: Means, feed: Feed) -> None:
        self._store, self._log, self._tokens, self._secrets = means.store, means.log, means.tokens, means.secrets
        self._post, self._clock, self._draw, self._feed = means.post, means.clock, means.draw, feed
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._slots_of = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(OF_ONE_OWNER))
        self._era = means.log.era
        self._looks: dict[str, _Look] = {}
        self._checked: dict[str, datetime] = {}
        """When a subscription's token was looked at last."""
        self._resting: dict[str, datetime] = {}

    async def run(self) -> None:
        """Deliver as the log goes on. Ends with an exception only. Raises Unavailable."""
        at_work: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                head = (await self._log.head()).position
                for known in await self._due(head):
                    if known.id not in at_work:
                        at_work[known.id] = asyncio.create_task(self._serve(known), name=f"webhook {known.id}")
                await asyncio.sleep(REST_SECONDS)
                await self._feed.wait(head, WAIT_SECONDS)
                for name in [name for name, task in at_work.items() if task.done()]:
                    at_work.pop(name).result()
        finally:
            for task in at_work.values():
                task.cancel()
            await asyncio.gather(*at_work.values(), return_exceptions=True)

    async def work_off(self) -> None:
        """Deliver what is due by now. Raises Unavailable."""
        due = await self._due((await self._log.head()).position)
        await asyncio.gather(*(self._serve(known) for known in due))

    async def _due(self, head: int) -> Sequence[Subscription]:
        """Those that have to be looked at: for whom there may be something, or whose token has not been looked at for long."""
        now, known = self._clock(), await self._store.all()
        self._forget(keeping={one.id for one in known})
        return [
            one
            for one in known
            if one.state == "active"
            and now >= self._resting.get(one.id, now)
            and ((one.is_due(now) and self._after(one) != head) or self._is_unchecked(one, now))
        ]

    def _forget(self, *, keeping: set[str]) -> None:
        for notes in (self._looks, self._checked, self._resting):
            for gone in notes.keys() - keeping:
                notes.pop(gone)
        if self._log.era != self._era:  # where there was nothing for somebody, there may be something now
            self._era = self._log.era
            self._looks.clear()

    def _is_unchecked(self, known: Subscription, now: datetime) -> bool:
        return now - self._checked.get(known.id, known.created_at) >= TOKEN_EVERY

    def _after(self, known: Subscription) -> int:
        """Where to look on: the cursor, or behind what is not for them."""
        look = self._looks.get(known.id)
        if look is None or look.run != known.run or known.pending is not None:
            return known.cursor
        return max(known.cursor, look.upto)

    async def _serve(self, known: Subscription) -> None:
        """Batch after batch, until there is no more or it does not arrive; between two of them others have their turn."""
        try:
            while True:
                async with self._slots_of[known.owner], self._slots:
                    if not await self._turn(known.id):
                        return
        except Unavailable as error:
            # Of the log, or of one event: nobody else waits for it, and the lag shows.
            logger.warning("webhook.interrupted", subscription=known.id, why=str(error))
            self._resting[known.id] = self._clock() + BROKEN_REST
        except Exception as error:  # noqa: BLE001 - whatever one of them meets, the others go on
            # As text, without the local variables that structlog would show: secrets stand there.
            told = "".join(traceback.format_exception(error))
            logger.error("webhook.broke", subscription=known.id, exception=told)  # noqa: TRY400 - see above
            self._resting[known.id] = self._clock() + BROKEN_REST

    async def _turn(self, subscription_id: str) -> bool:
        """Do the next thing for a subscription; whether there may be more to do. Raises Unavailable."""
        known = await self._store.get(subscription_id)
        if known is None or known.state != "active":
            return False
        reader = await self._reader(known)
        if reader is None or not known.is_due(self._clock()):
            return False
        if fault := await self._fault(known):
            await self._store.change(known, parked(known, fault))
            return False
        return await self._deliver(known, reader)

    async def _reader(self, known: Subscription) -> Reader | None:
        """Who it is for, while the token is good that it was made with; otherwise it is paused."""
        try:
            asker = await self._tokens.holder(known.token)
        except Refused as why:
            await self._store.change(known, paused(known, f"{why} Then resume with that one."))
            return None
        self._checked[known.id] = self._clock()
        return Reader(asker, wish_in(known.types, known.about))

    async def _deliver(self, known: Subscription, reader: Reader) -> bool:
        """Send what comes next, or what was on its way; whether there may be more to do."""
        era, after = self._log.era, self._after(known)
        lines, looked = await self._lines(reader, after, known.pending)
        if self._log.era != era:
            return True
        if not lines and known.pending is None:
            return await self._move_on(known, after, looked)
        if not lines or known.pending not in {None, lines[-1].position}:
            # What has been sent of it is not there any more.
            await self._store.change(known, parked(known, await self._replaced(known.pending or 0)))
            return False
        if not await self._feed.holds(Portion(lines, looked)):
            return False  # kept from a log that was replaced since; it is not kept for long
        return await self._send(known, Batch(after, lines))

    async def _send(self, known: Subscription, batch: Batch) -> bool:
        """Send a batch, and write down what came of it; whether it arrived."""
        claimed = await self._store.change(
            known, begun(known, batch.after, await anchor_at(self._log, batch.after), batch.last)
        )
        if claimed is None:
            return True  # somebody changed it: see what it is now
        at = self._clock()
        answer = await self._answer(claimed, batch, at)
        attempt = attempt_of(answer, at, first=batch.first, last=batch.last)
        anchor = hashlib.sha256(batch.lines[-1].body).digest()
        chance = int.from_bytes(self._draw(4), "big") / 2**32

        def after(found: Subscription) -> Subscription:
            return (
                delivered(found, attempt, anchor)
                if attempt.arrived
                else failed(found, attempt, answer.retry_after, chance)
            )

        for _ in range(TRIES):
            if await self._store.change(claimed, after(claimed)) is not None:
                break
            found = await self._store.get(claimed.id)
            if found is None or (found.run, found.cursor, found.pending) != (known.run, batch.after, batch.last):
                break  # deleted, replayed, or delivered by another process: what came of this is no longer asked for
            claimed = found
        if not attempt.arrived:
            logger.info("webhook.failed", subscription=known.id, status=attempt.status, why=attempt.why)
        return attempt.arrived

    async def _answer(self, known: Subscription, batch: Batch, at: datetime) -> Answer:
        try:
            secrets = [await self._secrets.get(key.reference) for key in known.signing(at)]
        except Refused as why:
            logger.error("webhook.secret_locked", subscription=known.id, why=str(why))  # noqa: TRY400 - a sentence, no fault
            return _NotSigned()
        return await self._post.send(
            known.url,
            secrets,
            batch.body,
            batch_id=known.batch_id(batch.first, batch.last),
            at=at,
            headers={"Tasma-After": str(batch.after), "Tasma-Position": str(batch.last)},
        )

    async def _lines(self, reader: Reader, after: int, upto: int | None) -> tuple[tuple[Line, ...], int]:
        """The next lines, and how far was looked; with `upto` all up to there, which are no more than were sent before."""
        lines: list[Line] = []
        looked = after
        while True:
            portion = await self._feed.portion(reader, looked, limit=EVENTS_MAX)
            lines += portion.lines
            if upto is None:
                return _fitting(lines), portion.looked
            if portion.looked == looked or portion.looked >= upto:
                return tuple(line for line in lines if line.position <= upto), portion.looked
            looked = portion.looked

    async def _move_on(self, known: Subscription, after: int, looked: int) -> bool:
        """Pass over what is not for this reader; written down now and then, since it is found out again at no cost."""
        now = self._clock()
        look = self._looks.setdefault(known.id, _Look(known.run, looked))
        look.run, look.upto = known.run, looked
        if looked > known.cursor and (look.written_at is None or now - look.written_at >= MOVE_EVERY):
            anchor = await anchor_at(self._log, looked)
            if anchor is None:  # looked at in a log that was replaced since
                del self._looks[known.id]
                return False
            look.written_at = now
            await self._store.change(known, moved(known, looked, anchor))
        return looked > after

    async def _fault(self, known: Subscription) -> str:
        """Why this is not the log that was delivered from, in a sentence; empty: it is."""
        if known.cursor == 0 or await anchor_at(self._log, known.cursor) == known.anchor:
            return ""
        return await self._replaced(known.cursor)

    async def _replaced(self, position: int) -> str:
        """What is wrong where the log has no longer what was delivered up to a position, and the way out."""
        head = (await self._log.head()).position
        if position > head:
            return f"{beyond_end('This subscription', position, head)}. {WAY_OUT}"
        return (
            f"The event at position {position} is another one than was delivered: the database is a restored backup, or was replaced. "
            f"{WAY_OUT}"
        )


def _fitting(lines: Sequence[Line]) -> tuple[Line, ...]:
    """As many of them as go into one batch; always one."""
    size, number = 2, 0
    for line in lines:
        size += len(line.body) + 1
        if number and size > BYTES_MAX:
            break
        number += 1
    return tuple(lines[:number])
