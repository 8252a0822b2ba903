"""What is recorded stays: the application may not change it, and who may is stopped by a trigger that says so."""

import asyncio
from types import SimpleNamespace

import psycopg
import pytest
from psycopg import errors, sql

from adapters.postgres.database import check_server
from adapters.postgres.embedded import APP_ROLE
from adapters.postgres.migrate import Migration, NotMigrated, check, drop_network, migrate, migrations
from application.ports import Unavailable
from tests.log.conftest import Place
from tests.log.decisions import assigned, decision, founded

TABLES = ("event", "event_type", "tag", "command", "network", "document", "catalogue")
CHANGES = ("delete from {}", "truncate {}", "update {} set {column} = {column}")
COLUMN = {
    "event": "data",
    "event_type": "name",
    "tag": "tag",
    "command": "digest",
    "network": "constructed",
    "document": "body",
    "catalogue": "version",
}


def change(place: Place, table: str, statement: str, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        name = sql.Identifier(place.schema, table)
        connection.execute(sql.SQL(statement).format(name, column=sql.Identifier(COLUMN[table])))


def fill(place: Place) -> None:
    async def append() -> None:
        async with place.log() as log:
            await log.append(decision(founded(constructed=False), assigned()))

    asyncio.run(append())


def test_the_application_may_not_change_what_is_recorded(place: Place) -> None:
    fill(place)
    for table in TABLES:
        for statement in CHANGES:
            with pytest.raises(errors.InsufficientPrivilege):
                change(place, table, statement, place.server.app_dsn)


def test_the_application_writes_by_the_function_alone(place: Place) -> None:
    """Not even an INSERT: that could leave a gap, bend the time or pass by a condition."""
    inserts = (
        "insert into {}.event (position, type_id, at, tags, data) values (7, 1, now(), '{{}}', '')",
        "insert into {}.tag (tag, type_id, position) values ('a', 1, 1)",
        "insert into {}.command (id, digest, last, n) values (gen_random_uuid(), '', 1, 1)",
        "insert into {}.network (constructed) values (true)",
        "insert into {}.migration (number, name) values (7, 'x')",
        "insert into {}.document (digest, body, kept_at) values ('x', '', '1999-01-01')",
        "insert into {}.catalogue (version) values (7)",
        "create table {}.other ()",
        "alter table {}.event disable trigger append_only",
    )
    with psycopg.connect(place.server.app_dsn, autocommit=True) as connection:
        for insert in inserts:
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(sql.SQL(insert).format(sql.Identifier(place.schema)))


def test_the_owner_is_told_that_the_tables_are_append_only(place: Place) -> None:
    fill(place)
    for table in TABLES:
        for statement in CHANGES:
            with pytest.raises(errors.RaiseException) as stopped:
                change(place, table, statement, place.server.admin_dsn)
            assert stopped.value.diag.message_primary == (
                f"The table {place.schema}.{table} is append-only: what is recorded there is never changed or removed, "
                "by anyone. Record what corrects it."
            )


def test_read_models_are_the_applications_own(place: Place) -> None:
    """It makes tables in the schema of the next generation and moves them to that of the present one; both go with the network."""
    with psycopg.connect(place.server.app_dsn, autocommit=True) as connection:
        read, following = (sql.Identifier(place.schema + end) for end in ("_read", "_next"))
        connection.execute(sql.SQL("create table {}.statement (line int primary key)").format(following))
        connection.execute(sql.SQL("alter table {}.statement set schema {}").format(following, read))
        connection.execute(sql.SQL("create table {}.statement (line int primary key)").format(following))
    asyncio.run(drop_network(place.server.admin_dsn, place.schema))
    with psycopg.connect(place.server.admin_dsn) as connection:
        left = connection.execute(
            "select nspname from pg_namespace where nspname like %s", (place.schema + "%",)
        ).fetchall()
    assert left == []


# --- migrations -------------------------------------------------------------------------------------------------------
def test_migrating_again_changes_nothing(place: Place) -> None:
    fill(place)
    assert asyncio.run(migrate(place.server.admin_dsn, place.schema, APP_ROLE)) == []

    async def head() -> int:
        async with place.log() as log:
            return (await log.head()).position

    assert asyncio.run(head()) == 2


def test_processes_that_migrate_at_once_share_the_work(place: Place) -> None:
    async def at_once() -> list[list[str]]:
        await drop_network(place.server.admin_dsn, place.schema)
        return await asyncio.gather(*(migrate(place.server.admin_dsn, place.schema, APP_ROLE) for _ in range(4)))

    applied = asyncio.run(at_once())
    assert sorted(name for names in applied for name in names) == [m.name for m in migrations()]


def test_a_migration_that_fails_leaves_nothing_behind(place: Place) -> None:
    broken = Migration(9000, "9000_broken", "create table {schema}.half (x int); select 1 / 0")

    async def attempt() -> None:
        with pytest.raises(errors.DivisionByZero):
            await migrate(place.server.admin_dsn, place.schema, APP_ROLE, known=[*migrations(), broken])

    asyncio.run(attempt())
    with psycopg.connect(place.server.admin_dsn) as connection:
        assert connection.execute("select to_regclass(%s)", (f"{place.schema}.half",)).fetchone() == (None,)
    assert asyncio.run(migrate(place.server.admin_dsn, place.schema, APP_ROLE)) == []


def test_an_older_version_leaves_a_newer_schema_alone(place: Place) -> None:
    async def attempts() -> list[str]:
        later = Migration(9001, "9001_later", "create table {schema}.later ()")
        assert await migrate(place.server.admin_dsn, place.schema, APP_ROLE, known=[*migrations(), later]) == [
            "9001_later"
        ]
        sentences = []
        with pytest.raises(NotMigrated) as refused:
            await migrate(place.server.admin_dsn, place.schema, APP_ROLE)
        sentences.append(str(refused.value))
        async with place.database() as database:
            with pytest.raises(NotMigrated) as refused:
                await check(database, place.schema)
        return [*sentences, str(refused.value)]

    sentence = (
        f"The schema {place.schema} was migrated to 9001 by a newer version of Täsmä; this one knows migrations up to "
        f"{migrations()[-1].number}: use the newer version."
    )
    assert asyncio.run(attempts()) == [sentence, sentence]


def test_a_schema_that_was_never_migrated_is_said(place: Place) -> None:
    async def attempt() -> None:
        await drop_network(place.server.admin_dsn, place.schema)
        async with place.database() as database:
            with pytest.raises(NotMigrated, match=r"lacks 0001_log, .*: run `tasma migrate` first\."):
                await check(database, place.schema)
            await migrate(place.server.admin_dsn, place.schema, APP_ROLE)
            await check(database, place.schema)

    asyncio.run(attempt())


def test_a_role_that_may_not_migrate_is_told(place: Place) -> None:
    with pytest.raises(NotMigrated, match=r"TASMA_ADMIN_DATABASE_URL may not do this \(permission denied for"):
        asyncio.run(migrate(place.server.app_dsn, place.schema + "_x", APP_ROLE))


def test_a_missing_application_role_is_said(place: Place) -> None:
    with pytest.raises(NotMigrated, match=r'role "nobody_here" does not exist'):
        asyncio.run(migrate(place.server.admin_dsn, place.schema + "_x", "nobody_here"))


def test_a_server_before_version_15_is_refused() -> None:
    check_server(SimpleNamespace(server_version=15_00_00))
    with pytest.raises(Unavailable) as refused:
        check_server(SimpleNamespace(server_version=14_00_11))
    assert str(refused.value) == "The database server is PostgreSQL 14; Täsmä needs 15 or newer."


@pytest.mark.parametrize("name", ["", "1a", "Ab", "a-b", "a" * 42, 'a"; drop schema x', "a\n", "ä"])
def test_a_name_that_cannot_be_a_schemas_is_refused(place: Place, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a schema"):
        asyncio.run(migrate(place.server.admin_dsn, name, APP_ROLE))
