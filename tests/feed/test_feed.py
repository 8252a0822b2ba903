"""What a reader gets of the log: all they may see and want, in order, as exact bytes, and how far was looked."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.clock import system_clock
from adapters.entropy import SeededEntropy
from adapters.memory.log import MemoryLog
from application import feed as feeding
from application import tail
from application.desk import Asker
from application.door import Malformed
from application.entry import Entry
from application.envelope import decode
from application.feed import Feed, Line, Reader, Wish, wish_of
from application.ports import Log, Unavailable
from application.visibility import may_see
from domain.kernel import tags_of
from tests.log.conftest import SOURCE, OpenStores
from tests.log.decisions import assigned, capacity, decision, founded, released
from tests.log.test_log_contract import run

COORDINATOR = Asker(actor="person:1", role="coordinator")
XAMK = Asker(actor="person:2", role="partner", organisation="org:xamk")
EKAMI = Asker(actor="person:3", role="subscriber", organisation="org:ekami")
NOBODY = Asker(actor="person:4", role="funder")
WISHES = (
    Wish(),
    wish_of("tasma.mentoring.mentee_assigned.v1", None),
    wish_of("tasma.mentoring.*", "mentor:1,client:2"),
    wish_of(None, "client:3"),
)
MANY = [assigned(1, 1), capacity(1), released(2, 2), founded(constructed=False), assigned(2, 3), released(1, 3)]


async def fill(log: Log, numbers: Sequence[int]) -> None:
    for number in numbers:
        await log.append(decision(MANY[number]))


async def everything(feed: Feed, reader: Reader, *, limit: int, after: int = 0) -> tuple[list[Line], int]:
    """Portion after portion to the end of the log."""
    lines = list[Line]()
    while (portion := await feed.portion(reader, after, limit=limit)).looked > after:
        assert len(portion.lines) <= limit
        assert all(after < line.position <= portion.looked for line in portion.lines)
        lines += portion.lines
        after = portion.looked
    return lines, after


async def expected(log: Log, asker: Asker, wish: Wish) -> list[Line]:
    found = []
    for position in range(1, (await log.head()).position + 1):
        body = await log.body(position)
        assert body is not None
        recorded = decode(body)
        if (
            may_see(asker, recorded)
            and (not wish.types or recorded.type in wish.types)
            and (not wish.about or wish.about & set(tags_of(recorded.data)))
        ):
            found.append(Line(position, body))
    return found


@pytest.mark.parametrize("asker", [COORDINATOR, XAMK, EKAMI, NOBODY])
@settings(deadline=None, max_examples=30)
@given(
    numbers=st.lists(st.integers(0, len(MANY) - 1), min_size=1, max_size=600),
    wish=st.sampled_from(WISHES),
    limit=st.integers(1, 300),
    waits=st.booleans(),
    kept=st.sampled_from([1, 7, 4_096]),
)
def test_portions_are_all_that_a_reader_may_see_and_wants(
    asker: Asker, numbers: list[int], wish: Wish, limit: int, kept: int, *, waits: bool
) -> None:
    """From pages, rows and the tail alike, however they are cut."""

    async def promise() -> None:
        log = MemoryLog(SOURCE, SeededEntropy(1), system_clock)
        half = len(numbers) // 2
        await fill(log, numbers[:half])
        async with Feed(log) as feed:
            reader = Reader(asker, wish)
            if waits:
                await feed.wait(-1, 1)
            await fill(log, numbers[half:])
            if waits:
                assert await feed.wait(len(numbers) - 1, 5)
            lines, looked = await everything(feed, reader, limit=limit)
            assert looked == len(numbers)
            assert lines == await expected(log, asker, wish)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tail, "KEPT_EVENTS", kept)
        patch.setattr(feeding, "ROWS", 50)
        asyncio.run(promise())


def test_the_same_from_any_log(opened: OpenStores) -> None:
    async def promise(log: Log) -> None:
        await fill(log, [n % len(MANY) for n in range(40)])
        async with Feed(log) as feed:
            for wish in WISHES:
                lines, looked = await everything(feed, Reader(XAMK, wish), limit=7)
                assert (lines, looked) == (await expected(log, XAMK, wish), 40)
            waiting = asyncio.create_task(feed.wait(40, 20))
            await asyncio.sleep(0.05)
            await log.append(decision(capacity(1)))
            assert await waiting
            portion = await feed.portion(Reader(COORDINATOR, Wish()), 40, limit=9)
            assert portion.lines == (Line(41, await log.body(41) or b""),)
            assert not await feed.wait(41, 0.05)

    run(opened, promise)


def test_who_looks_far_for_little_is_told_how_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "LOOK_MAX", 300)

    async def promise() -> None:
        log = MemoryLog(SOURCE, SeededEntropy(1), system_clock)
        await fill(log, [1] * 1_500 + [0])
        async with Feed(log) as feed:
            reader = Reader(COORDINATOR, wish_of("tasma.mentoring.mentee_assigned.v1", None))
            first = await feed.portion(reader, 0, limit=10)
            assert first.lines == ()
            assert 300 <= first.looked < 1_500
            assert [line.position for line in (await everything(feed, reader, limit=10))[0]] == [1_501]

    asyncio.run(promise())


@pytest.mark.parametrize(
    "body",
    [
        b'{"sequence":"00000000000000000007","type":"tasma.new.v9","data":{}}',
        b'{"sequence":"\xff"',
        b'{"zz":' + b"[" * 200_000,
    ],
    ids=["of a newer version", "no text", "nested without end"],
)
def test_an_event_that_cannot_be_read_stops_who_may_not_see_everything(body: bytes) -> None:
    """Passing over it would say that it concerns somebody else."""
    unknown = Entry(7, body)
    assert Reader(COORDINATOR, Wish()).admits(unknown)
    for reader in (Reader(XAMK, Wish()), Reader(COORDINATOR, WISHES[1])):
        with pytest.raises(Unavailable, match=r"^The event at 7 cannot be read here"):
            reader.admits(unknown)


@pytest.mark.parametrize(
    "types", ["", "tasma.mentoring", "mentoring.*", "*", "tasma.*x", "tasma.mentoring.*,", "a\x00b"]
)
def test_a_type_that_no_event_has_is_refused(types: str) -> None:
    with pytest.raises(Malformed):
        wish_of(types, None)


def test_readers_who_get_the_same_have_the_same_key() -> None:
    one, other = (Asker(actor=f"person:{n}", role="partner", organisation="org:xamk") for n in (1, 2))
    assert Reader(one, WISHES[1]).key == Reader(other, WISHES[1]).key
    assert len({Reader(asker, wish).key for asker in (COORDINATOR, XAMK, EKAMI) for wish in WISHES}) == 12
