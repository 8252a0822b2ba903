"""The newest event that a process knows of the log. Where it is missing, the log is another one, and nothing known of it holds.

A database may be put back, fail over to a server that lacked the end, or be made anew, and go on from there: positions alone do
not tell. What was known from the log rests on no position after the anchor, so where the anchor is, all of that is.
"""

import hashlib
from datetime import datetime

from psycopg.types.numeric import Int8

from application.envelope import placed

_YEAR_MIN = 1_000  # below that, not every system writes a year with four digits as PostgreSQL does


class Anchor:
    """Shared by all that read and append on behalf of one process."""

    def __init__(self) -> None:
        self._position, self._digest = 0, bytes(32)
        self.era = 0
        """How often the log turned out to be another one."""

    def parameters(self) -> tuple[Int8, bytes]:
        """anchor, anchor_digest: position 0 while nothing is known."""
        return Int8(self._position), self._digest

    def take(self, era: int, position: int, digest: bytes) -> None:
        """Know an event from what was asked in an era; it counts if it is the newest."""
        if era == self.era and position > self._position:
            self._position, self._digest = position, digest

    def take_placed(self, era: int, position: int, time: datetime, body: bytes) -> None:
        """Know an event that was appended just now."""
        if position > self._position and time.year >= _YEAR_MIN:
            self.take(era, position, hashlib.sha256(placed(position, time, body)).digest())

    def slip(self, era: int) -> None:
        """What was asked in an era has found another log: a new era begins."""
        if era == self.era:
            self.era += 1
            self._position, self._digest = 0, bytes(32)
