"""Pages and tiles where no events are: they are set aside in a file, with every byte, and then sealing and export go on."""

import asyncio
from base64 import b64decode
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.auditing.strays import NotSetAside, SetAside, set_aside
from adapters.postgres.changed_events import Forked
from tests.audit.test_command import audit_verify, key_of, sealer_of, tasma
from tests.audit.test_verify import sentences
from tests.sealing.conftest import Ground, Sealing

SIZE = 700
"""Two pages and a part of one."""
TILE_2 = "insert into {schema}.tile select 0, 2, hashes, root from {schema}.tile where level = 0 and n = 1"
PAGE_FAR = "insert into {schema}.page select 9223372036854775807, body from {schema}.page where n = 0"
HIGHER_FAR = "insert into {schema}.tile select 7, 9223372036854775807, hashes, root from {schema}.tile where n = 0"
CUT = (
    "delete from {schema}.tag where position > 700",
    "delete from {schema}.event where position > 700",
    "delete from {schema}.command where last > 700",
)


async def cut_off(sealing: Sealing) -> None:
    """Seal page 2 without a checkpoint over all of it, and remove the rows at the end: the page is all that is left of them."""
    await sealing.grow(SIZE)
    await sealing.sealer().seal()
    await sealing.grow(800)
    await sealing.sealer(signers=()).seal()
    for query in CUT:
        assert sealing.tamper(query) > 0


async def stored(sealing: Sealing) -> tuple[list[Any], list[Any]]:
    pages = await sealing.rows("select n, body from {schema}.page order by n")
    return pages, await sealing.rows("select level, n, hashes, root from {schema}.tile order by level, n")


def mode_of(aside: SetAside) -> int:
    return Path(aside.file).stat().st_mode & 0o777


def lines_of(aside: SetAside) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in Path(aside.file).read_bytes().splitlines()]


def test_strays_are_in_a_file_with_every_byte_before_they_leave_the_tables(ground: Ground, tmp_path: Path) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(SIZE)
            await sealing.sealer().seal()
            before = await stored(sealing)
            for query in (TILE_2, PAGE_FAR, HIGHER_FAR):
                assert sealing.tamper(query) > 0
            pages, tiles = await stored(sealing)
            aside = await set_aside(sealing.database, sealing.schema, tmp_path)
            assert aside is not None
            assert (aside.count, aside.own) == (len(pages) + len(tiles) - sum(map(len, before)), ())
            assert await stored(sealing) == before
            assert mode_of(aside) == 0o600
            found = lines_of(aside)
            assert [(line["n"], b64decode(line["body"])) for line in found if line["table"] == "page"] == [
                page for page in pages if page not in before[0]
            ]
            assert [
                (line["level"], line["n"], b64decode(line["hashes"]), b64decode(line["root"]))
                for line in found
                if line["table"] == "tile"
            ] == [tile for tile in tiles if tile not in before[1]]
            assert await sentences(sealing) == []

    asyncio.run(promise())


def test_where_nothing_strays_no_file_is_made(ground: Ground, tmp_path: Path) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(SIZE)
            await sealing.sealer().seal()
            assert await set_aside(sealing.database, sealing.schema, tmp_path) is None

    asyncio.run(promise())
    assert list(tmp_path.iterdir()) == []


