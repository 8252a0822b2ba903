"""Sealed pages give what rows give: the same facts at the same positions, the same decisions, whatever lies in between."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.entropy import SeededEntropy, SystemEntropy
from adapters.memory.log import MemoryLog
from adapters.memory.views import MemoryViews
from adapters.postgres import database
from adapters.postgres.database import statement
from adapters.postgres.leader import Leader
from adapters.postgres.log import PostgresLog
from adapters.postgres.page_store import packed
from adapters.postgres.read_tables import ReadTables, live_schema
from adapters.postgres.rebuild import rebuild
from adapters.postgres.views import Views
from adapters.projecting.pages import PageSlices
from adapters.projecting.slices import Facts, LogSlices, Source, Unreadable
from application.envelope import PAGE_EVENTS, Recorded
from application.ports import Decision, Log
from domain.kernel import Asked, Event
from domain.mentoring.events import MentorCapacitySet, MentorNominated
from projections.rows import Projection, Rows
from tests.projections.mentors import FACTS, MENTOR, START, CapacityChange, append_all, fold_mended, halting
from tests.projections.same import Ground, read

EVERY = (MentorCapacitySet, MentorNominated)
TAMPERED = (
    (b"capacity_set.v1", b"capacity_cut.v1"),  # a type nobody knows
    (b'"capacity":', b'"capacity":"x","was":'),
    (b'"languages":', b'"languages":7,"was":'),
    (b'"nonce":"', b'"nonce":8,"was":"'),  # an attribute, whatever the type
)


class Log256(MemoryLog):
    """A log whose pages end where it is told, or of which one is torn."""

    missing: int | None = None
    torn: int | None = None

    async def pages(self, first: int, *, limit: int) -> Sequence[bytes]:
        found = list(await super().pages(first, limit=limit))
        if self.missing is not None and self.missing >= first:
            found = found[: self.missing - first]
        if self.torn is not None and 0 <= self.torn - first < len(found):
            found[self.torn - first] = found[self.torn - first][:-100]
        return found

    def tamper(self, position: int, old: bytes, new: bytes) -> None:
        """Change an event in a way that no honest process can."""
        kept = self._kept[position - 1]
        body = kept.body.replace(old, new)
        self._kept[position - 1] = type(kept)(type=kept.type, tags=kept.tags, time=kept.time, body=body)


def new_log() -> Log256:
    return Log256("/networks/test", SeededEntropy(1), lambda: START)


async def append_mixed(log: Log, sizes: Sequence[int]) -> list[int]:
    """Decisions of these sizes, of both types in turn; gives where each of them ends."""
    ends = list[int]()
    for number, size in enumerate(sizes, 1):
        asked = Asked(
            at=START + timedelta(milliseconds=number), actor="p:1", role="coordinator", command_id=UUID(int=number)
        )
        events = tuple(
            MentorCapacitySet(
                mentor=MENTOR.format(n % 10), organisation="org:xamk", capacity=n, set_on=date(2019, 3, 5)
            )
            if (number + n) % 2
            else MentorNominated(
                mentor=MENTOR.format(n % 10), organisation="org:xamk", languages=("fi",), nominated_on=date(2019, 3, 5)
            )
            for n in range(size)
        )
        ends.append((await log.append(Decision(events, asked, bytes(32), unless=(), after=()))).position)
    return ends


async def whole(source: Source, wanted: frozenset[type[Event]], after: int = 0) -> tuple[Facts, list[int]]:
    """Everything a source gives, and where the decisions end."""
    facts, ends = list[tuple[object, object]](), list[int]()
    position = after
    while part := await source.after(position):
        assert part.to == part.ends[-1] > position
        facts += part.about(wanted)
        ends += part.ends
        position = part.to
    return facts, ends  # type: ignore[return-value]  # gathered as anything


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 64), min_size=8, max_size=40),
    wanted=st.sets(st.sampled_from(EVERY)),
    tampered=st.lists(st.tuples(st.floats(0, 1), st.sampled_from(TAMPERED)), max_size=4),
    missing=st.none() | st.integers(0, 4),
    torn=st.none() | st.integers(0, 4),
    pages=st.integers(1, 3),
    rows=st.integers(65, 400),
    start=st.integers(0, 40),
)
def test_pages_give_what_rows_give(
    sizes: list[int],
    wanted: set[type[Event]],
    tampered: list[tuple[float, tuple[bytes, bytes]]],
    missing: int | None,
    torn: int | None,
    pages: int,
    rows: int,
    start: int,
) -> None:
    """Also of events that cannot be read, of any types, from any decision on, and where a page is missing or torn."""

    async def scenario() -> None:
        log = new_log()
        ends = await append_mixed(log, sizes)
        for place, change in tampered:
            log.tamper(1 + round(place * (ends[-1] - 1)), *change)
        log.missing, log.torn = missing, torn
        types, after = frozenset(wanted), ends[start] if start < len(ends) else 0
        source = PageSlices(log, types, pages=pages, rows=rows)
        found = await whole(source, types, after)
        assert found == await whole(LogSlices(log), types, after)
        assert found[1] == [end for end in ends if end > after]

    asyncio.run(scenario())


def test_of_what_is_not_wanted_nothing_is_decoded() -> None:
    """That is what pages are fast by: an event of another type may hold anything and is passed over."""

    async def scenario() -> None:
        log = new_log()
        await append_mixed(log, [64] * 5)
        position = 2 if b"nominated.v1" in (await log.body(2) or b"") else 1
        log.tamper(position, b'"languages":', b'"languages":7,"was":')
        part = await PageSlices(log, frozenset({MentorCapacitySet})).after(0)
        assert part
        assert {type(fact) for _, fact in part.facts} == {MentorCapacitySet}
        part = await PageSlices(log, frozenset({MentorNominated})).after(0)
        assert part
        assert [at.position for at, fact in part.facts if isinstance(fact, Unreadable)] == [position]

    asyncio.run(scenario())


def test_each_page_is_read_once() -> None:
    """A slice ends before a decision that may go on; the page it ends in is not fetched for the rest of it again."""
    asked: list[tuple[int, int]] = []

    class Counted(Log256):
        async def pages(self, first: int, *, limit: int) -> Sequence[bytes]:
            asked.append((first, limit))
            return await super().pages(first, limit=limit)

        async def read(self, after: int, *, limit: int) -> Sequence[Recorded]:
            assert after >= 4 * PAGE_EVENTS - 64
            return await super().read(after, limit=limit)

    async def scenario() -> None:
        log = Counted("/networks/test", SeededEntropy(1), lambda: START)
        await append_mixed(log, [60] * 18)
        await whole(PageSlices(log, FACTS, pages=2), FACTS)
        assert asked[:3] == [(0, 2), (2, 2), (4, 2)]

    asyncio.run(scenario())


mended = Projection("mentors", fold_mended, halting.tables, FACTS)


def test_as_of_on_both_sides_of_the_edge_of_a_page(ground: Ground) -> None:
    """Before, at and after the last event of a page, inside decisions and at their ends: what a fold of the rows gives."""

    async def scenario() -> None:
        log = new_log()
        await append_all(log, [range(1, 10)] * 60)
        views, in_memory = Views(connect=ground.connection, network=ground.network, log=log), MemoryViews(log)
        for position in (1, 254, 255, 256, 257, 258, 511, 512, 513, 540):
            rows = await LogSlices(log, events=1_000).after(0)
            assert rows
            expected = [at.position for at, _ in rows.facts if at.position <= position]
            memory = await views.fold(mended, position)
            assert memory.position == position
            assert [change.position for change in memory.under(CapacityChange)] == expected

            def everything(rows: Rows) -> object:
                return read(mended, rows)

            answer = await in_memory.ask(mended, everything, as_of=position)
            assert answer.value == everything(memory)

    asyncio.run(scenario())


def test_rebuilt_from_pages_is_what_was_followed_live(ground: Ground) -> None:
    """And what comes after the last page, and during the rebuild, is taken from rows."""

    async def scenario() -> None:
        log = new_log()
        async with ground.connection() as connection:
            await ReadTables(mended, live_schema(ground.network)).create(connection)
            await append_all(log, [range(1, 10)] * 200)
            leader = Leader(dsn=ground.server.app_dsn, network=ground.network, log=log, projections=[mended])
            assert await leader.catch_up_once() == 1_800
            for keep in 0, 100_000:
                rebuilt = await rebuild(
                    mended,
                    connection=connection,
                    network=ground.network,
                    source=PageSlices(log, FACTS, pages=2),
                    keep=keep,
                    every=300,
                )
                assert (rebuilt.differences, rebuilt.compared_at, rebuilt.position) == ((), 1_800, 1_800)
                assert (rebuilt.swapped, rebuilt.fault) == (True, None)
            views = Views(connect=ground.connection, network=ground.network, log=log)
            live = await views.ask(mended, lambda rows: read(mended, rows))
            assert live.value == read(mended, await views.fold(mended, 1_800))

    asyncio.run(scenario())


@pytest.mark.parametrize("damaged", [False, True])
def test_pages_in_postgresql_are_read_and_a_damaged_one_is_not(ground: Ground, *, damaged: bool) -> None:
    async def scenario() -> None:
        async with (
            database.connect(ground.server.app_dsn) as pool,
            PostgresLog(pool, ground.network, "/networks/test", SystemEntropy()) as log,
        ):
            head = (await log.head()).position
            for number in range(head * 1_000, head * 1_000 + 60):
                await append_all(log, [range(1, 10)], first=number)
            (rows,) = [await whole(LogSlices(log), FACTS)]
            bodies = [await log.body(position) or b"" for position in range(1, 2 * PAGE_EVENTS + 1)]
            insert = statement("insert into {schema}.page (n, body) values (%s, %s)", ground.network)
            async with pool.connection() as connection:
                await connection.execute(statement("delete from {schema}.page", ground.network))
                for n in range(2):
                    page = packed(b"".join(body + b"\n" for body in bodies[n * PAGE_EVENTS : (n + 1) * PAGE_EVENTS]))
                    await connection.execute(insert, (n, page[:-3] + b"\0\0\0" if damaged and n else page))
            assert len(await log.pages(0, limit=9)) == (1 if damaged else 2)
            assert await whole(PageSlices(log, FACTS), FACTS) == rows

    asyncio.run(scenario())
