"""A read model that was built is compared with the log or named as a fault, whatever was done to what it is kept in."""

import asyncio
from typing import Final

import pytest

from adapters.postgres.projection_status import projection_status
from adapters.postgres.rebuild import rebuild
from adapters.projecting.pages import PageSlices
from projections.registry import all_projections
from projections.statements import statements
from tests.audit.test_read_models import live, whole
from tests.audit.test_statements import verified
from tests.log.decisions import NINE
from tests.sealing.conftest import Ground

ANEW: Final = "`tasma rebuild statements` makes it anew."
CANNOT: Final = "Projection statements cannot be compared with the log: "
NOT_COMPARED: Final = {
    "another shape": (
        "update {schema}.projection set shape = 'older' where name = 'statements'",
        "it was built by a version with other tables",
    ),
    "no position": (
        "delete from {schema}.projection where name = 'statements'",
        "its tables are there, and where they stand is not recorded or cannot be read",
    ),
    "a table gone": (
        "drop table {schema}.statements_balance",
        "what it is kept in is not there: statements_balance",
    ),
    "another column": (
        "alter table {schema}.statements_balance add column ghost int default 3",
        "its table statements_balance has other columns: ghost",
    ),
    "a column gone": (
        "alter table {schema}.statements_balance drop column own_cents",
        "its table statements_balance has other columns: own_cents",
    ),
}
NAMED: Final = {
    "an event left out": (
        "insert into {schema}.parked values ('statements', 5, '{}')",
        "is said to leave out the event at position 5, and the log gives it no reason to. " + ANEW,
    ),
    "before the first": (
        "update {schema}.projection set position = -5 where name = 'statements'",
        "Projection statements stands at position -5, before the first. " + ANEW,
    ),
    "no fault": (
        "update {schema}.projection set state = 'halted', fault = '[1]' where name = 'statements'",
        "is no fault that can be read: it was changed. " + ANEW,
    ),
}


@pytest.mark.parametrize("change", NOT_COMPARED)
def test_one_that_cannot_be_compared_is_a_fault_with_its_way_out(ground: Ground, change: str) -> None:
    query, why = NOT_COMPARED[change]

    async def promise() -> None:
        async with ground.open() as sealing:
            await whole(sealing)
            await live(sealing, query)
            found = await verified(sealing)
            assert [(f.kind, f.what) for f in found.faults] == [("projection", f"{CANNOT}{why}. {ANEW}")]
            assert (found.projections, found.not_compared) == (len(all_projections()) - 1, {"statements": why})
            async with sealing.database.connection() as connection:  # the way out that is named
                source = PageSlices(sealing.log, statements.facts, statements.readings)
                await rebuild(statements, connection=connection, network=sealing.schema, source=source)
            assert (await verified(sealing)).ok

    asyncio.run(promise())


@pytest.mark.parametrize("change", NAMED)
def test_what_is_said_of_one_and_the_log_does_not_give_is_named(ground: Ground, change: str) -> None:
    query, sentence = NAMED[change]

    async def promise() -> None:
        async with ground.open() as sealing:
            await whole(sealing)
            await live(sealing, query)
            (fault,) = (await verified(sealing)).faults
            assert sentence in fault.what

    asyncio.run(promise())


def test_all_of_them_gone_from_their_table_of_positions_are_faults(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await whole(sealing)
            await live(sealing, "alter table {schema}.projection rename to elsewhere")
            found = await verified(sealing)
            assert found.faults_in_all == len(all_projections())
            assert set(found.not_compared.values()) == {"what it is kept in is not there: projection"}

    asyncio.run(promise())


def test_a_row_that_stands_there_twice_is_found(ground: Ground) -> None:
    """Whoever owns the tables can take the key away and add up everything twice."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await whole(sealing)
            await live(sealing, "alter table {schema}.statements_closed drop constraint statements_closed_pkey")
            await live(sealing, "insert into {schema}.statements_closed select * from {schema}.statements_closed")
            (fault,) = (await verified(sealing)).faults
            assert "table statements_closed: 1 row is there beyond the first of a key (period '2019-03')" in fault.what
            assert fault.what.endswith(ANEW)

    asyncio.run(promise())


def test_where_other_faults_come_first_it_is_said_that_nothing_was_compared(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await whole(sealing)
            sealing.tamper("delete from {schema}.tag where position = 2")
            found = await verified(sealing)
            assert {f.kind for f in found.faults} == {"tag"}
            assert found.not_compared == {p.name: "the faults named here come first" for p in all_projections()}

    asyncio.run(promise())


def test_status_shows_one_that_halted_although_nobody_can_read_why(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await whole(sealing)
            await live(sealing, NAMED["no fault"][0])
            await live(sealing, NAMED["an event left out"][0])
            (found,) = await projection_status(
                (statements,), connect=sealing.database.connection, network=sealing.schema, log=sealing.log, now=NINE
            )
            assert (found.state, [f.error for f in found.faults]) == ("halted", ["Unreadable", "Unreadable"])
            assert NAMED["no fault"][1] in found.faults[0].sentence

    asyncio.run(promise())
