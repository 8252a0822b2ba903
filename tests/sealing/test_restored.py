"""A log that was put back is signed again, however far a running sealer had signed the one before."""

import asyncio

import pytest

from tests.custody.restoring import cut_back
from tests.sealing.conftest import Ground
from tests.sealing.test_sealing import stop, until

NEWEST = "select max(size) from {schema}.checkpoint"


@pytest.mark.parametrize("size", [5, 20])
def test_a_sealer_that_runs_signs_what_is_there(ground: Ground, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Also where the log has grown to the very length that it had."""
    monkeypatch.setattr("adapters.postgres.sealer.SIGN_SECONDS", 0.3)

    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(3)
            await sealing.sealer().seal()
            await sealing.grow(20)
            sealer = sealing.sealer()
            running = asyncio.create_task(sealer.run())
            await until(lambda: sealer.checkpoint == 20)
            cut_back(ground.server, ground.schema, 3)
            async with ground.open() as other:
                await other.grow(size)
            await until(lambda: (sealer.checkpoint, sealer.head) == (size, size))
            async with asyncio.timeout(20):
                while await sealing.rows(NEWEST) != [(size,)]:  # noqa: ASYNC110 - nobody announces it
                    await asyncio.sleep(0.02)
            await stop(running)

    asyncio.run(promise())
