"""Where the lines of each posting begin, statement by statement: of as many as there are, in one file of the operating system's.

A statement is corrected long after a line was written, and what is corrected is known only then.
"""

import tempfile
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final, Self

_BYTES: Final = array("Q").itemsize


class KeptStarts:
    """The file of all statements. Use it as a context manager."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `__exit__`
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def new(self) -> "StatementStarts":
        """Of a statement that has no line yet."""
        return StatementStarts(self)

    def put(self, numbers: "array[int]") -> int:
        """Write numbers down and say where."""
        begin = self._end
        self._file.seek(begin)
        self._file.write(numbers)
        self._end += len(numbers) * _BYTES
        return begin

    def get(self, begin: int, count: int) -> "array[int]":
        """Read what was written down."""
        numbers = array("Q")
        self._file.seek(begin)
        numbers.frombytes(self._file.read(count * _BYTES))
        return numbers


class StatementStarts:
    """Implements `projections.statement_passage.Starts`."""

    __slots__ = ("_file", "_firsts", "_pieces")

    def __init__(self, file: KeptStarts) -> None:
        self._file = file
        self._firsts, self._pieces = array("Q"), array("Q")
        """Of each piece the first position; where in the file it begins, and how many numbers it has."""

    def add(self, begun: Sequence[int]) -> None:
        if begun:
            self._firsts.append(begun[0])
            self._pieces.extend((self._file.put(array("Q", begun)), len(begun)))

    def first(self, position: int) -> int:
        n = bisect_right(self._firsts, position) - 1
        numbers = self._file.get(*self._pieces[2 * n : 2 * n + 2]) if n >= 0 else array("Q")
        n = bisect_left(positions := numbers[::2], position)
        if n == len(positions) or positions[n] != position:
            raise LookupError(
                f"The posting at position {position}, of which something is taken back, has no line here."
            )
        return numbers[2 * n + 1]
