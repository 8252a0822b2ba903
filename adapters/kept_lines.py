"""The lines of many statements that are written at the same time: in one file of the operating system's, until they are read.

The file has no name and goes with the process; memory holds where the pieces of each statement are.
"""

import os
import tempfile
from array import array
from collections.abc import Iterator
from typing import Self


class KeptLines:
    """Use it as a context manager."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by `__exit__`
        self._pieces: dict[str, array[int]] = {}
        """By partner, of each piece where in the file it begins and where it ends."""
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, partner: str, lines: bytes) -> None:
        """Keep the next lines of a partner's statement, with commas between them."""
        if not lines:
            return
        pieces = self._pieces.get(partner)
        if pieces is None:
            pieces = self._pieces[partner] = array("Q")
        piece = memoryview(b"," + lines if pieces else lines)
        pieces.extend((self._end, self._end + len(piece)))
        while piece:
            written = os.pwrite(self._file.fileno(), piece, self._end)
            self._end += written
            piece = piece[written:]

    def of(self, partner: str) -> Iterator[bytes]:
        """All lines of a statement as they are digested, with commas between them, piece by piece. Any thread may ask."""
        pieces = self._pieces.get(partner, array("Q"))
        for begin, end in zip(pieces[::2], pieces[1::2], strict=True):
            yield os.pread(self._file.fileno(), end - begin, begin)
