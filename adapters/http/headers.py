"""What every answer says about itself, errors included: that it is to be taken as it is, and whether the network is real."""

from litestar.types import Message, Scope

from adapters.http.network import Network
from application.ports import Unavailable

SAFE = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cross-origin-resource-policy": b"same-origin",
}
"""An answer may bring its own; the documentation does."""


def _always(*, constructed: bool) -> list[tuple[bytes, bytes]]:
    return [*SAFE.items(), *([(b"tasma-constructed", b"true")] if constructed else [])]


class Headers:
    """Puts them before every answer as it is sent."""

    def __init__(self) -> None:
        self._constructed: bool | None = None

    async def add(self, message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = list(message["headers"])
        present = {name.lower() for name, _ in headers}
        network: Network | None = scope["litestar_app"].state.get("network")
        constructed = network is not None and await self._is_constructed(network)
        message["headers"] = headers + [one for one in _always(constructed=constructed) if one[0] not in present]

    @property
    def known(self) -> list[tuple[bytes, bytes]] | None:
        """Those that every answer gets, once that is known."""
        return None if self._constructed is None else _always(constructed=self._constructed)

    async def _is_constructed(self, network: Network) -> bool:
        """Asked for until the network is founded; from then on it never changes."""
        if self._constructed is None:
            try:
                head = await network.log.head()
            except Unavailable:
                return False
            if head.position == 0:
                return False
            self._constructed = head.constructed
        return self._constructed
