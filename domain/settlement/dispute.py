"""How a dispute of a line stands, and until when whose turn it is."""

from datetime import date, timedelta
from typing import Literal

from domain.calendar import business_days_after, is_business_day
from domain.changing import replace
from domain.kernel import Value
from domain.revenue.events import RevenueReversed
from domain.settlement.events import (
    CorrectionMissed,
    DisputeAnswered,
    DisputeClosed,
    DisputeEscalated,
    DisputeWithdrawn,
    LineDisputed,
)

DisputeState = Literal["open", "rejected", "escalated", "accepted", "settled", "renewed", "dismissed", "withdrawn"]
"""Open: the other side is to answer. Rejected: it stands by the line. Escalated: the coordinator is to answer.
Accepted, by whoever answered: the line is to be corrected, and who disputed it may then dispute it again.
At an end: settled, as it was corrected; renewed by another dispute of the corrected line; dismissed by the coordinator; withdrawn."""
FINAL: frozenset[DisputeState] = frozenset({"settled", "renewed", "dismissed", "withdrawn"})

Step = LineDisputed | DisputeAnswered | DisputeEscalated | DisputeWithdrawn | DisputeClosed
"""What changes how a dispute stands."""


def state_after(event: Step) -> DisputeState:  # noqa: PLR0911 - an answer for each kind of step
    match event:
        case LineDisputed():
            return "open"
        case DisputeAnswered(answer="accepted"):
            return "accepted"
        case DisputeAnswered(stage="counterparty"):
            return "rejected"
        case DisputeAnswered():
            return "dismissed"
        case DisputeEscalated():
            return "escalated"
        case DisputeWithdrawn():
            return "withdrawn"
        case DisputeClosed():
            return "settled" if event.how == "silence" else "renewed"


def react_by(disputed_on: date, answer_by: date, on: date) -> date:
    """The last day for a next step after one on a day: as many business days as the other side had for its answer.

    Without it a partner could keep a line that it owes from being settled by disputing it and then doing nothing. No event holds
    it: it is counted anew whenever the log is read, so it is the same day for ever because holidays of the past never change.
    """
    days = range(1, (answer_by - disputed_on).days + 1)
    return business_days_after(on, sum(is_business_day(disputed_on + timedelta(days=n)) for n in days))


def corrects(reversal: RevenueReversed, entry: str, clause: str) -> bool:
    """Whether a reversal touches a line of an entry: it takes cents of its clause back, or all of the entry."""
    if reversal.entry != entry:
        return False
    return not reversal.left_cents or any(share.clause == clause and share.cents for share in reversal.shares)


class Course(Value, frozen=True):
    """A dispute from its beginning: how it stands, and what has corrected its line since."""

    disputed: LineDisputed
    since: date
    """The day of the last change."""
    state: DisputeState = "open"
    accepted_on: date | None = None
    by_coordinator: bool = False
    """Whether the coordinator answered it, on whose list it has stood since it was escalated."""
    correction: RevenueReversed | None = None
    """The first that touches the line; later ones give no more time, or a line could be held by a cent at a time."""
    missed: bool = False

    def after(self, event: Step | CorrectionMissed | RevenueReversed) -> "Course":  # noqa: PLR0911 - a case for each kind
        match event:
            case RevenueReversed():
                touches = corrects(event, self.disputed.entry, self.disputed.clause)
                return replace(self, correction=event) if touches and self.correction is None else self
            case CorrectionMissed():
                return replace(self, missed=True)
            case LineDisputed():
                return self
            case DisputeAnswered():
                on, final = event.answered_on, event.stage == "coordinator"
                accepted_on = on if event.answer == "accepted" else None
                return replace(self, state=state_after(event), since=on, accepted_on=accepted_on, by_coordinator=final)
            case DisputeEscalated():
                return replace(self, state=state_after(event), since=event.escalated_on)
            case DisputeWithdrawn():
                return replace(self, state=state_after(event), since=event.withdrawn_on)
            case DisputeClosed():
                return replace(self, state=state_after(event), since=event.closed_on)

    @property
    def correct_by(self) -> date | None:
        """The last day for correcting what was accepted; None where nobody has to any more."""
        if self.state != "accepted" or self.accepted_on is None or self.correction:
            return None
        return react_by(self.disputed.disputed_on, self.disputed.answer_by, self.accepted_on)

    @property
    def settled_after(self) -> date | None:
        """The last day for disputing the corrected line again; None where there is none."""
        if self.state != "accepted" or self.accepted_on is None or self.correction is None:
            return None
        on = max(self.accepted_on, self.correction.occurred_on)
        return react_by(self.disputed.disputed_on, self.disputed.answer_by, on)

    def closed(self, correction: RevenueReversed, how: Literal["silence", "disputed-again"], on: date) -> DisputeClosed:
        """Its end, after what was accepted has been corrected."""
        return DisputeClosed(
            dispute=self.disputed.dispute,
            entry=self.disputed.entry,
            how=how,
            correction=correction.reversal,
            period=correction.period,
            closed_on=on,
            parties=self.disputed.parties,
        )


Courses = tuple[Course, ...]
"""Disputes about one entry, in the order in which they began."""


def courses_after(courses: Courses, event: Step | CorrectionMissed | RevenueReversed) -> Courses:
    if isinstance(event, LineDisputed):
        return (*courses, Course(disputed=event, since=event.disputed_on))
    if isinstance(event, RevenueReversed):
        return tuple(each.after(event) for each in courses)
    return tuple(each.after(event) if each.disputed.dispute == event.dispute else each for each in courses)
