"""What a monitor is told about sealing is what the sealer goes by."""

import asyncio
from datetime import timedelta

from adapters.cli.status import Catalogue, NetworkStatus, Sealed, Signed, sentences
from adapters.clock import system_clock
from adapters.postgres.figures import figures
from adapters.postgres.sealer import Sealer
from application.envelope import PAGE_EVENTS
from tests.sealing.conftest import Ground


def test_pages_behind_a_hole_do_not_count(ground: Ground) -> None:
    """Pages 0 and 2 are there and page 1 is not: what waits has waited since page 1 was full."""

    async def promise() -> None:
        async with ground.open() as sealing:
            now = system_clock() + timedelta(hours=1)
            for size, holes, pages in ((3 * PAGE_EVENTS + 5, [], 3), (0, [1], 1), (0, [1, 2], 1), (0, [0], 0)):
                await sealing.grow(size)
                await sealing.sealer().seal()
                await sealing.rows("delete from {schema}.page where n = any(%s) returning 1", holes)
                found = await figures(sealing.database, sealing.schema, now)
                assert found.pages == pages
                assert found.unsealed_events == 3 * PAGE_EVENTS + 5 - pages * PAGE_EVENTS
                assert (found.unsealed_seconds > 0) is (pages < 3)
                again: Sealer = sealing.sealer(signers=())
                assert (await again.seal()).pages == 3

    asyncio.run(promise())


def test_a_full_page_that_waits_is_told() -> None:
    status = NetworkStatus(
        network="t",
        constructed=False,
        head=300,
        time=None,
        read_only=None,
        sealed=Sealed(pages=0, lag_events=300, lag_seconds=61.0),
        checkpoint=Signed(0, None, 300, 90.0, "/kept"),
        verified=None,
        catalogue=Catalogue(1, 1),
        projections=(),
        policies=(),
    )
    told = (
        "SEALING RESTS: the first full page has waited 61 s. The server's log says why, under `sealing.rests`; without a server "
        "at work nothing is sealed."
    )
    assert told in sentences(status)
