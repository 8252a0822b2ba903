"""A year that happened to many: money adds up in it, and the stock library's read model comes to the same statements."""

import asyncio
import threading
from collections import Counter
from typing import Any

import psycopg
import pytest
from psycopg import sql

from adapters.bench.year import OFTEN, copies_for, year_log
from adapters.entropy import SeededEntropy
from adapters.postgres.bench.copies import Rows
from adapters.postgres.bench.loader import load
from adapters.postgres.bench.room import room
from adapters.postgres.bench.stock_statements import run_stock
from adapters.postgres.database import connect
from adapters.postgres.log import PostgresLog
from adapters.postgres.migrate import migrate
from adapters.projecting.memory import Memory
from adapters.settings import Settings
from adapters.wiring import APP_ROLE
from application.envelope import Recorded, decode
from projections.rows import At
from projections.statements import statements
from tests.bench.conftest import quiet
from tests.examples.memory_stage import MemoryStage, played
from tests.invariants.promises import check_mentors, check_money, every_line

COPIES = 3


@pytest.fixture(scope="module")
def bodies() -> list[bytes]:
    async def run() -> list[bytes]:
        stage, _ = await played(2019)
        return await all_of(stage)

    return asyncio.run(run())


async def all_of(stage: MemoryStage) -> list[bytes]:
    head = (await stage.log.head()).position
    return [await stage.log.body(position) or b"" for position in range(1, head + 1)]


def folded(events: list[Recorded]) -> Memory:
    memory = Memory(statements)
    memory.advance([(At(r.position, r.time), r.data) for r in events if type(r.data) in statements.facts], len(events))
    return memory


def test_a_long_log_is_the_year_with_more_people_in_it(bench_settings: Settings, bodies: list[bytes]) -> None:
    """What happens often is there as often as there are copies, everything else once; money and mentors keep their rules."""

    async def run() -> list[Recorded]:
        async with room(bench_settings) as place:
            network = place.schema()
            await migrate(place.admin_dsn, network, APP_ROLE)
            rows = year_log(bodies, COPIES, 1)
            stop = threading.Event()
            head = await asyncio.to_thread(
                lambda: load(place.admin_dsn, network, rows, stop, constructed=True, say=quiet)
            )
            async with (
                connect(place.app_dsn) as database,
                PostgresLog(database, network, "/networks/t", SeededEntropy(1)) as log,
            ):
                assert (await log.head()).constructed
                events = list(await log.read(0, limit=head + 1))
                assert len(events) == head
                return events

    events = asyncio.run(run())
    once, often = Counter(decode(body).type for body in bodies), Counter(r.type for r in events)
    assert often == {name: n * (COPIES if name.startswith(OFTEN) else 1) for name, n in once.items()}
    assert [r.position for r in events] == list(range(1, len(events) + 1))
    check_money(events)
    check_mentors(events)
    lines = every_line(folded([decode(body) for body in bodies]))
    assert len(every_line(folded(events))) == COPIES * len(lines)


def test_so_many_copies_are_made_as_the_events_wanted_take(bodies: list[bytes]) -> None:
    def length(rows: list[Rows]) -> int:
        return sum(each.events for each in rows)

    for wanted in (1, len(bodies), 5_000):
        copies = copies_for(bodies, wanted)
        assert length(list(year_log(bodies, copies, 1))) >= wanted
        assert copies == 1 or length(list(year_log(bodies, copies - 1, 1))) < wanted


def test_the_stock_read_model_does_the_same_work(bench_settings: Settings, bodies: list[bytes]) -> None:
    """Whatever is compared with it writes the same lines of the same statements."""
    party = ("partner", "period", "n", "occurred_on", "recorded_at", "kind", "counterparty", "cents", "role", "clause")
    columns = (*party, "corrects", "project", "pathway", "step", "part", "entry", "events")

    async def run() -> list[tuple[Any, ...]]:
        async with room(bench_settings) as place:
            schema = place.schema()
            count = await asyncio.to_thread(run_stock, place.admin_dsn, schema, bodies, threading.Event())
            assert count.done == len(bodies)
            with psycopg.connect(place.admin_dsn) as connection:
                names = sql.SQL(", ").join(map(sql.Identifier, columns))
                return connection.execute(
                    sql.SQL("select {} from {}").format(names, sql.Identifier(schema, "line"))
                ).fetchall()

    stock = {row[:3]: (*row[:-1], tuple(row[-1])) for row in asyncio.run(run())}
    ours = every_line(folded([decode(body) for body in bodies]))
    assert stock == {(line.partner, line.period, line.n): tuple(getattr(line, c) for c in columns) for line in ours}
