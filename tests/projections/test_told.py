"""What a row need not repeat: the events that it names are looked up in the log, live, as of a position and in memory alike."""

import asyncio
import threading
from functools import partial
from itertools import pairwise

import msgspec
import psycopg
import pytest
from psycopg import sql

from adapters.bench.year import year_log
from adapters.entropy import SystemEntropy
from adapters.postgres import database
from adapters.postgres.bench.loader import load
from adapters.postgres.leader import Leader
from adapters.postgres.log import PostgresLog
from adapters.postgres.views import Views
from adapters.projecting.memory import Memory
from adapters.projecting.pages import PageSlices
from adapters.projecting.slices import Facts
from adapters.projecting.working import Poison
from domain.changing import replace
from domain.revenue.events import RevenueShared
from projections.rows import At, Rows, Told
from projections.statement import Account, account_of
from projections.statement_books import SHEET_STRETCHES
from projections.statement_facts import Shared
from projections.statement_rows import Balance, LastSheet, Sheet
from projections.statements import statements
from tests.bench.conftest import quiet
from tests.domain.story import shared
from tests.examples.memory_stage import played
from tests.projections.mentors import START
from tests.projections.same import Ground, assert_same, in_memory

COPIES = 2


def posted(position: int, period: str = "2019-03") -> tuple[At, RevenueShared]:
    """An amount of 400.00 that was divided, under an entry of its own."""
    divided = shared().history[-1]
    assert isinstance(divided, RevenueShared)
    return At(position, START), replace(divided, entry=f"entry:{position}", period=period)


async def year_of_many(ground: Ground) -> int:
    """Fill the log with the example's year, which happened to many; give its head."""
    stage, _ = await played(3)
    head = (await stage.log.head()).position
    bodies = [await stage.log.body(position) or b"" for position in range(1, head + 1)]
    rows = year_log(bodies, COPIES, 1)
    fill = partial(load, ground.server.admin_dsn, ground.network, rows, threading.Event(), constructed=True, say=quiet)
    return await asyncio.to_thread(fill)


def accounts(rows: Rows) -> list[Account | None]:
    """Every statement there is, line by line."""
    return [account_of(rows, balance.partner, balance.period) for balance in rows.under(Balance)]


def test_a_statement_reads_the_same_live_as_of_a_position_and_in_memory(ground: Ground) -> None:
    """Corrections too, whose original stands in another period; and sheets that are full are read with the last one."""

    async def scenario() -> None:
        head = await year_of_many(ground)
        async with (
            database.connect(ground.server.app_dsn) as pool,
            PostgresLog(pool, ground.network, "/networks/test", SystemEntropy()) as log,
        ):
            leader = Leader(dsn=ground.server.app_dsn, network=ground.network, log=log, projections=[statements])
            assert await leader.catch_up_once() == head
            memory = Memory(statements)
            source = PageSlices(log, statements.facts, statements.readings)
            while part := await source.after(memory.position):
                memory.advance(part.about(statements.facts), part.to)
            views = Views(connect=ground.connection, network=ground.network, log=log)
            expected = accounts(memory)
            assert (await views.ask(statements, accounts)).value == expected
            assert any(line.corrects for account in expected if account for line in account.lines)
            assert max(sheet.n for sheet in memory.under(Sheet)) > 1
            before = await views.ask(statements, accounts, as_of=head - 1_000)
            assert before.value == accounts(await views.fold(statements, head - 1_000)) != expected

            with psycopg.connect(ground.server.admin_dsn, autocommit=True) as connection:
                event = sql.Identifier(ground.network, "event")
                gone = memory.under(LastSheet)[-1].stretches[-1].position
                connection.execute(sql.SQL("alter table {} disable trigger user").format(event))
                connection.execute(sql.SQL("delete from {} where position = %s").format(event), (gone,))
            with pytest.raises(LookupError, match=f"The log has no posting at position {gone}, where the line"):
                await views.ask(statements, accounts)

    asyncio.run(scenario())


@pytest.mark.parametrize(("cuts", "keep"), [((90,), 10**6), ((7, 40, 1), 0)])
def test_sheets_are_cut_alike_however_the_log_is_cut(ground: Ground, cuts: tuple[int, ...], keep: int) -> None:
    events = [posted(n, period=("2019-03", "2019-04")[n % 5 == 0]) for n in range(1, 3 * SHEET_STRETCHES + 9)]
    assert_same(ground, statements, events, cuts=cuts, keep=keep)
    rows = in_memory(statements, events)
    assert len(rows.under(Sheet)) >= len(rows.under(LastSheet)) > 1
    for last in rows.under(LastSheet):
        full = rows.under(Sheet, last.partner, last.period)
        assert [sheet.n for sheet in full] == list(range(1, last.n))
        assert all(len(sheet.stretches) == SHEET_STRETCHES for sheet in full)
        assert len(last.stretches) < SHEET_STRETCHES
        stretches = [*(stretch for sheet in full for stretch in sheet.stretches), *last.stretches]
        assert all(one.position < other.position and one.first < other.first for one, other in pairwise(stretches))


def test_of_a_slice_the_posting_that_does_not_add_up_is_named() -> None:
    """The sums are entered at the end of a slice; what fails is still the fact that failed."""
    facts: Facts = [
        (at, msgspec.json.decode(msgspec.json.encode(event), type=Shared)) for at, event in map(posted, (3, 4, 5))
    ]
    at, whole = facts[1]
    assert isinstance(whole, Shared)
    facts[1] = at, replace(whole, amount_cents=1)
    memory = Memory(statements)
    with pytest.raises(Poison, match=r"cannot take in tasma\.revenue\.shared\.v2 at position 4: ValueError\."):
        memory.advance(facts, 5)
    assert (memory.position, memory.under(Balance), memory.told(3)) == (0, [], None)
    memory.advance(facts[:1], 3)
    assert memory.told(3) == Told(*facts[0])
    assert memory.told(4) is None
