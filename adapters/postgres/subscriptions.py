"""Subscriptions and what came of their deliveries, in PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int8

from adapters.postgres.database import Database, statement
from application.subscription_ports import ATTEMPTS_KEPT
from application.subscriptions import Attempt, Key, Subscription
from domain.changing import replace

ATTEMPTS: Final = 3

_COLUMNS: Final = ", ".join(Subscription.__struct_fields__)
_VALUES: Final = ", ".join(f"%({name})s" for name in Subscription.__struct_fields__)
_CHANGING: Final = (
    *("token", "state", "why", "cursor", "anchor", "run", "pending", "failures", "failing_since", "next_at", "secrets"),
    *("attempts", "last", "tested_at", "revision"),
)

# Two that come at once for one owner are counted one after the other.
_LOCK = "select pg_advisory_xact_lock(hashtextextended('tasma subscriptions ' || {schema_text} || ' ' || %s, 0))"
_ADD = f"""
insert into {{schema}}.subscription ({_COLUMNS})
select {_VALUES} where (select count(*) from {{schema}}.subscription s where s.owner = %(owner)s) < %(most)s
on conflict do nothing
"""  # noqa: S608 - composed of constants
_THERE = "select exists (select from {schema}.subscription where id = %s)"
_GET = f"select {_COLUMNS} from {{schema}}.subscription where id = %s"  # noqa: S608 - composed of constants
_ALL = f"select {_COLUMNS} from {{schema}}.subscription order by created_at, id"  # noqa: S608 - composed of constants
_OF = f"""
select {_COLUMNS} from {{schema}}.subscription where owner = %s order by created_at, id
"""  # noqa: S608 - composed of constants
_CHANGE = f"""
with changed as (
    update {{schema}}.subscription set {", ".join(f"{name} = %({name})s" for name in _CHANGING)}
    where id = %(id)s and revision = %(seen)s returning 1
), noted as (
    insert into {{schema}}.attempt (subscription, n, content) select %(id)s, %(attempts)s, %(last)s from changed where %(tried)s
), forgotten as (
    delete from {{schema}}.attempt using changed
    where %(tried)s and subscription = %(id)s and n <= %(attempts)s - %(kept)s
)
select from changed
"""  # noqa: S608 - composed of constants
_REMOVE = f"delete from {{schema}}.subscription where id = %s returning {_COLUMNS}"  # noqa: S608 - composed of constants
_ATTEMPTS = "select content from {schema}.attempt where subscription = %s and n <= %s order by n desc limit %s"


class SubscriptionTable:
    """Implements `application.subscription_ports.SubscriptionStore`."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database = database
        self._lock, self._add, self._there = (statement(s, schema) for s in (_LOCK, _ADD, _THERE))
        self._get, self._all, self._of = (statement(s, schema) for s in (_GET, _ALL, _OF))
        self._change, self._remove, self._attempts = (statement(s, schema) for s in (_CHANGE, _REMOVE, _ATTEMPTS))

    async def add(self, new: Subscription, *, most: int) -> bool:
        async with self._database.connection() as connection, connection.transaction():
            await connection.execute(self._lock, (new.owner,))
            await connection.execute(self._add, _values(new) | {"most": Int8(most)})
            ((there,),) = await (await connection.execute(self._there, (new.id,))).fetchall()
        return bool(there)

    async def get(self, subscription_id: str) -> Subscription | None:
        rows = await self._database.rows(self._get, (subscription_id,), attempts=ATTEMPTS)
        return _subscription(rows[0]) if rows else None

    async def all(self, owner: str | None = None) -> Sequence[Subscription]:
        if owner is None:
            rows = await self._database.rows(self._all, attempts=ATTEMPTS)
        else:
            rows = await self._database.rows(self._of, (owner,), attempts=ATTEMPTS)
        return [_subscription(row) for row in rows]

    async def change(self, old: Subscription, new: Subscription) -> Subscription | None:
        """Sent once: where its connection dies, what became of it is read again."""
        done = replace(new, revision=old.revision + 1)
        parameters = _values(done) | {
            "seen": Int8(old.revision),
            "tried": new.attempts > old.attempts,
            "kept": Int8(ATTEMPTS_KEPT),
        }
        return done if await self._database.rows(self._change, parameters) else None

    async def remove(self, subscription_id: str) -> Subscription | None:
        rows = await self._database.rows(self._remove, (subscription_id,), attempts=ATTEMPTS)
        return _subscription(rows[0]) if rows else None

    async def attempts(self, subscription_id: str, *, upto: int, limit: int) -> Sequence[Attempt]:
        parameters = (subscription_id, Int8(upto), Int8(limit))
        rows = await self._database.rows(self._attempts, parameters, attempts=ATTEMPTS)
        return [msgspec.convert(content, Attempt) for (content,) in rows]


def _values(one: Subscription) -> dict[str, Any]:
    """By column. Numbers are always sent as large ones, so that a statement is prepared once."""
    values = {name: _sent(getattr(one, name)) for name in one.__struct_fields__}
    values["secrets"] = Jsonb(msgspec.to_builtins(one.secrets))
    values["last"] = None if one.last is None else Jsonb(msgspec.to_builtins(one.last))
    return values


def _subscription(row: tuple[Any, ...]) -> Subscription:
    values = dict(zip(Subscription.__struct_fields__, map(_got, row), strict=True))
    values["types"], values["about"] = tuple(values["types"]), tuple(values["about"])
    values["secrets"] = tuple(msgspec.convert(key, Key) for key in values["secrets"])
    values["last"] = None if values["last"] is None else msgspec.convert(values["last"], Attempt)
    return Subscription(**values)


def _sent(value: Any) -> Any:  # noqa: ANN401 - of any column
    match value:
        case int():
            return Int8(value)
        case tuple():
            return list(value)
        case _:
            return value


def _got(value: Any) -> Any:  # noqa: ANN401 - of any column
    match value:
        case datetime():
            return value.astimezone(UTC)
        case memoryview():
            return bytes(value)
        case _:
            return value
