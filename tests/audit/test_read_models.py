"""What is compared with a read model is folded from the log: no live row vouches for a document, and none is believed itself."""

import asyncio

import pytest

from adapters.postgres.leader import Leader
from adapters.postgres.refold import Refold
from projections.registry import all_projections
from projections.statements import statements
from tests.audit.test_statements import FORGERIES, at, forge, issued, verified, views_of
from tests.sealing.conftest import Ground, Sealing

BALANCE = "update {schema}.statements_balance set own_cents = 99999999 where partner = %s and period = %s"


async def followed(sealing: Sealing) -> None:
    """Bring every read model to the head."""
    leader = Leader(dsn=sealing.server.app_dsn, network=sealing.schema, log=sealing.log, projections=all_projections())
    await leader.catch_up_once()


async def whole(sealing: Sealing) -> None:
    """A sealed log with issued statements and live read models."""
    await issued(sealing)
    await sealing.sealer().seal()
    await followed(sealing)


async def live(sealing: Sealing, query: str, *parameters: object) -> int:
    """Change live rows; how many were."""
    async with sealing.database.connection() as connection:
        text = query.replace("{schema}", f"{sealing.schema}_read")
        return (await connection.execute(text.encode(), parameters)).rowcount


def test_a_forged_row_and_a_forged_document_that_agree_are_both_found(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await whole(sealing)
            found = await verified(sealing)
            assert (found.faults, found.projections) == ((), len(all_projections()))
            head = (await sealing.log.head()).position
            forged: list[str] = []

            def change(body: bytes) -> bytes:
                said = at("own_cents", 99_999_999)(body)
                forged.append(body.decode())
                return said

            await forge(sealing, change)
            partner = forged[0].partition('"partner":"')[2].partition('"')[0]
            assert await live(sealing, BALANCE, partner, "2019-03") == 1

            row, document = (await verified(sealing)).faults
            assert (row.kind, document.kind) == ("projection", "document")
            assert row.what == (
                f"Projection statements at position {head}, table statements_balance: the row of partner '{partner}', period "
                "'2019-03' says other things than the log gives. `tasma rebuild statements` makes it anew."
            )
            assert document.what.startswith(f"The statement of {partner} for 2019-03, issued at position ")
            assert FORGERIES["other own cents"][1] in document.what

    asyncio.run(promise())


@pytest.mark.parametrize("behind", [False, True], ids=["at the head", "behind"])
def test_a_row_that_was_lost_or_put_there_is_named_wherever_the_read_model_stands(
    ground: Ground, *, behind: bool
) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await whole(sealing)
            stands = (await sealing.log.head()).position
            if behind:
                await sealing.grow(stands + 700)
            await live(sealing, "delete from {schema}.statements_closed where period = '2019-03'")
            await live(sealing, "insert into {schema}.statements_posting values ('entry:none', 3)")
            sentences = [fault.what for fault in (await verified(sealing)).faults]
            begins = f"Projection statements at position {stands}, table statements_"
            assert sentences == [
                f"{begins}posting: the log gives no row of entry 'entry:none'. `tasma rebuild statements` makes it anew.",
                f"{begins}closed: the row of period '2019-03' is missing. `tasma rebuild statements` makes it anew.",
            ]

    asyncio.run(promise())


def test_a_read_model_that_stands_beyond_the_end_of_the_log_is_named(ground: Ground) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await whole(sealing)
            head = (await sealing.log.head()).position
            await live(sealing, "update {schema}.projection set position = 5000 where name = 'partners'")
            (fault,) = (await verified(sealing)).faults
            assert fault.what == (
                f"Projection partners stands at position 5,000, and the log ends at {head}. `tasma rebuild partners` makes it anew."
            )

    asyncio.run(promise())


def test_read_models_that_were_never_built_are_named_and_are_no_fault(ground: Ground) -> None:
    """The next process that leads builds them."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await issued(sealing)
            await sealing.sealer().seal()
            found = await verified(sealing)
            assert (found.ok, found.faults, found.projections) == (True, (), 0)
            assert found.not_compared == {p.name: "it was never built here" for p in all_projections()}

    asyncio.run(promise())


def test_nothing_stays_of_the_tables_that_it_was_folded_into(ground: Ground) -> None:
    """The connection goes back to where it was borrowed from."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await whole(sealing)
            temporary = (
                b"select count(*) from pg_class where relpersistence = 't' and relnamespace = pg_my_temp_schema()"
            )

            async def left(fold: Refold) -> int:
                (row,) = await (await fold._connection.execute(temporary)).fetchall()  # noqa: SLF001 - it is this one's session
                return int(row[0])

            async with views_of(sealing).refolded(statements) as fold:
                await fold.compare()
                assert await left(fold) > 0
            assert await left(fold) == 0

    asyncio.run(promise())
