"""A relay that kills itself at a chosen message: after it was sent, before its acknowledgement was seen. No last word."""

import asyncio
import os
import signal
from typing import Literal

import pytest

from adapters.entropy import SystemEntropy
from adapters.nats import connecting
from adapters.nats.connecting import Keeping
from adapters.nats.relay import Relay
from adapters.postgres.database import connect
from adapters.postgres.log import PostgresLog
from application.feed import Feed
from tests.relay.ground import now

When = Literal["written", "taken"]
"""Written to the socket, where it may or may not arrive; or taken in by the server, which has answered by then."""


class Dying(Keeping):
    """A client whose process dies at the k-th event that it publishes."""

    left = 0
    when: When = "written"

    async def publish(
        self, subject: str, payload: bytes = b"", reply: str = "", headers: dict[str, str] | None = None
    ) -> None:
        await super().publish(subject, payload, reply, headers)
        Dying.left -= "Nats-Msg-Id" in (headers or {})
        if Dying.left == 0:
            await (self.flush() if Dying.when == "taken" else self._flush_pending(force_flush=True))
            os.kill(os.getpid(), signal.SIGKILL)


def relay_and_die(dsn: str, schema: str, url: str, message: int, when: When) -> None:
    Dying.left, Dying.when = message, when

    async def work() -> None:
        async with (
            connect(dsn, name="tasma dying relay", connections=3) as database,
            PostgresLog(database, schema, f"/networks/{schema}", SystemEntropy()) as log,
            Feed(log) as feed,
        ):
            await Relay((url,), schema, log, feed, now).run()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(connecting, "Keeping", Dying)
        asyncio.run(work())
