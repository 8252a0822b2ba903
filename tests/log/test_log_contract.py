"""What the log promises, on PostgreSQL and in memory alike."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace
from psycopg.conninfo import make_conninfo

from adapters.clock import system_clock
from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog
from adapters.postgres import documents as kept_documents
from application.envelope import EVENT_BYTES_MAX, EVENTS_MAX, NotText, TooLarge, decode, encode, placed
from application.ports import (
    ClockAhead,
    ClockBehind,
    CommandIdReused,
    Documents,
    Log,
    Marks,
    Outcome,
    OutOfStep,
    Raced,
)
from domain.catalog.events import Description, OfferingPublished
from domain.kernel import FACTS, Boundary, Criterion, Event, Refused, facts
from domain.mentoring.events import MenteeAssigned, MenteeReleased, MentorCapacitySet
from domain.network.events import FollowUpOpened, NetworkFounded
from domain.words import Names, Texts
from tests.log.conftest import SOURCE, OpenStores, Place, emptied
from tests.log.decisions import NINE, assigned, capacity, command_id, decision, digest, founded, released

GOLDEN = (
    b'{"sequence":"00000000000000000001","time":"2019-03-05T09:00:00.123456Z","specversion":"1.0",'
    b'"id":"01694d14-c2fb-78f1-91b7-584a2265b1f5","source":"/networks/test","type":"tasma.network.founded.v1",'
    b'"subject":"network:test","datacontenttype":"application/json","nonce":"414c343c1027c4d1c386bbc4cd613e30",'
    b'"actor":"person:1","organisation":"org:xamk","commandid":"00000000-0000-7000-8000-0000000f4241",'
    b'"correlationid":"network:test","data":{"network":"test","name":{"fi":"Verkosto \xc3\xa4"},'
    b'"first_period":"2019-01","constructed":true,"founded_on":"2019-03-05"}}'
)


def run(opened: OpenStores, promise: Callable[[Log], Awaitable[None]]) -> None:
    async def on_a_new_log() -> None:
        async with opened() as stores:
            await promise(stores.log)

    asyncio.run(on_a_new_log())


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


async def positions(log: Log, *boundary: Criterion) -> list[int]:
    return [event.position for event in (await log.look(boundary)).events]


async def recorded(log: Log) -> list[bytes]:
    head = (await log.head()).position
    return [body for p in range(1, head + 1) if (body := await log.body(p)) is not None]


# --- bytes and places -------------------------------------------------------------------------------------------------
def test_an_event_is_these_bytes(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        outcome = await log.append(decision(founded(constructed=True), at=NINE, command=command_id(1)))
        body = await log.body(1)
        assert body == GOLDEN
        assert decode(body).id == outcome.events[0].id
        assert await log.body(0) is None
        assert await log.body(2) is None
        assert await log.body(-1) is None

    run(opened, promise)


def test_memory_and_postgresql_hold_the_same_bytes(place: Place) -> None:
    """Position and time are put before the rest in SQL exactly as `placed` does it."""

    async def fill(log: Log) -> list[bytes]:
        await log.append(decision(founded(constructed=True), at=NINE, command=command_id(1)))
        for n, second in enumerate((0.000001, 0, 5, 4.5, 60 * 60 * 24 * 365), 2):
            await log.append(decision(assigned(n, n), capacity(n), at=at(second), command=command_id(n)))
        whole_second = datetime(2021, 1, 1, tzinfo=UTC)
        await log.append(decision(released(), at=whole_second, command=command_id(9)))
        return await recorded(log)

    async def both() -> tuple[list[bytes], list[bytes]]:
        async with place.log(seed=7) as log:
            return await fill(log), await fill(MemoryLog(SOURCE, SeededEntropy(7), system_clock))

    in_postgresql, in_memory = asyncio.run(both())
    assert in_postgresql == in_memory
    assert len(in_memory) == 12
    assert b'"time":"2021-01-01T00:00:00.000000Z"' in in_memory[-1]


def test_an_event_is_these_bytes_in_whatever_time_zone_the_session_lives(place: Place) -> None:
    """A role or a connection string may set one, Nepal's five and three quarter hours too."""

    async def promise() -> None:
        dsn = make_conninfo(place.server.app_dsn, options="-c timezone=Asia/Kathmandu")
        async with place.database(dsn) as database:
            assert await database.rows(b"show timezone") == [("Asia/Kathmandu",)]
        async with place.log(dsn) as log:
            await log.append(decision(founded(constructed=True), at=NINE, command=command_id(1)))
            assert await log.body(1) == GOLDEN
            assert (await log.head()).time == NINE
            assert (await log.last_before(NINE), await log.last_before(at(1))) == (0, 1)

    asyncio.run(promise())


