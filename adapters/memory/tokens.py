"""Tokens in memory, gone with the process."""

from collections.abc import Sequence
from datetime import datetime

from application.access import Token, revoked


class MemoryTokens:
    """Implements `application.access.TokenStore`."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    async def put(self, token: Token) -> None:
        self._tokens.setdefault(token.id, token)

    async def get(self, token_id: str) -> Token | None:
        return self._tokens.get(token_id)

    async def all(self) -> Sequence[Token]:
        return sorted(self._tokens.values(), key=lambda t: (t.issued_at, t.id))

    async def revoke(self, token_id: str, at: datetime) -> Token | None:
        if token := self._tokens.get(token_id):
            self._tokens[token_id] = revoked(token, at)
        return self._tokens.get(token_id)
