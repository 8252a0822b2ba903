"""What has happened to the network's books."""

from datetime import date

from domain.kernel import Event, fact
from domain.words import Cents, Organisation, Period


@fact("settlement.period_closed", about=("period",), seen_by="network")
class PeriodClosed(Event, frozen=True):
    """The position of this event is the cut: what was posted before it belongs to the period or an earlier one."""

    period: Period
    closed_on: date


@fact("settlement.statement_issued", about=("statement",), seen_by="parties")
class StatementIssued(Event, frozen=True):
    """The balances and the digest of a statement, which any later recomputation must reproduce."""

    statement: str
    partner: Organisation
    period: Period
    form: int
    position: int
    """The cut."""
    opening_cents: Cents
    closing_cents: Cents
    lines: int
    digest: str
    """SHA-256 of the canonical statement, as 64 hex digits."""
    parties: tuple[Organisation, ...]
