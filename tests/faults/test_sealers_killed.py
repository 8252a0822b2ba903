"""A sealing process is killed before and during each of its statements; the next one completes what it left.

After a statement is before the next one: in between nothing is left anywhere, but for the note that is kept outside, and that
is between two statements too.
"""

import asyncio
import multiprocessing
import signal
from typing import get_args

import pytest

from adapters.wiring import open_network
from application.envelope import PAGE_EVENTS
from tests.faults.dying import FINISHED, When, seal
from tests.faults.filling import fill_a_page
from tests.faults.ground import Ground
from tests.faults.load import load

STATEMENTS_MIN = 8
"""A round that stores a page and signs has more statements than that."""


@pytest.mark.parametrize("when", get_args(When))
def test_a_sealing_process_is_killed_at_every_statement(ground: Ground, when: When) -> None:
    """Each time there are a page to seal and a checkpoint to sign; clients go on, and read models follow."""

    async def promise() -> None:
        async with open_network(ground.settings) as network:
            following = asyncio.create_task(network.leader.run())
            notes = ground.notes
            async with load(network.dsn, ground.settings.network, ground.folder, processes=1, clients=1) as clients:
                statement = 0
                code: int | None = -signal.SIGKILL
                while code == -signal.SIGKILL:
                    statement += 1
                    await fill_a_page(network, notes, statement)
                    code = await asyncio.to_thread(_seal, ground, network.dsn, statement, when)
                    head = (await network.log.head()).position
                    completed = await network.sealer.seal()
                    assert (completed.checkpoint >= head, completed.pages >= head // PAGE_EVENTS) == (True, True)
                assert (code, statement > STATEMENTS_MIN) == (FINISHED, True)
                head = await ground.over(network, clients, by=10)
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            notes.close()
        await ground.check(grown_beyond=head)

    asyncio.run(promise())


def _seal(ground: Ground, dsn: str, statement: int, when: When) -> int | None:
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=seal, args=(ground.settings, dsn, statement, when), daemon=True)
    process.start()
    process.join(60)
    return process.exitcode
