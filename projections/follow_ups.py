"""The coordinator's list: what came to nothing and must be looked after, and what became of it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from domain.changing import replace
from domain.network.events import FollowUpClosed, FollowUpOpened
from projections.rows import At, Key, Latest, Projection, Row, Rows, each, facts_of

Seen = FollowUpOpened | FollowUpClosed
State = Literal["open", "closed"]


class FollowUp(Row, frozen=True):
    """Something that came to nothing and that the coordinator looks after."""

    follow_up: Key[str]
    """The id of the item."""
    about: str = ""
    """The id of the thing that came to nothing, such as referral:r-17."""
    cause: str = ""
    """The id of the event that led to it."""
    reason: str = ""
    """What came to nothing, as a sentence."""
    opened_at: datetime | None = None
    """When it was put on the list."""
    position: int = 0
    """Where it was opened."""
    state: State = "open"
    """`open` until somebody has looked after it, then `closed`."""
    outcome: str | None = None
    """What was done; null while it is open."""
    closed_at: datetime | None = None
    """When somebody said what became of it; null while it is open."""


@each
def fold(rows: Latest, fact: Seen, at: At) -> Iterator[FollowUp]:
    match fact:
        case FollowUpOpened():
            yield FollowUp(fact.follow_up, fact.about, fact.cause, fact.reason, at.time, at.position)
        case FollowUpClosed():
            item = rows.latest(FollowUp(fact.follow_up))
            yield replace(item, state="closed", outcome=fact.outcome, closed_at=at.time)


follow_ups = Projection("follow_ups", fold, (FollowUp,), facts_of(Seen), on_poison="park")


def listed_follow_ups(rows: Rows, state: State) -> list[FollowUp]:
    """The items that stand so, the oldest first."""
    return sorted((item for item in rows.under(FollowUp) if item.state == state), key=lambda f: f.position)


def open_follow_ups(rows: Rows) -> list[FollowUp]:
    """The list of what is still to be done, the oldest first."""
    return listed_follow_ups(rows, "open")
