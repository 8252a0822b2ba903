"""`tasma audit verify` as an operator or an auditor's script uses it."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.sealing.conftest import SIGNER, Ground

TASMA = Path(sys.executable).with_name("tasma")
FLIP = "update {schema}.page set body = set_byte(body, 500, get_byte(body, 500) # 1) where n = 1"
CHANGE = "update {schema}.event set data = set_byte(data, 5, 0) where position = 300"


def audit_verify(ground: Ground, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TASMA_")},
        "TASMA_DATABASE_URL": ground.server.app_dsn,
        "TASMA_NETWORK": ground.schema,
        "TASMA_DATA_DIR": str(folder),
    }
    return subprocess.run(  # noqa: S603 - our own command
        [str(TASMA), "audit", "verify", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_is_wrong_is_said_and_what_can_be_mended_is_mended(ground: Ground, tmp_path: Path) -> None:
    async def prepare() -> None:
        async with ground.open() as sealing:
            await sealing.grow(600)
            await sealing.sealer().seal()

    async def tamper(query: str) -> None:
        async with ground.open() as sealing:
            assert sealing.tamper(query) == 1

    asyncio.run(prepare())
    right = audit_verify(ground, tmp_path, "--format", "json", "--key", SIGNER.vkey)
    assert right.returncode == 0, right.stderr
    found = json.loads(right.stdout)
    assert (found["size"], found["ok"], found["first_fault"], found["unsigned"]) == (600, True, None, 0)
    assert len(bytes.fromhex(found["root"])) == 32
    assert "Verified: 600 events, 2 sealed pages, 1 checkpoints" in audit_verify(ground, tmp_path).stdout

    asyncio.run(tamper(FLIP))
    wrong = audit_verify(ground, tmp_path, "--format", "json")
    assert wrong.returncode == 1
    sentence = "Page 1 is damaged; rows and tree agree."
    assert f"Not verified. {sentence}" in wrong.stderr
    assert json.loads(wrong.stdout)["first_fault"] == {"position": 257, "what": sentence}
    mended = audit_verify(ground, tmp_path, "--repair")
    assert mended.returncode == 0, mended.stderr
    assert mended.stdout.startswith("Made again from the events: page 1 and tile 0/001.\nVerified: 600 events")

    asyncio.run(tamper(CHANGE))
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
