"""Everything one seed decides about: the clock on the wall, the processes, who asks what, and what they were told."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Never
from uuid import UUID

from msgspec import Struct

from adapters.entropy import SeededEntropy
from application.desk import Asker, TimeIsReal
from application.door import command_id
from application.ports import ClockRefused, CommandIdReused, Outcome, Unavailable
from domain.calendar import day_of
from domain.kernel import Refused
from projections.rows import Projection, Record, Rows
from tests.simulation.engine import Loop
from tests.simulation.process import WORKS, Process, Told
from tests.simulation.wire import Database, Weather, step_text, weather_of

BEGINNINGS = ("2019-01-02T07:00", "2018-12-31T21:30", "2019-03-30T22:59", "2020-02-28T12:00", "2019-10-26T20:30")
"""A plain day; and days around a year's, a leap year's and summer time's turn."""
NAMES = ("anna", "bertta", "cecilia")
PATIENCE_SECONDS = 5.0
TRIES = 6
Answer = Outcome | Refused | None
"""None: whoever asked does not know what came of it."""


class Broken(AssertionError):
    """A promise did not hold."""


class Asking(Struct):
    """What somebody outside was told about one command id."""

    told: list[Outcome]
    unsure: bool = False
    """Whether an attempt of it may still be carried out, or was without an answer."""
    refused: str | None = None


class Seen(Struct, frozen=True):
    """What a reader was shown: all rows of a projection at a position."""

    projection: Projection
    position: int
    rows: list[list[Record]]


