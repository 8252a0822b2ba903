"""One process of the network: its own desk, policies, deadlines and views, dead from one step to the next."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextvars import Context, copy_context
from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct

from adapters.cuts import cuts_of
from adapters.due_work import due_work
from adapters.entropy import SeededEntropy
from adapters.memory.views import MemoryViews
from adapters.wiring import supervise
from application.desk import Asker, Cause, Desk
from application.door import command_id
from application.policies import POLICIES
from application.policy_worker import PolicyWorker, work_forever
from application.ports import Outcome, OutOfStep, Unavailable
from application.scheduler import Due, expire_due
from domain.kernel import Command
from tests.simulation.engine import OWNER, Owner
from tests.simulation.wire import Database, Weather, Wire

T = TypeVar("T")
DEADLINES = "deadlines"
WORKS = (*(policy.name for policy in POLICIES), DEADLINES)
"""What some process has to do for the network to go on."""
SCHEDULE_SECONDS = 2.0


class Told(Struct):
    """A command as it was asked for: its name and body, and what the desk filled in, at each of its readings."""

    name: str
    body: Any
    filled: list[Mapping[str, object]]


class WatchedDesk(Desk):
    """The desk, and a note of everything that was asked for at it."""

    told: defaultdict[UUID, list[Told]]
    counts: Counter[str]
    telling: dict[asyncio.Task[Any] | None, Told]
    """By the task that carries it out, which does one thing after another."""

    async def carry_out(
        self,
        name: str,
        body: Any,  # noqa: ANN401 - any JSON
        asker: Asker,
        *,
        key: UUID | None = None,
        at: datetime | None = None,
        cause: Cause | None = None,
    ) -> Outcome:
        assert key is not None, "whoever asks here has a key, so that a repeat can be told"
        told = Told(name, body, [])
        self.told[command_id(asker.actor, asker.organisation, key)].append(told)
        self.telling[asyncio.current_task()] = told
        outcome = await super().carry_out(name, body, asker, key=key, at=at, cause=cause)
        if cause is not None and outcome.repeated:
            self.counts["policy repeated"] += 1
        return outcome

    async def _fill(self, command: type[Command], body: Any) -> Mapping[str, object]:  # noqa: ANN401 - any JSON
        filled = await super()._fill(command, body)
        self.telling[asyncio.current_task()].filled.append(filled)
        return filled


class Process(Owner):
    """Starts with nothing in memory. `crash` ends it as `kill -9` does: none of its code runs any more."""

    def __init__(
        self,
        name: str,
        database: Database,
        weather: Weather,
        random: Random,
        wall: Callable[[], datetime],
        told: defaultdict[UUID, list[Told]],
    ) -> None:
        self.name, self.database, self.wall = name, database, wall
        self.drift = timedelta(0)
        self.faults: list[str] = []
        """Work that ended in a way nobody thought of."""
        self._waiting: dict[asyncio.Future[Any], None] = {}  # in order: a set's would differ from run to run
        wire = Wire(database, weather, random, name, self.crash)
        self.desk = WatchedDesk(wire, wire, self.clock, SeededEntropy(random.getrandbits(64)))
        self.desk.told, self.desk.counts, self.desk.telling = told, database.counts, {}
        self.wire = wire
        self.views = MemoryViews(wire)
        self.context: Context = copy_context()
        self.context.run(OWNER.set, self)

    def clock(self) -> datetime:
        return self.wall() + self.drift

    def start(self, works: Sequence[str]) -> None:
        """Take on some of the network's standing work."""
        cuts = cuts_of(self.views, self.wire, self.wire)
        for policy in POLICIES:
            if policy.name in works:
                worker = PolicyWorker(policy, self.desk, self.wire, self.wire, cuts)
                self._run(supervise(policy.name, partial(self._watched, partial(work_forever, worker))))
        if DEADLINES in works:
            self._run(supervise(DEADLINES, partial(self._watched, self._deadlines)))

    def crash(self) -> None:
        if self.alive:
            self.alive = False
            self.database.note(f"{self.name} dies")
            self.database.counts["crash"] += 1
            for answer in self._waiting:
                if not answer.done():
                    answer.set_result(None)

    async def ask(self, work: Coroutine[Any, Any, T]) -> T | Exception | None:
        """What the work gives or raises, from outside; None when the process dies before it answers."""
        answer: asyncio.Future[T | Exception | None] = self.database.loop.create_future()
        if not self.alive:
            work.close()
            return None
        self._waiting[answer] = None
        task = self._run(work)

        def tell(done: "asyncio.Task[T]") -> None:
            if not answer.done():
                error = done.exception()
                if error is not None and not isinstance(error, Exception):
                    raise error
                answer.set_result(done.result() if error is None else error)

        task.add_done_callback(tell)
        try:
            return await answer
        finally:
            self._waiting.pop(answer, None)

    async def due(self, today: date) -> Sequence[Due]:
        return await due_work(self.views, today)

    async def _deadlines(self) -> None:
        while True:
            head = await self.wire.head()
            await expire_due(self, self.desk, head.time if head.constructed else None)
            await asyncio.sleep(SCHEDULE_SECONDS)

    async def _watched(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (Unavailable, OutOfStep):
            self.database.counts["work interrupted"] += 1
            raise
        except Exception as error:
            self.faults.append(f"{self.name}: {type(error).__name__}: {error}; caused by {error.__cause__!r}")
            raise

    def _run(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task: asyncio.Task[T] = self.database.loop.create_task(work, context=self.context)
        return task
