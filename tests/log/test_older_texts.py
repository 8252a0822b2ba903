"""A network may have carried out a text of a migration that was replaced after its release; in the end all networks are alike."""

import asyncio
import hashlib
from pathlib import Path
from typing import Final

import psycopg
import pytest

from adapters.postgres.embedded import APP_ROLE
from adapters.postgres.migrate import Migration, drop_network, migrate, migrations
from tests.log.conftest import Place
from tests.log.decisions import assigned, decision, founded

FOLDER: Final = Path(__file__).with_name("carried_out")
RELEASED: Final = {
    "0007_known_by_position": "4f68327daee6e490",
    "0007_known_by_event": "3db0e3736cd7b2d9",
}
"""How the SHA-256 of each older text begins."""

FUNCTIONS = """
select p.proname, pg_get_functiondef(p.oid), p.proacl::text, pg_get_userbyid(p.proowner), obj_description(p.oid)
from pg_proc p where p.pronamespace = %s::regnamespace order by 1, 2
"""
CONSTRAINTS = """
select c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid), c.convalidated
from pg_constraint c where c.connamespace = %s::regnamespace order by 1, 2
"""
COLUMNS = """
select table_name, column_name, data_type, is_nullable, column_default
from information_schema.columns where table_schema = %s order by 1, 2
"""
GRANTS = """
select c.relname, c.relacl::text, pg_get_userbyid(c.relowner) from pg_class c
where c.relnamespace = %s::regnamespace order by 1
"""


def made(place: Place) -> list[object]:
    """What a schema consists of, in order."""
    with psycopg.connect(place.server.admin_dsn) as connection:
        asked = (FUNCTIONS, CONSTRAINTS, COLUMNS, GRANTS)
        return [connection.execute(each, (place.schema,)).fetchall() for each in asked]


@pytest.mark.parametrize("name", RELEASED)
def test_whoever_carried_out_an_older_text_ends_with_the_same_schema_and_appends(place: Place, name: str) -> None:
    text = (FOLDER / f"{name}.sql").read_bytes()
    assert hashlib.sha256(text).hexdigest().startswith(RELEASED[name])
    then = [m for m in migrations() if m.number < 7] + [Migration(7, "0007_known", text.decode())]
    fresh = made(place)

    async def brought_up_to_date() -> list[str]:
        await drop_network(place.server.admin_dsn, place.schema)
        await migrate(place.server.admin_dsn, place.schema, APP_ROLE, known=then)
        assert made(place) != fresh
        return await migrate(place.server.admin_dsn, place.schema, APP_ROLE)

    async def appended() -> int:
        async with place.log() as log:
            await log.append(decision(founded(constructed=False), assigned()))
            return (await log.head()).position

    assert asyncio.run(brought_up_to_date()) == [m.name for m in migrations() if m.number > 7]
    assert made(place) == fresh
    assert asyncio.run(appended()) == 2
