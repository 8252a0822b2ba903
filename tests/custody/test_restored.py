"""A restored backup on PostgreSQL: over HTTP, on the command line, and the way out of it."""

import asyncio
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from adapters.checkpoint_file import checkpoint_of
from adapters.held_keys import checkpoint_file_of
from adapters.postgres.embedded import Server
from adapters.settings import Secret, Settings
from adapters.signing import make_key, signer_of, verifier_of
from adapters.vault import master_keys
from adapters.wiring import open_network, serving_network
from application.access import Wish
from application.notes import opened
from application.ports import ReadOnly
from application.registry import EVENT_TYPES
from domain.changing import replace
from tests import command
from tests.custody.conftest import setting
from tests.custody.restoring import body_of, client_of, cut_back, environment_of, lived, register, settings_of

COORDINATOR = Wish(role="coordinator", subject="person:c")
Tasma = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def settings(server: Server, network_schema: str, tmp_path: Path) -> Settings:
    """Of a network with five events, all of them signed, whose database was then put back to the first three."""
    settings = settings_of(server, network_schema, tmp_path, 1)
    asyncio.run(lived(settings, "a", "b", "c", "d"))
    cut_back(server, network_schema, 3)
    return settings


@pytest.fixture
def file(settings: Settings, tmp_path: Path) -> Path:
    return tmp_path / f"{settings.network}.checkpoint"


@pytest.fixture
def vouched(server: Server, network_schema: str, tmp_path: Path) -> Settings:
    """The same, where the first three events were signed as well: a backup from then has that checkpoint."""
    settings = settings_of(server, network_schema, tmp_path, 1)

    async def lives() -> None:
        await lived(settings, "a", "b")
        async with open_network(settings) as network:
            await register(network, "c", "d")
            await network.sealer.seal()

    asyncio.run(lives())
    cut_back(server, network_schema, 3)
    return settings