def test_positions_are_dense_and_outcomes_say_where_events_went(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        one = await log.append(decision(assigned()))
        two = await log.append(decision(assigned(2), released(), capacity()))
        assert one.position == 1
        assert not one.repeated
        assert two.position == 4
        assert [(e.position, e.type) for e in two.events] == [
            (2, "tasma.mentoring.mentee_assigned.v1"),
            (3, "tasma.mentoring.mentee_released.v1"),
            (4, "tasma.mentoring.capacity_set.v1"),
        ]
        everything = await log.read(0, limit=10)
        assert [e.position for e in everything] == [1, 2, 3, 4]
        assert [e.id for e in everything[1:]] == [e.id for e in two.events]
        assert [e.data for e in everything] == [assigned(), assigned(2), released(), capacity()]

    run(opened, promise)


def test_reading_goes_page_by_page(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        await log.append(decision(*(capacity(number=n) for n in range(7))))
        assert [e.position for e in await log.read(0, limit=3)] == [1, 2, 3]
        assert [e.position for e in await log.read(3, limit=3)] == [4, 5, 6]
        assert [e.position for e in await log.read(6, limit=3)] == [7]
        assert await log.read(7, limit=3) == ()

    run(opened, promise)


def test_an_empty_log(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        head = await log.head()
        assert (head.position, head.time, head.constructed) == (0, None, False)
        assert (await log.look((Criterion(),))).events == ()
        assert (await log.look((facts(NetworkFounded),))).head == 0
        assert await log.read(0, limit=5) == ()
        assert await log.last_before(system_clock()) == 0
        assert await log.recall(command_id(), digest("x")) is None

    run(opened, promise)


# --- boundaries -------------------------------------------------------------------------------------------------------
FORMS: tuple[tuple[Boundary, list[int]], ...] = (
    ((), []),
    ((Criterion(),), [1, 2, 3, 4, 5]),
    ((facts(MenteeAssigned),), [1, 2]),
    ((facts(MenteeAssigned, MentorCapacitySet),), [1, 2, 5]),
    ((facts(NetworkFounded),), []),
    ((Criterion(tags=("mentor:1",)),), [1, 3, 5]),
    ((Criterion(tags=("mentor:1", "client:2")),), [3]),
    ((Criterion(tags=("client:2", "mentor:1")),), [3]),
    ((Criterion(tags=("mentor:1", "mentor:1")),), [1, 3, 5]),
    ((Criterion(tags=("mentor:1", "mentor:2")),), []),
    ((Criterion(tags=("nobody",)),), []),
    ((facts(MenteeReleased, about="mentor:1"),), [3]),
    ((facts(MenteeReleased, MentorCapacitySet, about="mentor:1"),), [3, 5]),
    ((Criterion(types=(MenteeReleased, MenteeAssigned), tags=("mentor:1", "client:1")),), [1]),
    ((facts(MentorCapacitySet), facts(MenteeAssigned, about="client:1")), [1, 5]),
    ((facts(MenteeAssigned, about="mentor:1"), facts(MenteeAssigned, about="client:1")), [1]),
    ((facts(NetworkFounded), Criterion(tags=("client:3",))), [4]),
)


@pytest.mark.parametrize(("boundary", "inside"), FORMS)
def test_a_boundary_of_any_form_is_read_and_defended(opened: OpenStores, boundary: Boundary, inside: list[int]) -> None:
    """What `look` finds is what makes `append` refuse, and only if it happened after the decision looked."""

    async def promise(log: Log) -> None:
        await log.append(decision(assigned(1, 1), assigned(2, 2), released(1, 2), released(2, 3), capacity(1)))
        history = await log.look(boundary)
        assert [e.position for e in history.events] == inside
        assert history.head == 5
        newest = max(inside, default=0)
        for after in range(newest):
            with pytest.raises(Raced):
                await log.append(decision(capacity(9), unless=boundary, after=after))
        assert (await log.append(decision(capacity(9), unless=boundary, after=newest))).position == 6

    run(opened, promise)


def test_several_tags_are_found_whichever_is_frequent(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        for first in range(0, 300, 50):
            await log.append(decision(*(assigned(1, 100 + first + n) for n in range(50))))
        await log.append(decision(assigned(1, 7), assigned(2, 7)))
        for tags in (("mentor:1", "client:7"), ("client:7", "mentor:1")):
            assert await positions(log, Criterion(tags=tags)) == [301]
            assert await positions(log, Criterion(types=(MenteeAssigned,), tags=tags)) == [301]
        assert len(await positions(log, Criterion(tags=("mentor:1",)))) == 301

    run(opened, promise)


def test_what_raced_leaves_no_trace(opened: OpenStores) -> None:
    """After a lost race the same command may be decided again."""

    async def promise(log: Log) -> None:
        await log.append(decision(capacity()))
        command = command_id()
        with pytest.raises(Raced):
            await log.append(decision(assigned(), unless=(facts(MentorCapacitySet),), after=0, command=command))
        assert await log.recall(command, digest("body")) is None
        again = await log.append(decision(assigned(), unless=(facts(MentorCapacitySet),), after=1, command=command))
        assert (again.position, again.repeated) == (2, False)

    run(opened, promise)


class Step(Struct, frozen=True):
    """One decision of a plan."""

    new: list[Event]
    boundary: Boundary
    ago: tuple[int, int, int]
    """How many events ago each criterion was known."""
    command: UUID
    body: str
    """Sometimes another under the same command id."""


ALL_TYPES: tuple[type[Event], ...] = (MenteeAssigned, MenteeReleased, MentorCapacitySet)
events = st.one_of(
    st.builds(assigned, st.integers(1, 3), st.integers(1, 3)),
    st.builds(released, st.integers(1, 3), st.integers(1, 3)),
    st.builds(capacity, st.integers(1, 3)),
)
criteria = st.builds(
    Criterion,
    types=st.lists(st.sampled_from(ALL_TYPES), max_size=2, unique=True).map(tuple),
    tags=st.lists(st.sampled_from(["mentor:1", "mentor:2", "client:1", "client:2", "client:9"]), max_size=3).map(tuple),
)
steps = st.lists(
    st.builds(
        Step,
        new=st.lists(events, min_size=1, max_size=3),
        boundary=st.lists(criteria, max_size=3).map(tuple),
        ago=st.tuples(*[st.integers(0, 4)] * 3),
        command=st.integers(0, 11).map(command_id),
        body=st.sampled_from(["a", "b"]),
    ),
    max_size=8,
)


class Model:
    """The log as a list: what every decision should lead to."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.commands: dict[UUID, tuple[str, int]] = {}

    def append(self, step: Step, after: Sequence[int]) -> tuple[str, int]:
        if step.command in self.commands:
            known, last = self.commands[step.command]
            return ("repeated", last) if known == step.body else ("reused", 0)
        if any(c.admits(event) for c, known in zip(step.boundary, after, strict=True) for event in self.events[known:]):
            return "raced", 0
        self.events += step.new
        self.commands[step.command] = step.body, len(self.events)
        return "placed", len(self.events)


async def outcome_of(log: Log, step: Step, after: Sequence[int]) -> tuple[str, int]:
    try:
        outcome = await log.append(
            decision(*step.new, unless=step.boundary, after=after, command=step.command, body=step.body)
        )
    except Raced:
        return "raced", 0
    except CommandIdReused:
        return "reused", 0
    return "repeated" if outcome.repeated else "placed", outcome.position


async def agrees(log: Log, plan: list[Step]) -> None:
    model = Model()
    for step in plan:
        after = [max(0, len(model.events) - ago) for ago, _ in zip(step.ago, step.boundary, strict=False)]
        expected = model.append(step, after)
        assert await outcome_of(log, step, after) == expected
        history = await log.look(step.boundary)
        inside = [p for p, e in enumerate(model.events, 1) if any(c.admits(e) for c in step.boundary)]
        assert [e.position for e in history.events] == inside
        assert history.head == len(model.events)
    assert [e.data for e in await log.read(0, limit=100)] == model.events


@given(plan=steps)
def test_random_decisions_agree_with_a_model_in_memory(plan: list[Step]) -> None:
    asyncio.run(agrees(MemoryLog(SOURCE, SeededEntropy(1), system_clock), plan))


def test_random_decisions_agree_with_a_model_on_postgresql(place: Place) -> None:
    """Every example has a log of its own; emptying one takes longer than the example, hence fewer of them."""

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(plan=steps)
    def on_postgresql(plan: list[Step]) -> None:
        asyncio.run(with_log(emptied(place), plan))

    async def with_log(empty: Place, plan: list[Step]) -> None:
        async with empty.log() as log:
            await agrees(log, plan)

    on_postgresql()


# --- once ---------------------------------------------------------------------------------------------------------------
def test_a_repeat_gives_the_first_outcome_and_appends_nothing(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        command = command_id()
        first = await log.append(decision(assigned(), capacity(), command=command))
        await log.append(decision(released()))
        # What was decided then would be refused now, its clock is wrong and it names other events: it is a repeat all the same.
        again = await log.append(
            decision(released(5, 5), unless=(Criterion(),), command=command, at=system_clock() + timedelta(days=1))
        )
        assert again == Outcome(position=first.position, events=first.events, repeated=True)
        assert await log.recall(command, digest("body")) == again
        assert (await log.head()).position == 3

    run(opened, promise)


def test_a_command_id_serves_one_command(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        command = command_id()
        await log.append(decision(assigned(), command=command))
        for attempt in (
            log.append(decision(assigned(), command=command, body="another")),
            log.recall(command, digest("another")),
        ):
            with pytest.raises(CommandIdReused) as refused:
                await attempt
            assert str(refused.value) == (
                "This idempotency key was used for another command or body before; use a new key for a new command."
            )
        assert (await log.head()).position == 1

    run(opened, promise)


def test_a_race_of_one_command_against_itself_has_one_winner(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        command = command_id()
        outcomes = await asyncio.gather(*(log.append(decision(assigned(), command=command)) for _ in range(8)))
        assert sorted(o.repeated for o in outcomes) == [False] + 7 * [True]
        assert {o.events for o in outcomes} == {outcomes[0].events}
        assert (await log.head()).position == 1

    run(opened, promise)


# --- time ---------------------------------------------------------------------------------------------------------------
def test_one_decision_has_one_time_and_the_next_a_later_one(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        reading = system_clock()
        await log.append(decision(assigned(), capacity(), at=reading))
        await log.append(decision(released(), at=reading))
        await log.append(decision(released(), at=reading - timedelta(seconds=1)))
        times = [e.time for e in await log.read(0, limit=9)]
        tick = timedelta(microseconds=1)
        assert times == [reading, reading, reading + tick, reading + 2 * tick]
        assert (await log.head()).time == times[-1]

    run(opened, promise)


def test_a_clock_that_runs_ahead_is_refused(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        reading = system_clock() + timedelta(seconds=30)
        with pytest.raises(
            ClockAhead, match=f"The time {reading.isoformat()[:19]}.* is more than two seconds ahead of"
        ):
            await log.append(decision(assigned(), at=reading))
        assert (await log.append(decision(assigned(), at=system_clock() + timedelta(seconds=1)))).position == 1

    run(opened, promise)


def test_a_clock_that_runs_behind_is_lifted(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        before = system_clock()
        await log.append(decision(assigned(), at=before - timedelta(days=400)))
        time = (await log.head()).time
        assert time is not None
        assert before - timedelta(seconds=1) < time < system_clock() + timedelta(seconds=1)

    run(opened, promise)


def test_times_are_kept_in_utc_whatever_the_zone_of_the_reading(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        helsinki = datetime.fromisoformat("2019-03-05T11:00:00.123456+02:00")
        await log.append(decision(founded(constructed=True), at=helsinki))
        head = await log.head()
        assert head.time == NINE
        assert head.time.tzinfo is UTC
        assert b'"time":"2019-03-05T09:00:00.123456Z"' in (await log.body(1) or b"")

    run(opened, promise)


def test_a_constructed_network_takes_the_time_it_is_given_forward_only(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        await log.append(decision(founded(constructed=True), at=NINE))
        assert (await log.head()).constructed
        await log.append(decision(assigned(), at=at(3600)))
        await log.append(decision(assigned(), at=at(3599)))  # up to one second back: lifted
        with pytest.raises(ClockBehind) as refused:
            await log.append(decision(assigned(), at=at(3598)))
        assert str(refused.value) == (
            "The time 2019-03-05T09:59:58.123456+00:00 is more than one second before the newest event's, "
            "2019-03-05T10:00:00.123457+00:00; a simulated clock only goes forward: give a later time."
        )
        future = system_clock() + timedelta(days=1000)
        await log.append(decision(assigned(), at=future))
        assert [e.time for e in await log.read(0, limit=9)] == [NINE, at(3600), at(3600.000001), future]

    run(opened, promise)


def test_a_real_network_stays_real(opened: OpenStores) -> None:
    """The first event decides; a later founding as constructed (which the domain refuses) changes no clock."""

    async def promise(log: Log) -> None:
        await log.append(decision(founded(constructed=False)))
        await log.append(decision(founded(constructed=True)))
        assert not (await log.head()).constructed
        with pytest.raises(ClockAhead):
            await log.append(decision(assigned(), at=system_clock() + timedelta(days=1)))

    run(opened, promise)


def test_the_last_position_before_a_moment(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        await log.append(decision(founded(constructed=True), at=at(0)))
        for second in range(1, 11):
            await log.append(decision(assigned(), released(), at=at(second)))
        assert await log.last_before(at(-1)) == 0
        assert await log.last_before(at(0)) == 0
        assert await log.last_before(at(0.000001)) == 1
        for second in range(1, 11):
            assert await log.last_before(at(second)) == 2 * second - 1
        assert await log.last_before(at(99)) == 21

    run(opened, promise)


# --- limits -------------------------------------------------------------------------------------------------------------
def too_many_events() -> tuple[Event, ...]:
    return tuple(capacity(number=n) for n in range(EVENTS_MAX + 1))


def with_reason(text: str, tag: str = "thing:1") -> FollowUpOpened:
    return FollowUpOpened(
        follow_up="follow-up:1",
        cause="0168f4a2-7c00-7123-9abc-0123456789ab",
        about=tag,
        code="refused",
        reason=text,
        opened_on=date(2019, 3, 5),
        parties=(),
    )


def long_offering(more: int) -> OfferingPublished:
    """An offering with long texts, and so many bytes more in its skills (a comma and two quotes each included)."""
    astral = "\U0001d11e" * 5_000
    sizes = [197] * (more // 200) + ([more % 200 - 3] if more % 200 > 3 else [])
    return OfferingPublished(
        offering="offering:o",
        provider="org:xamk",
        description=Description(
            kind="course",
            name=Names(fi="K"),
            summary=Texts(fi=astral, sv=astral, en=astral),
            skills=tuple("s" * size for size in sizes),
        ),
        published_on=date(2019, 3, 5),
    )


@pytest.mark.parametrize(
    ("new", "refusal", "sentence"),
    [
        (too_many_events(), TooLarge, "This decision would have 65; the limit is 64. Split it into several."),
        (
            (capacity(), with_reason("x" * EVENT_BYTES_MAX)),
            TooLarge,
            "tasma.network.follow_up_opened.v2 in bytes would have ",
        ),
        (
            (capacity(), with_reason("x", "thing\x00")),
            NotText,
            "The tag 'thing\\x00' of tasma.network.follow_up_opened.v2 contains a NUL character; leave it out.",
        ),
    ],
)
def test_what_is_beyond_the_limits_is_refused_whole(
    opened: OpenStores, new: tuple[Event, ...], refusal: type[Refused], sentence: str
) -> None:
    async def promise(log: Log) -> None:
        with pytest.raises(refusal) as refused:
            await log.append(decision(*new))
        assert str(refused.value).startswith(sentence)
        with pytest.raises(ValueError, match="at least one event"):
            await log.append(decision())
        assert (await log.head()).position == 0

    run(opened, promise)


def test_what_is_just_within_the_limits_is_taken(opened: OpenStores) -> None:
    """The largest event has 65,535 bytes or a few less; text of any plane comes back."""

    async def promise(log: Log) -> None:
        small = decision(long_offering(0))
        size = len(placed(1, NINE, encode(small.events, small.asked, SOURCE, SeededEntropy(1))[0].body))
        await log.append(decision(long_offering(EVENT_BYTES_MAX - size - 16)))
        body = await log.body(1)
        assert body is not None
        assert EVENT_BYTES_MAX - 100 < len(body) <= EVENT_BYTES_MAX
        odd = with_reason('"\\€𝄞', "thing:\\\"{},'𝄞")
        await log.append(decision(*(odd for _ in range(EVENTS_MAX))))
        assert await positions(log, Criterion(tags=("thing:\\\"{},'𝄞",))) == list(range(2, EVENTS_MAX + 2))

    run(opened, promise)


def test_an_event_is_found_under_32_tags_at_most(opened: OpenStores, monkeypatch: pytest.MonkeyPatch) -> None:
    """No event of today is about so many things, so one is declared to be about each of its parties."""
    several: type[Event] = MenteeAssigned
    monkeypatch.setitem(FACTS, several, replace(FACTS[several], about=("mentor", "parties")))

    def of_tags(number: int) -> MenteeAssigned:
        return replace(assigned(), parties=tuple(f"org:o-{n}" for n in range(number - 1)))

    async def promise(log: Log) -> None:
        with pytest.raises(TooLarge) as refused:
            await log.append(decision(capacity(), of_tags(33)))
        assert str(refused.value) == (
            "The tags of tasma.mentoring.mentee_assigned.v1 would have 33; the limit is 32. Name fewer things in one event."
        )
        assert (await log.head()).position == 0
        await log.append(decision(of_tags(32)))
        assert await positions(log, Criterion(tags=("mentor:1", "org:o-30"))) == [1]

    run(opened, promise)


# --- waiting ------------------------------------------------------------------------------------------------------------
def test_waiting_ends_when_the_log_has_grown_or_the_time_is_up(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        loop = asyncio.get_running_loop()
        assert await log.wait(0, 0.05) == 0
        await log.append(decision(assigned()))
        assert await log.wait(0, 5) == 1
        waiting = [asyncio.create_task(log.wait(1, 5)) for _ in range(20)] + [asyncio.create_task(log.wait(2, 5))]
        await asyncio.sleep(0.1)
        started = loop.time()
        await log.append(decision(assigned(), assigned()))
        assert [await task for task in waiting] == 21 * [3]
        assert loop.time() - started < 0.9  # told, not polled
        assert await log.wait(3, 0.05) == 3

    run(opened, promise)


# --- beside the log -----------------------------------------------------------------------------------------------------
def test_marks_move_forward_from_where_they_stand(opened: OpenStores) -> None:
    async def promise(marks: Marks) -> None:
        assert await marks.mark("share") == 0
        with pytest.raises(OutOfStep):
            await marks.advance("share", old=3, new=4)
        await marks.advance("share", old=0, new=5)
        for old in (0, 4, 6):
            with pytest.raises(OutOfStep, match="another process moved it"):
                await marks.advance("share", old=old, new=9)
        with pytest.raises(ValueError, match="forward only"):
            await marks.advance("share", old=5, new=5)
        await marks.advance("share", old=5, new=6)
        assert (await marks.mark("share"), await marks.mark("other")) == (6, 0)

    async def on_new_marks() -> None:
        async with opened() as stores:
            await stores.log.append(decision(*(assigned() for _ in range(9))))  # a mark stays within the log
            await promise(stores.marks)

    asyncio.run(on_new_marks())


def test_of_two_that_advance_a_mark_one_is_out_of_step(opened: OpenStores) -> None:
    async def both() -> None:
        async with opened() as stores:
            await stores.log.append(decision(*(assigned() for _ in range(6))))
            for old in (0, 3):
                results = await asyncio.gather(
                    *(stores.marks.advance("p", old=old, new=old + 3) for _ in range(4)), return_exceptions=True
                )
                assert sum(isinstance(result, OutOfStep) for result in results) == 3

    asyncio.run(both())


def test_documents_are_kept_byte_for_byte_and_never_replaced(opened: OpenStores) -> None:
    async def promise(documents: Documents) -> None:
        assert await documents.find("d1") is None
        await documents.keep("d1", b"\x00\xff")
        await documents.keep("d1", b"\x00\xff")
        with pytest.raises(ValueError, match="kept under d1"):
            await documents.keep("d1", b"other")
        assert await documents.find("d1") == b"\x00\xff"

    async def on_new_documents() -> None:
        async with opened() as stores:
            await promise(stores.documents)

    asyncio.run(on_new_documents())


def test_a_document_in_pieces_is_kept_under_their_digest(opened: OpenStores) -> None:
    """A short one as it is, a long one packed where that saves room; both are given back byte for byte, also when kept again."""

    async def on_new_documents() -> None:
        async with opened() as stores:
            for pieces in ((b"[", b"]"), (b"[", *(b"%d," % n for n in range(50_000)), b"0]")):
                digest = await stores.documents.keep_pieces(iter(pieces))
                assert digest == sha256(b"".join(pieces)).hexdigest()
                assert await stores.documents.keep_pieces(iter(pieces)) == digest
                await stores.documents.keep(digest, b"".join(pieces))
                assert await stores.documents.find(digest) == b"".join(pieces)
                with pytest.raises(ValueError, match=f"kept under {digest}"):
                    await stores.documents.keep(digest, b"other")

    asyncio.run(on_new_documents())


def test_a_long_document_kept_again_is_not_unpacked(opened: OpenStores, monkeypatch: pytest.MonkeyPatch) -> None:
    """A month passed through once more keeps every statement again: to unpack them all would hold up everybody else."""
    pieces = [b"%d," % n for n in range(50_000)]

    def never(*_: object) -> None:
        raise AssertionError("It was unpacked.")

    async def on_new_documents() -> None:
        async with opened() as stores:
            digest = await stores.documents.keep_pieces(iter(pieces))
            with monkeypatch.context() as watched:
                watched.setattr(kept_documents, "unpacked_pieces", never)
                assert await stores.documents.keep_pieces(iter(pieces)) == digest
            assert await stores.documents.find(digest) == b"".join(pieces)

    asyncio.run(on_new_documents())
