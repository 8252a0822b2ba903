"""How the addresses of a host's name are found: the system looks them up, and a name that hangs holds up no other.

A lookup cannot be broken off: it runs on when its delivery is over, at times for minutes. So each has a thread of its own, which
ends with the process, and there are so many at most.
"""

import asyncio
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from adapters.webhooks.connecting import Failed

LOOKUPS_MAX: Final = 256

NO_ROOM: Final = "The name of the host was not looked up, as too many others were under way."

_Found = Sequence[str] | OSError | ValueError


class Names:
    """Looks names up for one event loop. `lookups_max` bounds those under way, of which one name has one at most."""

    def __init__(self, lookups_max: int = LOOKUPS_MAX) -> None:
        self._lookups_max = lookups_max
        self._under_way: dict[str, asyncio.Future[_Found]] = {}

    async def addresses(self, host: str, _: int) -> Sequence[str]:
        """All addresses of a name, whatever the port. Raises OSError, ValueError for what is no name, Failed without room."""
        found = await asyncio.shield(self._under_way.get(host) or self._begun(host))
        if isinstance(found, OSError | ValueError):
            raise found
        return found

    def _begun(self, host: str) -> asyncio.Future[_Found]:
        if len(self._under_way) >= self._lookups_max:
            raise Failed(NO_ROOM)
        loop = asyncio.get_running_loop()
        lookup: asyncio.Future[_Found] = loop.create_future()

        def done(found: _Found) -> None:
            del self._under_way[host]
            lookup.set_result(found)

        def look_up() -> None:
            found = _found(host)
            with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
                loop.call_soon_threadsafe(done, found)

        try:
            threading.Thread(target=look_up, name="webhook-name", daemon=True).start()
        except RuntimeError:  # the system gives no thread
            raise Failed(NO_ROOM) from None
        self._under_way[host] = lookup
        return lookup


def _found(host: str) -> _Found:
    """What is wrong is handed over, not raised: it may be that nobody waits for it."""
    try:
        return [str(place[0]) for *_, place in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, ValueError) as error:
        return error
