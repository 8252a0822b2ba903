"""A file that is whole or not there, whatever crashes, and that one process at a time changes."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from domain.kernel import Refused

OWNERS: Final = 0o600
"""Permissions of what nobody but its owner may read."""


_OTHERS: Final = 0o077


class NotOnlyOwners(Refused):
    def __init__(self, file: Path) -> None:
        super().__init__(f"Others than its owner may use {file}; close it with `chmod 600` and start again.")


@contextmanager
def locked(file: Path, mode: int = OWNERS) -> Iterator[None]:
    """Hold a lock that lies beside the file: what is read and then written inside is changed by nobody in between."""
    lock = os.open(file.with_name(f"{file.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def write(file: Path, text: str, mode: int = OWNERS) -> None:
    """Write aside, sync, rename: who holds the lock replaces the file, and who reads finds the old text or the new one."""
    aside = file.with_name(f"{file.name}.new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as written:
        written.write(text)
        written.flush()
        os.fsync(written.fileno())
    aside.rename(file)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Let new names survive a crash."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def owners_text(file: Path) -> str | None:
    """What a file holds that is its owner's alone; None where there is none. Raises NotOnlyOwners and OSError.

    What is no ASCII comes back as characters that no key has.
    """
    try:
        with file.open(encoding="ascii", errors="replace") as opened:
            if os.fstat(opened.fileno()).st_mode & _OTHERS:
                raise NotOnlyOwners(file)
            return opened.read()
    except FileNotFoundError:
        return None
