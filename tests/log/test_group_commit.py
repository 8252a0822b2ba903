"""Decisions appended together come out as if each had been appended by itself, one after the other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace
from psycopg import AsyncConnection, errors

from adapters.clock import system_clock
from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog
from adapters.postgres.anchor import Anchor
from adapters.postgres.appending import Appending, ready
from adapters.postgres.gathering import WAITING_MAX
from adapters.postgres.log import PostgresLog
from application.envelope import encode
from application.ports import (
    ClockAhead,
    CommandIdReused,
    Decision,
    History,
    Log,
    Outcome,
    Outdated,
    Overloaded,
    Raced,
    Unavailable,
)
from application.registry import EVENT_TYPES
from domain.kernel import Boundary, Criterion, facts
from domain.mentoring.events import MenteeAssigned, MenteeReleased, MentorCapacitySet
from tests.log.conftest import SOURCE, Place, emptied
from tests.log.decisions import NINE, assigned, capacity, command_id, decision, digest, founded
from tests.log.test_log_contract import criteria, events

ABOUT_ONE = (facts(MentorCapacitySet, about="mentor:1"),)


async def together(log: Log, *decisions: Decision) -> list[Outcome | BaseException]:
    return await asyncio.gather(*(log.append(d) for d in decisions), return_exceptions=True)


async def one_by_one(log: Log, *decisions: Decision) -> list[Outcome | BaseException]:
    return [answer for d in decisions for answer in await together(log, d)]


def said(answers: Sequence[Outcome | BaseException]) -> list[object]:
    return [answer if isinstance(answer, Outcome) else (type(answer), str(answer)) for answer in answers]


async def bytes_of(log: Log) -> list[bytes | None]:
    return [await log.body(position) for position in range(1, (await log.head()).position + 1)]


# --- against the twin -----------------------------------------------------------------------------------------------------
class Step(Struct, frozen=True):
    new: list[MenteeAssigned | MenteeReleased | MentorCapacitySet]
    boundary: Boundary
    ago: tuple[int, int, int]
    """How many events before the batch each criterion was known; below zero: beyond the head, which nobody honest does."""
    command: UUID
    body: str
    late: float
    """Seconds from the newest time to its reading."""


members = st.builds(
    Step,
    new=st.lists(events, min_size=1, max_size=3),
    boundary=st.lists(criteria, max_size=3).map(tuple),
    ago=st.tuples(*[st.integers(-2, 4)] * 3),
    command=st.integers(0, 30).map(command_id),
    body=st.sampled_from(["a", "a", "a", "b"]),
    late=st.sampled_from([-1.5, -0.5, 0, 0, 0.000001, 3]),
)
plans = st.lists(st.lists(members, min_size=1, max_size=12), min_size=1, max_size=4)


async def seen_up_to(raced: Raced, twin: MemoryLog, step: Step) -> History | None:
    """What is inside the boundary up to the head that comes with a lost race."""
    assert raced.history is not None
    inside = (await twin.look(step.boundary)).events
    head = raced.history.head
    return History(events=tuple(event for event in inside if event.position <= head), head=head)


async def same(log: PostgresLog, plan: list[list[Step]]) -> None:
    twin = MemoryLog(SOURCE, SeededEntropy(1), system_clock)
    for one in (log, twin):
        await one.append(decision(founded(constructed=True), at=NINE, command=command_id(99)))
    for batch in plan:
        head = await twin.head()
        assert head.time is not None
        decisions = [
            decision(
                *step.new,
                unless=step.boundary,
                after=[max(0, head.position - ago) for ago, _ in zip(step.ago, step.boundary, strict=False)],
                at=head.time + timedelta(seconds=step.late),
                command=step.command,
                body=step.body,
            )
            for step in batch
        ]
        batches = log.appends.batches
        answers = await together(log, *decisions)
        assert said(answers) == said(await one_by_one(twin, *decisions))
        assert log.appends.batches == batches + 1
        for step, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Raced):
                assert answer.history == await seen_up_to(answer, twin, step)
        boundaries = [step.boundary for step in batch]
        seen: list[History] = await asyncio.gather(*map(log.look, boundaries))
        assert seen == [await twin.look(boundary) for boundary in boundaries]
    assert await bytes_of(log) == await bytes_of(twin)


@pytest.mark.usefixtures("one_batch")
def test_a_batch_comes_out_as_its_decisions_would_one_by_one(place: Place) -> None:
    """Outcomes, sentences and, with the same entropy, every byte."""

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(plan=plans)
    def on_postgresql(plan: list[list[Step]]) -> None:
        asyncio.run(with_log(emptied(place), plan))

    async def with_log(empty: Place, plan: list[list[Step]]) -> None:
        async with empty.log() as log:
            await same(log, plan)

    on_postgresql()


# --- inside one batch -------------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("one_batch")
def test_of_those_who_meet_in_a_batch_the_first_wins(place: Place) -> None:
    """Whoever only met one that lost has met nothing."""

    async def promise() -> None:
        async with place.log() as log:
            await log.append(decision(capacity(1)))
            about_two = (facts(MentorCapacitySet, about="mentor:2"),)
            answers = await together(
                log,
                decision(capacity(1), unless=ABOUT_ONE, after=1),
                decision(capacity(1), capacity(2), unless=ABOUT_ONE, after=1),
                decision(capacity(2), unless=about_two, after=1),
                decision(assigned(2), unless=(Criterion(tags=("mentor:1", "mentor:2")),), after=1),
                decision(assigned(2), unless=(facts(MenteeAssigned),), after=1),
                decision(assigned(3), unless=(Criterion(),), after=1),
                decision(assigned(4)),
            )
            assert [a.position if isinstance(a, Outcome) else type(a) for a in answers] == [
                2, Raced, 3, 4, Raced, Raced, 5,
            ]  # fmt: skip
            assert (log.appends.sizes[:3], log.appends.items, log.appends.raced) == ([1, 0, 1], 8, 3)

    asyncio.run(promise())


def test_one_command_sent_many_times_at_once_is_recorded_once(place: Place) -> None:
    async def promise() -> None:
        async with place.log() as log:
            await log.append(decision(capacity(1)))
            command, other = command_id(), command_id()
            stale = decision(capacity(1), unless=ABOUT_ONE, after=0, command=command)
            fresh = decision(capacity(1), unless=ABOUT_ONE, after=1, command=command)
            answers = await together(
                log,
                stale,
                fresh,
                decision(capacity(2), command=other),
                decision(capacity(1), command=command, body="another"),
                fresh,
                stale,
            )
            raced, placed, beside, reused, again, last = answers
            assert isinstance(raced, Raced)
            assert isinstance(placed, Outcome)
            assert isinstance(beside, Outcome)
            assert isinstance(reused, CommandIdReused)
            assert (placed.position, placed.repeated, beside.position) == (2, False, 3)
            assert again == last == replace(placed, repeated=True)
            assert (await log.head()).position == 3

    asyncio.run(promise())


def test_a_founding_among_others_is_appended_alone_in_its_turn(place: Place) -> None:
    async def promise() -> None:
        async with place.log() as log:
            past = timedelta(days=400)
            answers = await together(
                log,
                decision(assigned(1), at=system_clock() + past),
                decision(founded(constructed=True), at=NINE),
                decision(assigned(2), at=NINE + past),
            )
            assert isinstance(answers[0], ClockAhead)  # before the founding, the clock is the real one
            assert [e.time for e in await log.read(0, limit=9)] == [NINE, NINE + past]
            assert (await log.head()).constructed

    asyncio.run(promise())


def test_a_malformed_member_fails_alone(place: Place) -> None:
    """Tags that no event can have come from outside, by way of a boundary."""

    async def promise() -> None:
        async with place.log() as log:
            answers = await together(
                log,
                decision(assigned(1)),
                decision(assigned(2), unless=(facts(MenteeAssigned, about="nul \x00"),)),
                decision(assigned(3), unless=(facts(MenteeAssigned, about="half \ud800"),)),
                decision(assigned(4), unless=(Criterion(tags=("nul \x00",)),)),
                decision(assigned(5)),
            )
            assert [a.position if isinstance(a, Outcome) else type(a) for a in answers] == [
                1, errors.CharacterNotInRepertoire, UnicodeEncodeError, errors.UntranslatableCharacter, 2,
            ]  # fmt: skip
            seen = await asyncio.gather(
                log.look((facts(MenteeAssigned, about="mentor:1"),)),
                log.look((facts(MenteeAssigned, about="nul \x00"),)),
                log.look((facts(MenteeAssigned, about="mentor:5"),)),
                return_exceptions=True,
            )
            assert [len(s.events) if isinstance(s, History) else type(s) for s in seen] == [
                1, errors.CharacterNotInRepertoire, 1,
            ]  # fmt: skip

    asyncio.run(promise())


def test_a_tag_too_long_for_the_index_is_no_reason_to_try_again(place: Place) -> None:
    async def promise() -> None:
        async with place.log() as log:
            too_long = decision(assigned(1))
            (event,) = encode(too_long.events, too_long.asked, SOURCE, SeededEntropy(9))
            event = replace(event, tags=("".join(digest(str(n)).hex() for n in range(200)),))
            answers = await asyncio.gather(
                log.appends.ask(ready(too_long, (event,))),
                log.append(decision(assigned(2))),
                return_exceptions=True,
            )
            assert isinstance(answers[0], errors.ProgramLimitExceeded)
            assert isinstance(answers[1], Outcome)
            assert (await log.head()).position == 1

    asyncio.run(promise())


# --- versions ---------------------------------------------------------------------------------------------------------------
def test_an_outdated_process_may_read_and_repeat_but_not_decide(place: Place) -> None:
    async def promise() -> None:
        async with place.database() as database, place.log() as log:
            old, new = (
                PostgresLog(database, place.schema, SOURCE, SeededEntropy(n), catalogue=len(EVENT_TYPES) + n)
                for n in (-1, 1)
            )
            async with old, new:
                command = command_id()
                first = await old.append(decision(assigned(1), command=command))
                await log.append(decision(assigned(2)))
                with pytest.raises(Outdated) as refused:
                    await old.append(decision(assigned(3)))
                known = len(EVENT_TYPES)
                assert str(refused.value) == (
                    f"This version of Täsmä knows {known - 1} versions of events, the network has recorded with one that "
                    f"knows {known}: it may read but not decide. Update it."
                )
                assert await old.append(decision(assigned(1), command=command)) == replace(first, repeated=True)
                assert (await old.look((facts(MenteeAssigned),))).head == 2
                # A newer one counts from its first event on.
                with pytest.raises(ClockAhead):
                    await new.append(decision(assigned(4), at=system_clock() + timedelta(days=1)))
                await log.append(decision(assigned(5)))
                await new.append(decision(assigned(6)))
                with pytest.raises(Outdated):
                    await log.append(decision(assigned(7)))
                assert (await log.head()).position == 4
        with psycopg.connect(place.server.app_dsn) as connection:
            rows = connection.execute(f"select version from {place.schema}.catalogue order by 1".encode())  # noqa: S608
            assert rows.fetchall() == [(known - 1,), (known,), (known + 1,)]

    asyncio.run(promise())


# --- when the log is held ---------------------------------------------------------------------------------------------------
class Holder:
    """Holds the lock of a log, as a process that hangs would."""

    def __init__(self, connection: AsyncConnection[tuple[object, ...]], place: Place) -> None:
        self._connection, self._schema = connection, place.schema

    async def hold(self) -> None:
        await self._connection.execute(
            "select pg_advisory_lock(hashtextextended(%s, 0))", (f"tasma log {self._schema}",)
        )

    async def release(self) -> None:
        await self._connection.execute(
            "select pg_advisory_unlock(hashtextextended(%s, 0))", (f"tasma log {self._schema}",)
        )

    async def awaited(self) -> None:
        """Return when a log of the name of this schema waits for the lock."""
        waiting = b"select from pg_stat_activity where application_name = %s and wait_event = 'advisory'"
        while not await (await self._connection.execute(waiting, (self._schema,))).fetchall():  # noqa: ASYNC110 - seen from outside only
            await asyncio.sleep(0.005)


@asynccontextmanager
async def holding(place: Place) -> AsyncIterator[Holder]:
    async with await AsyncConnection.connect(place.server.app_dsn, autocommit=True) as connection:
        holder = Holder(connection, place)
        await holder.hold()
        yield holder


def test_overload_is_refused_and_nothing_accepted_is_lost(place: Place) -> None:
    async def promise() -> None:
        async with place.log(name=place.schema) as log, holding(place) as holder:
            first = asyncio.create_task(log.append(decision(assigned(1, 0))))
            await holder.awaited()
            waiting = [asyncio.create_task(log.append(decision(assigned(1, n)))) for n in range(1, WAITING_MAX + 1)]
            await asyncio.sleep(0)  # each of them gets as far as its answer
            assert log.appends.waiting == WAITING_MAX
            refused = await together(log, *(decision(assigned(2, n)) for n in range(5)))
            assert [type(answer) for answer in refused] == 5 * [Overloaded]
            await holder.release()
            outcomes = await asyncio.gather(first, *waiting)
            assert sorted(outcome.position for outcome in outcomes) == [*range(1, WAITING_MAX + 2)]
            assert (await log.head()).position == WAITING_MAX + 1
            assert (await log.look((facts(MenteeAssigned, about="mentor:2"),))).events == ()
            assert (log.appends.sizes[-1] > 0, log.appends.refused) == (True, 5)
            assert isinstance((await together(log, decision(assigned(2))))[0], Outcome)

    asyncio.run(promise())


def test_a_caller_cancelled_while_its_batch_is_under_way_leaves_the_others_alone(place: Place) -> None:
    async def promise() -> None:
        async with place.log(name=place.schema) as log, holding(place) as holder:
            command = command_id()
            given_up = asyncio.create_task(log.append(decision(assigned(1), command=command)))
            staying = asyncio.create_task(log.append(decision(assigned(2))))
            await holder.awaited()
            given_up.cancel()
            await holder.release()
            assert (await staying).position == 2
            assert given_up.cancelled()
            again = await log.append(decision(assigned(1), command=command))
            assert (again.position, again.repeated) == (1, True)

    asyncio.run(promise())


def test_a_process_that_hangs_with_the_lock_does_not_hang_the_others(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.postgres.appending._SETTINGS", {"lock_timeout": "20"})

    async def promise() -> None:
        async with place.log(name=place.schema) as log, holding(place) as holder:
            command = command_id()
            with pytest.raises(Unavailable) as refused:
                await log.append(decision(assigned(1), command=command))
            assert str(refused.value) == (
                "Another process holds the log and does not let it go; try again in a moment."
            )
            await holder.release()
            assert (await log.append(decision(assigned(1), command=command))).position == 1

    asyncio.run(promise())


def test_closing_the_log_answers_who_waits(place: Place) -> None:
    async def promise() -> None:
        async with holding(place) as holder:
            async with place.log(name=place.schema) as log:
                tasks = [asyncio.create_task(log.append(decision(assigned(1))))]
                await holder.awaited()
                tasks.append(asyncio.create_task(log.append(decision(assigned(2)))))
                await asyncio.sleep(0)
            answers = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(answer) for answer in answers] == 2 * [Unavailable]
            await holder.release()
            async with place.log() as log:
                assert (await log.append(decision(assigned(3)))).position == 1

    asyncio.run(promise())


def test_the_functions_take_a_large_batch_in_linear_time(place: Place) -> None:
    """Who meets whom is found by hashing: 512 decisions take no more than some tenths of a second, not minutes."""

    async def promise() -> None:
        async with place.database() as database:
            appending = Appending(database.info, place.schema, 1, Anchor())
            batch = []
            for n in range(512):
                boundary = (facts(MenteeAssigned, MenteeReleased, about=f"client:{n}"), facts(MentorCapacitySet))
                d = decision(*(assigned(n, n) for _ in range(4)), unless=boundary)
                batch.append(ready(d, encode(d.events, d.asked, SOURCE, SeededEntropy(n))))
            try:
                async with asyncio.timeout(20):
                    answers = await appending.carry(batch)
            finally:
                await appending.close()
        assert [a.position for a in answers if isinstance(a, Outcome)] == [*range(4, 4 * 512 + 1, 4)]

    asyncio.run(promise())
