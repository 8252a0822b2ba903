"""`tasma bench decide`: whole decisions, from the look at the log to the commit, beside the stock stack's same decision."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

from adapters.bench.appends import NAME, Lost, open_log, open_logs
from adapters.bench.mentors import COHORT_EVENTS, MENTORS, mentor, told
from adapters.bench.report import Report, machine
from adapters.bench.rounds import Count, Entrant, Say, System, by_tasks, compare, growth, in_thread, ratios
from adapters.bench.samples import Assignments
from adapters.postgres.bench.room import Room
from adapters.postgres.bench.stock import open_application
from adapters.postgres.bench.stock_decisions import StockDecisions
from adapters.postgres.log import PostgresLog
from application.execute import Executor

ACTIVE_COHORTS: Final = 5
"""Of mentors, where nothing is said about the length: they grow by few events in a run, and deciders seldom meet."""
MEETING: Final = 32
"""Deciders at a time before the first round."""
READING: Final = (
    "One operation is one decision of assign-mentee: know what happened to a mentor (10 events or a few more) and to a client, "
    "decide, append under that condition, fsync on; per_second is the median of the rounds. tasma has met the mentors once before "
    "the first round, remembers what it saw and lets the append find out whether that is still all; the stock stack looks every "
    "time. With a length: newest decides about the {mentors:,} mentors of the last {events:,} events, anywhere about any mentor "
    "of the whole log, nearly always one it has not met, whose pages PostgreSQL mostly has to fetch."
)


class TasmaDecisions:
    """Decides through an executor as a process of the network has it, each decider a task, each time about a mentor drawn anew."""

    name = NAME

    def __init__(self, log: PostgresLog, sample: Assignments, draw: Callable[[], str]) -> None:
        self._log, self._executor = log, Executor(log)
        self._sample = sample
        self._draw = draw

    async def work(self, writers: int, seconds: float) -> Count:
        """Raises Lost when the head has not moved by exactly what was acknowledged."""
        before = (await self._log.head()).position
        count = await by_tasks([self._decider() for _ in range(writers)], seconds)
        grown = (await self._log.head()).position - before
        if grown != count.done:
            raise Lost(count.done, grown)
        return count

    async def meet(self, mentors: Iterable[str]) -> None:
        """Decide about each of them once: a process that has been up for a while has met the things that are going on."""
        left = iter(mentors)

        async def decide() -> None:
            for one in left:
                await self._executor.execute(self._sample.command(one))

        async with asyncio.TaskGroup() as group:
            for _ in range(MEETING):
                group.create_task(decide())

    def _decider(self) -> Callable[[], Awaitable[None]]:
        async def once() -> None:
            await self._executor.execute(self._sample.command(self._draw()))

        return once


async def bench_decisions(
    room: Room,
    *,
    writers: Sequence[int],
    seconds: float,
    rounds: int,
    seed: int,
    peers: bool,
    lengths: Sequence[int],
    say: Say,
) -> Report:
    """Measure decisions about an active set of mentors, beside the stock stack if wanted, then in logs of some lengths."""
    sample, chance = Assignments(seed), random.Random(seed)  # noqa: S311 - repeatable is the point here
    active = [mentor(cohort, n) for cohort in range(ACTIVE_COHORTS) for n in range(MENTORS)]
    measure = partial(compare, writers=writers, seconds=seconds, rounds=rounds, say=say)
    async with AsyncExitStack() as stack:
        events = ACTIVE_COHORTS * COHORT_EVENTS
        log = await stack.enter_async_context(open_log(room, seed=seed, events=events, say=say))
        own = TasmaDecisions(log, sample, lambda: chance.choice(active))
        await own.meet(active)
        systems: list[System] = [own]
        if peers:
            application = open_application(room.admin_dsn, room.schema())
            stack.callback(application.close)
            stock = StockDecisions(application, sample, active, seed)
            say(f"loading {events:,} events into {stock.name}")
            await in_thread(partial(stock.load, told(ACTIVE_COHORTS)))
            systems.append(stock)
        results = await measure([Entrant(system) for system in systems])
    async with AsyncExitStack() as stack:
        logs = await open_logs(room, stack, lengths, seed=seed, say=say)
        entrants = []
        for length, log in logs.items():
            newest = [mentor(-(-length // COHORT_EVENTS) - 1, n) for n in range(MENTORS)]
            for spread, draw in _draws(length, chance).items():
                own = TasmaDecisions(log, sample, draw)
                await own.meet(newest if spread == "newest" else ())
                entrants.append(Entrant(own, length, spread))
        results += await measure(entrants)
    return Report(
        bench="decide",
        machine=machine(room.postgresql),
        results=results,
        ratios={**ratios(results, [(NAME, "eventsourcing")]), **growth(results)},
        reading=READING.format(mentors=MENTORS, events=COHORT_EVENTS),
    )


def _draws(length: int, chance: random.Random) -> Mapping[str, Callable[[], str]]:
    """Where the mentors are drawn from that are decided about."""
    cohorts = -(-length // COHORT_EVENTS)
    return {
        "newest": lambda: mentor(cohorts - 1, chance.randrange(MENTORS)),
        "anywhere": lambda: mentor(chance.randrange(cohorts), chance.randrange(MENTORS)),
    }