def tasma(settings: Settings, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TASMA_")} | environment_of(settings)
    return command.run(*arguments, env=environment)


def test_it_is_read_over_http_and_every_command_is_answered_with_the_reason(settings: Settings) -> None:
    async def work() -> None:
        async with serving_network(settings) as network, client_of(network, COORDINATOR) as client:
            read = await client.get("/v1/events/3")
            assert read.status_code == 200
            refused = await client.post("/v1/commands/register-organisation", json=body_of("e"))
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert refused.json()["type"] == "/problems/read-only"
            assert refused.json()["detail"].startswith(
                "The log ends at position 3, but a checkpoint over 5 events was signed by "
            )
            health = await client.get("/v1/health")
            assert (health.status_code, health.json()["status"], health.json()["head"]) == (503, "halted", 3)
            assert health.json()["read_only"] == refused.json()["detail"]
            metrics = await client.get("/metrics")
            assert "\ntasma_log_read_only 1.0\n" in metrics.text

    asyncio.run(work())


def test_nothing_of_the_network_itself_works_meanwhile(settings: Settings, file: Path) -> None:
    """Neither policies nor deadlines nor the sealer begin, so nothing is signed that a newer checkpoint contradicts."""
    kept = file.read_text(encoding="utf-8")

    async def work() -> None:
        async with serving_network(settings) as network:
            before = {task.get_name() for task in asyncio.all_tasks()}
            assert {"sealing", "deadlines"} <= before
            await network.leader.catch_up_once()
            with pytest.raises(ReadOnly):
                await register(network, "e")
            assert (network.sealer.head, network.sealer.checkpoint) == (0, 0)
            assert (await network.log.head()).position == 3

    asyncio.run(work())
    assert file.read_text(encoding="utf-8") == kept


def test_status_tells_programs_how_far_everything_is(settings: Settings, file: Path) -> None:
    status = json.loads(tasma(settings, "status", "--format", "json").stdout)
    assert {"head", "projections", "policies", "constructed", "time"} <= set(status)
    assert status["read_only"].startswith("The log ends at position 3")
    assert status["sealed"] == {"pages": 0, "lag_events": 3, "lag_seconds": 0.0}
    signed = status["checkpoint"]
    assert (signed["size"], signed["at"], signed["lag_events"], signed["kept_in"]) == (0, None, 3, str(file))
    assert status["verified"] is None
    assert status["catalogue"] == {"own": len(EVENT_TYPES), "recorded": len(EVENT_TYPES)}


def test_status_tells_when_the_log_was_last_verified(vouched: Settings) -> None:
    """And only then: a verification that the checkpoint outside contradicts is none."""
    settings = vouched
    refused = tasma(settings, "audit", "verify", "--format", "json")
    assert (refused.returncode, json.loads(refused.stdout)["ok"]) == (1, False)
    assert "Not verified. The log ends at position 3, but a checkpoint over 5 events was signed" in refused.stderr
    assert json.loads(tasma(settings, "status", "--format", "json").stdout)["verified"] is None
    assert tasma(settings, "audit", "accept-restore", "--head", 3).returncode == 0
    assert tasma(settings, "audit", "verify").returncode == 0
    verified = json.loads(tasma(settings, "status", "--format", "json").stdout)["verified"]
    assert (verified["size"], set(verified)) == (3, {"size", "at"})


def test_a_vault_is_rotated_from_the_command_line(settings: Settings) -> None:
    one = replace(settings, master_key=Secret(setting("one")))
    two = replace(settings, master_key=Secret(setting("two", "one")))

    async def put() -> None:
        async with open_network(one) as network:
            await network.vault.put("client:c-1", "text")

    asyncio.run(put())
    current = master_keys(setting("two")).current.hex()
    rotated = json.loads(tasma(two, "vault", "rotate", "--format", "json").stdout)
    assert rotated == {"master_key": current, "locked_anew": 1, "keys": 1}
    again = tasma(two, "vault", "rotate").stdout
    assert again == f"0 of 1 keys were locked anew; all are locked with the master key {current}.\n"
    without = tasma(settings, "vault", "rotate")
    assert (without.returncode, "TASMA_MASTER_KEY" in without.stderr) == (1, True)


def test_status_says_so_and_what_to_do(settings: Settings, file: Path) -> None:
    told = tasma(settings, "status").stdout
    assert "READ-ONLY: The log ends at position 3, but a checkpoint over 5 events was signed" in told
    assert "`tasma audit accept-restore`" in told
    assert str(file) in told


def test_a_person_accepts_it_after_it_was_verified_and_the_file_is_kept_aside(vouched: Settings) -> None:
    settings, file = vouched, checkpoint_file_of(vouched).path
    note = file.read_text(encoding="utf-8")
    wrong = tasma(settings, "audit", "accept-restore", "--head", 5)
    assert wrong.returncode == 1
    assert wrong.stderr.endswith(
        "The log ends at position 3, not at 5. Look at what is there with `tasma status`, and accept what you saw.\n"
    )
    assert file.exists()

    accepted = tasma(settings, "audit", "accept-restore", "--head", 3)
    assert accepted.returncode == 0, accepted.stderr
    aside = file.with_name(f"{file.name}.5")
    assert aside.read_text(encoding="utf-8") == note
    assert str(aside) in accepted.stdout

    async def work() -> None:
        async with open_network(settings) as network:
            await register(network, "e")
            await network.sealer.seal()
            assert (await network.log.head()).position == 4

    asyncio.run(work())
    assert checkpoint_of(file.read_text(encoding="utf-8")).size == 4
    again = tasma(settings, "audit", "accept-restore", "--head", 4)
    assert again.returncode == 1
    assert "nothing has to be accepted" in again.stderr


def test_an_event_gone_from_the_signed_tail_is_named_by_every_command(
    server: Server, network_schema: str, tmp_path: Path
) -> None:
    settings = settings_of(server, network_schema, tmp_path, 1)
    asyncio.run(lived(settings, "a", "b", "c", "d"))
    with psycopg.connect(server.admin_dsn) as connection:
        event = sql.Identifier(network_schema, "event")
        connection.execute(sql.SQL("alter table {} disable trigger user").format(event))
        connection.execute(sql.SQL("delete from {} where position = 4").format(event))
        connection.execute(sql.SQL("alter table {} enable trigger user").format(event))
    status = tasma(settings, "status")
    assert (status.returncode, "READ-ONLY: The log has no event at position 4." in status.stdout) == (0, True)
    found = tasma(settings, "audit", "verify")
    assert (found.returncode, "Traceback" in found.stderr) == (1, False)
    assert "Position 4: the row is gone, and no other copy of it is left." in found.stdout
    assert "The log has no event at position 4." in found.stdout


def test_a_restore_is_accepted_only_where_a_known_key_has_signed_what_is_inside(
    server: Server, network_schema: str, tmp_path: Path
) -> None:
    one, other = (settings_of(server, network_schema, tmp_path, seed) for seed in (1, 2))
    asyncio.run(lived(one, "a"))

    async def more() -> None:
        async with open_network(one) as network:
            await register(network, "b", "c")
            await network.sealer.seal()

    asyncio.run(more())
    cut_back(server, network_schema, 2)
    for settings in (other, settings_of(server, network_schema, tmp_path)):
        refused = tasma(settings, "audit", "accept-restore", "--head", 2)
        assert refused.returncode == 1
        assert "The newest checkpoint inside the database is signed by " in refused.stderr
        assert "which only the database vouches for" in refused.stderr
    vkey = signer_of(make_key(other.origin, bytes([1]) * 32)).vkey
    accepted = tasma(other, "audit", "accept-restore", "--head", 2, "--key", vkey)
    assert accepted.returncode == 0, accepted.stderr


def test_what_nobody_vouches_for_is_not_accepted_and_nothing_is_moved(settings: Settings, file: Path) -> None:
    """The backup has no checkpoint: whoever can write into the database could have made it so."""
    kept = sorted(file.parent.iterdir())
    refused = tasma(settings, "audit", "accept-restore", "--head", 3)
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
    assert "Inside the database is no checkpoint, so nobody vouches for any of its events." in refused.stderr
    assert sorted(file.parent.iterdir()) == kept


def test_a_folder_in_the_place_of_the_file_is_refused_with_a_sentence(vouched: Settings) -> None:
    settings, file = vouched, checkpoint_file_of(vouched).path
    file.unlink()
    file.mkdir()
    refused = tasma(settings, "audit", "accept-restore", "--head", 3)
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
    assert f"{file} cannot be moved aside: Is a directory." in refused.stderr


def test_a_history_that_grew_on_from_a_backup_is_refused_by_its_root(settings: Settings, file: Path) -> None:
    """With the file away for a while others append: as long as before and longer, it is another history."""
    away = file.rename(file.with_name("away"))

    async def grow() -> None:
        async with open_network(settings) as network:
            await register(network, "x", "y", "z")
            await network.sealer.seal()

    asyncio.run(grow())
    away.rename(file)

    async def work() -> None:
        async with open_network(settings) as network:
            assert (await network.log.head()).position == 6
            with pytest.raises(
                ReadOnly, match=r"^The first 5 of 6 events are not those over which a checkpoint was signed"
            ):
                await register(network, "e")

    asyncio.run(work())


def test_a_running_server_notices_that_its_database_was_put_back_and_goes_on_when_it_is_right_again(
    server: Server, network_schema: str, tmp_path: Path
) -> None:
    settings = settings_of(server, network_schema, tmp_path, 1)
    asyncio.run(lived(settings, "a", "b", "c", "d"))

    async def work() -> None:
        async with open_network(settings) as network:
            await register(network, "e")
            cut_back(server, network_schema, 3)
            with pytest.raises(ReadOnly, match=r"^The log ends at position 3,"):
                await register(network, "f")
            assert (await network.log.head()).position == 3
            aside = await asyncio.to_thread(network.custody.file.set_aside)
            assert aside is not None
            await network.custody.judge()
            await register(network, "f")

    asyncio.run(work())


def test_signing_keys_change_without_a_checkpoint_that_nobody_can_verify(
    server: Server, network_schema: str, tmp_path: Path
) -> None:
    """One key, then two that both sign, then the other alone: each checkpoint verifies with what the database recorded."""
    one, both, other = (settings_of(server, network_schema, tmp_path, *seeds) for seeds in ((1,), (1, 2), (2,)))
    asyncio.run(lived(one, "a"))
    file = tmp_path / f"{network_schema}.checkpoint"
    notes = [file.read_text(encoding="utf-8")]

    async def sign(settings: Settings, name: str) -> list[str]:
        async with open_network(settings) as network:
            assert network.read_only is None
            await register(network, name)
            await network.sealer.seal()
            return list(await network.tree.verifiers())

    asyncio.run(sign(both, "b"))
    notes.append(file.read_text(encoding="utf-8"))
    recorded = [verifier_of(vkey) for vkey in asyncio.run(sign(other, "c"))]
    notes.append(file.read_text(encoding="utf-8"))
    signatures = [[s.key for s in opened(note, recorded).verified] for note in notes]
    first, second = (f"{v.name}+{v.key_hash.hex()}" for v in recorded)
    assert signatures == [[first], [first, second], [second]]
    assert [s.key for s in opened(notes[1], recorded[:1]).unknown] == [second]


def test_a_new_signing_key_is_printed_once_and_taken_as_it_is(settings: Settings) -> None:
    made = tasma(settings, "audit", "key", "new")
    assert made.stdout.startswith(f"PRIVATE+KEY+tasma/networks/{settings.network}+")
    assert made.stdout.count("\n") == 1
    assert "PRIVATE" not in made.stderr
    (public,) = [line for line in made.stderr.splitlines() if line.startswith("Public key, for everybody: ")]
    assert verifier_of(public.removeprefix("Public key, for everybody: ")).name == f"tasma/networks/{settings.network}"
    assert tasma(settings, "audit", "key", "new", "two words").returncode == 1
