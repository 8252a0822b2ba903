"""On PostgreSQL, with the commands: what does not fit is not made to fit by reading it, and a lost key has a way out."""

import asyncio
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from adapters.checkpoint_file import CheckpointFile, checkpoint_of
from adapters.custody import Custody
from adapters.postgres.embedded import Server
from adapters.postgres.succession import NotOurs
from adapters.settings import Settings
from adapters.signing import make_key, signer_of, verifier_of
from adapters.wiring import open_network
from application.notes import opened
from application.ports import ReadOnly
from tests.custody.restoring import lived, register, settings_of
from tests.custody.test_restored import tasma
from tests.sealing.conftest import ORIGIN, SIGNER, Ground
from tests.sealing.conftest import ground as ground  # noqa: PLC0414 - a fixture is found by its name here


def vkey_of(settings: Settings, seed: int) -> str:
    return signer_of(make_key(settings.origin, bytes([seed]) * 32)).vkey


async def grown(settings: Settings, name: str) -> int:
    """One more event, sealed and signed; the newest checkpoint's size."""
    async with open_network(settings) as network:
        await register(network, name)
        return (await network.sealer.seal()).checkpoint


@pytest.mark.parametrize("replaced", [False, True])
def test_reading_a_history_signed_with_a_strangers_key_does_not_make_it_ours(
    server: Server, network_schema: str, tmp_path: Path, *, replaced: bool
) -> None:
    """The file outside is gone, or holds what the stranger has signed; nothing is left of what was signed before."""
    ours, evil = (settings_of(server, network_schema, tmp_path / f"{seed}", seed) for seed in (1, 9))
    asyncio.run(lived(ours, "a"))
    file, theirs = (tmp_path / seed / f"{network_schema}.checkpoint" for seed in ("1", "9"))
    with psycopg.connect(server.admin_dsn) as connection:
        for table in ("checkpoint", "signing_key"):
            name = sql.Identifier(network_schema, table)
            connection.execute(sql.SQL("alter table {} disable trigger user").format(name))
            connection.execute(sql.SQL("delete from {}").format(name))
            connection.execute(sql.SQL("alter table {} enable trigger user").format(name))
    assert asyncio.run(grown(evil, "b")) == 3
    file.unlink()
    if replaced:
        file.write_bytes(theirs.read_bytes())

    async def appended() -> None:
        async with open_network(ours) as network:
            await register(network, "c")

    asyncio.run(appended())
    assert tasma(ours, "audit", "verify").returncode == 1
    for command in (("prove", 1), ("export", "-o", tmp_path / "bundle.zip")):
        tasma(ours, "audit", *command)
        found = tasma(ours, "audit", "verify")
        assert (found.returncode, "Traceback" in found.stderr) == (1, False)
    with psycopg.connect(server.admin_dsn) as connection:
        newest = sql.SQL("select max(size) from {}").format(sql.Identifier(network_schema, "checkpoint"))
        assert connection.execute(newest).fetchone() == (3,)
    assert file.exists() == replaced


def test_after_a_signing_key_was_lost_a_person_lets_the_new_one_go_on(
    server: Server, network_schema: str, tmp_path: Path
) -> None:
    lost, new = (settings_of(server, network_schema, tmp_path, seed) for seed in (1, 2))
    asyncio.run(lived(lost, "a"))
    file = tmp_path / f"{network_schema}.checkpoint"
    with pytest.raises(NotOurs):
        asyncio.run(grown(new, "b"))
    nobody = tasma(new, "audit", "accept-restore", "--head", 3)
    assert (nobody.returncode, "which only the database vouches for" in nobody.stderr) == (1, True)
    wrong = tasma(new, "audit", "accept-restore", "--head", 3, "--key", vkey_of(new, 5))
    assert (wrong.returncode, "which only the database vouches for" in wrong.stderr) == (1, True)
    kept = file.read_text(encoding="utf-8")
    accepted = tasma(new, "audit", "accept-restore", "--head", 3, "--key", vkey_of(new, 1))
    assert accepted.returncode == 0, accepted.stderr
    assert "why there was no overlap" in accepted.stdout
    assert file.read_text(encoding="utf-8").startswith(kept)
    assert len(opened(file.read_text(encoding="utf-8"), [verifier_of(vkey_of(new, n)) for n in (1, 2)]).verified) == 2
    assert tasma(new, "audit", "verify").returncode == 0  # the note outside has the new key's signature already
    assert asyncio.run(grown(new, "c")) == checkpoint_of(file.read_text(encoding="utf-8")).size == 4
    assert tasma(new, "audit", "verify").returncode == 0
    again = tasma(new, "audit", "accept-restore", "--head", 4, "--key", vkey_of(new, 1))
    assert (again.returncode, "nothing has to be accepted" in again.stderr) == (1, True)


def test_a_tile_that_was_changed_stops_nobody_and_a_changed_row_behind_it_does(ground: Ground, tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "t.checkpoint")

    async def promise() -> None:
        async with ground.open() as sealing:
            own = [verifier_of(SIGNER.vkey)]
            custody = Custody(file, sealing.log, sealing.tree, origin=ORIGIN, own=own, trust=verifier_of)
            await sealing.grow(600)
            await sealing.sealer(keep=custody.keep).seal()
            sealing.tamper("update {schema}.tile set root = set_byte(root, 0, get_byte(root, 0) # 1) where n = 0")
            sealing.tamper("update {schema}.tile set hashes = set_byte(hashes, 9, get_byte(hashes, 9) # 1) where n = 1")
            assert await sealing.tree.subtree(0, 600) != await sealing.root(600)
            await custody.judge(by_root=True)
            assert custody.fault is None
            await sealing.grow(700)
            assert (await sealing.sealer(keep=custody.keep).seal()).checkpoint == 700
            sealing.tamper("update {schema}.tile set root = set_byte(root, 0, get_byte(root, 0) # 1) where n = 0")
            sealing.tamper(
                "update {schema}.event set data = set_byte(data, 200, get_byte(data, 200) # 1) where position = 9"
            )
            with pytest.raises(ReadOnly, match="the history was forked"):
                await custody.keep(await sealing.tree.note() or "")

    asyncio.run(promise())
