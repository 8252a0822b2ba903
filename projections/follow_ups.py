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
    follow_up: Key[str]
    about: str = ""
    cause: str = ""
    reason: str = ""
    opened_at: datetime | None = None
    position: int = 0
    """Where it was opened."""
    state: State = "open"
    outcome: str | None = None
    """What was done; null while it is open."""
    closed_at: datetime | None = None


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
