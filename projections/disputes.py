"""Disputed lines: who contests what and why, whose turn it is until when, and every step that led there."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

from msgspec import Struct

from domain.changing import replace
from domain.settlement.dispute import DisputeState, react_by, state_after
from domain.settlement.events import (
    DisputeAnswered,
    DisputeEscalated,
    DisputeReason,
    DisputeStage,
    DisputeWithdrawn,
    LineDisputed,
)
from projections.rows import At, Entry, Key, Latest, Projection, Row, Rows, each, facts_of

Seen = LineDisputed | DisputeAnswered | DisputeEscalated | DisputeWithdrawn


class Dispute(Row, frozen=True):
    dispute: Key[str]
    state: DisputeState = "open"
    statement: str = ""
    partner: str = ""
    """Who disputes the line."""
    counterparty: str = ""
    """The other side of the line."""
    period: str = ""
    entry: str = ""
    clause: str = ""
    cents: int = 0
    """The line as it stands on the partner's statement; positive: due to it."""
    reason: DisputeReason = "other"
    disputed_on: date | None = None
    answer_by: date | None = None
    """The last day for the other side's answer."""
    due_on: date | None = None
    """The last day of whoever's turn it is, after which it goes to the coordinator; null where it is there or at its end."""
    changed_on: date | None = None


class DisputeStep(Entry, frozen=True):
    """What was done about a dispute."""

    dispute: Key[str]
    position: Key[int]
    """Of the event."""
    did: Literal["disputed", "answered", "escalated", "withdrawn"]
    done_on: date
    done_by: str | None
    """The opaque id of who did it; null where it went to the coordinator."""
    stage: DisputeStage | None
    """Of an answer: who gave it."""
    said: str | None
    """The reason of a dispute or of its way to the coordinator, or the answer."""
    evidence: str | None


class DisputeView(Struct, frozen=True):
    """A dispute and its history, the oldest first."""

    dispute: Dispute
    history: tuple[DisputeStep, ...]


@each
def fold(rows: Latest, fact: Seen, at: At) -> Iterator[Dispute | DisputeStep]:
    now = state_after(fact)
    dispute = rows.latest(Dispute(fact.dispute))
    match fact:
        case LineDisputed():
            yield Dispute(
                dispute=fact.dispute,
                state=now,
                statement=fact.statement,
                partner=fact.partner,
                counterparty=fact.counterparty,
                period=fact.period,
                entry=fact.entry,
                clause=fact.clause,
                cents=fact.cents,
                reason=fact.reason,
                disputed_on=fact.disputed_on,
                answer_by=fact.answer_by,
                due_on=fact.answer_by,
                changed_on=fact.disputed_on,
            )
            yield _step(fact, at, "disputed", fact.disputed_on, by=fact.by, said=fact.reason, evidence=fact.evidence)
        case DisputeAnswered():
            until = _react_by(dispute, fact.answered_on) if now == "rejected" else None
            yield replace(dispute, state=now, due_on=until, changed_on=fact.answered_on)
            yield _step(
                fact,
                at,
                "answered",
                fact.answered_on,
                by=fact.by,
                stage=fact.stage,
                said=fact.answer,
                evidence=fact.evidence,
            )
        case DisputeEscalated():
            yield replace(dispute, state=now, due_on=None, changed_on=fact.escalated_on)
            yield _step(fact, at, "escalated", fact.escalated_on, said=fact.reason)
        case DisputeWithdrawn():
            yield replace(dispute, state=now, due_on=None, changed_on=fact.withdrawn_on)
            yield _step(fact, at, "withdrawn", fact.withdrawn_on, by=fact.by)


def _react_by(dispute: Dispute, rejected_on: date) -> date:
    if dispute.disputed_on is None or dispute.answer_by is None:
        raise LookupError(f"{dispute.dispute} was answered before it began.")
    return react_by(dispute.disputed_on, dispute.answer_by, rejected_on)


def _step(
    fact: Seen,
    at: At,
    did: Literal["disputed", "answered", "escalated", "withdrawn"],
    done_on: date,
    *,
    by: str | None = None,
    stage: DisputeStage | None = None,
    said: str | None = None,
    evidence: str | None = None,
) -> DisputeStep:
    return DisputeStep(fact.dispute, at.position, did, done_on, by, stage, said, evidence)


disputes = Projection("disputes", fold, (Dispute, DisputeStep), facts_of(Seen))


def docket(rows: Rows, organisation: str | None = None, state: DisputeState | None = None) -> list[Dispute]:
    """Disputes in which an organisation is a side (None: all), the newest first."""
    found = [
        d
        for d in rows.under(Dispute)
        if (state is None or d.state == state) and (organisation is None or organisation in (d.partner, d.counterparty))
    ]
    return sorted(found, key=lambda d: (-(d.disputed_on or date.min).toordinal(), d.dispute))


def dispute_of(rows: Rows, dispute: str) -> DisputeView | None:
    found = next(iter(rows.under(Dispute, dispute)), None)
    return DisputeView(found, tuple(rows.under(DisputeStep, dispute))) if found else None


def due(rows: Rows, today: date) -> list[Dispute]:
    """Disputes whose turn has passed in silence: they go to the coordinator."""
    return [d for d in rows.under(Dispute) if d.due_on is not None and d.due_on < today]
