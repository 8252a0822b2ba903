"""The database that all processes share, and the wire between it and one process: slow, broken, forgetful."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import Context
from datetime import datetime
from functools import partial
from random import Random
from typing import TypeVar
from uuid import UUID

from msgspec import Struct

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryDocuments, MemoryLog, MemoryMarks
from application.envelope import Recorded
from application.ports import ClockAhead, ClockBehind, Decision, Head, History, Outcome, OutOfStep, Raced, Unavailable
from domain.kernel import Boundary
from tests.simulation.engine import Loop

T = TypeVar("T")
QUICK_SECONDS = 0.004
SLOW_SECONDS = 1.5


class Weather(Struct):
    """How likely each fault is, per call on a wire; a seed draws its own."""

    lost_request: float = 0.0
    lost_answer: float = 0.0
    slow: float = 0.0
    lost_news: float = 0.0
    death: float = 0.0
    """Of the process, right after something of it was stored and before it hears of that."""
    unrest_seconds: float = 0.0
    """Between two blows to whole processes, clocks or the database, on average; 0: none."""


def weather_of(random: Random) -> Weather:
    """Some seeds are calm but for one kind of fault, some are a storm."""

    def chance(*levels: float) -> float:
        return random.choice(levels)

    return Weather(
        lost_request=chance(0.0, 0.01, 0.05),
        lost_answer=chance(0.0, 0.02, 0.08),
        slow=chance(0.0, 0.02, 0.1),
        lost_news=chance(0.0, 0.2, 1.0),
        death=chance(0.0, 0.005, 0.02),
        unrest_seconds=chance(0.6, 1.5, 4.0),
    )


class Stored(Struct, frozen=True):
    """A decision that was appended, and the database's clock in that moment."""

    decision: Decision
    outcome: Outcome
    clock: datetime


class Database:
    """What survives every process: log, marks, documents, and who waits for news."""

    def __init__(
        self,
        loop: Loop,
        seed: int,
        clock: Callable[[], datetime],
        counts: Counter[str],
        tell: Callable[[str], object] | None,
    ) -> None:
        self.loop, self.clock, self.counts, self._tell = loop, clock, counts, tell
        self.log = MemoryLog("/networks/simulated", SeededEntropy(seed), clock)
        self.marks, self.documents = MemoryMarks(), MemoryDocuments()
        self.up_at = 0.0
        """Nobody reaches it before that time."""
        self.stored: dict[UUID, Stored] = {}
        self.waiting: list[asyncio.Future[None]] = []
        self.asked, self.newest_served = 0, 0
        self.steps: deque[tuple[float, tuple[object, ...]]] = deque(maxlen=30)
        """The last things that happened, for whoever has to understand a failure."""

    def note(self, *said: object) -> None:
        """Remember a step; it becomes text only where somebody reads it."""
        self.steps.append((self.loop.time(), said))
        if self._tell:
            self._tell(step_text(self.loop.time(), said))

    def is_down(self) -> bool:
        return self.loop.time() < self.up_at


def step_text(at: float, said: tuple[object, ...]) -> str:
    return f"{at:9.4f}  {' '.join(map(_word, said))}"


def _word(said: object) -> str:
    match said:
        case Outcome():
            return f"{said.position}{' again' if said.repeated else ''}"
        case Exception():
            return f"{type(said).__name__}: {said}"
        case None:
            return "no answer"
        case _:
            return str(said)


