"""A process that seals, and kills itself at a chosen statement: nothing of it runs any more, no clean-up, no last word."""

import asyncio
import os
import signal
from collections.abc import Generator
from typing import Any, Literal, TypeVar

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.custody import Custody
from adapters.entropy import SystemEntropy
from adapters.held_keys import checkpoint_file_of, signers_for
from adapters.postgres.database import Database, Row
from adapters.postgres.log import PostgresLog
from adapters.postgres.sealer import Sealer
from adapters.postgres.tree import PostgresTree
from adapters.settings import Settings
from adapters.signing import verifier_of

T = TypeVar("T")
When = Literal["before", "during"]
FINISHED = 0


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Dying(AsyncConnection[Row]):
    """A connection whose process dies at the k-th exchange with the server over all its connections, COMMIT included."""

    left = 0
    when: When = "before"

    async def wait(self, gen: Generator[Any, Any, T], interval: float = 0.1, timeout: float | None = None) -> T:  # noqa: ASYNC109 - as the one it overrides
        Dying.left -= 1
        at_this = Dying.left == 0
        if at_this and Dying.when == "before":
            _die()
        if at_this and Dying.when == "during":
            asyncio.get_running_loop().call_soon(_die)  # what is asked has been sent by then, and no answer was read
        return await super().wait(gen, interval, timeout)


def seal(settings: Settings, dsn: str, statement: int, when: When) -> None:
    """Seal all there is, or die at a statement on the way."""

    async def work() -> None:
        pool: AsyncConnectionPool[AsyncConnection[Row]] = AsyncConnectionPool(
            dsn,
            connection_class=Dying,
            min_size=1,
            max_size=3,
            kwargs={"autocommit": True, "prepare_threshold": 0},
            open=False,
        )
        async with pool:
            database = Database(pool, dsn)
            signers = signers_for(settings)
            async with PostgresLog(database, settings.network, settings.source, SystemEntropy()) as log:
                tree = PostgresTree(database, settings.network)
                own = [verifier_of(signer.vkey) for signer in signers]
                file = checkpoint_file_of(settings)
                custody = Custody(file, log, tree, origin=settings.origin, own=own, trust=verifier_of)
                sealer = Sealer(
                    database, settings.network, log, origin=settings.origin, signers=signers, keep=custody.keep
                )
                Dying.left, Dying.when = statement, when
                await sealer.seal()
                Dying.left = 0

    asyncio.run(work())
