"""Room for a bench: its own, cleared afterwards, and cleared of what killed runs left."""

import asyncio
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from adapters.postgres.bench.room import DiskTooSmall, room
from adapters.settings import Settings


def schemas(dsn: str, prefix: str) -> set[str]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("select nspname from pg_namespace where nspname like %s", (f"{prefix}%",)).fetchall()
    return {name for (name,) in rows}


def make(dsn: str, *names: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for name in names:
            connection.execute(sql.SQL("create schema {}").format(sql.Identifier(name)))


def test_what_is_made_in_a_room_goes_with_it_also_when_the_work_fails(bench_settings: Settings) -> None:
    async def run(made: list[str]) -> None:
        async with room(bench_settings) as place:
            made += [place.run, *(name := place.schema(), f"{name}_read")]
            make(place.admin_dsn, *made[1:])
            (place.folder / "uma.db").write_bytes(b"x")
            raise ZeroDivisionError

    made: list[str] = []
    with pytest.raises(ZeroDivisionError):
        asyncio.run(run(made))
    assert schemas(bench_settings.admin_database_url or "", made[0]) == set()
    assert bench_settings.data_dir is not None
    assert list(bench_settings.data_dir.iterdir()) == []


def test_what_a_killed_run_left_goes_and_what_lives_stays(bench_settings: Settings) -> None:
    """A run holds a lock on its name as long as it lives."""
    left = "tasma_bench_0badcafe"
    make(bench_settings.admin_database_url or "", f"{left}_1", f"{left}_1_read")

    async def run() -> None:
        async with room(bench_settings) as living:
            make(living.admin_dsn, name := living.schema())
            async with room(bench_settings) as other:
                assert schemas(other.admin_dsn, left) == set()
                assert schemas(other.admin_dsn, living.run) == {name}

    asyncio.run(run())


def test_a_disk_that_is_too_small_is_named_before_anything_is_loaded(bench_settings: Settings) -> None:
    async def run() -> None:
        async with room(bench_settings) as place:
            place.check_disk(1)
            place.check_disk(10**18)

    with pytest.raises(
        DiskTooSmall, match=r"^This needs about 1000000000\.0 GB of disk, and .* GB free; choose fewer events"
    ):
        asyncio.run(run())
    assert Path(bench_settings.data_dir or "").exists()
