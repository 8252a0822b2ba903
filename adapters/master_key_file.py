"""The master key of a vault whose operator named none: made once, kept in the data folder for its owner alone."""

import os
from pathlib import Path
from typing import Final

from adapters.vault import Draw, MasterKeys, WrongMasterKey, master_key_text, master_keys

FILE: Final = "master.key"
_OTHERS: Final = 0o077


def kept_master_keys(folder: Path, draw: Draw) -> MasterKeys:
    """The keys in the folder's file; one is made where there is none. Raises WrongMasterKey and OSError.

    Two processes that come at once get the same key: the file appears whole, and only where there is none.
    """
    file = folder / FILE
    if not file.exists():
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        _make(file, master_key_text(draw), aside=folder / f".{FILE}.{draw(8).hex()}")
    if file.stat().st_mode & _OTHERS:
        raise WrongMasterKey(f"Others than its owner may use {file}; close it with `chmod 600` and start again.")
    text = file.read_text(encoding="ascii", errors="replace")
    if not text.strip():
        raise WrongMasterKey(f"{file} is empty; restore it from its backup: what the vault holds opens with it alone.")
    return master_keys(text)


def _make(file: Path, text: str, aside: Path) -> None:
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as written:
            written.write(f"{text}\n")
            written.flush()
            os.fsync(written.fileno())
        try:
            file.hardlink_to(aside)  # refused where another process was faster: its key is the one
        except FileExistsError:
            return
    finally:
        aside.unlink()
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
