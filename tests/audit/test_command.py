"""`tasma audit verify` as an operator or an auditor's script uses it."""

import asyncio
import json
import os
import subprocess
from pathlib import Path

from adapters.postgres.sealer import Sealer
from adapters.signing import make_key, signer_of
from tests import command
from tests.sealing.conftest import Ground, Sealing, nowhere

FLIP = "update {schema}.page set body = set_byte(body, 500, get_byte(body, 500) # 1) where n = 1"
CHANGE = "update {schema}.event set data = set_byte(data, 5, 0) where position = 300"


def key_of(ground: Ground, seed: int = 1) -> str:
    """A signing key of the network."""
    return make_key(f"tasma/networks/{ground.schema}", bytes([seed]) * 32)


def sealer_of(sealing: Sealing, key: str) -> Sealer:
    """Signs as the network that the schema is of."""
    signer = signer_of(key)
    return Sealer(sealing.database, sealing.schema, sealing.log, origin=signer.name, signers=(signer,), keep=nowhere)


async def grown(ground: Ground, size: int = 600) -> None:
    async with ground.open() as sealing:
        await sealing.grow(size)
        await sealer_of(sealing, key_of(ground)).seal()


async def tampered(ground: Ground, query: str) -> None:
    async with ground.open() as sealing:
        assert sealing.tamper(query) == 1


def audit_verify(ground: Ground, folder: Path, *arguments: str, key: str = "") -> subprocess.CompletedProcess[str]:
    return tasma(ground, folder, "audit", "verify", *arguments, key=key)


def tasma(ground: Ground, folder: Path, *arguments: str, key: str = "") -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TASMA_")},
        "TASMA_DATABASE_URL": ground.server.app_dsn,
        "TASMA_NETWORK": ground.schema,
        "TASMA_DATA_DIR": str(folder),
        **({"TASMA_SIGNING_KEY": key} if key else {}),
    }
    return command.run(*arguments, env=environment)


def test_what_is_wrong_is_said_and_what_can_be_mended_is_mended(ground: Ground, tmp_path: Path) -> None:
    asyncio.run(grown(ground))
    right = audit_verify(ground, tmp_path, "--format", "json", "--key", signer_of(key_of(ground)).vkey)
    assert right.returncode == 0, right.stderr
    found = json.loads(right.stdout)
    assert (found["size"], found["ok"], found["first_fault"], found["unsigned"]) == (600, True, None, 0)
    assert len(bytes.fromhex(found["root"])) == 32
    assert "Verified: 600 events, 2 sealed pages, 1 checkpoint, 0 statements, " in audit_verify(ground, tmp_path).stdout

    asyncio.run(tampered(ground, FLIP))
    wrong = audit_verify(ground, tmp_path, "--format", "json")
    assert wrong.returncode == 1
    sentence = "Page 1 is damaged; rows and tree agree."
    assert f"Not verified. {sentence}" in wrong.stderr
    assert json.loads(wrong.stdout)["first_fault"] == {"position": 257, "what": sentence}
    mended = audit_verify(ground, tmp_path, "--repair")
    assert mended.returncode == 0, mended.stderr
    assert mended.stdout.startswith("Made again from the events: page 1 and tile 0/001.\nVerified: 600 events")

    asyncio.run(tampered(ground, CHANGE))
    for arguments in ((), ("--repair",)):
        wrong = audit_verify(ground, tmp_path, *arguments)
        assert wrong.returncode == 1
        assert (
            "Position 300: the row was changed; sealed page 1 and the signed tree agree on other bytes." in wrong.stderr
        )


def test_a_key_that_is_none_is_refused(ground: Ground, tmp_path: Path) -> None:
    refused = audit_verify(ground, tmp_path, "--key", "nonsense")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "This is no public key in the form NAME+HASH+KEY" in refused.stderr


def test_a_damaged_tile_forks_no_history_and_is_mended_and_all_is_right_again(ground: Ground, tmp_path: Path) -> None:
    asyncio.run(grown(ground))
    assert audit_verify(ground, tmp_path).returncode == 0  # keeps the newest checkpoint outside
    asyncio.run(
        tampered(ground, "update {schema}.tile set root = set_byte(root, 5, get_byte(root, 5) # 1) where n = 0")
    )
    wrong = audit_verify(ground, tmp_path, "--format", "json")
    found = json.loads(wrong.stdout)
    assert (wrong.returncode, [fault["kind"] for fault in found["faults"]]) == (1, ["tile"])
    assert "fork" not in wrong.stderr
    mended = audit_verify(ground, tmp_path, "--repair")
    assert mended.returncode == 0, mended.stderr


def test_nothing_is_made_again_where_no_trusted_key_has_signed(ground: Ground, tmp_path: Path) -> None:
    asyncio.run(grown(ground))
    asyncio.run(tampered(ground, FLIP))
    stranger = signer_of(key_of(ground, seed=9)).vkey
    refused = audit_verify(ground, tmp_path, "--repair", "--key", stranger)
    assert refused.returncode == 1
    assert "Nothing is made again: a checkpoint does not verify" in refused.stderr
    assert "Page 1 is damaged" in audit_verify(ground, tmp_path).stderr


def test_a_log_signed_anew_with_a_key_that_only_the_database_knows_is_not_verified(
    ground: Ground, tmp_path: Path
) -> None:
    asyncio.run(grown(ground))
    ours = audit_verify(ground, tmp_path, key=key_of(ground))
    assert (ours.returncode, "outside" in ours.stdout) == (0, True)
    nobody = audit_verify(ground, tmp_path)
    assert (nobody.returncode, "the database only" in nobody.stdout) == (0, True)
    assert "No key known from outside the database has signed the newest checkpoint" in nobody.stdout
    theirs = audit_verify(ground, tmp_path, "--repair", key=key_of(ground, seed=2))
    assert theirs.returncode == 1
    assert "no key that this process holds has signed it" in theirs.stderr
    assert "Nothing is made again" in theirs.stderr


def test_an_event_that_was_changed_or_is_gone_is_not_proven_and_a_sentence_says_so(
    ground: Ground, tmp_path: Path
) -> None:
    asyncio.run(grown(ground))
    assert tasma(ground, tmp_path, "audit", "prove", "300").returncode == 0
    for damage, position, why in (
        (CHANGE, "300", "The proof leads to the root "),
        ("delete from {schema}.event where position = 598", "599", "The log has no event at position 598."),
    ):
        asyncio.run(tampered(ground, damage))
        refused = tasma(ground, tmp_path, "audit", "prove", position)
        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr
        assert f"The event at position {position} cannot be proven: " in refused.stderr
        assert why in refused.stderr
