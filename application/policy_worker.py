"""Works policies off: each event once, in order, however often the process dies in between."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import structlog

from application.desk import Asker, Cause, Desk
from application.envelope import Recorded
from application.policies import Intention, Policy, Statements, follow_up
from application.ports import Log, Marks
from domain.kernel import Refused, derived

logger = structlog.get_logger()

BATCH = 500


class PolicyWorker:
    """Follows the log for one policy.

    A command's key is derived from policy, event and ordinal, so a repeat is recognised; the mark moves after the commands.
    What the domain refuses goes to the coordinator's list before the mark moves on, so nothing ends nowhere.
    """

    def __init__(self, policy: Policy, desk: Desk, log: Log, marks: Marks, statements: Statements) -> None:
        self.policy, self.desk, self.log, self.marks, self.statements = policy, desk, log, marks, statements

    async def work_off(self) -> int:
        """Work up to the head as it is now; returns the new mark. Raises OutOfStep if another process works too."""
        mark = await self.marks.mark(self.policy.name)
        while events := await self.log.read(mark, limit=BATCH):
            done = mark
            for event in events:
                if isinstance(event.data, self.policy.on):
                    await self._react(event)
                    await self.marks.advance(self.policy.name, old=done, new=event.position)
                    done = event.position
            mark = events[-1].position
            if mark > done:
                await self.marks.advance(self.policy.name, old=done, new=mark)
        return mark

    async def _react(self, event: Recorded) -> None:
        ordinal = 0
        async for intention in self.policy.plan(event, self.statements):
            await self._ask(intention, event, ordinal)
            ordinal += 1

    async def _ask(self, intention: Intention, event: Recorded, ordinal: int) -> None:
        asker = Asker(actor=f"policy:{self.policy.name}", role="policy", organisation=event.organisation)
        cause = Cause(event.id, event.correlationid)
        key = key_of(self.policy.name, event.id, ordinal)
        try:
            await self.desk.carry_out(intention.name, intention.body, asker, key=key, cause=cause)
        except Refused as refusal:
            logger.warning("policy.refused", policy=self.policy.name, command=intention.name, position=event.position)
            reason = f"{intention.name} was refused: {refusal}"
            await self.desk.carry_out(
                "open-follow-up",
                {**follow_up(event, reason), "follow_up": f"follow-up:{key}"},
                asker,
                key=derived(key, "follow-up"),
                cause=cause,
            )


def key_of(policy: str, event: UUID, ordinal: int) -> UUID:
    """The idempotency key of a policy's command: the same whenever the same event is worked off again."""
    return derived(event, policy, ordinal)


async def work_all(workers: Sequence[PolicyWorker]) -> int:
    """Work all policies off until none of them leaves anything to do for another; returns where all of them stand."""
    while True:
        reached = {await worker.work_off() for worker in workers}
        if len(reached) == 1:
            return reached.pop()


async def work_forever(workers: Sequence[PolicyWorker], log: Log, stop: asyncio.Event) -> None:
    """Work all policies off, wait for the log to move, again, until told to stop."""
    while not stop.is_set():
        await log.wait(await work_all(workers), 1.0)
