"""A witness from its key to its line under the checkpoint, by the commands of the command line."""

import asyncio
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.postgres.embedded import Server
from adapters.settings import Settings
from adapters.signing import witness_of
from adapters.wiring import open_network
from application.desk import Asker
from application.notes import opened
from tests import command
from tests.tree.known import BEHIND_THE_SOFA, PETER, PETER_PRIVATE, TEXT

Tasma = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(server: Server, network_schema: str, tmp_path: Path) -> dict[str, str]:
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("TASMA_")},
        "TASMA_DATABASE_URL": server.app_dsn,
        "TASMA_ADMIN_DATABASE_URL": server.admin_dsn,
        "TASMA_NETWORK": network_schema,
        "TASMA_DATA_DIR": str(tmp_path / "data"),
    }


@pytest.fixture
def tasma(environment: dict[str, str]) -> Tasma:
    def run(*arguments: object, given: str = "") -> subprocess.CompletedProcess[str]:
        return command.run("audit", *arguments, env=environment, given=given)

    return run


def test_a_witness_signs_what_it_is_given(tasma: Tasma, tmp_path: Path) -> None:
    made = tasma("witness", "key", "ekami.example/witness")
    verifier = witness_of(made.stderr.strip())
    assert verifier.name == "ekami.example/witness"
    key_file = tmp_path / "witness.key"
    key_file.write_text(made.stdout)
    cosigned = tasma("cosign", "--key-file", key_file, given=BEHIND_THE_SOFA)
    assert cosigned.returncode == 0, cosigned.stderr
    assert cosigned.stdout.startswith(BEHIND_THE_SOFA)
    assert [s.name for s in opened(cosigned.stdout, [verifier]).verified] == ["ekami.example/witness"]
    again = tasma("cosign", "--key-file", key_file, given=cosigned.stdout)
    assert (again.returncode, again.stdout, again.stderr) == (
        1,
        "",
        "ekami.example/witness has signed this checkpoint already; hand it in as it is.\n",
    )
    assert tasma("witness", "key", "ekami.example/witness").stdout != made.stdout


@pytest.mark.parametrize(
    "note", ["", TEXT, f"{TEXT}\n— PeterNeumann x08goAAA\n", BEHIND_THE_SOFA.replace("\n20852163\n", "\n02\n")]
)
def test_what_is_no_checkpoint_is_not_signed(tasma: Tasma, tmp_path: Path, note: str) -> None:
    key_file = tmp_path / "witness.key"
    key_file.write_text(tasma("witness", "key", "w").stdout)
    refused = tasma("cosign", "--key-file", key_file, given=note)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)


def test_a_key_file_that_cannot_be_used_is_refused_without_being_shown(tasma: Tasma, tmp_path: Path) -> None:
    key_file = tmp_path / "log.key"
    missing = tasma("cosign", "--key-file", key_file, given=BEHIND_THE_SOFA)
    assert (missing.returncode, missing.stderr) == (
        1,
        f"{key_file} cannot be read as a key file: No such file or directory.\n",
    )
    key_file.write_text(PETER_PRIVATE)
    of_a_log = tasma("cosign", "--key-file", key_file, given=BEHIND_THE_SOFA)
    assert (of_a_log.returncode, of_a_log.stdout) == (1, "")
    assert "PeterNeumann" not in of_a_log.stderr


def test_witnesses_are_registered_for_partners(tasma: Tasma, environment: dict[str, str]) -> None:
    asyncio.run(found(environment))
    vkey = tasma("witness", "key", "xamk.example/witness").stderr.strip()
    for _ in range(2):
        added = tasma("witness", "add", "org:xamk", vkey, "--format", "json")
        assert json.loads(added.stdout) == {"vkey": vkey, "organisation": "org:xamk"}, added.stderr
    assert json.loads(tasma("witness", "list", "--format", "json").stdout) == [
        {"vkey": vkey, "organisation": "org:xamk"}
    ]
    origin = f"tasma/networks/{environment['TASMA_NETWORK']}"
    as_log = tasma("witness", "key", origin).stderr.strip()
    listed = tasma("witness", "list").stdout
    assert "org:xamk" in listed
    for arguments, sentence in {
        ("org:nobody", vkey): "org:nobody is no partner of this network, so it has no witness here; admit it first.\n",
        ("org:ekami", vkey): "This key is registered for org:xamk already; make another key.\n",
        ("org:xamk", as_log): (
            f"{origin} is what the network itself signs as; make the witness a key under a name of its own, such as "
            "ekami.fi/witness.\n"
        ),
        ("org:xamk", PETER): (
            "This is the public key of a log; a witness has a key of its own: `tasma audit witness key NAME`.\n"
        ),
        (
            "org:xamk",
            PETER_PRIVATE,
        ): "This is a private key; give the public one, and keep the private one to yourself.\n",
    }.items():
        refused = tasma("witness", "add", *arguments)
        assert (refused.returncode, refused.stdout, refused.stderr) == (1, "", sentence)


async def found(environment: dict[str, str]) -> None:
    """A network with two partners."""
    asker = Asker(actor="person:c", role="coordinator")
    settings = Settings(
        network=environment["TASMA_NETWORK"],
        database_url=environment["TASMA_DATABASE_URL"],
        admin_database_url=environment["TASMA_ADMIN_DATABASE_URL"],
        data_dir=Path(environment["TASMA_DATA_DIR"]),
    )
    async with open_network(settings) as network:
        founding = {"network": "t", "name": {"fi": "T"}, "first_period": "2019-02", "constructed": False}
        await network.desk.carry_out("found-network", founding, asker)
        for name in ("org:xamk", "org:ekami"):
            organisation = {"organisation": name, "name": {"fi": name}, "kind": "other"}
            await network.desk.carry_out("register-organisation", organisation, asker)
            admission = {"organisation": name, "membership": "open", "admitted_on": "2019-02-01"}
            await network.desk.carry_out("admit-partner", admission, asker)
