"""Three ways to run a projection give one result."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from adapters.postgres.differences import Difference, Sample
from adapters.postgres.follower import Follower
from adapters.postgres.read_tables import ReadTables, live_schema
from adapters.postgres.rebuild import RebuildRuns, rebuild
from application.ports import OutOfStep
from projections.registry import all_projections
from projections.rows import At, Key, Latest, Projection, Row, each
from tests.projections.same import Ground, Listed, assert_same, follow, in_memory, read, read_live
from tests.projections.torture import Cell, Op, cell, log_of, ops, parking, poison, torture


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    history=st.lists(ops, min_size=1, max_size=25),
    cuts=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    crashes=st.lists(st.integers(0, 3), max_size=4),
    keep=st.sampled_from([0, 1, 2, 100]),
    every=st.sampled_from([1, 3, 9]),
)
def test_live_rebuilt_and_in_memory_are_the_same(
    ground: Ground, history: list[Op], cuts: list[int], crashes: list[int], keep: int, every: int
) -> None:
    """Whatever the slices, wherever the process dies before its commit, however little it may remember."""
    assert_same(ground, torture, log_of(*history), cuts=cuts, crashes=crashes, keep=keep, every=every)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    history=st.lists(ops | poison, min_size=1, max_size=15),
    cuts=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    crashes=st.lists(st.integers(0, 3), max_size=2),
    every=st.sampled_from([1, 5]),
)
def test_what_is_parked_leaves_no_trace_in_the_rows(
    ground: Ground, history: list[Op], cuts: list[int], crashes: list[int], every: int
) -> None:
    assert_same(ground, parking, log_of(*history), cuts=cuts, crashes=crashes, every=every)


def test_every_column_comes_back_exactly(ground: Ground) -> None:
    events = log_of(Op(do="put", k=1, v=7), Op(do="inc", k=2, v=3), Op(do="chase", k=1, v=2), Op(do="inc", k=1, v=1))
    assert_same(ground, torture, events)
    live = asyncio.run(read_live(ground, torture))
    moment = live[Cell][0].__getattribute__("moment")
    assert moment.tzinfo is not None
    assert repr(live) == repr(read(torture, in_memory(torture, events)))


def test_nothing_is_the_same_too(ground: Ground) -> None:
    assert_same(ground, torture, [])


def test_of_two_followers_the_slower_is_told(ground: Ground) -> None:
    """Also when what the faster one stored is in the way of what the slower one wants to store."""
    events = log_of(Op(do="chase", k=0, v=2), Op(do="inc", k=0, v=1), Op(do="inc", k=1, v=1))

    async def race() -> None:
        tables = ReadTables(torture, live_schema(ground.network))
        async with ground.connection() as one, ground.connection() as two:
            await tables.create(one)
            faster, slower = await Follower.open(tables, one), await Follower.open(tables, two)
            part = await Listed(events, [2]).after(0)
            assert part
            await faster.advance(part)
            with pytest.raises(OutOfStep, match=r"Projection torture in .* was moved from position 0 by another"):
                await slower.advance(part)
            await follow(tables, two, Listed(events))
        assert await read_live(ground, torture) == read(torture, in_memory(torture, events))

    asyncio.run(race())


def test_a_rebuild_tells_what_came_out_differently(ground: Ground) -> None:
    """A row changed by hand, one deleted and one invented: counted, shown, and gone after the swap."""
    events = log_of(*(Op(do="inc", k=k, v=1) for k in range(3)))

    async def tamper() -> None:
        tables = ReadTables(torture, live_schema(ground.network))
        async with ground.connection() as connection:
            await tables.create(connection)
            await follow(tables, connection, Listed(events))
            for change in (
                'update {} set "select" = 77 where "user" = 0',
                'delete from {} where "user" = 1',
                'update {} set "user" = 9 where "user" = 2',
            ):
                await connection.execute(sql.SQL(change).format(tables.table(Cell)))
            rebuilt = await rebuild(torture, connection=connection, network=ground.network, source=Listed(events))
            again = await rebuild(torture, connection=connection, network=ground.network, source=Listed(events))
        (found,) = rebuilt.differences
        assert (found.table, found.only_old, found.only_new, found.different) == ("torture_cell", 1, 2, 1)
        assert [(s.old and s.old["select"], s.new and s.new["select"]) for s in found.samples] == [
            (77, 2),
            (None, 2),
            (None, 2),
            (2, None),
        ]
        assert again.differences == ()
        assert await read_live(ground, torture) == read(torture, in_memory(torture, events))

    asyncio.run(tamper())


def test_columns_may_have_any_name(ground: Ground) -> None:
    """Also those by which the comparison calls the old and the new one."""

    class Named(Row, frozen=True):
        n: Key[int]
        o: int = 0

    @each
    def fold(_: Latest, event: Op, at: At) -> Iterator[Named]:
        yield Named(at.position, event.v)

    named = Projection("named", fold, (Named,), frozenset({Op}))
    events = log_of(Op(do="inc", k=1, v=7), Op(do="inc", k=1, v=8))

    async def tamper() -> None:
        tables = ReadTables(named, live_schema(ground.network))
        async with ground.connection() as connection:
            await tables.create(connection)
            await follow(tables, connection, Listed(events))
            await connection.execute(sql.SQL("update {} set o = 9 where n = 2").format(tables.table(Named)))
            rebuilt = await rebuild(named, connection=connection, network=ground.network, source=Listed(events))
        assert rebuilt.differences == (
            Difference("named_named", 0, 0, 1, samples=(Sample({"n": 2, "o": 9}, {"n": 2, "o": 8}),)),
        )

    asyncio.run(tamper())


@pytest.mark.parametrize("rebuilt_to", [20, 30])
def test_a_rebuild_overtakes_a_live_one_that_moves(ground: Ground, rebuilt_to: int) -> None:
    """The follower of the old generation is told, even where both stand at one position, and starts again."""
    events = log_of(*(Op(do="inc", k=n % 4, v=n % 9) for n in range(60)))

    async def overtake() -> None:
        tables = ReadTables(torture, live_schema(ground.network))
        async with ground.connection() as one, ground.connection() as two:
            await tables.create(one)
            live = await Follower.open(tables, one)
            source = Listed(events, [5])
            for _ in range(4):
                part = await source.after(live.reached)
                assert part
                await live.advance(part)
            rebuilt = await rebuild(
                torture, connection=two, network=ground.network, source=Listed(events[:rebuilt_to], [5])
            )
            assert (rebuilt.compared_at, rebuilt.position, rebuilt.differences) == (20, rebuilt_to, ())
            part = await source.after(live.reached)
            assert part
            with pytest.raises(OutOfStep):
                await live.advance(part)
            await follow(tables, one, source)
        assert await read_live(ground, torture) == read(torture, in_memory(torture, events))

    asyncio.run(overtake())


def test_one_rebuild_of_a_projection_at_a_time(ground: Ground) -> None:
    class Slow(Listed):
        async def after(self, position: int) -> None:
            assert position == 0
            async with ground.connection() as other:
                with pytest.raises(RebuildRuns, match="Projection torture is being rebuilt already"):
                    await rebuild(torture, connection=other, network=ground.network, source=Listed([]))

    async def twice() -> None:
        async with ground.connection() as connection:
            await ReadTables(torture, live_schema(ground.network)).create(connection)
            await rebuild(torture, connection=connection, network=ground.network, source=Slow([]))

    asyncio.run(twice())


def test_an_equal_key_of_another_side_is_another_row() -> None:
    assert cell(1) != cell(1, "b")


def test_projections_are_found_and_named_once() -> None:
    names = [projection.name for projection in all_projections()]
    assert names == sorted(set(names))
    for projection in all_projections():
        ReadTables(projection, "somewhere")
