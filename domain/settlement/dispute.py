"""How a dispute of a line stands, and until when whose turn it is."""

from datetime import date, timedelta
from typing import Literal

from domain.calendar import business_days_after, is_business_day
from domain.settlement.events import DisputeAnswered, DisputeEscalated, DisputeWithdrawn, LineDisputed

DisputeState = Literal["open", "rejected", "escalated", "accepted", "dismissed", "withdrawn"]
"""Open: the other side is to answer. Rejected: it stands by the line. Escalated: the coordinator is to answer.
At an end: accepted, by whoever answered; dismissed by the coordinator; withdrawn."""
FINAL: frozenset[DisputeState] = frozenset({"accepted", "dismissed", "withdrawn"})


def state_after(event: LineDisputed | DisputeAnswered | DisputeEscalated | DisputeWithdrawn) -> DisputeState:
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


def react_by(disputed_on: date, answer_by: date, rejected_on: date) -> date:
    """The last day for taking a rejection or not: as many business days as the other side had for its answer.

    Without it a partner could keep a line that it owes from being settled by disputing it and then doing nothing.
    """
    days = range(1, (answer_by - disputed_on).days + 1)
    return business_days_after(rejected_on, sum(is_business_day(disputed_on + timedelta(days=n)) for n in days))
