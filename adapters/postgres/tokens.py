"""Tokens, in PostgreSQL."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from adapters.postgres.database import Database, statement
from application.access import Token, Tokens, TokenStore
from application.desk import Clock

ATTEMPTS: Final = 3

_COLUMNS = "id, secret_hash, role, organisation, subject, scopes, project, issued_at, expires_on, revoked_at"
_PUT = f"""
insert into {{schema}}.token ({_COLUMNS})
values (%(id)s, %(secret_hash)s, %(role)s, %(organisation)s, %(subject)s, %(scopes)s, %(project)s,
    %(issued_at)s, %(expires_on)s, %(revoked_at)s)
on conflict do nothing returning 1
"""  # noqa: S608 - composed of constants
_GET = f"select {_COLUMNS} from {{schema}}.token where id = %s"  # noqa: S608 - composed of constants
_ALL = f"select {_COLUMNS} from {{schema}}.token order by issued_at, id"  # noqa: S608 - composed of constants
_REVOKE = f"""
update {{schema}}.token set revoked_at = coalesce(revoked_at, %(at)s) where id = %(id)s returning {_COLUMNS}
"""  # noqa: S608 - composed of constants


class TokenTable:
    """Implements `application.access.TokenStore`."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database = database
        self._put, self._get, self._all, self._revoke = (statement(s, schema) for s in (_PUT, _GET, _ALL, _REVOKE))

    async def put(self, token: Token) -> None:
        """Keeping the same token again changes nothing: its id has 64 random bits."""
        values = {f: getattr(token, f) for f in token.__struct_fields__}
        await self._database.rows(self._put, values | {"scopes": list(token.scopes)}, attempts=ATTEMPTS)

    async def get(self, token_id: str) -> Token | None:
        return _first(await self._database.rows(self._get, (token_id,), attempts=ATTEMPTS))

    async def all(self) -> Sequence[Token]:
        return [_token(row) for row in await self._database.rows(self._all, attempts=ATTEMPTS)]

    async def revoke(self, token_id: str, at: datetime) -> Token | None:
        parameters = {"id": token_id, "at": at}
        return _first(await self._database.rows(self._revoke, parameters, attempts=ATTEMPTS))


def tokens_in(database: Database, schema: str, clock: Clock) -> Tokens:
    """The tokens of a network, with secrets from the operating system."""
    store: TokenStore = TokenTable(database, schema)
    return Tokens(store, clock, secrets.token_bytes)


def _first(rows: Sequence[tuple[Any, ...]]) -> Token | None:
    return _token(rows[0]) if rows else None


def _token(row: tuple[Any, ...]) -> Token:
    values: dict[str, Any] = dict(zip(Token.__struct_fields__, row, strict=True))
    return Token(**values | {"scopes": tuple(values["scopes"])})
