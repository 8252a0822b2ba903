"""What the application needs from the world."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable
from uuid import UUID

from msgspec import Struct

from application.envelope import Recorded
from domain.kernel import Asked, Boundary, Event, Refused


class History(Struct, frozen=True):
    """What a decision reads: the events inside its boundary, in order, and how far the log reached then."""

    events: tuple[Recorded, ...]
    head: int


class Head(Struct, frozen=True):
    """The newest event: position 0 and no time while the log is empty."""

    position: int
    time: datetime | None
    constructed: bool
    """Whether the network was founded with a simulated clock."""


class Decision(Struct, frozen=True):
    """What is to be appended, and what must not have happened since it was decided."""

    events: tuple[Event, ...]
    asked: Asked
    digest: bytes
    """SHA-256 of the command's name and body: the same command id with another digest is refused."""
    unless: Boundary
    after: tuple[int, ...]
    """Of each criterion of the boundary, up to which position all that it admits was known."""
    era: int | None = None
    """The log's when that became known; None: in whatever era it is."""


class Placed(Struct, frozen=True):
    """Where an event of a decision went."""

    position: int
    """Its position in the log."""
    id: UUID
    """The id of the event, as it has it itself."""
    type: str
    """What happened, and in which version, such as tasma.revenue.shared.v2."""


class Outcome(Struct, frozen=True):
    """What a command led to, the same for every repeat of it."""

    position: int
    """Of the last event."""
    events: tuple[Placed, ...]
    repeated: bool


class Raced(Exception):
    """Something inside the boundary happened since the decision looked: look again.

    Whoever has looked anew only now would come behind the next one again. So a log that knows hands over what is inside the
    boundary as of this refusal.
    """

    def __init__(self, history: History | None = None) -> None:
        super().__init__()
        self.history = history


class Unavailable(Exception):
    """The log cannot be reached or is overloaded; nothing of this request was stored, or a repeat will find it."""


class Overloaded(Unavailable):
    """More commands wait than this process takes in: none of this one was stored."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting:,} requests wait for the log already; send this one again in a second.")


class ReadOnly(Unavailable):
    """The log ends before a checkpoint that was signed: the database is a restored backup, or not this network's."""


class Outdated(Unavailable):
    """A newer version of Täsmä has recorded events this one does not know: its decisions could overlook them."""

    def __init__(self, own: int, recorded: int) -> None:
        super().__init__(
            f"This version of Täsmä knows {own} versions of events, the network has recorded with one that knows {recorded}: "
            "it may read but not decide. Update it."
        )


class CommandIdReused(Refused):
    """One idempotency key, two different commands."""

    def __init__(self) -> None:
        super().__init__(
            "This idempotency key was used for another command or body before; use a new key for a new command."
        )


class ClockRefused(Refused):
    """The reading does not fit the log's clock; the domain has not said no. A new reading may do."""


class ClockAhead(ClockRefused):
    """The clock of the process that asks is wrong."""

    def __init__(self, reading: datetime, clock: datetime) -> None:
        super().__init__(
            f"The time {reading.isoformat()} is more than two seconds ahead of the log's clock {clock.isoformat()}; set the clock."
        )


class ClockBehind(ClockRefused):
    """A simulated clock went backwards."""

    def __init__(self, reading: datetime, head: datetime) -> None:
        super().__init__(
            f"The time {reading.isoformat()} is more than one second before the newest event's, {head.isoformat()}; "
            "a simulated clock only goes forward: give a later time."
        )


@runtime_checkable
class Log(Protocol):
    """One network's events in one dense order."""

    @property
    def era(self) -> int:
        """Rises when the log turns out to be another one: put back, or made anew. What was known of it holds no longer."""

    async def look(self, boundary: Boundary) -> History:
        """Read every event inside the boundary, and the head, at one moment."""

    async def append(self, decision: Decision) -> Outcome:
        """Append all events or none.

        Raises Raced, CommandIdReused, ClockAhead, ClockBehind, TooLarge, NotText, Unavailable (also as Overloaded, ReadOnly,
        Outdated). A command id that was recorded before with the same digest appends nothing and gives the first outcome.
        What was decided in an era that is over is not appended: Raced.
        """

    async def recall(self, command_id: UUID, digest: bytes) -> Outcome | None:
        """What this command led to, if it was recorded. Raises CommandIdReused for another digest."""

    async def read(self, after: int, *, limit: int) -> Sequence[Recorded]:
        """The next events after a position, in order."""

    async def bodies(self, after: int, *, limit: int) -> Sequence[bytes]:
        """The exact stored bytes of the next events after a position, in order and without a hole."""

    async def pages(self, first: int, *, limit: int) -> Sequence[bytes]:
        """Sealed pages from number `first` on, without a hole: of each the exact bytes of its 256 events, one a line."""

    async def packed_pages(self, first: int, *, limit: int) -> Sequence[bytes]:
        """The same as they are stored, each one zstd frame; none where they are not stored so."""

    async def body(self, position: int) -> bytes | None:
        """The exact stored bytes of one event."""

    async def head(self) -> Head: ...

    async def last_before(self, moment: datetime) -> int:
        """The last position recorded before a moment; 0 if there is none."""

    async def wait(self, after: int, seconds: float) -> int:
        """The head as soon as it is beyond a position, or when the time is up."""


