"""The newest checkpoint, kept outside the database: what tells a restored backup from the network as it was.

One file a network; a lock beside it keeps several processes from putting an older note in the place of a newer one.
"""

from pathlib import Path
from typing import Final

from adapters.kept_file import locked, sync_folder, write
from application.notes import Checkpoint, NoteFault, parse_checkpoint, read

SUFFIX: Final = ".checkpoint"
EVERYBODYS: Final = 0o666
"""A checkpoint is public: who may read it is the umask's affair."""


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
        with locked(self.path, EVERYBODYS):
            kept = self.note()
            if kept == note:
                return True
            # A file that is no checkpoint is somebody's to look at: it is read as larger than any.
            if kept is not None and checkpoint_of(kept).size > size:
                return False
            write(self.path, note, EVERYBODYS)
        return True

    def set_aside(self) -> Path | None:
        """Move the file away, under a name with its size that nothing has yet; None where there is none. Raises OSError."""
        with locked(self.path, EVERYBODYS):
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
            sync_folder(self.path.parent)
        return to

    def forget(self) -> None:
        """Remove the file of a constructed network that is made anew."""
        self.path.unlink(missing_ok=True)


def checkpoint_of(note: str) -> Checkpoint:
    """The checkpoint in a note, whoever signed it. Raises NoteFault."""
    return parse_checkpoint(read(note)[0])
