"""What has happened to the network's books."""

from domain.kernel import Event, fact
from domain.words import Cents, Day, Organisation, Parties, Period


@fact("settlement.period_closed", about=("period",), seen_by="network")
class PeriodClosed(Event, frozen=True):
    """The position of this event is the cut: what was posted before it belongs to the period or an earlier one."""

    period: Period
    """The month whose books are closed."""
    closed_on: Day


@fact("settlement.statement_issued", about=("statement",), seen_by="parties")
class StatementIssued(Event, frozen=True):
    """The balances and the digest of a statement, which any later recomputation must reproduce."""

    statement: str
    """The id of the statement, of partner and period."""
    partner: Organisation
    """Whose statement it is."""
    period: Period
    """The month that it is about."""
    form: int
    """The form of the document that the digest is of, counted from 1."""
    position: int
    """The cut: the position of the event that closed the period."""
    opening_cents: Cents
    """The balance before the period, in whole cents of euro; positive: due to the partner."""
    closing_cents: Cents
    """The balance after the period, in whole cents of euro; positive: due to the partner."""
    lines: int
    """How many lines the statement has."""
    digest: str
    """SHA-256 of the canonical statement, as 64 hex digits."""
    parties: Parties
