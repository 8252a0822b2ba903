"""Appends that are measured are in the log, and a log that was loaded is as if it had been appended to."""

import asyncio
from itertools import pairwise

import psycopg
import pytest
from psycopg import sql

from adapters.bench.appends import Lost, TasmaAppend, open_log
from adapters.bench.mentors import COHORT_EVENTS, MENTORS, mentor
from adapters.bench.samples import Assignments, Referrals
from adapters.postgres.bench.room import room
from adapters.settings import Settings
from application.execute import execute
from domain.kernel import facts, tags_of
from domain.mentoring.events import MenteeAssigned, MenteeReleased, MentorCapacitySet, MentorNominated
from domain.referrals.events import ReferralSent
from tests.bench.conftest import quiet

SEED = 1


def test_every_acknowledged_append_is_in_the_log(bench_settings: Settings) -> None:
    async def run() -> None:
        async with room(bench_settings) as place, open_log(place, seed=SEED, say=quiet) as log:
            sample = Referrals(SEED)
            counts = [await TasmaAppend(log, sample).work(writers, 0.1) for writers in (1, 4)]
            stored = await log.read(0, limit=1_000_000)
            assert len(stored) == sum(count.done for count in counts) > 0
            assert len(
                {recorded.data.referral for recorded in stored if isinstance(recorded.data, ReferralSent)}
            ) == len(stored)
            assert {tag for r in stored for tag in tags_of(r.data) if tag.startswith("client:")} == {
                sample.own_tag(n) for n in range(4)
            }

    asyncio.run(run())


def test_what_somebody_else_appends_meanwhile_is_noticed(bench_settings: Settings) -> None:
    """The head must move by exactly what was acknowledged, neither less nor more."""

    async def run() -> None:
        async with room(bench_settings) as place, open_log(place, seed=SEED, say=quiet) as log:
            meanwhile = asyncio.create_task(TasmaAppend(log, Referrals(2)).work(1, 0.2))
            with pytest.raises(Lost, match=r"events were acknowledged and the log has grown by"):
                await TasmaAppend(log, Referrals(SEED)).work(1, 0.1)
            with pytest.raises(Lost):
                await meanwhile

    asyncio.run(run())


def test_a_loaded_log_is_as_if_it_had_been_appended_to(bench_settings: Settings) -> None:
    """Dense positions, rising times, bytes that say where they stand, the tags of their facts, commands that are recalled."""

    async def run() -> None:
        async with (
            room(bench_settings) as place,
            open_log(place, seed=SEED, events=COHORT_EVENTS + 1, say=quiet) as log,
        ):
            head = await log.head()
            stored = await log.read(0, limit=100_000)
            assert (head.position, head.constructed) == (2 * COHORT_EVENTS, False)
            assert [r.position for r in stored] == list(range(1, 2 * COHORT_EVENTS + 1))
            assert len({r.id for r in stored}) == len({r.nonce for r in stored}) == len(stored)
            commands: dict[object, list[int]] = {}
            for recorded in stored:
                commands.setdefault(recorded.commandid, []).append(recorded.position)
            times = [stored[positions[0] - 1].time for positions in commands.values()]
            assert all(one < other for one, other in pairwise(times))
            schema = f"{place.run}_1"
            with psycopg.connect(place.admin_dsn) as connection:
                event, tag, command = (sql.Identifier(schema, name) for name in ("event", "tag", "command"))
                rows = connection.execute(
                    sql.SQL("select e.at, e.tags from {} e order by e.position").format(event)
                ).fetchall()
                assert [(at, tuple(tags)) for at, tags in rows] == [(r.time, tags_of(r.data)) for r in stored]
                found = connection.execute(sql.SQL("select t.tag, t.position from {} t").format(tag)).fetchall()
                assert set(found) == {(each, r.position) for r in stored for each in tags_of(r.data)}
                recalled = connection.execute(sql.SQL("select c.id, c.last, c.n from {} c").format(command)).fetchall()
                assert set(recalled) == {(key, max(p), len(p)) for key, p in commands.items()}

            types = (MentorNominated, MentorCapacitySet, MenteeAssigned, MenteeReleased)
            for cohort, n in ((0, 0), (1, MENTORS - 1)):
                history = await log.look((facts(*types, about=mentor(cohort, n)),))
                assert len(history.events) == COHORT_EVENTS // MENTORS
            outcome = await execute(Assignments(SEED).command(mentor(1, 7)), log)
            assert outcome.position == head.position + 1

    asyncio.run(run())
