"""A network whose operator named no key has one all the same: made once, kept for its owner alone."""

import os
import secrets
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.kept_file import NotOnlyOwners
from adapters.settings import WrongSetting, read_settings
from adapters.signing import KeyFault, make_key, signers_of
from adapters.signing_key_file import FILE, kept_signers

ORIGIN = "tasma/networks/t"
KEEP = (
    "import secrets, sys; from pathlib import Path; from adapters.signing_key_file import kept_signers; "
    "print(kept_signers(Path(sys.argv[1]), sys.argv[2], secrets.token_bytes)[0].vkey)"
)


def test_the_key_is_made_once_and_is_its_owner_s_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    (made,) = kept_signers(folder, ORIGIN, secrets.token_bytes)
    assert made.name == ORIGIN
    assert [s.vkey for s in kept_signers(folder, ORIGIN, secrets.token_bytes)] == [made.vkey]
    assert {f.name: stat.S_IMODE(f.stat().st_mode) for f in folder.iterdir()} == {FILE: 0o600, f"{FILE}.lock": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_processes_that_come_at_once_get_the_same_key(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", KEEP, str(tmp_path), ORIGIN]
    started = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(4)]  # noqa: S603 - our own code
    said = {process.communicate(timeout=60)[0] for process in started}
    assert len(said) == 1
    assert said == {f"{kept_signers(tmp_path, ORIGIN, secrets.token_bytes)[0].vkey}\n"}


def test_networks_of_one_folder_have_a_key_each(tmp_path: Path) -> None:
    one, other = (kept_signers(tmp_path, f"tasma/networks/{n}", secrets.token_bytes)[0] for n in ("one", "other"))
    assert one.vkey != other.vkey
    assert [s.vkey for s in kept_signers(tmp_path, one.name, secrets.token_bytes)] == [one.vkey]


def test_a_second_key_that_was_put_there_signs_too(tmp_path: Path) -> None:
    (old,) = kept_signers(tmp_path, ORIGIN, secrets.token_bytes)
    file, new = tmp_path / FILE, make_key(ORIGIN, bytes(32))
    file.write_text(f"{new}\n{file.read_text()}")
    assert [s.vkey for s in kept_signers(tmp_path, ORIGIN, secrets.token_bytes)] == [signers_of(new)[0].vkey, old.vkey]


def test_what_was_left_half_written_is_no_key(tmp_path: Path) -> None:
    """The process died while it wrote aside."""
    (tmp_path / f"{FILE}.new").write_text("PRIVATE+KEY+tasma/networks/t+00")
    assert kept_signers(tmp_path, ORIGIN, secrets.token_bytes)
    assert not (tmp_path / f"{FILE}.new").exists()


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    kept_signers(tmp_path, ORIGIN, secrets.token_bytes)
    (tmp_path / FILE).chmod(0o640)
    with pytest.raises(NotOnlyOwners) as fault:
        kept_signers(tmp_path, ORIGIN, secrets.token_bytes)
    assert str(fault.value) == (
        f"Others than its owner may use {tmp_path / FILE}; close it with `chmod 600` and start again."
    )


def test_a_network_that_signed_gets_no_new_key_in_place_of_a_lost_one(tmp_path: Path) -> None:
    """Nor where another network of the folder has made the file anew meanwhile; with the right file it goes on."""
    (made,) = kept_signers(tmp_path, ORIGIN, secrets.token_bytes)
    lost = (tmp_path / FILE).rename(tmp_path / "lost")
    for _ in range(2):
        with pytest.raises(KeyFault) as fault:
            kept_signers(tmp_path, ORIGIN, secrets.token_bytes, signed=True)
        assert str(fault.value) == (
            f"{tmp_path / FILE} holds no key of {ORIGIN}, and checkpoints of it were signed. Restore the file from its backup; "
            "to sign with another key from now on, make one with `tasma audit key new` and name it in TASMA_SIGNING_KEY."
        )
        kept_signers(tmp_path, "tasma/networks/other", secrets.token_bytes)
    lost.rename(tmp_path / FILE)
    assert [s.vkey for s in kept_signers(tmp_path, ORIGIN, secrets.token_bytes, signed=True)] == [made.vkey]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"PRIVATE+KEY+tasma/networks/t+deadbeef+AAAA"])
def test_a_damaged_file_is_refused_and_not_replaced(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / FILE
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    file.write_bytes(content)
    with pytest.raises(KeyFault) as fault:
        kept_signers(tmp_path, ORIGIN, secrets.token_bytes)
    assert file.read_bytes() == content
    assert "AAAA" not in str(fault.value)


def test_keys_of_the_environment_are_read_and_not_shown() -> None:
    one, two = make_key("a", bytes(32)), make_key("b", bytes(32))
    settings = read_settings({"TASMA_SIGNING_KEY": f"\n {one}\n{two} "})
    assert settings.signing_key == f"{one} {two}"
    assert one not in repr(settings)
    assert read_settings({"TASMA_SIGNING_KEY": " "}).signing_key is None
    assert read_settings({"TASMA_NETWORK": "testi"}).origin == "tasma/networks/testi"


def test_what_is_no_key_is_refused_without_being_repeated() -> None:
    with pytest.raises(WrongSetting) as refused:
        read_settings({"TASMA_SIGNING_KEY": "a-seed-in-hex"})
    assert str(refused.value) == (
        "TASMA_SIGNING_KEY (not shown) must be one or several private keys in the form PRIVATE+KEY+NAME+HASH+KEY, "
        "with white space between them."
    )
