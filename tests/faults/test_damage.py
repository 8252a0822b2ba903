"""Bits flip in what is sealed, a superuser changes a row: the audit names it, and mends what can be made of the events."""

import asyncio

from adapters.wiring import serving_network
from tests.faults.ending import audited
from tests.faults.filling import fill_a_page
from tests.faults.ground import Ground, tamper
from tests.faults.load import load, until

FLIP = "update {{}} set {column} = set_byte({column}, {byte}, get_byte({column}, {byte}) # 1) where {where}"
PAGE, TILE = FLIP.format(column="body", byte=500, where="n = 0"), FLIP.format(column="hashes", byte=77, where="n = 1")
CHANGED = 300
ROW = FLIP.format(column="data", byte=150, where=f"position = {CHANGED}")


def test_damaged_copies_are_named_and_made_again_while_clients_are_at_work(ground: Ground) -> None:
    async def promise() -> None:
        async with serving_network(ground.settings) as network:
            notes = ground.notes
            async with load(network.dsn, ground.settings.network, ground.folder, processes=1) as clients:
                for nth in range(2):
                    await fill_a_page(network, notes, nth)
                await until(lambda: network.sealer.checkpoint >= 512, "two pages are sealed and signed")
                for table, damage in (("page", PAGE), ("tile", TILE)):
                    assert await asyncio.to_thread(tamper, ground.settings, table, damage) == 1
                await clients.goes_on(30)
                found = await asyncio.to_thread(audited, ground.settings)
                assert (found.code, found.faults) == (
                    1,
                    ("Page 0 is damaged; rows and tree agree.", "The tile 0/001 is damaged; rows and page agree."),
                )
                assert found.said.startswith("Not verified. Page 0 is damaged; rows and tree agree.")
                mended = await asyncio.to_thread(audited, ground.settings, "--repair")
                assert (mended.code, mended.faults) == (0, ())
                assert mended.repaired == ("page 0 and tile 0/000", "page 1 and tile 0/001")
                head = await ground.over(network, clients)
            notes.close()
        await ground.check(grown_beyond=head)

    asyncio.run(promise())


def test_a_row_that_a_superuser_changed_is_named_and_never_mended_by_itself(ground: Ground) -> None:
    """What was sealed still has the event as it was, so a person can put it back; then everything fits again."""
    sentence = f"Position {CHANGED}: the row was changed; sealed page 1 and the signed tree agree on other bytes."

    async def promise() -> None:
        async with serving_network(ground.settings) as network:
            notes = ground.notes
            async with load(network.dsn, ground.settings.network, ground.folder, processes=1) as clients:
                for nth in range(2):
                    await fill_a_page(network, notes, nth)
                await until(lambda: network.sealer.checkpoint >= 512, "two pages are sealed and signed")
                assert await asyncio.to_thread(tamper, ground.settings, "event", ROW) == 1
                await clients.goes_on(30)
                for options in ((), ("--repair",)):
                    found = await asyncio.to_thread(audited, ground.settings, *options)
                    assert (found.code, found.faults[0], found.repaired) == (1, sentence, ())
                (page,) = await network.log.pages(1, limit=1)
                right = page.splitlines()[CHANGED - 257].hex()
                back = f"update {{}} set data = decode('{right}', 'hex') where position = {CHANGED}"  # noqa: S608 - hex
                assert await asyncio.to_thread(tamper, ground.settings, "event", back) == 1
                head = await ground.over(network, clients)
            notes.close()
        await ground.check(grown_beyond=head)

    asyncio.run(promise())
