"""What lies in files: whole or not at all, for its owner alone, and never put back by who comes later with less."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.checkpoint_file import CheckpointFile, checkpoint_of
from adapters.kept_file import NotOnlyOwners
from adapters.master_key_file import FILE, kept_master_keys
from adapters.signing import make_key, signer_of
from adapters.vault import WrongMasterKey
from application.notes import Checkpoint, checkpoint_text, signed

REPOSITORY = Path(__file__).parents[2]
SIGNER = signer_of(make_key("tasma/networks/testi", bytes(32)))
KEEP = """
import sys
from pathlib import Path
from adapters.checkpoint_file import CheckpointFile
from tests.custody.test_files import note
file = CheckpointFile(Path(sys.argv[1]))
for size in range(int(sys.argv[2]), 240, 3):
    file.keep(note(size))
"""
MAKE = """
import os, sys
from pathlib import Path
from adapters.master_key_file import kept_master_keys
print(kept_master_keys(Path(sys.argv[1]), os.urandom).current.hex())
"""


def note(size: int) -> str:
    return signed(checkpoint_text(Checkpoint("tasma/networks/testi", size, bytes(32))), [SIGNER])


def started(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - this interpreter, a script of this file
        [sys.executable, "-c", script, *map(str, arguments)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )


def test_of_many_processes_that_keep_a_checkpoint_the_largest_stays_and_each_sight_is_whole(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "folder" / "testi.checkpoint")
    processes = [started(KEEP, file.path, first) for first in (1, 2, 3)]
    sizes = [0]
    while any(process.poll() is None for process in processes):
        if (kept := file.note()) is not None:
            sizes.append(checkpoint_of(kept).size)
    assert [(process.communicate()[0], process.returncode) for process in processes] == [("", 0)] * 3
    assert sizes == sorted(sizes)
    assert file.note() == note(239)


def test_a_smaller_checkpoint_is_not_kept_and_the_same_is(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "testi.checkpoint")
    assert [file.keep(note(size)) for size in (5, 4, 5, 6)] == [True, False, True, True]
    assert file.note() == note(6)


def test_what_a_crash_left_aside_is_in_nobodys_way(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "testi.checkpoint")
    file.keep(note(5))
    (tmp_path / "testi.checkpoint.new").write_text("half a no", encoding="utf-8")
    assert file.note() == note(5)
    assert file.keep(note(6))
    assert file.note() == note(6)


def test_a_file_set_aside_keeps_its_size_in_its_name_and_covers_no_other(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "testi.checkpoint")
    names = []
    for _ in range(3):
        file.keep(note(5))
        aside = file.set_aside()
        assert aside is not None
        assert aside.read_text(encoding="utf-8") == note(5)
        names.append(aside.name)
    assert names == ["testi.checkpoint.5", "testi.checkpoint.5.2", "testi.checkpoint.5.3"]
    assert file.set_aside() is None
    assert file.note() is None


def test_two_processes_that_come_at_once_get_the_same_master_key(tmp_path: Path) -> None:
    processes = [started(MAKE, tmp_path / "data") for _ in range(4)]
    made = {process.communicate(timeout=60)[0] for process in processes}
    assert len(made) == 1
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [FILE, f"{FILE}.lock"]
    assert stat.S_IMODE((tmp_path / "data" / FILE).stat().st_mode) == 0o600
    assert kept_master_keys(tmp_path / "data", os.urandom).current.hex() == made.pop().strip()


def test_a_master_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    kept_master_keys(tmp_path, os.urandom)
    (tmp_path / FILE).chmod(0o640)
    with pytest.raises(NotOnlyOwners) as refused:
        kept_master_keys(tmp_path, os.urandom)
    assert str(refused.value) == (
        f"Others than its owner may use {tmp_path / FILE}; close it with `chmod 600` and start again."
    )


def test_an_empty_key_file_is_not_filled_with_a_new_key(tmp_path: Path) -> None:
    """A new one would open nothing of what the vault holds."""
    (tmp_path / FILE).touch(0o600)
    with pytest.raises(WrongMasterKey, match="restore it from its backup"):
        kept_master_keys(tmp_path, os.urandom)
    assert (tmp_path / FILE).read_text(encoding="ascii") == ""


def test_a_vault_that_is_locked_gets_no_new_key_in_place_of_a_lost_one(tmp_path: Path) -> None:
    """Nor where another network of the folder has made the file anew meanwhile; with the right file it goes on."""
    locking = [kept_master_keys(tmp_path, os.urandom).current.hex()]
    lost = (tmp_path / FILE).rename(tmp_path / "lost")
    for what in ("is missing", "holds another key"):
        with pytest.raises(WrongMasterKey) as refused:
            kept_master_keys(tmp_path, os.urandom, locking)
        assert str(refused.value) == (
            f"{tmp_path / FILE} {what}, and the vault is locked with the master key {locking[0]}. Restore the file from its "
            "backup, or name the key in TASMA_MASTER_KEY; if it is lost for good, a new one there: what is in the vault then "
            "stays locked."
        )
        kept_master_keys(tmp_path, os.urandom)  # another network, whose vault is empty
    lost.rename(tmp_path / FILE)
    assert kept_master_keys(tmp_path, os.urandom, locking).current.hex() == locking[0]
