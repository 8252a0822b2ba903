"""An asyncio loop without a world: time jumps to the next timer, and what is ready runs in an order drawn from the seed."""

import asyncio
import contextlib
import heapq
from asyncio import _set_running_loop  # the one way to stand in for a loop that asyncio runs itself
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
STEPS_MAX = 400_000
"""A seed that takes more never ends."""


class Owner:
    """Whose code a step is. That of a dead owner never runs again; that of a frozen one waits."""

    alive = True
    thaws_at = 0.0


OWNER: ContextVar[Owner | None] = ContextVar("owner", default=None)
"""Set in the context of every task of a simulated process; None is the world outside."""


class Endless(Exception):
    """Something waits for what will never come, or never stops."""


class Step(asyncio.TimerHandle):
    """One call that waits for its turn. Made very often, so it keeps no more than it needs."""

    __slots__ = ("args", "callback", "context", "is_cancelled", "scheduled_at")

    def __init__(  # the one of TimerHandle keeps what nobody here asks for
        self, when: float, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None
    ) -> None:
        self.scheduled_at, self.callback, self.args = when, callback, args
        self.context = copy_context() if context is None else context
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True

    def cancelled(self) -> bool:
        return self.is_cancelled

    def when(self) -> float:
        return self.scheduled_at


class Loop(asyncio.BaseEventLoop):
    """Runs tasks one step at a time; nothing in it depends on anything but the random generator."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.random = random
        self.steps = 0
        self.faults: list[str] = []
        """What asyncio wanted to log: exceptions that nobody took."""
        self._now = 0.0
        self._soon: list[Step] = []
        self._due: list[tuple[float, int, Step]] = []
        self._timers = 0
        self._tasks: list[asyncio.Task[Any]] = []

    def time(self) -> float:
        """Seconds since the beginning; no clock of the machine is read."""
        return self._now

    def call_soon(self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None) -> Step:
        step = Step(self._now, callback, args, context)
        self._soon.append(step)
        return step

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> Step:
        step = Step(when, callback, args, context)
        self._timers += 1
        heapq.heappush(self._due, (when, self._timers, step))
        return step

    def call_later(
        self, delay: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> Step:
        step = Step(self._now + delay, callback, args, context)
        self._timers += 1
        heapq.heappush(self._due, (step.scheduled_at, self._timers, step))
        return step

    def create_task(self, coro: Any, *, name: object = None, context: Context | None = None) -> asyncio.Task[Any]:  # noqa: ANN401 - as asyncio has it
        task = asyncio.Task(coro, loop=self, name=name if name is None else str(name), context=context)
        # Kept: the coroutine of a dead process must not be closed by the garbage collector, that would run its `finally`.
        self._tasks.append(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if not self.is_closed():
            self.faults.append(f"{context.get('message')}: {context.get('exception')!r}")

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run until a piece of work is done. Raises Endless, and what the work raises."""
        _set_running_loop(self)
        try:
            task: asyncio.Task[T] = self.create_task(work)
            self._run_until(task.done)
            return task.result()
        finally:
            _set_running_loop(None)

    def end(self) -> None:
        """Let go of everything, also of what was killed in the middle: the simulated world is over."""
        self.close()
        for task in self._tasks:
            if not task.done() and (coroutine := task.get_coro()) is not None:
                with contextlib.suppress(RuntimeError):
                    coroutine.close()
        self._tasks.clear()
        self._soon.clear()
        self._due.clear()

    def _run_until(self, done: Callable[[], bool]) -> None:
        """The whole engine, in one place and without calls: it runs seven thousand times a seed."""
        soon, due, draw, pop = self._soon, self._due, self.random.random, heapq.heappop
        while not done():
            self.steps += 1
            if self.steps > STEPS_MAX:
                raise Endless(f"{STEPS_MAX:,} steps and no end.")
            if not soon:
                if not due:
                    raise Endless("Everything waits, and nothing will ever happen.")
                self._now = max(self._now, due[0][0])
            while due and due[0][0] <= self._now:
                soon.append(pop(due)[2])
            if (several := len(soon)) > 1:
                i = int(draw() * several)
                soon[i], soon[-1] = soon[-1], soon[i]
            step = soon.pop()
            if step.is_cancelled:
                continue
            context = step.context
            owner = context.get(OWNER)
            if owner is not None:
                if not owner.alive:
                    continue
                if owner.thaws_at > self._now:
                    self._timers += 1
                    heapq.heappush(due, (owner.thaws_at, self._timers, step))
                    continue
            context.run(step.callback, *step.args)
