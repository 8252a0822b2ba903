"""The newest events that a process knows of the log. Where one is missing, the log is another one, and nothing known of it holds.

A database may be put back, fail over to a server that lacked the end, or be made anew, and go on from there: positions alone do
not tell. Each call says which events it counts on and answers with the newest there is; so what was learned by it is in one log
with those. Calls overlap, and what one has learned the other has not looked for: then both are counted on by the next.
"""

from collections.abc import Sequence

from adapters.postgres.arrays import Packed, binaries, int8s


class Anchor:
    """Shared by all that read and append on behalf of one process."""

    def __init__(self) -> None:
        self._known: set[tuple[int, bytes]] = set()
        self.era = 0
        """How often the log turned out to be another one."""

    def known(self) -> "Known":
        """What the next call counts on."""
        return Known(self, self.era, frozenset(self._known))

    def take(self, before: "Known", position: int, digest: bytes | None) -> None:
        """A call has found what it counted on, and the newest event."""
        if before.era != self.era:
            return
        self._known -= before.events
        if digest is not None:
            self._known.add((position, digest))

    def slip(self, era: int) -> None:
        """What was asked in an era has found another log: a new era begins."""
        if era == self.era:
            self.era += 1
            self._known.clear()


class Known:
    """The events that a call counts on, as they were when it was sent, however often it is sent.

    Of two that have one position one is missing: the calls that taught them went to two logs.
    """

    def __init__(self, anchor: Anchor, era: int, events: frozenset[tuple[int, bytes]]) -> None:
        self._anchor, self.era, self.events = anchor, era, events

    def parameters(self) -> tuple[Packed, Packed]:
        """anchors, anchor_digests."""
        events = [*self.events]
        return int8s(position for position, _ in events), binaries(digest for _, digest in events)

    def answered(self, *, same: bool, position: int, digests: Sequence[bytes]) -> None:
        """What came back: whether they are all there, and the newest event now, if there is any."""
        if same:
            self._anchor.take(self, position, digests[0] if digests else None)
        else:
            self._anchor.slip(self.era)
