"""Read models in memory: folded on from where the last question left them, or anew where it asks for earlier."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from adapters.projecting.asking import Answer
from adapters.projecting.memory import Memory
from adapters.projecting.pages import PageSlices
from application.ports import Log, Unavailable
from projections.rows import Projection, Rows

T = TypeVar("T")


class MemoryViews:
    """Implements `adapters.projecting.asking.Views`, over any log."""

    def __init__(self, log: Log, wait_seconds: float = 0.2) -> None:
        self._log, self._wait_seconds = log, wait_seconds
        self._newest: dict[str, Memory] = {}
        self._folding = (
            asyncio.Lock()
        )  # one memory is folded on by one question at a time: reading the log lets others in

    async def ask(
        self,
        projection: Projection,
        question: Callable[[Rows], T],
        *,
        at_least: int | None = None,
        as_of: int | None = None,
    ) -> Answer[T]:
        """Raises Unavailable when `at_least` is not reached in time."""
        if at_least and await self._log.wait(at_least - 1, self._wait_seconds) < at_least:
            raise Unavailable(f"Position {at_least} is not there yet.")
        async with self._folding:
            position = (await self._log.head()).position if as_of is None else as_of
            newest = self._newest.get(projection.name)
            memory = newest if newest and newest.position <= position else Memory(projection)
            slices = PageSlices(self._log, projection.facts, projection.readings)
            while memory.position < position and (part := await slices.after(memory.position)):
                facts = [(at, fact) for at, fact in part.about(projection.facts) if at.position <= position]
                memory.advance(facts, min(part.to, position))
            if newest is None or memory.position >= newest.position:
                self._newest[projection.name] = memory
            return Answer(question(memory), position)
