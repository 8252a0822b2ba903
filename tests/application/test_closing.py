"""A period closes when nothing can be recorded before its end any more: later nobody's delivery falls into a closed month."""

import asyncio
from datetime import datetime, timedelta

import pytest

from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog, MemoryMarks
from application.desk import SETTLED_AFTER, SHARING, Asker, Desk
from application.ports import Outcome
from domain.calendar import end_of
from domain.changing import replace
from domain.settlement.close_period import NotSettled
from tests.log.decisions import NINE, capacity, decision, founded

MARCH = "2019-03"
END = end_of(MARCH)
COORDINATOR = Asker(actor="person:c-1", role="coordinator")
SECOND = timedelta(seconds=1)


def closing(
    at: datetime, *, database: datetime | None = None, recorded: datetime | None = None, constructed: bool = False
) -> Outcome:
    """What becomes of closing March `at` a process's time, the database's being another, after something was recorded."""

    async def play() -> Outcome:
        now = [NINE]
        log = MemoryLog("/networks/t", SeededEntropy(1), lambda: now[0])
        marks = MemoryMarks()
        await log.append(decision(replace(founded(constructed=constructed), first_period=MARCH), at=NINE))
        if recorded:
            now[0] = recorded
            await log.append(decision(capacity(), at=recorded))
        now[0] = database or at
        await marks.advance(SHARING, old=0, new=(await log.head()).position)
        desk = Desk(log, marks, lambda: at, SeededEntropy(2))
        when = at if constructed else None
        return await desk.carry_out("close-period", {"period": MARCH}, COORDINATOR, at=when)

    return asyncio.run(play())


def test_within_the_hour_after_its_end_a_clock_alone_is_not_believed() -> None:
    for at in (END, END + SECOND, END + SETTLED_AFTER - SECOND):
        with pytest.raises(NotSettled, match=MARCH):
            closing(at)


def test_a_process_ahead_of_the_database_cannot_close_what_is_not_over_there() -> None:
    with pytest.raises(NotSettled, match=MARCH):
        closing(END + SECOND, database=END - SECOND)


def test_an_hour_after_its_end_it_closes_though_nothing_happened_since() -> None:
    assert closing(END + SETTLED_AFTER).position == 2


def test_it_closes_at_once_when_something_was_recorded_after_its_end() -> None:
    assert closing(END + SECOND, recorded=END).position == 3


def test_what_was_recorded_just_before_its_end_proves_nothing() -> None:
    with pytest.raises(NotSettled, match=MARCH):
        closing(END + SECOND, recorded=END - timedelta(microseconds=1))


def test_a_constructed_network_is_played_by_one_hand() -> None:
    assert closing(END, constructed=True).position == 2
