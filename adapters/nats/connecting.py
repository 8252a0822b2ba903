"""A connection to NATS, and the one door at which its client's errors become sentences.

A connection that is lost is not mended: what was under way on it is unknown, and the stream says how far it got.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from nats.aio.client import Client
from nats.errors import NoServersError, SecureConnWantedError

from adapters.nats.stream import ANSWER_SECONDS, Stream
from adapters.nats.trouble import secrets_of, trouble_of

CONNECT_SECONDS: Final = 2
CLOSE_SECONDS: Final = 2.0
PING_SECONDS: Final = 5

# The client writes tracebacks of what it trips over into a log of its own; who asked something of it is told, and says it.
logging.getLogger("nats").addHandler(logging.NullHandler())
logging.getLogger("nats").propagate = False


class Keeping(Client):
    """A client that keeps what an address says: to tls:// it says no password that is not encrypted.

    By itself it would, where the server, or who stands before it, asks for no encryption.
    """

    def _connect_command(self) -> bytes:
        server = self._current_server
        if server is not None and server.uri.scheme == "tls" and not self._server_info.get("tls_required"):
            raise SecureConnWantedError
        return super()._connect_command()


@asynccontextmanager
async def connected(addresses: Sequence[str], network: str) -> AsyncIterator[Stream]:
    """A stream over a new connection to any of these servers. Raises Trouble."""
    client, secrets, why = Keeping(), secrets_of(addresses), list[Exception]()
    stream = Stream(client, network, secrets)

    async def note(error: Exception) -> None:
        why[:] = [error]
        stream.note(error)

    try:
        try:
            await client.connect(
                [*addresses],
                name=f"tasma relay {network}",
                error_cb=note,
                closed_cb=stream.lost,
                allow_reconnect=False,
                connect_timeout=CONNECT_SECONDS,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                ping_interval=PING_SECONDS,
                flush_timeout=ANSWER_SECONDS,
                skip_subject_validation=True,  # they are made of checked names alone
            )
            await stream.listen()
        except Exception as error:  # noqa: BLE001 - whatever answers there, the client may trip over it in any way
            told = why[-1] if isinstance(error, NoServersError) and why else error
            raise trouble_of(told, secrets) from None
        yield stream
    finally:
        # A client that never connected cannot always be closed; what went wrong before that is what counts.
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSE_SECONDS):
                await client.close()