class World:
    """One seed. All chance comes from one generator; nothing else differs from run to run."""

    def __init__(self, seed: int, steps: Callable[[str], object] | None = None) -> None:
        self.seed, self.random = seed, Random(seed)  # noqa: S311 - repeatable is the point here
        self.loop = Loop(self.random)
        self.counts: Counter[str] = Counter()
        self.constructed = self.random.random() < 0.5
        self.beginning = datetime.fromisoformat(self.random.choice(BEGINNINGS)).replace(tzinfo=UTC)
        self.leaped = timedelta(0)
        self.database_drift = timedelta(0)
        self.weather: Weather = weather_of(self.random)
        self.database = Database(self.loop, self.random.getrandbits(64), self.database_clock, self.counts, steps)
        self.entropy = SeededEntropy(self.random.getrandbits(64))
        self.told: defaultdict[UUID, list[Told]] = defaultdict(list)
        self.askings: dict[UUID, Asking] = {}
        self.seen: list[Seen] = []
        self.faults: list[str] = []
        self.processes: dict[str, Process] = {}
        for name in NAMES[: self.random.choice([2, 2, 3])]:
            self.start(name)

    # --- time --------------------------------------------------------------------------------------------------------
    def wall(self) -> datetime:
        """What time it really is."""
        return self.beginning + self.leaped + timedelta(seconds=self.loop.time())

    def today(self) -> date:
        return day_of(self.wall())

    def database_clock(self) -> datetime:
        return self.wall() + self.database_drift

    def leap(self, by: timedelta) -> None:
        """Time passes of which nobody's steps are played: machines sleep, people do other things."""
        if by > timedelta(0):
            self.leaped += by
            self.counts["leap"] += 1
            self.database.note(f"time leaps to {self.wall():%Y-%m-%dT%H:%M:%S}")

    async def rest(self, seconds: float) -> None:
        """For a while drawn around so many seconds."""
        await asyncio.sleep(self.random.random() * 2 * seconds)

    # --- processes ---------------------------------------------------------------------------------------------------
    def start(self, name: str) -> Process:
        """A new process under a name; with two of them up, each work is done at least by one, and often by two."""
        process = Process(name, self.database, self.weather, self.random, self.wall, self.told)
        process.drift = self.drift(name)
        self.processes[name] = process
        first = name == NAMES[0]
        process.start([w for w in WORKS if first or self.random.random() < 0.5])
        self.database.note(f"{name} starts, {process.drift.total_seconds():+.1f} s off")
        return process

    def drift(self, name: str) -> timedelta:
        """Most clocks are right to two seconds; those of all but the first process may be wrong, and are refused or lifted."""
        off = [0.0, 0.0, 0.0, 0.3, 0.9, -0.9, 1.6, 1.9, -1.9]
        wrong = [] if name == NAMES[0] else [4.0, 60.0, -4.0, -3_600.0]
        return timedelta(seconds=self.random.choice(off + wrong))

    def any_process(self) -> Process:
        return self.random.choice(list(self.processes.values()))

    # --- asking ------------------------------------------------------------------------------------------------------
    async def ask(self, asker: Asker, name: str, body: Mapping[str, Any]) -> Answer:
        """Ask as people and programs do: again when no answer came, twice at once, once more for certainty."""
        key = self.entropy.event_id(self.wall())
        chance = self.random.random()
        answer: Answer = None
        if chance < 0.07:
            self.counts["asked twice at once"] += 1
            both = await asyncio.gather(*(self._once(asker, name, body, key) for _ in range(2)))
            answer = next((a for a in both if isinstance(a, Outcome)), both[0])
        for _ in range(TRIES):
            if isinstance(answer, Outcome) or (isinstance(answer, Refused) and not isinstance(answer, ClockRefused)):
                break
            if answer is not None or self.random.random() < 0.9:
                answer = await self._once(asker, name, body, key)
            if answer is None:
                self.counts["no answer"] += 1
                await self.rest(0.2)
        if isinstance(answer, Outcome):
            await self._once_more(asker, name, body, key, chance)
        return answer

    async def _once_more(self, asker: Asker, name: str, body: Mapping[str, Any], key: UUID, chance: float) -> None:
        """What was recorded is recalled for ever, and its key is good for nothing else."""
        if chance > 0.88:
            self.counts["asked again"] += 1
            again = await self._once(asker, name, body, key)
            if isinstance(again, Refused):
                self.fail(f"{name} was carried out and then refused under the same key: {again}")
        elif chance > 0.83 and name not in ("found-network", "close-period"):
            self.counts["asked with another body"] += 1
            another, content = _ACCEPTABLE if asker.role == "coordinator" else _REFUSED
            other = await self._once(asker, another, content, key)
            if other is not None and not isinstance(other, CommandIdReused):
                self.fail(f"The key of {name} was taken for another command: {other}")

    async def _once(self, asker: Asker, name: str, body: Mapping[str, Any], key: UUID) -> Answer:
        identity = command_id(asker.actor, asker.organisation, key)
        asking = self.askings.setdefault(identity, Asking([]))
        process = self.any_process()
        at = self.wall() + timedelta(seconds=self.random.uniform(-0.4, 0.4)) if self.constructed else None
        self.counts["commands"] += 1
        unsure, asking.unsure = asking.unsure, True
        answer: Any = None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.sleep(self.random.random() * 0.003)
                answer = await process.ask(process.desk.carry_out(name, body, asker, key=key, at=at))
        except TimeoutError:
            self.counts["patience lost"] += 1
        self.database.note(asker.actor, "at", process.name, name, body, "->", answer)
        match answer:
            case TimeIsReal() if self.constructed:
                return self.fail(f"{process.name} takes a constructed network for a real one.")
            case Outcome():
                self._check_told(asking, name, answer)
                asking.told.append(answer)
                return answer
            case Refused():
                asking.unsure = unsure
                asking.refused = str(answer)
                self.counts["refused"] += 1
                return answer
            case None | Unavailable():
                return None
            case _:
                return self.fail(f"{name} ended in {answer!r}.")

    def _check_told(self, asking: Asking, name: str, outcome: Outcome) -> None:
        for before in asking.told:
            if (before.position, before.events) != (outcome.position, outcome.events):
                self.fail(f"{name} was told two outcomes: {before} and {outcome}")
            if not before.repeated and not outcome.repeated:
                self.fail(f"{name} was told twice that it was the first: {outcome}")

    # --- reading -----------------------------------------------------------------------------------------------------
    async def view(
        self, process: Process, projection: Projection, *, at_least: int = 0, as_of: int | None = None
    ) -> None:
        """Read all rows of a projection; they are compared with a fold from zero in the end."""

        def everything(rows: Rows) -> list[list[Record]]:
            return [list(rows.under(table)) for table in projection.tables]

        answer = await process.ask(process.views.ask(projection, everything, at_least=at_least or None, as_of=as_of))
        if answer is None or isinstance(answer, Unavailable):
            return
        if isinstance(answer, Exception):
            self.fail(f"{projection.name} cannot be read: {answer!r}")
        if answer.position < at_least or (as_of is not None and answer.position != as_of):
            self.fail(f"{projection.name} answered at {answer.position}, asked for {at_least or as_of}.")
        self.seen.append(Seen(projection, answer.position, answer.value))

    async def until(self, true: Callable[[], Awaitable[bool]], seconds: float, what: str) -> None:
        """Wait for something that has to come. Raises Broken when it does not."""
        begun = self.loop.time()
        while not await true():
            if self.loop.time() - begun > seconds:
                self.fail(f"{what} did not come within {seconds:.0f} s.")
            await asyncio.sleep(0.3)

    def fail(self, what: str, cause: Exception | None = None) -> Never:
        """Raises Broken with what led to it."""
        steps = "\n".join(step_text(at, said) for at, said in self.database.steps)
        faults = [*self.faults, *(f for p in self.processes.values() for f in p.faults), *self.loop.faults]
        raise Broken(
            f"Seed {self.seed}, at {self.loop.time():.4f} s, {self.wall():%Y-%m-%dT%H:%M:%S.%f} on the wall: {what}\n"
            + "".join(f"Work that ended: {fault}\n" for fault in faults[:3])
            + f"The last steps:\n{steps}"
        ) from cause


_ACCEPTABLE = ("register-organisation", {"organisation": "org:another", "name": {"fi": "Toinen"}, "kind": "other"})
_REFUSED = ("complete-pathway", {"pathway": "pathway:p-999"})
