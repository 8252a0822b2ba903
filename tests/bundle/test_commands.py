"""`tasma audit export`, `prove` and `verify --bundle`, on a network in PostgreSQL."""

import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.bundle.verify import Check, key_of
from adapters.postgres.embedded import Server
from adapters.signing import make_key, signer_of
from tests import command
from tests.bundle.bundles import WORDS, Entries, entries_of, faults
from tests.cli.test_command_line import story

Tasma = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def network(fresh_schema: Callable[[], str]) -> str:
    return fresh_schema()


@pytest.fixture(scope="module")
def vkey(network: str) -> str:
    return signer_of(private(network)).vkey


def private(network: str) -> str:
    return make_key(f"tasma/networks/{network}", bytes(range(32)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the command is run: empty at first."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def tasma(server: Server, network: str, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Tasma:
    """The installed command, on a network with a shared part and issued statements."""
    beside = tmp_path_factory.mktemp("beside")
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("TASMA_")},
        "TASMA_DATABASE_URL": server.app_dsn,
        "TASMA_ADMIN_DATABASE_URL": server.admin_dsn,
        "TASMA_NETWORK": network,
        "TASMA_DATA_DIR": str(beside / "data"),
    }

    def run(*arguments: object, key: str = private(network), **changed: str) -> subprocess.CompletedProcess[str]:
        return command.run(*arguments, env={**environment, "TASMA_SIGNING_KEY": key, **changed}, cwd=folder)

    (beside / "story.ndjson").write_text("\n".join(story()), encoding="utf-8")
    ran = run("run", beside / "story.ndjson", key="")
    assert ran.returncode == 0, ran.stderr
    return run


def test_a_network_is_exported_checked_and_proven(
    tasma: Tasma, tmp_path: Path, folder: Path, network: str, vkey: str
) -> None:
    ran = tasma("audit", "export", "--format", "json")
    assert ran.returncode == 0, ran.stderr
    exported = json.loads(ran.stdout)
    size = exported["events"]
    file = folder / f"{network}-{size}.zip"
    assert (exported["file"], exported["checkpoint"], exported["missing"]) == (file.name, size, [])
    assert exported["documents"] > 0
    assert list(folder.iterdir()) == [file]

    verified = tasma("audit", "verify", "--bundle", file, "--key", vkey, "--format", "json", TASMA_DATABASE_URL="")
    assert verified.returncode == 0, verified.stderr
    found = json.loads(verified.stdout)
    assert (found["size"], found["ok"], found["first_fault"], found["faults"]) == (size, True, None, [])
    assert len(found["root"]) == 64
    assert found["unproven"] == [WORDS]
    by_own_keys = tasma("audit", "verify", "--bundle", file)
    assert by_own_keys.returncode == 0
    assert "\nNOT PROVEN: whose the key " in by_own_keys.stdout
    nobody = f"{file}: WHOLE: {size} events, signed by nobody whose key you gave."
    assert by_own_keys.stdout.splitlines()[-1] == nobody
    by_given = tasma("audit", "verify", "--bundle", file, "--key", vkey).stdout.splitlines()
    assert by_given[-2:] == [f"NOT PROVEN: {WORDS}.", f"{file}: WHOLE: {size} events, signed by {key_of(vkey)[0]}."]
    for bad in ("nonsense", vkey[:-4]):
        refused = tasma("audit", "verify", "--bundle", file, "--key", bad)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert f"Invalid value for --key: {bad} is no public key" in " ".join(refused.stderr.split())

    proof = tmp_path / "proof.json"
    proof.write_text(tasma("audit", "prove", 3, "--format", "json").stdout, encoding="utf-8")
    assert json.loads(proof.read_bytes())["root"] == found["root"]
    assert faults(Check(proof, [vkey], proof=True)) == []
    text = tasma("audit", "prove", 3).stdout
    assert text.startswith("CONSTRUCTED EXAMPLE")
    assert text.endswith("a key of the network has signed the checkpoint.\n")

    again = tasma("audit", "export")
    assert (again.returncode, again.stdout) == (1, "")
    assert f"{file.name} is there already and is not overwritten" in again.stderr
    assert tasma("audit", "export", "-o", tmp_path / "again.zip").stdout == (
        f"{tmp_path / 'again.zip'}: {size} events, {exported['documents']} documents, signed up to position {size}.\n"
    )
    assert (tmp_path / "again.zip").read_bytes() == file.read_bytes()


def test_a_changed_bundle_is_refused_with_the_position(tasma: Tasma, tmp_path: Path) -> None:
    assert tasma("audit", "export", "-o", tmp_path / "b.zip").returncode == 0
    changed = with_another_amount(entries_of(tmp_path / "b.zip"))
    file = changed.written(tmp_path / "changed.zip")
    ran = tasma("audit", "verify", "--bundle", file, "--format", "json")
    assert ran.returncode == 1
    found = json.loads(ran.stdout)
    assert found["ok"] is False
    assert found["first_fault"]["what"] == (
        f"position {found['first_fault']['position']} (pages/000000.ndjson, line {found['first_fault']['position']}) does not "
        "have the hash that the tree has: the checkpoint agrees with the tiles."
    )
    assert f"{file} is not whole:\n{found['first_fault']['what']}" in ran.stderr


def with_another_amount(entries: Entries) -> Entries:
    page = entries.files["pages/000000.ndjson"]
    assert page.count(b'"amount_cents":40000') == 1
    return entries.changed({"pages/000000.ndjson": page.replace(b'"amount_cents":40000', b'"amount_cents":90000')})


def test_what_cannot_be_done_is_one_sentence(tasma: Tasma, tmp_path: Path) -> None:
    none = tasma("audit", "export", "--project", "S20967")
    assert none.returncode == 1
    assert "of this log names the project S20967, so there is nothing to export." in none.stderr
    wrong = tasma("audit", "export", "--project", "no code")
    assert (wrong.returncode, wrong.stderr) == (1, "'no code' is no project code; S20967 is one.\n")
    late = tasma("audit", "prove", 100_000)
    assert late.returncode == 1
    assert late.stderr.startswith("There is no event at position 100000 here.")
    assert tasma("audit", "prove", 0).returncode == 2
    nowhere = tasma("audit", "export", "-o", tmp_path / "none" / "b.zip")
    assert nowhere.returncode == 1
    assert "No such file or directory" in nowhere.stderr
    no_zip = tmp_path / "no.zip"
    no_zip.write_text("no zip", encoding="utf-8")
    assert tasma("audit", "verify", "--repair", "--bundle", no_zip).returncode == 2
    unread = tasma("audit", "verify", "--bundle", no_zip)
    assert unread.returncode == 1
    assert "this is no bundle that can be read: File is not a zip file." in unread.stderr


def test_without_a_key_nothing_is_signed_and_it_says_so(tasma: Tasma, tmp_path: Path, network_schema: str) -> None:
    file = tmp_path / "story.ndjson"
    file.write_text("\n".join(story()[:3]), encoding="utf-8")
    assert tasma("run", file, key="", TASMA_NETWORK=network_schema).returncode == 0
    exported = tasma("audit", "export", "-o", tmp_path / "b.zip", key="", TASMA_NETWORK=network_schema)
    assert exported.stdout == f"{tmp_path / 'b.zip'}: 3 events, 0 documents, not signed.\n"
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert "checkpoint.txt" not in archive.namelist()
    proven = tasma("audit", "prove", 3, key="", TASMA_NETWORK=network_schema)
    assert (proven.returncode, proven.stderr.startswith("This network has signed no checkpoint")) == (1, True)
