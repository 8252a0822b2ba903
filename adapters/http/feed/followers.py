"""Who follows the feed in this process: how many may, by which tokens, and what they have in common."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from adapters.http.feed.chunks import Chunks
from adapters.http.feed.covered import Covered
from adapters.http.feed.lately import Lately
from adapters.http.feed.packed_pages import PackedPages
from adapters.http.network import Asked
from adapters.http.problems import TooManyFollow
from application.ports import Unavailable
from application.pulse import Pulse
from domain.kernel import Refused

OF_A_TOKEN_MAX: Final = 1_000
"""The systems behind one token may be many; a quarter of all is theirs at most."""
OF_ALL_MAX: Final = 4_000
"""Half of a process's connections (`adapters.http.serve`): the other half is for those who ask and go."""
ASK_SECONDS: Final = 5.0
"""How often it is asked whether a token is still good."""


LENT_BYTES_MAX: Final = 256_000_000
"""Of large answers that are under way: they are kept until they are taken, or their connection is cut."""


class NoMoreLent(Unavailable):
    def __init__(self) -> None:
        super().__init__(
            f"Answers of {LENT_BYTES_MAX:,} bytes are under way at this process already; ask again in a moment, or for less."
        )


class NobodyElse(Unavailable):
    def __init__(self, most: int) -> None:
        super().__init__(
            f"{most:,} streams and waiting questions are open at this process already; ask again in a moment."
        )


class Stopping(Unavailable):
    def __init__(self) -> None:
        super().__init__("This server is stopping; ask again in a moment, another one goes on where this one ended.")


class Held:
    """A token by which somebody follows."""

    def __init__(self, now: float) -> None:
        self.number = 0
        self.checked = now
        self.ended: Refused | None = None
        """Why it is no longer good."""
        self._asking = asyncio.Lock()

    async def check(self, ask: Callable[[], Awaitable[object]]) -> None:
        """Ask whether it is still good, once for all who follow by it. Raises that it is not, and Unavailable."""
        if self._is_due():
            async with self._asking:
                if self._is_due():  # nobody else has asked meanwhile
                    try:
                        await ask()
                    except Refused as ended:
                        self.ended = ended
                    else:
                        self.checked = asyncio.get_running_loop().time()
        if self.ended is not None:
            raise self.ended

    def _is_due(self) -> bool:
        return self.ended is None and asyncio.get_running_loop().time() - self.checked >= ASK_SECONDS


class Followers:
    """All of one process, and what it keeps for them."""

    def __init__(self) -> None:
        self.pulse, self.chunks = Pulse(), Chunks()
        self.covered, self.pages, self.lately = Covered(), PackedPages(), Lately()
        self.stopping = False
        self._held: dict[str, Held] = {}
        self._number = 0
        self._lent = 0

    def stop(self) -> None:
        """Let everybody end what they are at: nobody follows this process from now on."""
        self.stopping = True
        self.pulse.now()

    def check(self) -> None:
        """Whether this process goes on. Raises Stopping."""
        if self.stopping:
            raise Stopping

    @contextmanager
    def lend(self, size: int) -> Iterator[None]:
        """Keep so many bytes for somebody who takes them, until the block ends. Raises NoMoreLent."""
        if self._lent + size > LENT_BYTES_MAX:
            raise NoMoreLent
        self._lent += size
        try:
            yield
        finally:
            self._lent -= size

    @contextmanager
    def follow(self, bearer: str) -> Iterator[Held]:
        """Follow, by a token, until the block ends. Raises TooManyFollow, NobodyElse, Stopping."""
        self.check()
        if self._number >= OF_ALL_MAX:
            raise NobodyElse(OF_ALL_MAX)
        held = self._held.get(bearer) or Held(asyncio.get_running_loop().time())
        if held.number >= OF_A_TOKEN_MAX:
            raise TooManyFollow(OF_A_TOKEN_MAX)
        self._held[bearer] = held
        held.number += 1
        self._number += 1
        try:
            yield held
        finally:
            self._number -= 1
            held.number -= 1
            if held.number == 0 and self._held.get(bearer) is held:
                del self._held[bearer]


def followers_of(request: Asked) -> Followers:
    """Those of the process that is asked."""
    followers: Followers = request.app.state["followers"]
    return followers
