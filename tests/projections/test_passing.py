"""What is about none of many events still moves on: one small write a slice, so that its lag means something."""

import asyncio

from adapters.cuts import cuts_of
from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryDocuments, MemoryLog, MemoryMarks
from adapters.memory.views import MemoryViews
from adapters.postgres.follower import Follower
from adapters.postgres.leader import Leader
from adapters.postgres.projection_status import Status, policy_status, projection_status
from adapters.postgres.read_tables import ReadTables, live_schema
from adapters.projecting.slices import SLICE_EVENTS, LogSlices
from application.desk import Desk
from application.policies import POLICIES
from application.policy_worker import BATCH, PolicyWorker
from domain.mentoring.events import MenteeReleased
from projections.rows import Projection
from tests.projections.mentors import START, TABLES, append_all, fold
from tests.projections.same import Ground

EVENTS = 10_000
elsewhere = Projection("elsewhere", fold, TABLES, frozenset({MenteeReleased}))


class Counted(Follower):
    """Counts its writes."""

    writes = 0

    async def write(self) -> None:
        self.writes += 1
        await super().write()


def a_long_log() -> MemoryLog:
    log = MemoryLog("/networks/test", SeededEntropy(1), lambda: START)
    asyncio.run(append_all(log, [(1, 2, 3, 4, 5)] * (EVENTS // 5)))
    return log


def test_a_projection_that_is_about_none_of_them_moves_on(ground: Ground) -> None:
    log = a_long_log()

    async def scenario() -> None:
        tables = ReadTables(elsewhere, live_schema(ground.network))
        async with ground.connection() as connection:
            await tables.create(connection)
            follower = await Counted.open(tables, connection)
            source = LogSlices(log)
            while part := await source.after(follower.reached):
                await follower.advance(part)
            assert follower.position == EVENTS
            assert EVENTS // SLICE_EVENTS <= follower.writes <= EVENTS // SLICE_EVENTS + 2
            await tables.create(connection)
        leader = Leader(dsn=ground.server.app_dsn, network=ground.network, log=log, projections=[elsewhere])
        assert await leader.catch_up_once() == EVENTS
        (status,) = await projection_status(
            [elsewhere], connect=ground.connection, network=ground.network, log=log, now=START
        )
        assert status == Status("elsewhere", EVENTS, lag_events=0, lag_seconds=0.0, state="live")

    asyncio.run(scenario())


class CountedMarks(MemoryMarks):
    """Counts how often a mark moves."""

    moves = 0

    async def advance(self, policy: str, *, old: int, new: int) -> None:
        self.moves += 1
        await super().advance(policy, old=old, new=new)


def worker(log: MemoryLog, marks: MemoryMarks) -> PolicyWorker:
    policy = next(p for p in POLICIES if p.name == "share-delivered-parts")
    desk = Desk(log, marks, lambda: START, SeededEntropy(2))
    return PolicyWorker(policy, desk, log, marks, cuts_of(MemoryViews(log), MemoryDocuments(), log))


def test_a_policy_that_is_about_none_of_them_moves_on() -> None:
    log, marks = a_long_log(), CountedMarks()
    assert asyncio.run(worker(log, marks).work_off()) == EVENTS
    assert marks.moves == EVENTS // BATCH


def test_a_mark_that_does_not_move_shows_as_a_lag_in_seconds() -> None:
    """It is the age of the oldest event that waits, whatever a process that died said of itself."""
    log, marks = a_long_log(), MemoryMarks()

    async def scenario() -> None:
        works = worker(log, marks)
        await marks.advance(works.policy.name, old=0, new=5_000)
        now = (await log.read(5_000, limit=1))[0].time.replace(minute=5, second=0, microsecond=0)
        (status,) = await policy_status([works], log=log, now=now)
        assert (status.state, status.position, status.lag_events) == ("behind", 5_000, 5_000)
        assert 290 < status.lag_seconds <= 300

    asyncio.run(scenario())


def test_a_policy_beyond_the_end_of_the_log_is_stale() -> None:
    """It would pass over what is recorded next; who restored the log has to say where it goes on."""
    log, marks = a_long_log(), MemoryMarks()

    async def scenario() -> None:
        works = worker(log, marks)
        await marks.advance(works.policy.name, old=0, new=EVENTS + 7)
        (status,) = await policy_status([works], log=log, now=START)
        assert (status.state, status.position, status.lag_events) == ("stale", EVENTS + 7, 0)
        assert status.faults[0].sentence == (
            f"Policy share-delivered-parts stands at position {EVENTS + 7}, but the log ends at {EVENTS}: the database is a "
            "restored backup, or the position was set by hand; it works nothing off until its mark is set back by "
            "`tasma audit accept-restore`, or the log restored."
        )

    asyncio.run(scenario())
