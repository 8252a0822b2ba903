"""verify.py as an auditor runs it: the file from the bundle, in an empty folder, with nothing but Python."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.bundle.verify import key_of
from tests.bundle.bundles import OTHER_VKEY, STRANGER, VERIFY, VKEY, WORDS, Entries, entries_of

ALONE = (sys.executable, "-I", "-S")
"""Nothing but the standard library."""


@pytest.fixture
def folder(tmp_path: Path, bundle: Path, entries: Entries) -> Path:
    """An empty folder with the bundle and the program out of it."""
    (tmp_path / "verify.py").write_bytes(entries.files["verify.py"])
    shutil.copy(bundle, tmp_path / "bundle.zip")
    return tmp_path


def run(folder: Path, *arguments: str, encoding: str = "utf-8") -> tuple[int, str]:
    ran = subprocess.run(  # noqa: S603 - our own program
        [*ALONE, "verify.py", *arguments],
        cwd=folder,
        env={"PATH": "", "PYTHONIOENCODING": encoding},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in ran.stderr
    return ran.returncode, ran.stdout


def test_it_needs_nothing_but_python(folder: Path, entries: Entries) -> None:
    """Signatures included: no package, no program and no answer but yes or no."""
    code, said = run(folder, "bundle.zip", "--key", VKEY)
    assert code == 0
    assert said.startswith(f"The checkpoint was signed by {key_of(VKEY)[0]} (the key you gave).\n")
    gone_through = f"600 events and {entries.claims['documents']} documents of theirs were gone through."
    assert gone_through in said.splitlines()
    assert said.splitlines()[-2:] == [
        f"NOT PROVEN: {WORDS}.",
        f"WHOLE: 600 events, signed by {key_of(VKEY)[0]}.",
    ]


def test_a_signature_of_something_else_is_named(folder: Path, entries: Entries) -> None:
    another(entries, folder)
    for keys in ((), ("--key", VKEY)):
        code, said = run(folder, "another.zip", *keys)
        assert code == 1
        assert re.search(r"FAULT: the signature by \S+ \(the .*key.*\) does not fit the checkpoint\.", said)
        assert said.endswith("\nNOT WHOLE.\n")


def another(entries: Entries, folder: Path) -> None:
    """A bundle whose checkpoint names another root, under the old signature."""
    text, signatures = entries.files["checkpoint.txt"].split(b"\n\n")
    origin, size, _ = text.split(b"\n")
    note = b"\n".join([origin, size, b"A" * 43 + b"=", b"", signatures])
    entries.changed({"checkpoint.txt": note}, vouched=True).written(folder / "another.zip")


def test_a_key_that_did_not_sign_is_named(folder: Path) -> None:
    code, said = run(folder, "bundle.zip", "--key", OTHER_VKEY)
    assert code == 1
    assert f"FAULT: the signature by the key you gave, {key_of(OTHER_VKEY)[0]}, is not there." in said


def test_without_a_key_it_says_whose_keys_were_used(folder: Path) -> None:
    code, said = run(folder, "bundle.zip")
    assert code == 0
    assert "(the bundle says: the network's own key)." in said
    assert f"\nNOT PROVEN: {STRANGER}.\n" in said
    assert said.splitlines()[-1] == "WHOLE: 600 events, signed by nobody whose key you gave."


def test_what_nobody_signed_is_not_said_to_be_whole_alone(folder: Path, entries: Entries) -> None:
    without = entries.changed({"checkpoint.txt": None, "keys.txt": None}, vouched=True).claiming(checkpoint=None)
    without.written(folder / "another.zip")
    code, said = run(folder, "another.zip")
    assert code == 0
    assert "\nNOT PROVEN: whose log it is, as nothing is signed: " in said
    assert said.splitlines()[-1] == "WHOLE: 600 events, signed by nobody whose key you gave."
    code, said = run(folder, "another.zip", "--key", VKEY)
    assert (code, said.splitlines()[-1]) == (1, "NOT WHOLE.")


def test_wrong_usage_is_exit_code_2_and_what_cannot_be_read_1(folder: Path) -> None:
    assert run(folder)[0] == 2
    assert run(folder, "bundle.zip", "--proof", "x.json")[0] == 2
    assert run(folder, "none.zip")[0] == 1
    (folder / "cut.zip").write_bytes((folder / "bundle.zip").read_bytes()[:50_000])
    code, said = run(folder, "cut.zip")
    assert (code, said) == (1, "FAULT: this is no bundle that can be read: File is not a zip file.\nNOT WHOLE.\n")


def test_a_key_that_is_none_is_wrong_usage(folder: Path) -> None:
    for what in (["bundle.zip"], ["--proof", "none.json"]):
        assert run(folder, *what, "--key", "no key") == (2, "")
    assert run(folder, "bundle.zip", "--key", VKEY[:-4]) == (2, "")


def test_neither_a_forger_nor_a_narrow_terminal_makes_it_fail(folder: Path, entries: Entries) -> None:
    """A lone surrogate cannot be written anywhere, and not every output has every letter."""
    for text in ("\ud800", "\x1b[2J\x1b[HWHOLE.", "x\nWHOLE.\n"):
        entries.claiming(network=text).written(folder / "another.zip")
        code, said = run(folder, "another.zip")
        assert (code, said.count("\n"), said.endswith(".\nNOT WHOLE.\n")) == (1, 2, True)
        assert said.replace("\n", "").isprintable()
    entries.claiming(network="kymi-\u00e4").written(folder / "another.zip")
    assert "kymi-\\xe4" in run(folder, "another.zip", encoding="ascii")[1]


def test_it_is_one_file_of_the_standard_library_for_python_3_9(bundle: Path) -> None:
    text = VERIFY.read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 9))
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {a.name for node in top if isinstance(node, ast.Import) for a in node.names}
    names |= {node.module or "" for node in top if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names
    assert entries_of(bundle).files["verify.py"] == text.encode()


def test_the_commands_of_the_readme_give_what_it_says(folder: Path, entries: Entries) -> None:
    """A reader who trusts no program of ours gets by hand the same hash as the tile has."""
    needed = ("sh", "sed", "tr", "sha256sum", "od")
    if missing := [name for name in needed if shutil.which(name) is None]:
        pytest.skip(f"NOT TESTED: this machine has no {', '.join(missing)}.")
    shutil.unpack_archive(folder / "bundle.zip", folder)
    commands = [line for line in entries.files["README.txt"].decode().splitlines() if line.startswith("    (printf")]
    commands += [line for line in entries.files["README.txt"].decode().splitlines() if line.startswith("    od ")]
    found = [
        subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, check=True, env=os.environ).stdout  # noqa: S603, S607 - the README's own
        for command in commands
    ]
    by_hand, in_tile = ("".join(out.decode().replace("-", "").split()) for out in found)
    assert by_hand == in_tile
    assert len(by_hand) == 64