class Wire:
    """Implements the ports Log, Marks and Documents for one process, over the shared database.

    A call takes time each way. It may be lost before it reaches the database, be carried out and its answer be lost, be
    slow and so be overtaken by later ones; and the process may die while its answer is on the way.
    """

    def __init__(
        self, database: Database, weather: Weather, random: Random, name: str, die: Callable[[], None]
    ) -> None:
        self.database, self.weather, self.random, self.name, self.die = database, weather, random, name, die

    # --- Log ---------------------------------------------------------------------------------------------------------
    @property
    def era(self) -> int:
        return self.database.log.era

    async def look(self, boundary: Boundary) -> History:
        return await self._call("look", partial(self.database.log.look, boundary))

    async def append(self, decision: Decision) -> Outcome:
        return await self._call("append", partial(self._append, decision), writes=True)

    async def recall(self, command_id: UUID, digest: bytes) -> Outcome | None:
        return await self._call("recall", partial(self.database.log.recall, command_id, digest))

    async def read(self, after: int, *, limit: int) -> Sequence[Recorded]:
        return await self._call("read", partial(self.database.log.read, after, limit=limit))

    async def bodies(self, after: int, *, limit: int) -> Sequence[bytes]:
        return await self._call("bodies", partial(self.database.log.bodies, after, limit=limit))

    async def pages(self, first: int, *, limit: int) -> Sequence[bytes]:
        return await self._call("pages", partial(self.database.log.pages, first, limit=limit))

    async def packed_pages(self, first: int, *, limit: int) -> Sequence[bytes]:
        return await self._call("packed_pages", partial(self.database.log.packed_pages, first, limit=limit))

    async def body(self, position: int) -> bytes | None:
        return await self._call("body", partial(self.database.log.body, position))

    async def head(self) -> Head:
        return await self._call("head", self.database.log.head)

    async def last_before(self, moment: datetime) -> int:
        return await self._call("last_before", partial(self.database.log.last_before, moment))

    async def wait(self, after: int, seconds: float) -> int:
        """Listen, look, wait for news: news may be late or never come, then the time runs out."""
        loop = self.database.loop
        news = loop.create_future()
        self.database.waiting.append(news)
        timer = loop.call_later(seconds, _wake, news)
        if (position := (await self.head()).position) > after:
            timer.cancel()
            return position
        await news
        timer.cancel()
        return (await self.head()).position

    # --- Marks and Documents -----------------------------------------------------------------------------------------
    async def mark(self, policy: str) -> int:
        return await self._call("mark", partial(self.database.marks.mark, policy))

    async def advance(self, policy: str, *, old: int, new: int) -> None:
        await self._call("advance", partial(self.database.marks.advance, policy, old=old, new=new), writes=True)

    async def keep(self, digest: str, body: bytes) -> None:
        await self._call("keep", partial(self.database.documents.keep, digest, body), writes=True)

    async def keep_pieces(self, pieces: Iterable[bytes]) -> str:
        return await self._call("keep", partial(self.database.documents.keep_pieces, pieces), writes=True)

    async def find(self, digest: str) -> bytes | None:
        return await self._call("find", partial(self.database.documents.find, digest))

    async def _append(self, decision: Decision) -> Outcome:
        database = self.database
        outcome = await database.log.append(decision)
        if outcome.repeated:
            database.counts["append repeated"] += 1
            return outcome
        database.stored.setdefault(decision.asked.command_id, Stored(decision, outcome, database.clock()))
        database.note(self.name, "stored", outcome.position, outcome.events[-1].type)
        waiting, database.waiting = database.waiting, []
        for news in waiting:
            if self.random.random() < self.weather.lost_news:
                database.counts["news lost"] += 1
            else:
                database.loop.call_later(self._delay(), _wake, news, context=_NOBODY)
        return outcome

    async def _call(self, what: str, work: Callable[[], Awaitable[T]], *, writes: bool = False) -> T:
        database, weather, draw = self.database, self.weather, self.random.random
        database.asked += 1
        number = database.asked
        await self._travel()
        if database.is_down():
            self._lose("refused by the database", what)
        if draw() < weather.lost_request:
            self._lose("request lost", what)
        if number < database.newest_served:
            database.counts["overtaken"] += 1
        database.newest_served = max(number, database.newest_served)
        try:
            answer = await work()
        except (Raced, OutOfStep, ClockAhead, ClockBehind) as told:
            database.counts[f"told {type(told).__name__}"] += 1
            await self._travel()
            raise
        if writes and draw() < weather.death:
            database.counts[f"death after {what}"] += 1
            self.die()
        await self._travel()
        if draw() < weather.lost_answer:
            self._lose(f"answer lost of {'write' if writes else 'read'}", what)
        return answer

    def _lose(self, kind: str, what: str) -> None:
        self.database.counts[kind] += 1
        self.database.note(self.name, what, kind)
        raise Unavailable(f"The connection was lost at {what}.")

    async def _travel(self) -> None:
        there = self.database.loop.create_future()
        self.database.loop.call_later(self._delay(), _wake, there)
        await there

    def _delay(self) -> float:
        draw = self.random.random
        if draw() < self.weather.slow:
            self.database.counts["slow"] += 1
            return draw() * SLOW_SECONDS
        return draw() * QUICK_SECONDS


def _wake(news: "asyncio.Future[None]") -> None:
    if not news.done():
        news.set_result(None)


_NOBODY = Context()
"""The database's own steps belong to no process."""
