"""Delivers the feed to whom it was promised: in order, one batch at a time to each, until it has arrived.

A batch is written down before it is sent and the cursor moves when it has arrived: whoever delivers after a crash sends the same
batch under the same id, and nothing is passed over. Whose receiver is slow, or fails, waits for others of that kind at most: half of
what is under way at once is kept for receivers that answer, and one that turns slow holds up others until its first answer.
"""

import asyncio
import hashlib
import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from msgspec import Struct

from application.dispatch import Batch, Dispatch, fitting
from application.feed import Feed, Line, Portion, Reader
from application.policy_worker import beyond_end
from application.ports import Unavailable
from application.subscribing import anchor_at
from application.subscription_ports import Means
from application.subscription_wishes import wish_in
from application.subscriptions import Subscription, moved, parked, paused
from application.turns import Turns
from domain.kernel import Refused

EVENTS_MAX: Final = 100
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

WAY_OUT: Final = "Resume it to go on from the log as it is now, or replay it from any position."
logger = structlog.get_logger()


class _Look(Struct):
    """How far was looked for somebody for whom there was nothing."""

    run: int
    upto: int
    anchor: bytes
    """SHA-256 of the event there, as it was looked at."""
    written_at: datetime | None = None


class Deliverer:
    """Delivers all subscriptions of a network. Several may run: what they change is fenced, and repeats carry the same id."""

    def __init__(self, means: Means, feed: Feed) -> None:
        self._store, self._log, self._tokens, self._clock = means.store, means.log, means.tokens, means.clock
        self._feed, self._dispatch, self._turns = feed, Dispatch(means), Turns()
        self._era = feed.era
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
        if self._feed.era != self._era:  # where there was nothing for somebody, there may be something now
            self._era = self._feed.era
            self._looks.clear()

    def _is_unchecked(self, known: Subscription, now: datetime) -> bool:
        return now - self._checked.get(known.id, known.created_at) >= TOKEN_EVERY

    def _after(self, known: Subscription) -> int:
        """Where to look on: the cursor, or behind what is not for them."""
        look = self._look(known)
        return known.cursor if look is None else look.upto

    def _look(self, known: Subscription) -> _Look | None:
        """How far was looked beyond the cursor, where that counts."""
        look = self._looks.get(known.id)
        if look is None or look.run != known.run or look.upto <= known.cursor or known.pending is not None:
            return None
        return look

    async def _serve(self, known: Subscription) -> None:
        """Batch after batch, until there is no more or it does not arrive; between two of them others have their turn."""
        try:
            now: Subscription | None = known
            while now is not None:
                async with self._turns.turn(now.owner, slow=now.holds_up):
                    now = await self._store.get(known.id) if await self._turn(now) else None
        except Unavailable as error:
            # Of the log, or of one event: nobody else waits for it, and the lag shows.
            logger.warning("webhook.interrupted", subscription=known.id, why=str(error))
            self._resting[known.id] = self._clock() + BROKEN_REST
        except Exception as error:  # noqa: BLE001 - whatever one of them meets, the others go on
            # As text, without the local variables that structlog would show: secrets stand there.
            told = "".join(traceback.format_exception(error))
            logger.error("webhook.broke", subscription=known.id, exception=told)  # noqa: TRY400 - see above
            self._resting[known.id] = self._clock() + BROKEN_REST

    async def _turn(self, known: Subscription) -> bool:
        """Do the next thing for a subscription as it was seen; whether there may be more to do. Raises Unavailable."""
        if known.state != "active":
            return False
        reader = await self._reader(known)
        if reader is None or not known.is_due(self._clock()):
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
        era, look = self._feed.era, self._look(known)
        after, anchor = (known.cursor, known.anchor) if look is None else (look.upto, look.anchor)
        lines, portion = await self._lines(reader, after, known.pending)
        if self._feed.era != era:
            return True
        # Asked when the lines have been read: where the place is the same then, they stand behind what was there before.
        if await anchor_at(self._log, after) != anchor:
            self._looks.pop(known.id, None)
            if look is None:
                await self._store.change(known, parked(known, await self._replaced(known.cursor)))
            return False  # after a look that is worth nothing any more, it begins at the cursor again
        if not lines and known.pending is None:
            return await self._move_on(known, portion)
        if not lines or known.pending not in {None, lines[-1].position}:
            # What has been sent of it is not there any more.
            await self._store.change(known, parked(known, await self._replaced(known.pending or 0)))
            return False
        if not await self._feed.holds(Portion(lines, portion.looked)):
            return False  # kept from a log that was replaced since; it is not kept for long
        return await self._dispatch.send(known, Batch(after, anchor, lines))

    async def _lines(self, reader: Reader, after: int, upto: int | None) -> tuple[tuple[Line, ...], Portion]:
        """The next lines, and what was looked at last; with `upto` all up to there, which are no more than were sent before."""
        lines: list[Line] = []
        looked = after
        while True:
            portion = await self._feed.portion(reader, looked, limit=EVENTS_MAX)
            lines += portion.lines
            if upto is None:
                return fitting(lines), portion
            if portion.looked == looked or portion.looked >= upto:
                return tuple(line for line in lines if line.position <= upto), portion
            looked = portion.looked

    async def _move_on(self, known: Subscription, portion: Portion) -> bool:
        """Pass over what is not for this reader; written down now and then, since it is found out again at no cost."""
        now = self._clock()
        look = self._look(known)
        if portion.newest is not None:
            noted = self._looks.get(known.id)
            anchor = hashlib.sha256(portion.newest).digest()
            look = _Look(known.run, portion.looked, anchor, None if noted is None else noted.written_at)
            self._looks[known.id] = look
        if look is not None and (look.written_at is None or now - look.written_at >= MOVE_EVERY):
            if await anchor_at(self._log, look.upto) != look.anchor:  # looked at in a log that was replaced since
                self._looks.pop(known.id, None)
                return False
            look.written_at = now
            await self._store.change(known, moved(known, look.upto, look.anchor))
        return portion.newest is not None

    async def _replaced(self, position: int) -> str:
        """What is wrong where the log has no longer what was delivered up to a position, and the way out."""
        head = (await self._log.head()).position
        if position > head:
            return f"{beyond_end('This subscription', position, head)}. {WAY_OUT}"
        return (
            f"The event at position {position} is another one than was delivered: the database is a restored backup, or was replaced. "
            f"{WAY_OUT}"
        )
