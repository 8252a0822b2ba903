"""The lines of many statements that are written at the same time: in one file of the operating system's, until each is read once.

Memory holds the newest few of each. The file has no name and goes with the process.
"""

import tempfile
from collections.abc import Iterator, Sequence
from typing import Final, Self

from projections.statement_bytes import bytes_of
from projections.statement_line import Line

WAITING_MAX: Final = 64
"""Of one statement in memory, of about a kilobyte each: with 200 partners 13 megabytes."""


class KeptLines:
    """Use it as a context manager."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `__exit__`
        self._waiting: dict[str, list[bytes]] = {}
        self._pieces: dict[str, list[tuple[int, int]]] = {}
        """By partner, where in the file they begin and how long they are."""
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, partner: str, lines: Sequence[Line]) -> None:
        """Keep the next lines of a partner's statement."""
        if not lines:
            return
        waiting = self._waiting.get(partner)
        if waiting is None:
            waiting = self._waiting[partner] = []
        # At once, while they are at hand: later each would have to be fetched from far away in memory.
        waiting.append(bytes_of(lines))
        if len(waiting) >= WAITING_MAX:
            self._put(partner)

    def take(self, partner: str) -> Iterator[bytes]:
        """All lines of a statement as they are digested, with commas between them, piece by piece."""
        self._put(partner)
        for begin, size in self._pieces.pop(partner, ()):
            self._file.seek(begin)
            yield self._file.read(size)

    def _put(self, partner: str) -> None:
        waiting = self._waiting.pop(partner, None)
        if not waiting:
            return
        pieces = self._pieces.setdefault(partner, [])
        piece = b",".join((b"", *waiting) if pieces else waiting)
        self._file.seek(self._end)
        self._file.write(piece)
        pieces.append((self._end, len(piece)))
        self._end += len(piece)
