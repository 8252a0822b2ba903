"""Folders that tests make for themselves."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.postgres.embedded import embedded


@contextmanager
def short_folder() -> Iterator[Path]:
    """An empty folder with a path short enough for a socket; an embedded server in it is stopped when the block is over."""
    folder = Path(tempfile.mkdtemp(prefix="t", dir="/tmp"))  # not TMPDIR, which may be long
    try:
        yield folder
    finally:
        if (folder / "cluster" / "data" / "postmaster.pid").exists():
            with embedded(folder):
                pass
        shutil.rmtree(folder)
