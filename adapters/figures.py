"""Figures of a network at work: those that the database holds, and those that each process counts for itself."""

from datetime import datetime
from typing import Final

from msgspec import Struct, field

BATCH_SIZES: Final = (1, 3, 7, 15, 31, 63, 127, 128)
"""Upper bounds of the histogram of batch sizes."""


class Figures(Struct, frozen=True, kw_only=True):
    """What the database says, whoever asks it."""

    head: int = 0
    pages: int = 0
    """Sealed pages."""
    unsealed_events: int = 0
    """Events behind the last sealed page; up to 255 of them wait for their page to be full."""
    unsealed_seconds: float = 0.0
    """How long the first page that is full has been waiting to be sealed; 0 while none waits."""
    checkpoint_size: int = 0
    checkpoint_at: datetime | None = None
    """When the newest checkpoint was signed; None: none was ever signed."""
    unsigned_seconds: float = 0.0
    """The age of the oldest event that no checkpoint covers; 0 while all are covered."""
    verified_size: int = 0
    verified_at: datetime | None = None
    """When the whole log was last recomputed and found right, and how far it reached then."""
    catalogue: int = 0
    """The version of the event catalogue that is known here."""
    recorded_catalogue: int = 0
    """The newest version that the network has recorded events with."""

    @property
    def unsigned_events(self) -> int:
        return max(self.head - self.checkpoint_size, 0)


class Batches(Struct):
    """What was gathered into batches of one kind, by one process or by all."""

    waiting: int = 0
    """Now."""
    items: int = 0
    sizes: list[int] = field(default_factory=lambda: [0] * (len(BATCH_SIZES) + 1))
    """How many batches had up to so many items, each counted once; the last: more than any bound."""


class Work(Struct):
    """What one process has done since it began, or all of them."""

    decisions: int = 0
    events: int = 0
    conflicts: int = 0
    refused: int = 0
    """As overloaded."""
    resting: int = 0
    """Processes that should be sealing and rest from it, through a fault."""
    batches: dict[str, Batches] = field(default_factory=dict)
    """By what is gathered: appends, looks."""
