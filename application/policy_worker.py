"""Works policies off: each event once, in order, however often the process dies in between."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog
from msgspec import Struct

from application.desk import Asker, Cause, Desk
from application.envelope import UNREADABLE, Recorded
from application.policies import Cuts, Intention, Policy, follow_up
from application.ports import ClockRefused, CommandIdReused, Log, Marks, OutOfStep, Unavailable
from domain.changing import replace
from domain.kernel import NotYet, Refused, current, derived

logger = structlog.get_logger()

BATCH = 500
TOGETHER = 50
"""Commands of one event that are carried out at the same time, where none of them rests on another."""
WAIT_SECONDS = 1.0
MARK_WAY_OUT = "it works nothing off until its mark is set back by `tasma audit accept-restore`, or the log restored"


class Halt(Struct, frozen=True):
    """Where a policy cannot go on. Nothing of the event is quoted."""

    position: int
    """Of the event that cannot be worked off; the mark stands right before it. Where the log ends before the mark, the mark."""
    error: str
    """The class of the exception."""
    sentence: str


class PolicyHalted(Exception):
    """An event cannot be worked off: it cannot be read, or what it asks for fails and is not even refused."""

    def __init__(self, halt: Halt) -> None:
        super().__init__(halt.sentence)
        self.halt = halt


class PolicyWorker:
    """Follows the log for one policy.

    A command's key is derived from policy, event and ordinal, so a repeat is recognised; the mark moves after the commands.
    What the domain refuses goes to the coordinator's list before the mark moves on, so nothing ends nowhere. An event that
    cannot be worked off is never skipped: the mark stays before it.
    """

    def __init__(self, policy: Policy, desk: Desk, log: Log, marks: Marks, cuts: Cuts) -> None:
        self.policy, self.desk, self.log, self.marks, self.cuts = policy, desk, log, marks, cuts
        self.last_halt: Halt | None = None
        """Where this worker halted last; that holds for as long as the mark stands right before it."""

    async def work_off(self) -> int:
        """Work up to the head as it is now; returns the new mark. Raises PolicyHalted and Unavailable."""
        while True:
            try:
                return await self._work_off()
            except OutOfStep:  # another process works too: go on from where it has got
                logger.info("policy.shared", policy=self.policy.name)

    async def _work_off(self) -> int:
        mark = await self.marks.mark(self.policy.name)
        while events := await self._after(mark):
            for recorded in events:
                event = replace(recorded, data=current(recorded.data))
                if not isinstance(event.data, self.policy.on):
                    continue
                try:
                    asked = await self._react(event)
                except (Unavailable, OutOfStep):
                    raise
                except Exception as error:
                    await self._advance(mark, event.position - 1)
                    raise self._halted(event.position, error) from error
                if asked:  # what asks for nothing costs no write, and is gone through again for nothing
                    mark = await self._advance(mark, event.position)
            mark = await self._advance(mark, events[-1].position)
        return mark

    async def _after(self, mark: int) -> Sequence[Recorded]:
        """The next events: of a batch that cannot be read as a whole, the part before the event that cannot be read.

        The event at the mark is read with them. A log without it ends there no more, and what it recorded next would be passed
        over.
        """
        first, limit = max(mark - 1, 0), BATCH
        while True:
            try:
                read = await self.log.read(first, limit=limit + mark - first)
            except UNREADABLE as error:
                if first < mark:  # there is something that cannot be read, so the log ends no sooner than at the mark
                    first = mark
                    continue
                if limit == 1:
                    raise self._halted(mark + 1, error) from error
                limit //= 2
            else:
                if first < mark and not read:
                    raise await self._beyond(mark)
                return [event for event in read if event.position > mark]

    async def _advance(self, old: int, new: int) -> int:
        if new > old:
            await self.marks.advance(self.policy.name, old=old, new=new)
        return new

    def _halted(self, position: int, error: Exception) -> PolicyHalted:
        self.last_halt = halt_at(self.policy, position, error)
        return PolicyHalted(self.last_halt)

    async def _beyond(self, mark: int) -> PolicyHalted:
        head = (await self.log.head()).position
        sentence = f"{beyond_end(f'Policy {self.policy.name}', mark, head)}; {MARK_WAY_OUT}."
        self.last_halt = Halt(mark, "Stale", sentence)
        return PolicyHalted(self.last_halt)

    async def _react(self, event: Recorded) -> bool:
        """Whether anything was asked for."""
        ordinal, waiting = 0, list[tuple[Intention, int]]()
        async for intention in self.policy.plan(event, self.cuts):
            waiting.append((intention, ordinal))
            ordinal += 1
            if len(waiting) >= (TOGETHER if self.policy.together else 1):
                await self._ask_all(waiting, event)
                waiting.clear()
        await self._ask_all(waiting, event)
        return ordinal > 0

    async def _ask_all(self, waiting: Sequence[tuple[Intention, int]], event: Recorded) -> None:
        """Wait for all, also where one fails: nobody is left at work behind the back of who gives up. Raises what failed first."""
        asked = (self._ask(intention, event, ordinal) for intention, ordinal in waiting)
        for outcome in await gather(*asked, return_exceptions=True):
            if outcome is not None:
                raise outcome

    async def _ask(self, intention: Intention, event: Recorded, ordinal: int) -> None:
        key = key_of(self.policy.name, event.id, ordinal)
        try:
            await self._carry_out(intention.name, intention.body, event, key)
        except NotYet as waiting:
            logger.debug("policy.waits", policy=self.policy.name, command=intention.name, why=type(waiting).__name__)
        except Refused as refusal:
            logger.warning("policy.refused", policy=self.policy.name, command=intention.name, position=event.position)
            reason = f"{intention.name} was refused: {refusal}"
            listed = follow_up(event, key, "refused", reason)
            # Who died after it was listed is refused again, perhaps in other words: it stands there as it was first.
            with suppress(CommandIdReused):
                await self._carry_out("open-follow-up", listed, event, derived(key, "follow-up"))

    async def _carry_out(self, name: str, body: Mapping[str, Any], event: Recorded, key: UUID) -> None:
        asker = Asker(actor=f"policy:{self.policy.name}", role="policy", organisation=event.organisation)
        try:
            await self.desk.carry_out(name, body, asker, key=key, cause=Cause(event.id, event.correlationid))
        except ClockRefused as refusal:
            # The clocks disagree; the domain was not asked. The mark stays, and the event is tried again.
            raise Unavailable(str(refusal)) from refusal


def key_of(policy: str, event: UUID, ordinal: int) -> UUID:
    """The idempotency key of a policy's command: the same whenever the same event is worked off again."""
    return derived(event, policy, ordinal)


def halt_at(policy: Policy, position: int, error: Exception) -> Halt:
    what = type(error).__name__
    return Halt(position, what, f"Policy {policy.name} cannot work off the event at position {position}: {what}.")


def beyond_end(who: str, position: int, head: int) -> str:
    """What is wrong with somebody who stands beyond the end of the log."""
    return (
        f"{who} stands at position {position}, but the log ends at {head}: the database is a restored backup, or the "
        "position was set by hand"
    )


async def work_all(workers: Sequence[PolicyWorker]) -> int:
    """Work all policies off until none of them leaves anything to do for another; returns where all of them stand.

    One that halts does not hold up the others: PolicyHalted is raised when these are done.
    """
    while True:
        reached, halted = set[int](), list[PolicyHalted]()
        for worker in workers:
            try:
                reached.add(await worker.work_off())
            except PolicyHalted as error:
                halted.append(error)
        if len(reached) <= 1:
            if halted:
                raise halted[0]
            return reached.pop()


async def work_forever(worker: PolicyWorker) -> None:
    """Work one policy off as the log moves. Ends with an exception only: those of `work_off`."""
    while True:
        await worker.log.wait(await worker.work_off(), WAIT_SECONDS)
