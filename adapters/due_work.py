"""What has passed its deadline, as the read models know it: each kind of due work, and the command that it becomes."""

from collections.abc import Callable, Sequence
from datetime import date

from adapters.projecting.asking import Views
from application.scheduler import Due
from projections import disputes, due_statements, referrals
from projections.rows import Projection, Rows

Question = Callable[[Rows, date], list[Due]]


def _referrals(rows: Rows, today: date) -> list[Due]:
    return [Due("expire-referral", {"referral": r.referral}, (r.referral,)) for r in referrals.due(rows, today)]


def _statements(rows: Rows, today: date) -> list[Due]:
    return [
        Due("pass-deadline", {"partner": s.partner, "period": s.period}, (s.partner, s.period))
        for s in due_statements.due(rows, today)
    ]


def _disputes(rows: Rows, today: date) -> list[Due]:
    return [_next(d) for d in disputes.due(rows, today)]


def _next(dispute: disputes.Dispute) -> Due:
    this = {"dispute": dispute.dispute}
    if dispute.state != "accepted":
        return Due("escalate-dispute", this, (dispute.dispute,))
    name = "close-dispute" if dispute.correction else "miss-correction"
    return Due(name, {**this, "entry": dispute.entry}, (dispute.dispute,))


DUE_WORK: tuple[tuple[Projection, Question], ...] = (
    (referrals.referrals, _referrals),
    (due_statements.due_statements, _statements),
    (disputes.disputes, _disputes),
)
"""By the read model that knows of it."""


async def due_work(views: Views, today: date) -> Sequence[Due]:
    """Everything that nobody did until its last day, as far as each read model has come."""
    return [due for projection, question in DUE_WORK for due in await _asked(views, projection, question, today)]


async def _asked(views: Views, projection: Projection, question: Question, today: date) -> Sequence[Due]:
    return (await views.ask(projection, lambda rows: question(rows, today))).value
