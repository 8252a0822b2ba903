"""A process remembers what it met and decides on that. Nobody can tell from what comes out, only from how seldom it looks."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs

from adapters.clock import system_clock
from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog
from adapters.postgres.anchor import Anchor
from adapters.postgres.embedded import APP_ROLE
from adapters.postgres.migrate import drop_network, migrate
from application.execute import Executor
from application.memory import EVENTS_EACH_MAX, Memory
from application.ports import Decision, History, Log, Outcome, Raced
from domain.kernel import Asked, Boundary, Command, Refused, Unknown, facts
from domain.mentoring.assign_mentee import AlreadyMentored, AssignMentee, MentorIsFull
from domain.mentoring.events import MenteeAssigned, MenteeReleased, MentorCapacitySet, MentorNominated
from domain.mentoring.release_mentee import ReleaseMentee
from domain.mentoring.set_mentor_capacity import SetMentorCapacity
from tests.log.conftest import SOURCE, Place
from tests.log.decisions import DAY, NINE, assigned, capacity, command_id, decision, released
from tests.log.test_faults import proxied, terminate


class Counted:
    """A log that counts what it is asked."""

    def __init__(self, log: Log) -> None:
        self.asked: Counter[str] = Counter()
        self.recall = log.recall
        self._log = log

    @property
    def era(self) -> int:
        return self._log.era

    async def look(self, boundary: Boundary) -> History:
        self.asked["look"] += 1
        return await self._log.look(boundary)

    async def append(self, decision: Decision) -> Outcome:
        self.asked["append"] += 1
        return await self._log.append(decision)

    def since(self) -> dict[str, int]:
        asked, self.asked = self.asked, Counter()
        return dict(asked)


def executor_on(log: Counted, *, remembers: int | None = None) -> Executor:
    executor = Executor(log)  # type: ignore[arg-type] # all that an executor uses of a log
    if remembers is not None:
        executor.memory = Memory(remembers)
    return executor


def empty_log(seed: int = 1) -> MemoryLog:
    return MemoryLog(SOURCE, SeededEntropy(seed), system_clock)


def asked() -> Asked:
    return Asked(at=system_clock(), actor="person:1", role="coordinator", command_id=command_id())


def assignment(mentor: int, client: int) -> AssignMentee:
    return AssignMentee(asked=asked(), mentor=f"mentor:{mentor}", client=f"client:{client}")


def release(mentor: int, client: int) -> ReleaseMentee:
    return ReleaseMentee(asked=asked(), mentor=f"mentor:{mentor}", client=f"client:{client}", reason="handed-over")


async def nominate(log: Log | Counted, *mentors: int, room: int = 2) -> None:
    """As events, so that no executor has met these mentors."""
    for mentor in mentors:
        nominated = MentorNominated(
            mentor=f"mentor:{mentor}", organisation="org:xamk", languages=("fi",), nominated_on=DAY
        )
        await log.append(decision(nominated, capacity(mentor, room)))


async def answer_of(executor: Executor, command: Command) -> object:
    """What a client is told, without the ids."""
    try:
        outcome = await executor.execute(command)
    except Refused as refusal:
        return str(refusal)
    return outcome.position, [event.type for event in outcome.events], outcome.repeated


# --- how seldom it looks ------------------------------------------------------------------------------------------------
def test_what_was_met_is_not_looked_at_again() -> None:
    async def promise() -> None:
        log = Counted(empty_log())
        await nominate(log, 1, room=3)
        executor, _ = executor_on(log), log.since()
        await executor.execute(assignment(1, 1))
        assert log.since() == {"look": 1, "append": 1}
        for client in (2, 3):
            await executor.execute(assignment(1, client))
            assert log.since() == {"append": 1}
        with pytest.raises(MentorIsFull):
            await executor.execute(assignment(1, 4))
        assert log.since() == {"look": 1}  # a refusal is never given from memory

    asyncio.run(promise())


def test_what_this_process_itself_has_overtaken_is_looked_at_and_not_tried() -> None:
    """Commands about one thing read different facts about it: each appends what the other's memory lacks."""

    async def promise() -> None:
        log = Counted(empty_log())
        await nominate(log, 1)
        executor, _ = executor_on(log), log.since()
        for client in range(4):
            await executor.execute(assignment(1, client))
            await executor.execute(release(1, client))
            assert log.since() == {"look": 2, "append": 2}

    asyncio.run(promise())


