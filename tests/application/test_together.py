"""Commands of a policy that do not rest on each other are carried out at the same time, and none is left behind."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

import pytest

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog, MemoryMarks
from application.desk import Asker, Desk
from application.envelope import Recorded
from application.policies import Cuts, Intention, Policy
from application.policy_worker import TOGETHER, PolicyHalted, PolicyWorker
from application.ports import Outcome
from domain.mentoring.events import MentorCapacitySet
from tests.projections.mentors import START, append

COMMANDS = TOGETHER + 3


class Counting(Desk):
    """Says how many commands were at work at the same time, and which were carried out."""

    def __init__(self, log: MemoryLog, bad: int | None = None) -> None:
        super().__init__(log, MemoryMarks(), lambda: START, SeededEntropy(1))
        self.bad, self.now, self.most = bad, 0, 0
        self.done: list[int] = []

    async def carry_out(self, name: str, body: Mapping[str, Any], asker: Asker, **_: object) -> Outcome:  # noqa: ARG002 - as policies call it
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        if body["n"] == self.bad:
            raise ZeroDivisionError
        self.done.append(body["n"])
        return Outcome(position=1, events=(), repeated=False)


async def plan(_: Recorded, __: Cuts) -> AsyncIterator[Intention]:
    for n in range(COMMANDS):
        yield Intention("count", {"n": n})


async def work(desk: Counting, log: MemoryLog, *, together: bool) -> PolicyWorker:
    await append(log, 1, number=1)
    policy = Policy("count", (MentorCapacitySet,), plan, together=together)
    worker = PolicyWorker(policy, desk, log, desk.marks, cast("Cuts", None))
    await worker.work_off()
    return worker


def new_log() -> MemoryLog:
    return MemoryLog("/networks/test", SeededEntropy(1), lambda: START)


@pytest.mark.parametrize(("together", "most"), [(True, TOGETHER), (False, 1)])
def test_so_many_are_at_work_at_the_same_time(together: bool, most: int) -> None:  # noqa: FBT001 - a parameter of the test
    desk = Counting(log := new_log())
    asyncio.run(work(desk, log, together=together))
    assert (desk.most, sorted(desk.done)) == (most, list(range(COMMANDS)))


def test_where_one_fails_the_others_are_waited_for() -> None:
    """The policy halts before the event, and nothing of it goes on behind its back."""
    desk = Counting(log := new_log(), bad=3)
    with pytest.raises(PolicyHalted):
        asyncio.run(work(desk, log, together=True))
    assert desk.now == 0
    assert sorted(desk.done) == [n for n in range(TOGETHER) if n != 3]
    assert asyncio.run(desk.marks.mark("count")) == 0
