"""What stands beside the log and leads what is done with it: marks, the catalogue, cosignatures, the index of tags; and long rows."""

import asyncio
import tracemalloc
from uuid import UUID

import pytest

from adapters.auditing.beside import check_beside
from adapters.auditing.report import Fault, Verified
from adapters.postgres.audit_reading import audit_reading
from application.envelope import decode
from tests.audit.test_verify import verified
from tests.sealing.conftest import Ground, Sealing


async def found_in(sealing: Sealing) -> Verified:
    found, _ = await verified(sealing)
    return found


CONSTRAINTS = "select conname from pg_constraint where conrelid = %s::regclass and contype in ('c', 'f')"


async def grown(sealing: Sealing) -> None:
    await sealing.grow(300)
    await sealing.sealer().seal()


def test_a_tag_that_was_taken_away_and_one_that_was_added_are_both_named(ground: Ground) -> None:
    """As many as there must be, and not the same."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await grown(sealing)
            sealing.tamper("delete from {schema}.tag where position = 30")
            sealing.tamper("insert into {schema}.tag (tag, type_id, position) values ('org:ghost', 1, 31)")
            what = [fault.what for fault in (await found_in(sealing)).faults]
            assert any("Position 30: it is not found under its tag" in each for each in what)
            assert "Position 31: it is found under the tag org:ghost, which it does not have." in what

    asyncio.run(promise())


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (
            "insert into {schema}.catalogue (version) values (2000000000)",
            "events of version 2,000,000,000 were recorded",
        ),
        (
            (
                "alter table {schema}.mark disable trigger user; insert into {schema}.mark values ('share-delivered-parts', 5000); "
                "alter table {schema}.mark enable trigger user"
            ),
            "The mark of the policy share-delivered-parts stands at position 5,000, and the log has the positions 1 to 300.",
        ),
        (
            (
                "insert into {schema}.cosignature (size, vkey, line) "
                "values (77, 'w+00000000+BA==', U&'\\2014 w ' || repeat('A', 104) || U&'\\000A')"
            ),
            "is kept for a checkpoint of 77 events: that checkpoint, or that witness, is not recorded.",
        ),
    ],
    ids=["catalogue", "mark", "cosignature"],
)
def test_a_row_beside_the_log_that_cannot_be_is_named(ground: Ground, query: str, sentence: str) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await grown(sealing)
            # What the database itself refuses, its owner can let in.
            for table in ("catalogue", "cosignature", "witness"):
                for (name,) in await sealing.rows(CONSTRAINTS, f"{sealing.schema}.{table}"):
                    sealing.own(f"alter table {{table}} drop constraint {name}", table=table)
            for each in query.split("; "):
                sealing.own(each)
            (fault,) = (await found_in(sealing)).faults
            assert sentence in fault.what

    asyncio.run(promise())


def test_a_mark_that_was_moved_back_or_removed_is_named(ground: Ground) -> None:
    """Of the last event that a policy acted on the mark may not tell yet; of the one before it must."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await grown(sealing)
            ids: dict[int, UUID] = {}
            for position in (100, 200):
                body = await sealing.log.body(position)
                assert body
                ids[position] = decode(body).id
            policy = "share-delivered-parts"

            async def checked() -> list[Fault]:
                async with audit_reading(sealing.server.app_dsn, sealing.schema) as reading:
                    return await check_beside(reading, 300, {policy: (ids[100], ids[200])})

            begins = f"The mark of the policy {policy}"
            (gone,) = await checked()
            assert gone.what.startswith(f"{begins} is not there, although it has acted on the event at position 100 ")
            sealing.own(f"insert into {{schema}}.mark values ('{policy}', 99)")  # noqa: S608 - a constant
            (back,) = await checked()
            assert (back.kind, back.position) == ("mark", 100)
            assert back.what.startswith(f"{begins} stands at position 99, although it has acted")
            sealing.own("update {schema}.mark set position = 100")
            assert await checked() == []

    asyncio.run(promise())


def test_a_row_far_longer_than_an_event_is_not_fetched_whole(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await grown(sealing)
            long = "data || convert_to(repeat('x', 50000000), 'UTF8')"
            sealing.tamper(f"update {{schema}}.event set data = {long} where position = 290")  # noqa: S608 - a constant
            sealing.tamper("update {schema}.event set tags = array[repeat('x', 50000000)] where position = 291")
            tracemalloc.start()
            try:
                found = await found_in(sealing)
                _, most = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            what = [fault.what for fault in found.faults]
            assert any("Position 290: it has 50,00" in each and "an event has at most 65,535." in each for each in what)
            assert any("Position 291: its row has the tags (more than an event may have)" in each for each in what)
            assert most < 40_000_000

    asyncio.run(promise())


@pytest.mark.parametrize("at", ["infinity", "-infinity", "20000-01-01", "0001-01-01 BC"])
def test_a_time_that_no_event_has_at_the_end_of_the_log_is_named_and_stops_nobody_who_asks(
    ground: Ground, at: str
) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await grown(sealing)
            sealing.tamper("update {schema}.event set at = %s where position = 300", at)
            head = await sealing.log.head()
            assert (head.position, head.time) == (300, None)
            what = [fault.what for fault in (await found_in(sealing)).faults]
            assert "Position 300: its row has a time that no event can have." in what

    asyncio.run(promise())
