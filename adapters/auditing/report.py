"""What a verification found."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, Self

from msgspec import Struct, field

from adapters.postgres.page_store import Tile
from application.counting import counted
from application.envelope import PAGE_EVENTS
from domain.kernel import Refused

FAULTS_MAX: Final = 100

Kind = Literal[
    "row",
    "undecided",
    "event",
    "page",
    "tile",
    "checkpoint",
    "tree",
    "cosignature",
    "tag",
    "command",
    "mark",
    "catalogue",
    "document",
    "statement",
    "network",
    "projection",
    "outside",
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
    held: tuple[str, ...]
    """Those of the keys that are known from outside the database: this process signs with them, or they were given to it."""
    newest_signed_by: tuple[str, ...]
    """The known keys that have signed the newest checkpoint."""
    cosignatures: Mapping[str, int]
    """The same of witnesses."""
    unsigned: int
    """Events after the newest checkpoint."""
    unknown_types: Mapping[str, int]
    """Events of types that this version does not know: their bytes are verified, their tags are not."""
    statements: int
    """Issued, with their documents."""
    projections: int
    """Read models whose rows were compared with what the log gives."""
    seconds: float
    not_compared: Mapping[str, str] = field(default_factory=dict)
    """The other read models, each with the reason why it was not compared."""
    repaired: tuple[str, ...] = ()
    """Pages and tiles that were made again before this outcome."""
    set_aside: tuple[str, ...] = ()
    """What was taken out of the tables before this outcome, and in which file it is, in sentences."""


class Faults:
    """Faults as they are found: all counted, the first hundred by position kept."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[Fault] = []
        self._full_at: int | None = None
        """The position of the last that is kept; what comes after it only counts."""

    def add(self, *faults: Fault) -> None:
        self.count += len(faults)
        self._keep(faults)

    def add_all(self, others: Self) -> None:
        """Add what others hold."""
        self.count += others.count
        self._keep(others._kept)

    def copy(self) -> Self:
        made = type(self)()
        made.add_all(self)
        return made

    def kept(self) -> list[Fault]:
        """By position; of one position, what concerns the event itself first."""
        return sorted(self._kept, key=lambda fault: (fault.position, fault.kind != "row"))[:FAULTS_MAX]

    def _keep(self, faults: Sequence[Fault]) -> None:
        if self._full_at is not None:
            last = self._full_at
            faults = [fault for fault in faults if fault.position <= last]
        self._kept.extend(faults)
        if len(self._kept) > 4 * FAULTS_MAX:
            self._kept = self.kept()
            self._full_at = self._kept[-1].position


class Repairable(Struct, frozen=True):
    """Pages and tiles that differ from events which fit the signed tree, as far as a verified checkpoint covers them."""

    pages: dict[int, bytes] = field(default_factory=dict)
    """With the roots of their tiles."""
    tiles: dict[tuple[int, int], Tile] = field(default_factory=dict)
    """Higher ones, by level and number, as they must be."""
    refused: bool = False
    """Whether nothing may be made again, because a checkpoint does not verify or does not fit."""

    def take(self, other: Self, covered: int) -> None:
        """Add of another what ends at or before a position."""
        self.pages.update((n, root) for n, root in other.pages.items() if (n + 1) * PAGE_EVENTS <= covered)
        self.tiles.update(
            (at, tile) for at, tile in other.tiles.items() if (at[1] + 1) * PAGE_EVENTS ** (at[0] + 1) <= covered
        )


class NotVerified(Refused):
    """The log is not what it says."""

    def __init__(self, first: First, faults: int) -> None:
        more = f" {counted(faults - 1, 'more was', 'more were')} found." if faults > 1 else ""
        super().__init__(f"Not verified. {first.what}{more}")
