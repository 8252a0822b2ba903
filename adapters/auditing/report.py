"""What a verification found."""

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct, field

from domain.kernel import Refused

FAULTS_MAX: Final = 100

Kind = Literal[
    "row",
    "event",
    "page",
    "tile",
    "checkpoint",
    "tree",
    "cosignature",
    "tag",
    "command",
    "document",
    "statement",
    "network",
]


class Fault(Struct, frozen=True):
    """Something that is not as it must be, in a sentence."""

    position: int
    """Of the first event concerned; 0 where it is about no event."""
    what: str
    kind: Kind


class First(Struct, frozen=True):
    position: int
    what: str


class Verified(Struct, frozen=True, kw_only=True):
    """The outcome for a log of `size` events, with the root of the tree over them in hex."""

    size: int
    root: str
    ok: bool
    first_fault: First | None
    faults: tuple[Fault, ...]
    """At most 100, in order of position."""
    faults_in_all: int
    pages: int
    """Sealed."""
    checkpoints: int
    keys: Mapping[str, int]
    """How many checkpoints each known key has signed; keys as name+hash."""
    cosignatures: Mapping[str, int]
    """The same of witnesses."""
    unsigned: int
    """Events after the newest checkpoint."""
    unknown_types: Mapping[str, int]
    """Events of types that this version does not know: their bytes are verified, their tags are not."""
    statements: int
    """Issued, with their documents."""
    seconds: float
    repaired: tuple[str, ...] = ()
    """Pages and tiles that were made again before this outcome."""


class Faults:
    """Faults as they are found: all counted, the first hundred by position kept."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        self.count += len(faults)
        self._kept.extend(faults)
        if len(self._kept) > 4 * FAULTS_MAX:
            self._kept = self.kept()

    def kept(self) -> list[Fault]:
        """By position; of one position, what concerns the event itself first."""
        return sorted(self._kept, key=lambda fault: (fault.position, fault.kind != "row"))[:FAULTS_MAX]


class Repairable(Struct, frozen=True):
    """Pages and tiles that differ from events which fit the signed tree."""

    pages: set[int] = field(default_factory=set)
    """With their tiles."""
    tiles: set[tuple[int, int]] = field(default_factory=set)
    """Higher ones, by level and number."""


class NotVerified(Refused):
    """The log is not what it says."""

    def __init__(self, first: First, faults: int) -> None:
        more = f" {faults - 1:,} more were found." if faults > 1 else ""
        super().__init__(f"Not verified. {first.what}{more}")
