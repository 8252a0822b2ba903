"""The coordinator's list: what came to nothing and must be looked after."""

from collections.abc import Iterator
from datetime import datetime

from domain.network.events import FollowUpOpened
from projections.rows import At, Key, Latest, Projection, Row, Rows, each, facts_of

Seen = FollowUpOpened


class FollowUp(Row, frozen=True):
    follow_up: Key[str]
    about: str = ""
    cause: str = ""
    reason: str = ""
    opened_at: datetime | None = None
    position: int = 0


@each
def fold(rows: Latest, fact: Seen, at: At) -> Iterator[FollowUp]:  # noqa: ARG001 - opened once, nothing to look back at
    yield FollowUp(fact.follow_up, fact.about, fact.cause, fact.reason, at.time, at.position)


follow_ups = Projection("follow_ups", fold, (FollowUp,), facts_of(Seen), on_poison="park")


def open_follow_ups(rows: Rows) -> list[FollowUp]:
    """The list, the oldest first."""
    return sorted(rows.under(FollowUp), key=lambda f: f.position)
