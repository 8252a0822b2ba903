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


class Headers:
    """Puts them before every answer as it is sent."""

    def __init__(self) -> None:
        self._constructed: bool | None = None

    async def add(self, message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = list(message["headers"])
        present = {name.lower() for name, _ in headers}
        headers += [(name, value) for name, value in SAFE.items() if name not in present]
        network: Network | None = scope["litestar_app"].state.get("network")
        if network is not None and await self._is_constructed(network):
            headers.append((b"tasma-constructed", b"true"))
        message["headers"] = headers

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