@runtime_checkable
class Marks(Protocol):
    """How far each policy has worked. A mark moves forward only, and only from where it was left."""

    async def mark(self, policy: str) -> int: ...

    async def advance(self, policy: str, *, old: int, new: int) -> None:
        """Raises OutOfStep when another process moved the mark."""


class OutOfStep(Exception):
    """Another process moved this mark or projection; start again from where it stands."""


@runtime_checkable
class Documents(Protocol):
    """Issued documents, kept byte for byte under their SHA-256."""

    async def keep(self, digest: str, body: bytes) -> None: ...

    async def keep_pieces(self, pieces: Iterable[bytes]) -> str:
        """Keep a long one, that never has to be in memory as a whole, under the SHA-256 of its pieces in a row; give that."""

    async def find(self, digest: str) -> bytes | None: ...


class Witness(Struct, frozen=True):
    """A key with which a partner confirms the checkpoints it has seen (C2SP tlog-cosignature)."""

    vkey: str
    """The public key as C2SP tlog-cosignature writes it: name, hash and key."""
    organisation: str
    """The partner whose key it is."""


class NoSuchCheckpoint(Refused):
    """Nothing was signed at that size, or not this text: somebody asks for it, or hands in a cosignature of it."""

    def __init__(self, size: int, newest: int | None = None) -> None:
        """`newest`: how many events the newest one covers, for who asks for one."""
        super().__init__(
            f"No checkpoint of {size:,} events with this text is stored here; cosign one that `/v1/feed/checkpoint` gave."
            if newest is None
            else f"No checkpoint of {size:,} events was signed: not every event has one. The newest covers {newest:,} events; ask "
            "for the size of one that was given out, or without `size` for the newest."
        )


class EventGone(ValueError):
    """The log has no event at a position up to which it was asked for: its row is gone, or the log does not reach so far."""

    def __init__(self, position: int) -> None:
        super().__init__(f"The log has no event at position {position:,}.")
        self.position = position


@runtime_checkable
class Tree(Protocol):
    """The Merkle tree over one network's events as far as it is sealed, and what was signed about it. Hashes, no events.

    Whoever asks keeps to the newest checkpoint's size: beyond it only `subtree` promises something, up to the head. Hashes and
    proofs raise EventGone where they need an event that is not there.
    """

    async def checkpoint(self, size: int | None = None) -> str | None:
        """A signed checkpoint as a whole note, with the cosignature lines kept for it: the newest, or the one of this size.

        None where there is none.
        """

    async def note(self) -> str | None:
        """The newest as the log's own keys signed it, without cosignatures."""

    async def signed_at(self, size: int) -> datetime | None:
        """When the checkpoint of this size was signed; None where there is none."""

    async def tile(self, level: int, n: int, width: int) -> bytes | None:
        """The first `width` hashes of a tile, 32 bytes each; None where there are not so many yet."""

    async def subtree(self, begin: int, end: int) -> bytes:
        """The hash over the leaves from `begin` on, without `end`: `(0, size)` is the root of a tree of that size."""

    async def leaves(self, begin: int, end: int) -> Sequence[bytes]:
        """The hashes of the leaves from `begin` on, without `end`, made of the events now, whatever is sealed of them."""

    async def inclusion(self, position: int, size: int) -> tuple[bytes, ...]:
        """The proof that the event at this position is in the tree of that size."""

    async def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof that the tree of the newer size begins with that of the older one."""

    async def add_cosignature(self, note: str) -> int:
        """Keep the cosignatures of registered witnesses for a checkpoint that is stored; how many of them were new.

        Raises NoteFault for a wrong signature of a witness and for a note without any, NoSuchCheckpoint.
        """

    async def verifiers(self) -> tuple[str, ...]:
        """The public keys that ever signed a checkpoint here, in the order of their first."""

    async def witnesses(self) -> tuple[Witness, ...]:
        """In the order of registration."""

    async def add_witness(self, witness: Witness) -> None:
        """Register a witness's key; the same again changes nothing. Raises WitnessTaken."""


class WitnessTaken(Refused):
    """A key belongs to one organisation for good: what it has confirmed stays said by the same one."""

    def __init__(self, organisation: str) -> None:
        super().__init__(f"This key is registered for {organisation} already; make another key.")