def test_what_another_process_has_overtaken_is_found_out_by_the_append(place: Place) -> None:
    """And with the refusal comes what is inside by now: nothing is looked at for it."""

    async def promise() -> None:
        async with place.log() as first, place.log(seed=2) as second:
            await nominate(first, 1, room=4)
            one, other = Counted(first), Counted(second)
            executors = executor_on(one), executor_on(other)
            for executor, client in zip(executors, (1, 2), strict=True):
                await executor.execute(assignment(1, client))
            one.since()
            assert await answer_of(executors[0], assignment(1, 2)) == str(AlreadyMentored("client:2"))
            assert one.since() == {"append": 1}
            await executors[1].execute(assignment(1, 3))
            await executors[0].execute(assignment(1, 4))
            assert one.since() == {"append": 2}
            assert await answer_of(executors[1], assignment(1, 5)) == str(MentorIsFull("mentor:1", 4, 4))

    asyncio.run(promise())


# --- what comes out -------------------------------------------------------------------------------------------------------
class Asking(Struct, frozen=True):
    """A command about few things, and which process gets it."""

    process: int
    kind: type[AssignMentee | ReleaseMentee | SetMentorCapacity]
    mentor: int
    client: int
    again: bool
    """Whether the same command is sent again right afterwards, to the other process."""


askings = st.builds(
    Asking,
    process=st.integers(0, 1),
    kind=st.sampled_from([AssignMentee, AssignMentee, ReleaseMentee, SetMentorCapacity]),
    mentor=st.integers(1, 3),
    client=st.integers(1, 3),
    again=st.booleans(),
)


def command_of(asking: Asking) -> Command:
    if asking.kind is SetMentorCapacity:
        return SetMentorCapacity(asked=asked(), mentor=f"mentor:{asking.mentor}", capacity=asking.client)
    return (assignment if asking.kind is AssignMentee else release)(asking.mentor, asking.client)


@settings(deadline=None)
@given(plan=st.lists(askings, max_size=40), remembers=st.sampled_from([0, 3, 12, 100_000]))
def test_who_remembers_decides_as_one_that_looks_every_time(plan: list[Asking], remembers: int) -> None:
    """Two processes with memory, large or hardly any, beside one that is new for each command: same answers, same log."""

    async def promise() -> None:
        log, other = empty_log(), empty_log()
        for one in (log, other):
            await nominate(one, 1, 2)
        executors = [executor_on(Counted(log), remembers=remembers) for _ in range(2)]
        for asking in plan:
            command = command_of(asking)
            for process in (asking.process, 1 - asking.process)[: 1 + asking.again]:
                said = await answer_of(executors[process], command)
                assert said == await answer_of(executor_on(Counted(other)), command)
        assert [r.data for r in await log.read(0, limit=999)] == [r.data for r in await other.read(0, limit=999)]
        assert all(len(executor.memory) <= remembers for executor in executors)

    asyncio.run(promise())


@pytest.mark.parametrize("seed", range(3))
def test_many_processes_at_once_leave_a_log_in_which_every_decision_was_right(place: Place, seed: int) -> None:
    """No mentor ever guides more than there is room for, no client has two mentors, and nothing acknowledged is missing."""
    chance = Random(seed)  # noqa: S311 - repeatable is the point here

    async def promise() -> None:
        async with place.log() as first, place.log(seed=2) as second:
            await nominate(first, 1, 2, 3)
            executors = [Executor(log) for log in (first, second, first)]
            for n in range(3):
                executors[n].memory = Memory((100_000, 20, 5)[n])
            told = Counter[str]()

            async def ask() -> None:
                for _ in range(40):
                    make = chance.choice([assignment, assignment, release])
                    command = make(chance.randint(1, 3), chance.randint(1, 6))
                    said = await answer_of(chance.choice(executors), command)
                    told["refused" if isinstance(said, str) else "done"] += 1

            await asyncio.gather(*(ask() for _ in range(8)))
            events = [r.data for r in await first.read(6, limit=999)]
            assert told["done"] == len(events) > 30
            assert told["refused"] > 30
        guided = Counter[str]()
        mentor_of = dict[str, str]()
        for event in events:
            assert isinstance(event, MenteeAssigned | MenteeReleased)
            if isinstance(event, MenteeAssigned):
                assert event.client not in mentor_of
                mentor_of[event.client] = event.mentor
                guided[event.mentor] += 1
                assert guided[event.mentor] <= 2
            else:
                assert mentor_of.pop(event.client) == event.mentor
                guided[event.mentor] -= 1

    asyncio.run(promise())


# --- another log under the same name ------------------------------------------------------------------------------------------
async def another_log(place: Place, capacities: Sequence[int]) -> None:
    """In place of the one there: what a failover to a server looks like that lacked the end, and has gone on since."""
    await drop_network(place.server.admin_dsn, place.schema)
    await migrate(place.server.admin_dsn, place.schema, APP_ROLE)
    async with place.log(seed=99) as log:
        for number in capacities:
            await log.append(decision(capacity(3, number)))


