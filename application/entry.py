"""One event as subscribers get it: its stored bytes, and what has to be known of it to say who gets them."""

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
        """Raises Unreadable for damaged bytes and for an event of a newer version: whom it concerns is not known here."""
        try:
            return decode(self.body)
        except UNREADABLE as error:
            raise Unreadable(self.position) from error

    @cached_property
    def tags(self) -> frozenset[str]:
        return frozenset(tags_of(self.recorded.data))


class Unreadable(Unavailable):
    """Stops who may not see everything: to pass over an event is to say that it is not theirs."""

    def __init__(self, position: int) -> None:
        super().__init__(
            f"The event at {position:,} cannot be read here, so whom it concerns is not known: it was recorded by a newer "
            "version of Täsmä (update this one) or its bytes are damaged (`tasma audit verify` says so)."
        )
