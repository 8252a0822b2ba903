"""Where ids and nonces come from: the operating system, or a seed where everything has to come out the same again."""

import os
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class SystemEntropy:
    """Unpredictable."""

    def event_id(self, at: datetime) -> UUID:
        return uuid7(at, int.from_bytes(os.urandom(10), "big"))

    def nonce(self) -> str:
        return os.urandom(16).hex()


class SeededEntropy:
    """The same sequence from the same seed: for constructed networks and simulations, never for real ones."""

    def __init__(self, seed: int) -> None:
        self._bits = random.Random(seed).getrandbits  # noqa: S311 - repeatable is the point here

    def event_id(self, at: datetime) -> UUID:
        return uuid7(at, self._bits(80))

    def nonce(self) -> str:
        return f"{self._bits(128):032x}"


def uuid7(at: datetime, bits: int) -> UUID:
    """A UUIDv7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then 74 of the 80 given bits.

    A time before 1970 counts as 1970.
    """
    milliseconds = max(0, (at - _EPOCH) // _MILLISECOND)
    number = milliseconds << 80 | bits
    number = number & ~(0xF << 76) | 7 << 76
    return UUID(int=number & ~(0x3 << 62) | 2 << 62)