@pytest.mark.parametrize("breaks", [False, True])
@pytest.mark.parametrize("length", [1, 4, 9])
def test_nothing_rests_on_a_log_that_is_gone(place: Place, length: int, *, breaks: bool) -> None:
    """Shorter, as long or longer, behind the same connections or new ones: the mentor met before is in no log any more."""

    async def promise() -> None:
        async with place.log(name="tasma forgets") as log:
            executor = Executor(log)
            await log.append(decision(capacity(9)))
            await nominate(log, 1, 2)
            await executor.execute(assignment(1, 1))
            assert await answer_of(executor, release(2, 1)) == "mentor:2 does not guide client:1 now."
            await another_log(place, range(1, 1 + length))
            if breaks:
                assert await terminate(place, name="tasma forgets") > 1
            assert await answer_of(executor, assignment(1, 2)) == str(Unknown("mentor:1"))
            assert await answer_of(executor, assignment(2, 2)) == str(Unknown("mentor:2"))
            assert (await log.head()).position == length

    asyncio.run(promise())


def test_what_was_looked_at_in_another_log_is_not_appended(place: Place) -> None:
    async def promise() -> None:
        async with place.log() as log:
            await log.append(decision(capacity(1), capacity(1)))
            era = log.era
            history = await log.look(ABOUT_ONE)
            known = decision(capacity(1, 5), unless=ABOUT_ONE, after=history.head)
            await another_log(place, (1, 2, 3))
            for _ in range(2):
                with pytest.raises(Raced):
                    await log.append(structs.replace(known, era=era))
            assert (await log.head()).position == 3
            assert log.era == era + 1

    asyncio.run(promise())


def test_what_is_met_in_the_other_log_is_remembered_again(place: Place) -> None:
    async def promise() -> None:
        async with place.log() as inner:
            log = Counted(inner)
            executor = executor_on(log)
            await nominate(inner, 1)
            await executor.execute(assignment(1, 1))
            await another_log(place, (1, 2, 3))
            assert await answer_of(executor, assignment(1, 2)) == str(Unknown("mentor:1"))
            await nominate(inner, 1, room=9)
            await executor.execute(assignment(1, 2))
            log.since()
            for client in (3, 4, 5):
                await executor.execute(assignment(1, client))
            assert log.since() == {"append": 3}

    asyncio.run(promise())


def test_after_a_lost_connection_to_the_same_log_nothing_is_forgotten(place: Place) -> None:
    async def promise() -> None:
        async with place.log(name="tasma keeps") as inner:
            log = Counted(inner)
            await nominate(inner, 1, room=9)
            executor = executor_on(log)
            await executor.execute(assignment(1, 1))
            log.since()
            assert await terminate(place, name="tasma keeps") > 0
            outcome = await executor.execute(assignment(1, 2))
            assert (outcome.repeated, log.since()) == (False, {"append": 1})

    asyncio.run(promise())


def test_the_newest_event_is_known_as_it_is_stored(place: Place) -> None:
    """Else every decision would be taken for another log's."""

    async def promise() -> None:
        async with place.log() as log:
            for at in (None, NINE):
                await log.append(decision(capacity(1), assigned(), at=at))
                ((position, digest),) = log._anchor.known().events  # noqa: SLF001
                body = await log.body(position)
                assert body is not None
                assert hashlib.sha256(body).digest() == digest

    asyncio.run(promise())


def test_what_an_answer_taught_is_counted_on_too(place: Place) -> None:
    """A race that was lost and then refused places nothing, and yet what it brought along is remembered."""

    async def promise() -> None:
        async with place.log(name="tasma taught") as log, place.log(seed=2) as other:
            executor = Executor(log)
            await nominate(log, 1)
            await executor.execute(assignment(1, 1))
            await Executor(other).execute(assignment(1, 2))
            assert await answer_of(executor, assignment(1, 3)) == str(MentorIsFull("mentor:1", 2, 2))
            head = (await log.head()).position
            assert max(log._anchor.known().events)[0] == head  # noqa: SLF001
            await another_log(place, range(1, head + 3))
            assert await answer_of(executor, release(1, 2)) == str(Unknown("mentor:1"))

    asyncio.run(promise())


def test_an_outcome_found_again_is_counted_on_too(place: Place) -> None:
    async def promise() -> None:
        async with proxied(place) as (proxy, dsn), place.log(dsn) as log:
            executor = Executor(log)
            await nominate(log, 1)
            await executor.execute(assignment(1, 1))
            proxy.lose_answers = 1
            outcome = await executor.execute(assignment(1, 2))
            assert not outcome.repeated
            assert max(log._anchor.known().events)[0] == outcome.position  # noqa: SLF001

    asyncio.run(promise())


