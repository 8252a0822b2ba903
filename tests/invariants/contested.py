"""The second bookkeeper's card of a dispute: what has happened to the line since, and whether it may be at its end."""

from datetime import date

from msgspec import Struct

from domain.calendar import business_days_after
from domain.revenue.events import RevenueReversed
from domain.settlement.events import (
    CorrectionMissed,
    DisputeAnswered,
    DisputeClosed,
    DisputeEscalated,
    DisputeWithdrawn,
    LineDisputed,
)

Resolving = DisputeAnswered | DisputeEscalated | DisputeWithdrawn | DisputeClosed | CorrectionMissed


class Contested(Struct):
    """A dispute: the line, where it began, and what became of it."""

    disputed: LineDisputed
    position: int
    answer_days: int
    """Business days that each of its steps may take."""
    state: str = "open"
    accepted: int = 0
    accepted_on: date = date.min
    mended: RevenueReversed | None = None
    """The first correction that touches the line, since it was disputed."""
    settled_with: str = ""
    """The month of that correction, once silence has settled the line."""
    missed: bool = False
    ended: int = 0

    def mend(self, e: RevenueReversed) -> None:
        taken = {share.clause for share in e.shares if share.cents}
        if (
            e.entry == self.disputed.entry
            and self.mended is None
            and (self.disputed.clause in taken or not e.left_cents)
        ):
            self.mended = e

    def resolve(self, e: Resolving, position: int) -> None:
        assert not self.ended
        assert not self.settled_with
        assert not self.accepted or isinstance(e, DisputeClosed | DisputeWithdrawn | CorrectionMissed)
        match e:
            case DisputeAnswered(answer="accepted"):
                self.state, self.accepted, self.accepted_on = f"accepted by {e.stage}", position, e.answered_on
            case DisputeAnswered(stage="counterparty"):
                self.state = "rejected"
            case DisputeAnswered():
                self.state, self.ended = "dismissed", position
            case DisputeEscalated():
                self.state = f"escalated: {e.reason}"
            case DisputeWithdrawn():
                self.state, self.ended = "withdrawn", position
            case CorrectionMissed():
                assert self.state == "accepted by counterparty", "the coordinator's own list needs no reminder"
                assert not self.missed, "it is listed once"
                assert self.mended is None
                assert e.missed_on > self._days_after(self.accepted_on)
                self.missed = True
            case DisputeClosed():
                self._close(e, position)

    def _close(self, e: DisputeClosed, position: int) -> None:
        assert self.accepted
        assert self.mended, "what was accepted is held until it is corrected"
        assert (e.correction, e.period) == (self.mended.reversal, self.mended.period)
        silent = e.closed_on > self._days_after(max(self.accepted_on, self.mended.occurred_on))
        assert silent is (e.how == "silence"), "whoever disputed it has so many days, and no more"
        if silent:
            self.state, self.settled_with = "settled", e.period
        else:
            self.state, self.ended = "renewed", position

    def _days_after(self, on: date) -> date:
        return business_days_after(on, self.answer_days)