def test_what_a_checkpoint_covers_stays_where_it_is(ground: Ground, tmp_path: Path) -> None:
    """Rows that were signed are gone: the page that still has them is not moved."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(800)
            await sealing.sealer().seal()
            for query in CUT:
                assert sealing.tamper(query) > 0
            before = await stored(sealing)
            assert await set_aside(sealing.database, sealing.schema, tmp_path, given_up=[2]) is None
            assert await stored(sealing) == before

    asyncio.run(promise())


def test_a_file_that_cannot_be_written_leaves_the_tables_as_they_were(ground: Ground, tmp_path: Path) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await cut_off(sealing)
            before = await stored(sealing)
            (tmp_path / "taken").touch()
            with pytest.raises(NotSetAside, match=r"Nothing was taken out of the tables"):
                await set_aside(sealing.database, sealing.schema, tmp_path / "taken")
            assert await stored(sealing) == before

    asyncio.run(promise())


def test_a_page_that_is_all_that_is_left_of_removed_rows_is_said_to_be_that(ground: Ground, tmp_path: Path) -> None:
    """After it the log grows over these positions, and sealing and signing go on."""

    async def promise() -> None:
        async with ground.open() as sealing:
            await cut_off(sealing)
            aside = await set_aside(sealing.database, sealing.schema, tmp_path)
            assert aside is not None
            file = tmp_path / f"{sealing.schema}.set-aside.1.ndjson"
            said, lost = aside.sentences
            assert said == f"Set aside, with every byte, in {file}: page 2, tile 0/2. Keep that file."
            assert lost == (
                "Page 2 held events of the positions 513 to 768: they may have been recorded and lost. Compare with a backup "
                "before you go on."
            )
            await sealing.grow(800)
            assert (await sealing.sealer().seal()).checkpoint == 800
            assert await sentences(sealing) == []

    asyncio.run(promise())


def test_a_stray_that_the_log_has_grown_over_stops_sealing_until_a_person_gives_it_up(
    ground: Ground, tmp_path: Path
) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(SIZE)
            await sealing.sealer().seal()
            assert sealing.tamper(TILE_2) == 1
            await sealing.grow(800)
            with pytest.raises(
                Forked, match=r"`tasma audit verify --repair --give-up 2` sets the page aside in a file"
            ):
                await sealing.sealer().seal()
            assert await set_aside(sealing.database, sealing.schema, tmp_path) is None
            # Of page 1 a checkpoint has the last word, and giving it up would change nothing.
            aside = await set_aside(sealing.database, sealing.schema, tmp_path, given_up=[1, 2])
            assert aside is not None
            assert aside.names == ("tile 0/2",)
            assert (await sealing.sealer().seal()).checkpoint == 800
            assert await sentences(sealing) == []

    asyncio.run(promise())


def test_many_strays_are_all_set_aside(ground: Ground, tmp_path: Path) -> None:
    async def promise() -> None:
        async with ground.open() as sealing:
            await sealing.grow(300)
            await sealing.sealer().seal()
            sealing.tamper("insert into {schema}.page select g, body from {schema}.page, generate_series(7, 206) g")
            aside = await set_aside(sealing.database, sealing.schema, tmp_path)
            assert aside is not None
            assert (aside.count, len(aside.names), len(lines_of(aside))) == (200, 100, 200)
            assert "page 106 and 100 more. Keep that file." in aside.sentences[0]
            assert await sentences(sealing) == []

    asyncio.run(promise())


# --- as an operator does it -------------------------------------------------------------------------------------------
def exported(ground: Ground, folder: Path) -> str:
    """What is said where nothing is exported; nothing where something is."""
    done = tasma(ground, folder, "audit", "export", "-o", str(folder / "out.zip"), key=key_of(ground))
    (folder / "out.zip").unlink(missing_ok=True)
    return done.stderr if done.returncode else ""


def test_the_command_sets_strays_aside_and_the_export_goes_on(ground: Ground, tmp_path: Path) -> None:
    async def begun() -> None:
        async with ground.open() as sealing:
            await sealing.grow(SIZE)
            await sealer_of(sealing, key_of(ground)).seal()
            await sealing.grow(800)
            sealer = sealer_of(sealing, key_of(ground))
            assert sealing.tamper("insert into {schema}.page select 3, body from {schema}.page where n = 1") == 1
            await sealer.seal()

    asyncio.run(begun())
    key = key_of(ground)
    assert "Page 3 is over events that are not there." in audit_verify(ground, tmp_path, key=key).stderr
    mended = audit_verify(ground, tmp_path, "--repair", key=key)
    assert mended.returncode == 0, mended.stderr
    file = tmp_path / f"{ground.schema}.set-aside.1.ndjson"
    assert mended.stdout.startswith(
        f"Set aside, with every byte, in {file}: page 3. Keep that file.\nVerified: 800 events"
    )
    assert exported(ground, tmp_path) == ""


def test_the_command_gives_up_no_page_that_nothing_is_wrong_with(ground: Ground, tmp_path: Path) -> None:
    async def begun() -> None:
        async with ground.open() as sealing:
            await sealing.grow(SIZE)
            await sealer_of(sealing, key_of(ground)).seal()
            assert sealing.tamper(TILE_2) == 1
            await sealing.grow(800)

    asyncio.run(begun())
    key = key_of(ground)
    alone = audit_verify(ground, tmp_path, "--give-up", "2", key=key)
    assert (alone.returncode, "give both" in alone.stderr) == (2, True)
    fine = audit_verify(ground, tmp_path, "--repair", "--give-up", "1", key=key)
    assert (fine.returncode, "Page 1 is not set aside: nothing was found that is wrong with it." in fine.stderr) == (
        1,
        True,
    )
    given_up = audit_verify(ground, tmp_path, "--repair", "--give-up", "2", key=key)
    assert given_up.returncode == 0, given_up.stderr
    assert "tile 0/2. Keep that file." in given_up.stdout


def test_read_only_nothing_is_set_aside_until_the_restored_end_is_accepted(ground: Ground, tmp_path: Path) -> None:
    """What was signed beyond the end is known outside only: whoever accepts the end gets the rest in files."""
    key = key_of(ground)

    async def begun(size: int) -> None:
        async with ground.open() as sealing:
            await sealing.grow(size)
            await sealer_of(sealing, key).seal()

    async def cut() -> None:
        async with ground.open() as sealing:
            for query in (*CUT, "delete from {schema}.checkpoint where size > 700"):
                assert sealing.tamper(query) > 0

    asyncio.run(begun(SIZE))
    asyncio.run(begun(800))
    assert audit_verify(ground, tmp_path, key=key).returncode == 0  # keeps the newest checkpoint outside
    asyncio.run(cut())
    refused = audit_verify(ground, tmp_path, "--repair", key=key)
    assert refused.returncode == 1
    assert "the row is gone" in refused.stderr
    assert not list(tmp_path.glob("*.ndjson"))
    accepted = tasma(ground, tmp_path, "audit", "accept-restore", "--head", "700", key=key)
    assert accepted.returncode == 0, accepted.stderr
    assert "Page 2 held events of the positions 513 to 768" in accepted.stdout
    assert len(list(tmp_path.glob("*.ndjson"))) == 1
    assert audit_verify(ground, tmp_path, key=key).returncode == 0
    asyncio.run(begun(800))
    assert exported(ground, tmp_path) == ""
