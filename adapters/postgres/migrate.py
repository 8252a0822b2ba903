"""How a network's schema comes to be, is brought up to date, and goes.

Migrations are the numbered SQL files beside this one, carried out in order by the admin's role, each in a transaction of its
own under one lock and recorded in the table `migration`. Tables belong to the admin, so the application cannot change them.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

import psycopg
from psycopg import AsyncConnection, errors

from adapters.postgres.database import Database, Row, check_server, conninfo, statement, unreachable

FOLDER: Final = Path(__file__).with_name("migrations")
READ: Final = "_read"
"""Ends the name of the schema of a network's read models."""
NEXT: Final = "_next"
"""Ends the name of the schema where the next generation of read models is built."""

_LOCK = "select pg_advisory_xact_lock(hashtextextended('tasma migrate ' || {schema_text}, 0))"
_PREPARE = """
create schema if not exists {schema};
create table if not exists {schema}.migration (
    number int primary key,
    name text not null,
    applied_at timestamptz not null default clock_timestamp()
)
"""
_STATE = (
    "select to_regclass({schema_text} || '.migration') is not null, to_regclass({schema_text} || '.event') is not null"
)
_DONE = "select number from {schema}.migration order by number"
_RECORD = "insert into {schema}.migration (number, name) values (%s, %s)"
_DROP = (
    "drop schema if exists {next} cascade; drop schema if exists {read} cascade; drop schema if exists {schema} cascade"
)


class NotMigrated(Exception):
    """The schema and this version of Täsmä do not fit together; the sentence says which one to bring up to date."""


class Migration(NamedTuple):
    number: int
    name: str
    text: str


def migrations(folder: Path = FOLDER) -> Sequence[Migration]:
    """All that this version knows, in order."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = re.fullmatch(r"(\d{4})_\w+", path.stem)
        if not match:
            raise ValueError(f"{path.name} is no name for a migration: use four digits, an underscore and words.")
        found.append(Migration(int(match[1]), path.stem, path.read_text(encoding="utf-8")))
    return found


async def migrate(admin_dsn: str, schema: str, app_role: str, *, known: Sequence[Migration] | None = None) -> list[str]:
    """Bring a network's schema up to date; the names of what was applied, none if it was.

    May run in several processes at once, and again after it was killed. Raises NotMigrated when the schema was made by a newer
    version or is no network's, Unavailable when the database cannot be reached.
    """
    known = migrations() if known is None else known
    applied: list[str] = []
    async with _admin(admin_dsn) as connection:
        while True:
            async with connection.transaction():
                await connection.execute(statement(_LOCK, schema))
                waiting = await _waiting(connection, schema, known)
                if not waiting:
                    return applied
                await connection.execute(statement(_PREPARE, schema))
                text = statement(waiting[0].text, schema, app=app_role, read=schema + READ, next=schema + NEXT)
                await connection.execute(text)
                await connection.execute(statement(_RECORD, schema), (waiting[0].number, waiting[0].name))
            applied.append(waiting[0].name)


async def check(database: Database, schema: str) -> None:
    """What a process asks before it uses a schema. Raises NotMigrated."""
    async with database.connection() as connection:
        waiting = await _waiting(connection, schema, migrations())
    if waiting:
        raise NotMigrated(f"The schema {schema} lacks {', '.join(m.name for m in waiting)}: run `tasma migrate` first.")


async def drop_network(admin_dsn: str, schema: str) -> None:
    """Remove a network's three schemas with everything in them. For demonstrations and tests."""
    async with _admin(admin_dsn) as connection, connection.transaction():
        await connection.execute(statement(_LOCK, schema))
        await connection.execute(statement(_DROP, schema, read=schema + READ, next=schema + NEXT))


async def _waiting(connection: AsyncConnection[Row], schema: str, known: Sequence[Migration]) -> Sequence[Migration]:
    """What is still to be applied. Raises NotMigrated for a schema that this version must leave alone."""
    (has_migrations, has_events), *_ = await (await connection.execute(statement(_STATE, schema))).fetchall()
    if not has_migrations:
        if has_events:
            raise NotMigrated(f"The schema {schema} holds a raw log, not a network's: choose another name.")
        return known
    done = {number for (number,) in await (await connection.execute(statement(_DONE, schema))).fetchall()}
    newest = max((m.number for m in known), default=0)
    if done and max(done) > newest:
        raise NotMigrated(
            f"The schema {schema} was migrated to {max(done)} by a newer version of Täsmä; this one knows migrations "
            f"up to {newest}: use the newer version."
        )
    return [m for m in known if m.number not in done]


@asynccontextmanager
async def _admin(dsn: str) -> AsyncIterator[AsyncConnection[Row]]:
    try:
        async with await AsyncConnection.connect(conninfo(dsn, "tasma migrate"), autocommit=True) as connection:
            check_server(connection.info)
            yield connection
    except errors.InsufficientPrivilege as error:
        raise NotMigrated(
            f"The role of TASMA_ADMIN_DATABASE_URL may not do this ({error.diag.message_primary}): give it CREATE on the "
            "database, and let the role that made a schema change it."
        ) from error
    except errors.UndefinedObject as error:
        raise NotMigrated(
            f"A role is missing ({error.diag.message_primary}): make the application's role first."
        ) from error
    except psycopg.OperationalError as error:
        raise unreachable(error) from error
