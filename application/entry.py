"""One event as subscribers get it: its stored bytes, and what has to be known of it to say who gets them."""

from collections.abc import Sequence
from functools import cached_property

from application.envelope import UNREADABLE, Recorded, decode
from application.ports import Unavailable
from domain.kernel import tags_of


class Entry:
    """One event as it is stored; what has to be decoded is decoded once, however many readers ask."""

    def __init__(self, position: int, body: bytes) -> None:
        self.position, self.body = position, body

    @cached_property
    def recorded(self) -> Recorded:
        """Raises EventUnreadable for damaged bytes and for an event of a newer version: whom it concerns is not known here."""
        try:
            return decode(self.body)
        except UNREADABLE as error:
            raise EventUnreadable(self.position) from error

    @cached_property
    def tags(self) -> frozenset[str]:
        return frozenset(tags_of(self.recorded.data))


def entries_of(bodies: Sequence[bytes], first: int) -> Sequence[Entry]:
    """The events of stored bytes that follow each other from a position on. Raises OutOfPlace."""
    # The last one stands where it says only if none is missing before it.
    if bodies and not bodies[-1].startswith(b'{"sequence":"%020d"' % (first + len(bodies) - 1)):
        raise OutOfPlace(first, first + len(bodies) - 1)
    return [Entry(position, body) for position, body in enumerate(bodies, first)]


class OutOfPlace(Unavailable):
    """Stops everybody: what is missing cannot be told from what was never there."""

    def __init__(self, first: int, last: int) -> None:
        super().__init__(
            f"Of the events {first:,} to {last:,} one is missing or does not say where it stands; `tasma audit verify` says which."
        )


class EventUnreadable(Unavailable):
    """Stops who may not see everything: to pass over an event is to say that it is not theirs."""

    def __init__(self, position: int) -> None:
        super().__init__(
            f"The event at {position:,} cannot be read here, so whom it concerns is not known: it was recorded by a newer "
            "version of Täsmä (update this one) or its bytes are damaged (`tasma audit verify` says so)."
        )
