"""How callers that meet are served together: while one batch is under way, the next one gathers. Nobody waits for company.

Where many take part, who waits or was just answered and may come again, a batch takes half of them: while the database
serves these, the process is at work for the others. With all in one batch each of the two would wait for the other by turns.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

import structlog

from application.ports import Overloaded, Unavailable

BATCH_MAX: Final = 128
"""Items in a batch: beyond that a batch takes longer and each item no less."""
WHOLE: Final = 4
"""Up to so many items are not halved: what every batch costs, however small, would be paid twice."""
WAITING_MAX: Final = 2_000
"""Items that may wait. Whoever comes then is refused at once: they would wait longer than they would try."""

PATIENCE_SECONDS: Final = 10.0
"""How long an item waits for its turn. What waited longer is given back unsent: who sent it has stopped waiting."""
WATCH_SECONDS: Final = 1.0
"""How often that is looked at."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")

logger = structlog.get_logger()


class Gathering(Generic[Item, Answer]):
    """Takes items one by one and hands them on in batches, one batch at a time, in the order in which they came.

    carry: carries out a batch and gives the answer to each item, or the exception that is raised to whoever asked; must bear
    to be called again with an item that it had carried out. For one event loop at a time. There is a task only while
    something is to be done.

    The attributes count since the beginning, for whoever wants to know how it goes.
    """

    def __init__(self, name: str, carry: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Exception]]]) -> None:
        self.name = name
        self._carry = carry
        self._queue: deque[tuple[Item, asyncio.Future[Answer], float]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._closed = False
        self._answered = 0
        """Items of the batch before."""
        self.batches = 0
        self.items = 0
        self.sizes = [0] * BATCH_MAX.bit_length()
        """How many batches had 1, 2-3, 4-7, ... items: batch of n items counts at `n.bit_length() - 1`."""
        self.refused = 0
        """Items refused because too many waited."""
        self.raced = 0
        """Items that came to nothing because another was faster; counted by who knows."""

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def ask(self, item: Item) -> Answer:
        """The answer to an item. Raises what `carry` gave for it, Overloaded, Unavailable after `close`.

        A caller that is cancelled disturbs nobody; its item may be carried out all the same.
        """
        if self._closed:
            raise _closing()
        if len(self._queue) >= WAITING_MAX:
            self.refused += 1
            raise Overloaded(len(self._queue))
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._queue.append((item, future, loop.time() + PATIENCE_SECONDS))
        if self._task is None:
            self._task = asyncio.create_task(self._drain(), name=f"tasma {self.name}")
            self._watch = loop.call_later(WATCH_SECONDS, self._keep_watch)
        return await future

    async def close(self) -> None:
        """Stop. Who waits gets Unavailable; of the batch under way nobody knows what became, a repeat finds out."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        while self._queue:
            _, future, _ = self._queue.popleft()
            _raise(future, _closing())

    def _keep_watch(self) -> None:
        """Refuse who has waited too long also while a batch hangs."""
        self._refuse_late()
        self._watch = asyncio.get_running_loop().call_later(WATCH_SECONDS, self._keep_watch)

    def _refuse_late(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._queue and self._queue[0][2] < now:
            _, future, _ = self._queue.popleft()
            self.refused += 1
            _raise(future, Overloaded(len(self._queue) + 1))

    async def _drain(self) -> None:
        try:
            while self._queue:
                self._refuse_late()
                batch: list[tuple[Item, asyncio.Future[Answer]]] = []
                most = min(BATCH_MAX, max(WHOLE, -(-(len(self._queue) + self._answered) // 2)))
                while self._queue and len(batch) < most:
                    item, future, _ = self._queue.popleft()
                    if not future.done():  # else its caller was cancelled before anything was sent
                        batch.append((item, future))
                if batch:
                    await self._carry_out(batch)
        finally:
            self._task = None
            if self._watch is not None:
                self._watch.cancel()

    async def _carry_out(self, batch: Sequence[tuple[Item, asyncio.Future[Answer]]]) -> None:
        size = self._answered = len(batch)
        self.batches += 1
        self.items += size
        self.sizes[size.bit_length() - 1] += 1
        try:
            answers = await self._answers([item for item, _ in batch])
        except asyncio.CancelledError:
            for _, future in batch:
                _raise(future, _closing())
            raise
        for (_, future), answer in zip(batch, answers, strict=True):
            if isinstance(answer, Exception):
                _raise(future, answer)
            elif not future.done():
                future.set_result(answer)

    async def _answers(self, items: Sequence[Item]) -> Sequence[Answer | Exception]:
        """Carry out a batch; if that fails, one by one, so that an item which cannot be carried out fails alone."""
        try:
            return await self._carry(items)
        except Unavailable as error:
            return [_again(error) for _ in items]
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised to whoever asked
            if len(items) == 1:
                return [error]
            logger.warning("gathering.one_by_one", gathering=self.name, items=len(items), error=type(error).__name__)
        answers: list[Answer | Exception] = []
        for item in items:
            if answers and isinstance(answers[-1], Unavailable):
                answers.append(_again(answers[-1]))
            else:
                answers += await self._answers([item])
        return answers


def _raise(future: asyncio.Future[Answer], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _again(error: Unavailable) -> Unavailable:
    """The same for somebody else, with its cause: who answers tells by it whether the sentence quotes a driver."""
    again = Unavailable(str(error))
    again.__cause__ = error.__cause__
    return again


def _closing() -> Unavailable:
    return Unavailable("This process is stopping; send the request again.")
