"""Versions of settlement events that are written no more, and how they are read."""

from domain.kernel import Event, fact, upcaster
from domain.settlement import events as newest
from domain.words import Cents, Day, Organisation, Parties, Period, SettlementId, Total


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


@upcaster
def issued_without_deadline(old: StatementIssued) -> newest.StatementIssued:
    """Before statements were approved they had no deadline."""
    return newest.StatementIssued(
        **{f: getattr(old, f) for f in old.__struct_fields__}, dispute_by=None, tacit_approval=False
    )


@fact("settlement.planned", about=("settlement",), seen_by="network")
class SettlementPlanned(Event, frozen=True):
    """All set-offs and payments of a settlement stand in the log: it can be approved."""

    settlement: SettlementId
    pairs: int
    """How many pairs are set off."""
    payments: int
    """How many payments are ordered."""
    total_cents: Total
    """What the payments come to."""
    planned_on: Day


@upcaster
def planned_before_all(old: SettlementPlanned) -> newest.SettlementPlanned:
    """Before, everybody saw what a settlement came to, so nobody had to be named."""
    return newest.SettlementPlanned(**{f: getattr(old, f) for f in old.__struct_fields__}, parties=())
