"""Statements that wait for their partner's approval, with their deadlines."""

from collections.abc import Iterator
from datetime import date

from domain.settlement.events import StatementApproved, StatementIssued, StatementUnanswered
from projections.rows import At, Gone, Key, Latest, Projection, Row, Rows, each, facts_of

Seen = StatementIssued | StatementApproved | StatementUnanswered


class Awaited(Row, frozen=True):
    """A statement whose deadline is still to come or has just passed."""

    partner: Key[str]
    period: Key[str]
    dispute_by: date | None = None


@each
def fold(rows: Latest, fact: Seen, at: At) -> Iterator[Awaited | Gone]:  # noqa: ARG001 - each fact says all of it
    match fact:
        case StatementIssued():
            if fact.dispute_by is not None:
                yield Awaited(fact.partner, fact.period, fact.dispute_by)
        case StatementApproved() | StatementUnanswered():
            yield Gone(Awaited(fact.partner, fact.period))


due_statements = Projection("due_statements", fold, (Awaited,), facts_of(Seen))


def due(rows: Rows, today: date) -> list[Awaited]:
    """Those whose last day has passed."""
    return [s for s in rows.under(Awaited) if s.dispute_by is not None and s.dispute_by < today]
