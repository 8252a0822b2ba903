"""Tokens that were good a moment ago: who catches up asks thousands of times, and the database is asked once in a while."""

import asyncio
from collections import OrderedDict
from typing import Final

from adapters.http.asking import asker_of, bearer_of, remember
from adapters.http.network import Asked, network_of
from application.desk import Asker

GOOD_SECONDS: Final = 5.0
"""For how long it is not asked again: as seldom as on a stream."""
KEPT: Final = 1_000


class Lately:
    """Who came with which token, in this process."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[float, Asker]] = OrderedDict()

    def known(self, bearer: str) -> Asker | None:
        """Whose token this was within the last seconds."""
        found = self._known.get(bearer)
        return found[1] if found and asyncio.get_running_loop().time() - found[0] < GOOD_SECONDS else None

    async def asker_of(self, request: Asked) -> Asker:
        """Who sends this, as found now or within the last seconds. Raises what `asking.asker_of` raises."""
        bearer, now = bearer_of(request), asyncio.get_running_loop().time()
        if (known := self.known(bearer)) is not None:
            return remember(request, known)
        self._known.pop(bearer, None)
        asker = await asker_of(request, network_of(request))
        self._known[bearer] = now, asker
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return asker
