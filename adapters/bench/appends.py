"""`tasma bench append`: events through the log's own door, beside the stock recorder, UmaDB and a bare INSERT."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

from adapters.bench.mentors import COHORT_EVENTS, mentor_log
from adapters.bench.report import Report, machine
from adapters.bench.rounds import Count, Entrant, Say, System, by_tasks, compare, growth, in_thread, ratios
from adapters.bench.samples import Referrals
from adapters.bench.uma import open_uma
from adapters.entropy import SeededEntropy
from adapters.postgres.bench.limit import open_limit
from adapters.postgres.bench.loader import BYTES_PER_EVENT, load
from adapters.postgres.bench.room import Room
from adapters.postgres.bench.stock import StockAppend, open_application
from adapters.postgres.database import connect
from adapters.postgres.log import PostgresLog
from adapters.postgres.migrate import migrate
from adapters.wiring import APP_ROLE

NAME: Final = "tasma"
READING: Final = (
    "One operation is one fact with 2 tags, appended under a condition, fsync on; per_second is the median of the rounds. "
    "eventsourcing and umadb get its {fact} bytes alone, tasma puts its envelope around it ({event} bytes). The limit is one "
    "prepared INSERT of these {event} bytes a commit from the same kind of client, without order, condition or tags: what one "
    "event a commit can reach here. It gathers nothing, so who gathers many events into a commit may pass it; it is not "
    "pgbench either, whose clients in C get more of these commits out of the same server."
)


class Lost(Exception):
    """The log did not grow by what it acknowledged: whatever was measured is worth nothing."""

    def __init__(self, acknowledged: int, grown: int) -> None:
        super().__init__(f"{acknowledged:,} events were acknowledged and the log has grown by {grown:,}.")


class TasmaAppend:
    """Appends through `PostgresLog.append`, encoding included, each writer a task."""

    name = NAME

    def __init__(self, log: PostgresLog, sample: Referrals) -> None:
        self._log = log
        self._sample = sample
        self._seen: dict[int, int] = {}

    async def work(self, writers: int, seconds: float) -> Count:
        """Raises Lost when the head has not moved by exactly what was acknowledged."""
        before = (await self._log.head()).position
        for n in range(writers):
            self._seen.setdefault(n, before)
        count = await by_tasks([self._writer(n) for n in range(writers)], seconds)
        grown = (await self._log.head()).position - before
        if grown != count.done:
            raise Lost(count.done, grown)
        return count

    def _writer(self, n: int) -> Callable[[], Awaitable[None]]:
        boundary = self._sample.boundary(n)

        async def once() -> None:
            outcome = await self._log.append(self._sample.decision(n, boundary, self._seen[n]))
            self._seen[n] = outcome.position

        return once


@asynccontextmanager
async def open_log(
    room: Room, *, seed: int, events: int = 0, network: str | None = None, say: Say
) -> AsyncIterator[PostgresLog]:
    """The log of a network of its own, with so many events in it; `network`: a name of the room that nobody has used."""
    network = network or room.schema()
    await migrate(room.admin_dsn, network, APP_ROLE)
    source = f"/networks/{network}"
    if cohorts := -(-events // COHORT_EVENTS):
        say(f"loading {cohorts * COHORT_EVENTS:,} events")
        rows = mentor_log(source, cohorts, seed)
        await in_thread(partial(load, room.admin_dsn, network, rows, constructed=False, say=say))
    async with connect(room.app_dsn) as database, PostgresLog(database, network, source, SeededEntropy(seed)) as log:
        yield log


async def open_logs(
    room: Room, stack: AsyncExitStack, lengths: Sequence[int], *, seed: int, say: Say
) -> Mapping[int, PostgresLog]:
    """A log of each length, all open together, so that their rounds take turns as well. Raises DiskTooSmall."""
    room.check_disk(sum(lengths) * BYTES_PER_EVENT)
    return {
        length: await stack.enter_async_context(open_log(room, seed=seed, events=length, say=say)) for length in lengths
    }


async def bench_appends(
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
    """Measure appends into an empty log, beside peers if wanted, then into logs of the lengths wanted."""
    sample = Referrals(seed)
    measure = partial(compare, writers=writers, seconds=seconds, rounds=rounds, say=say)
    async with AsyncExitStack() as stack:
        log = await stack.enter_async_context(open_log(room, seed=seed, say=say))
        systems: list[System] = [TasmaAppend(log, sample)]
        if peers:
            application = open_application(room.admin_dsn, room.schema())
            stack.callback(application.close)
            systems.append(StockAppend(application, sample))
            systems.append(await stack.enter_async_context(open_uma(room.folder, sample)))
            systems.append(
                await stack.enter_async_context(open_limit(room.admin_dsn, room.schema(), sample, max(writers)))
            )
        results = await measure([Entrant(system) for system in systems])
    async with AsyncExitStack() as stack:
        logs = await open_logs(room, stack, lengths, seed=seed, say=say)
        results += await measure([Entrant(TasmaAppend(log, sample), length) for length, log in logs.items()])
    pairs = [(NAME, "eventsourcing"), (NAME, "umadb"), ("limit", NAME)]
    return Report(
        bench="append",
        machine=machine(room.postgresql),
        results=results,
        ratios={**ratios(results, pairs), **growth(results)},
        reading=READING.format(fact=sample.fact_bytes, event=sample.event_bytes),
    )