def test_what_overlapping_calls_learned_is_all_counted_on() -> None:
    """Neither has looked for what the other found: the next call does, and then one is enough."""
    anchor = Anchor()
    anchor.known().answered(same=True, position=3, digests=[b"three"])
    one, other = anchor.known(), anchor.known()
    other.answered(same=True, position=5, digests=[b"five"])
    one.answered(same=True, position=4, digests=[b"four"])
    both = anchor.known()
    assert both.events == {(4, b"four"), (5, b"five")}
    late = anchor.known()
    both.answered(same=False, position=9, digests=[b"nine"])
    assert (anchor.era, anchor.known().events) == (1, frozenset())
    late.answered(same=True, position=6, digests=[b"six"])  # of the log that is gone
    late.answered(same=False, position=6, digests=[])
    assert (anchor.era, anchor.known().events) == (1, frozenset())
    one, other = anchor.known(), anchor.known()
    one.answered(same=True, position=7, digests=[b"here"])
    other.answered(same=True, position=7, digests=[b"there"])  # sent again, to another log
    assert anchor.known().events == {(7, b"here"), (7, b"there")}  # which no log has both of


def test_those_who_share_one_thing_queue_for_it_whatever_else_they_are_about(place: Place) -> None:
    """Thirty clients for one mentor: each boundary is another one, and nobody loses twelve races."""

    async def promise() -> None:
        async with place.log() as log:
            await nominate(log, 1, room=30)
            executor = Executor(log)
            answers = await asyncio.gather(*(answer_of(executor, assignment(1, client)) for client in range(40)))
            assert sum(answer == str(MentorIsFull("mentor:1", 30, 30)) for answer in answers) == 10
            assert sum(isinstance(answer, tuple) for answer in answers) == 30
            assert executor.hot == 0

    asyncio.run(promise())


# --- the memory itself --------------------------------------------------------------------------------------------------------
def history(head: int, *positions: int) -> History:
    """Capacities of one mentor, at these positions."""

    async def made() -> History:
        log = empty_log()
        for position in range(1, head + 1):
            await log.append(decision(capacity(1 if position in positions else 2, position)))
        return await log.look(ABOUT_ONE)

    return asyncio.run(made())


ABOUT_ONE: Boundary = (facts(MentorCapacitySet, about="mentor:1"),)


def test_what_is_older_does_not_replace_what_is_newer() -> None:
    """Two who looked may come back in another order."""
    memory = Memory()
    memory.of(ABOUT_ONE, 0)
    memory.learn(ABOUT_ONE, history(5, 2, 4), 0)
    memory.learn(ABOUT_ONE, history(3, 2), 0)
    known = memory.of(ABOUT_ONE, 0)
    assert known is not None
    assert known.after == (5,)
    assert len(known.events) == 2


def test_what_belongs_to_another_era_is_neither_given_nor_kept() -> None:
    memory = Memory()
    memory.of(ABOUT_ONE, 0)
    memory.learn(ABOUT_ONE, history(5, 2, 4), 0)
    later = memory.of(ABOUT_ONE, 1)
    assert later is not None
    assert (later.events, later.after) == ((), (0,))
    memory.learn(ABOUT_ONE, history(5, 2, 4), 0)  # looked before, came back after
    assert len(memory) == 0


def test_too_much_is_looked_at_every_time() -> None:
    async def promise() -> None:
        log = Counted(empty_log())
        for n in range(-(-EVENTS_EACH_MAX // 50) + 1):
            await log.append(decision(*(e(1, 50 * n + m) for m in range(25) for e in (assigned, released))))
        await nominate(log, 1)
        executor, _ = executor_on(log), log.since()
        for client in range(2):
            await executor.execute(assignment(1, 9_000 + client))
            assert log.since() == {"look": 1, "append": 1}
        assert len(executor.memory) < 10

    asyncio.run(promise())


def test_of_more_than_there_is_room_for_what_was_used_last_stays() -> None:
    async def promise() -> None:
        log = Counted(empty_log())
        await nominate(log, *range(1, 9), room=99)
        executor = executor_on(log, remembers=40)
        for client in range(8):
            await executor.execute(assignment(1 + client, client))
            await executor.execute(assignment(1, 100 + client))
        assert len(executor.memory) <= 40
        log.since()
        await executor.execute(assignment(1, 200))
        assert log.since() == {"append": 1}
        await executor.execute(assignment(2, 201))
        assert log.since() == {"look": 1, "append": 1}

    asyncio.run(promise())
