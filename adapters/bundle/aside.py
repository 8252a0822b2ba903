"""A file that has its name only when it is whole: written aside, synchronised, then named."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from domain.kernel import Refused


class AlreadyThere(Refused):
    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} is there already and is not overwritten: give another name with -o, or move it away.")


@contextmanager
def aside(file: Path) -> Iterator[BinaryIO]:
    """A file that gets its name only when all of it is on the disk. Raises AlreadyThere, OSError."""
    if file.exists():
        raise AlreadyThere(file)
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    unnamed = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            yield opened
            opened.flush()
            os.fsync(descriptor)
        _name(unnamed, file)
    finally:
        with suppress(FileNotFoundError):
            unnamed.unlink()


def _name(unnamed: Path, file: Path) -> None:
    try:
        file.hardlink_to(unnamed)  # unlike a rename, refused where somebody else took the name meanwhile
    except FileExistsError:
        raise AlreadyThere(file) from None
    except OSError:  # a file system without hard links
        unnamed.rename(file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
