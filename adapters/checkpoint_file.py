"""The newest checkpoint, kept outside the database: what tells a restored backup from the network as it was.

One file a network. It is written aside, synced and renamed, so a reader finds a whole note or none, whatever crashes; a lock
beside it keeps several processes from putting an older note in the place of a newer one.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from application.notes import Checkpoint, NoteFault, parse_checkpoint, read

SUFFIX: Final = ".checkpoint"


class CheckpointFile:
    """The file of one network. Blocks: its calls belong in a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self) -> str | None:
        """What is kept; None where nothing is yet. Raises OSError, and UnicodeDecodeError for what is no text."""
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def keep(self, note: str) -> bool:
        """Keep a note unless one of a larger tree is kept; whether it is kept now. Raises NoteFault and OSError."""
        size = checkpoint_of(note).size
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            kept = self.note()
            if kept == note:
                return True
            # A file that is no checkpoint is somebody's to look at: it is read as larger than any.
            if kept is not None and checkpoint_of(kept).size > size:
                return False
            aside = self.path.with_name(f"{self.path.name}.new")
            with aside.open("w", encoding="utf-8", newline="") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self.path)
            self._sync_folder()
        return True

    def set_aside(self) -> Path | None:
        """Move the file away, under a name with its size that nothing has yet; None where there is none. Raises OSError."""
        with self._locked():
            try:
                size = str(checkpoint_of(self.note() or "").size)
            except (NoteFault, UnicodeDecodeError):
                size = "unreadable"
            number, to = 1, self.path.with_name(f"{self.path.name}.{size}")
            while to.exists():
                number, to = number + 1, self.path.with_name(f"{self.path.name}.{size}.{number + 1}")
            try:
                self.path.rename(to)
            except FileNotFoundError:
                return None
            self._sync_folder()
        return to

    def forget(self) -> None:
        """Remove the file of a constructed network that is made anew."""
        self.path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self.path.with_name(f"{self.path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _sync_folder(self) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def checkpoint_of(note: str) -> Checkpoint:
    """The checkpoint in a note, whoever signed it. Raises NoteFault."""
    return parse_checkpoint(read(note)[0])
