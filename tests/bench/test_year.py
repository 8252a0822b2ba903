"""A year that happened to many: money adds up in it, and the stock library's read model comes to the same statements."""

import asyncio
import threading
from collections import Counter
from typing import Any, get_args

import psycopg
import pytest
from psycopg import sql

from adapters.bench.year import OFTEN, copies_for, year_log
from adapters.entropy import SeededEntropy
from adapters.postgres.bench.copies import Rows
from adapters.postgres.bench.loader import load
from adapters.postgres.bench.room import Room, room
from adapters.postgres.bench.stock_statements import run_stock
from adapters.postgres.database import Database, connect
from adapters.postgres.log import PostgresLog
from adapters.postgres.migrate import migrate
from adapters.settings import Settings
from adapters.wiring import APP_ROLE
from application.envelope import Recorded, decode
from domain.revenue.events import RevenueTruedUp
from projections.statement_postings import Kind
from projections.statement_rows import Balance
from projections.statements import statements
from tests.bench.conftest import quiet
from tests.examples.memory_stage import bodies_of
from tests.invariants.ledger import Ledger
from tests.invariants.promises import check_mentors, check_money, every_line
from tests.projections.same import folded

COPIES = 3
STOCK_EVENTS = 1_400
"""Of the year: the stock runner takes its time for each, and everything has happened by then."""
FOLLOWING = ("vat", "true-up", "set-off", "payment")
"""Lines that follow from sums: what many copies sum up to is still settled once."""


@pytest.fixture(scope="module")
def bodies() -> list[bytes]:
    return list(bodies_of(2019))


def test_a_long_log_is_the_year_with_more_people_in_it(bench_settings: Settings, bodies: list[bytes]) -> None:
    """What happens often is there as often as there are copies, everything else once; money and mentors keep their rules.

    What states and settles sums is of one copy, and so with one copy all of it adds up.
    """

    async def run() -> dict[int, list[Recorded]]:
        async with room(bench_settings) as place, connect(place.app_dsn) as database:
            return {copies: await loaded(place, database, bodies, copies) for copies in (1, COPIES)}

    alone, events = asyncio.run(run()).values()
    once, often = Counter(decode(body).type for body in bodies), Counter(r.type for r in events)
    assert Counter(r.type for r in alone) == once
    assert often == {name: n * (COPIES if name.startswith(OFTEN) else 1) for name, n in once.items()}
    assert [r.position for r in events] == list(range(1, len(events) + 1))
    check_money(alone)
    ledger = Ledger()
    for recorded in events:
        if not isinstance(recorded.data, RevenueTruedUp):
            ledger.take(recorded)
    check_mentors(events)
    lines, more = (Counter(line.kind for line in every_line(folded(statements, each))) for each in (alone, events))
    assert more == {kind: n * (1 if kind in FOLLOWING else COPIES) for kind, n in lines.items()}


async def loaded(place: Room, database: Database, bodies: list[bytes], copies: int) -> list[Recorded]:
    """All events of a log with so many copies, as they are read from PostgreSQL."""
    network, rows, stop = place.schema(), year_log(bodies, copies, 1), threading.Event()
    await migrate(place.admin_dsn, network, APP_ROLE)
    head = await asyncio.to_thread(lambda: load(place.admin_dsn, network, rows, stop, constructed=True, say=quiet))
    async with PostgresLog(database, network, "/networks/t", SeededEntropy(1)) as log:
        assert (await log.head()).constructed
        events = list(await log.read(0, limit=head + 1))
    assert len(events) == head
    return events


def test_so_many_copies_are_made_as_the_events_wanted_take(bodies: list[bytes]) -> None:
    def length(rows: list[Rows]) -> int:
        return sum(each.events for each in rows)

    for wanted in (1, len(bodies), 5_000):
        copies = copies_for(bodies, wanted)
        assert length(list(year_log(bodies, copies, 1))) >= wanted
        assert copies == 1 or length(list(year_log(bodies, copies - 1, 1))) < wanted


def test_the_stock_read_model_does_the_same_work(bench_settings: Settings, bodies: list[bytes]) -> None:
    """Whatever is compared with it writes the same lines of the same statements, and sums them up with the same tax."""
    bodies = bodies[:STOCK_EVENTS]
    party = ("partner", "period", "n", "occurred_on", "recorded_at", "kind", "counterparty", "cents", "role", "clause")
    columns = (*party, "corrects", "project", "pathway", "step", "part", "entry", "events")
    sums = ("partner", "period", "lines", "vat_lines", "cents", "own_cents")

    async def run() -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        async with room(bench_settings) as place:
            schema = place.schema()
            count = await asyncio.to_thread(run_stock, place.admin_dsn, schema, bodies, threading.Event())
            assert count.done == len(bodies)
            with psycopg.connect(place.admin_dsn) as connection:

                def rows(table: str, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
                    names = sql.SQL(", ").join(map(sql.Identifier, columns))
                    query = sql.SQL("select {} from {}").format(names, sql.Identifier(schema, table))
                    return connection.execute(query).fetchall()

                return rows("line", columns), rows("balance", sums)

    lines, balances = asyncio.run(run())
    stock = {row[:3]: (*row[:-1], tuple(row[-1])) for row in lines}
    ours = folded(statements, [decode(body) for body in bodies])
    # Lines of VAT are stored by neither: both keep what they follow from, and their sum in the balance.
    posted = [line for line in every_line(ours) if line.kind != "vat"]
    assert {line.kind for line in posted} == {*get_args(Kind)} - {"vat"}, "each kind is in what is compared"
    assert stock == {(line.partner, line.period, line.n): tuple(getattr(line, c) for c in columns) for line in posted}
    assert {row[:2]: row for row in balances} == {
        (balance.partner, balance.period): tuple(getattr(balance, c) for c in sums) for balance in ours.under(Balance)
    }
