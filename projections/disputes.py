"""Disputed lines: who contests what and why, whose turn it is until when, and every step that led there."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

from msgspec import Struct

from domain.changing import replace
from domain.revenue.events import RevenueReversed
from domain.settlement.dispute import FINAL, DisputeState, Step, corrects, react_by, state_after
from domain.settlement.events import (
    CorrectionMissed,
    DisputeAnswered,
    DisputeClosed,
    DisputeEscalated,
    DisputeReason,
    DisputeStage,
    DisputeWithdrawn,
    LineDisputed,
)
from projections.rows import At, Entry, Key, Latest, Projection, Row, Rows, each, facts_of
from projections.words import WholeCents

Seen = Step | CorrectionMissed | RevenueReversed
Did = Literal["disputed", "answered", "escalated", "withdrawn", "corrected", "missed", "closed"]


class Dispute(Row, frozen=True):
    """A line that is contested, and whose turn it is."""

    dispute: Key[str]
    """The id, as it was given when the line was disputed."""
    state: DisputeState = "open"
    """`open`: the other side is to answer; `rejected`: it stands by the line, and the disputing partner is to say what next;
    `escalated`: the coordinator is to answer; `accepted`: the line is to be corrected, and may be disputed again then. At an end:
    `settled` as it was corrected, `renewed` by another dispute, `dismissed` by the coordinator, `withdrawn`."""
    statement: str = ""
    """The statement on which the line stands, such as statement:ekami.2019-11."""
    partner: str = ""
    """Who disputes the line."""
    counterparty: str = ""
    """The other side of the line."""
    period: str = ""
    """The month of that statement."""
    entry: str = ""
    """The entry or correction that the line is from."""
    clause: str = ""
    """The clause of the line: with the entry it says which line."""
    cents: WholeCents = 0
    """The line as it stands on the partner's statement; positive: due to it."""
    reason: DisputeReason = "other"
    """What the partner holds to be wrong with the line."""
    disputed_on: date | None = None
    """The day on which it was disputed, in Helsinki."""
    answer_by: date | None = None
    """The last day for the other side's answer."""
    due_on: date | None = None
    """The last day of whoever's turn it is: after it the dispute goes to the coordinator, or, once its line is corrected, is settled;
    null where it is there or at its end."""
    changed_on: date | None = None
    """The day of the newest step, in Helsinki."""
    accepted_on: date | None = None
    """When it was accepted that the line is wrong."""
    corrected_on: date | None = None
    """When the line was corrected, the first time since it was disputed."""
    correction: str | None = None
    """The correction of the line; null while there is none."""
    listed: bool = False
    """Whether it ever was on the coordinator's list: as it was escalated, or not corrected in time."""


class DisputedEntry(Row, frozen=True):
    """The disputes of the lines of an entry, for whoever takes it back."""

    entry: Key[str]
    disputes: tuple[str, ...] = ()


class DisputeStep(Entry, frozen=True):
    """What was done about a dispute."""

    dispute: Key[str]
    """The dispute that it is a step of."""
    position: Key[int]
    """Of the event."""
    did: Did
    """What was done."""
    done_on: date
    """The day of the step, in Helsinki."""
    done_by: str | None
    """The opaque id of who did it; null where the network itself did, and of a correction."""
    stage: DisputeStage | None
    """Of an answer: who gave it."""
    said: str | None
    """The reason of a dispute, of its way to the coordinator or of its end; the answer; the id of the correction."""
    evidence: str | None
    """A reference to what shows it, such as a document's number; null where none was given."""


class DisputeView(Struct, frozen=True):
    """A dispute and its history, the oldest first."""

    dispute: Dispute
    """The dispute as it stands."""
    history: tuple[DisputeStep, ...]
    """Every step that led there."""


@each
def fold(rows: Latest, fact: Seen, at: At) -> Iterator[Dispute | DisputedEntry | DisputeStep]:
    match fact:
        case RevenueReversed():
            yield from _corrected(rows, fact, at)
        case CorrectionMissed():
            yield _due(replace(rows.latest(Dispute(fact.dispute)), listed=True))
            yield _step(fact.dispute, at, "missed", fact.missed_on)
        case LineDisputed():
            entry = rows.latest(DisputedEntry(fact.entry))
            yield replace(entry, disputes=(*entry.disputes, fact.dispute))
            yield _due(
                Dispute(
                    dispute=fact.dispute,
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
                    changed_on=fact.disputed_on,
                )
            )
            on, said = fact.disputed_on, fact.reason
            yield _step(fact.dispute, at, "disputed", on, by=fact.by, said=said, evidence=fact.evidence)
        case _:
            yield from _changed(rows, fact, at)


def _changed(
    rows: Latest, fact: DisputeAnswered | DisputeEscalated | DisputeWithdrawn | DisputeClosed, at: At
) -> Iterator[Dispute | DisputeStep]:
    dispute = replace(rows.latest(Dispute(fact.dispute)), state=state_after(fact))
    match fact:
        case DisputeAnswered():
            on, stage, said = fact.answered_on, fact.stage, fact.answer
            accepted_on = on if said == "accepted" else None
            yield _due(replace(dispute, changed_on=on, accepted_on=accepted_on))
            yield _step(fact.dispute, at, "answered", on, by=fact.by, stage=stage, said=said, evidence=fact.evidence)
        case DisputeEscalated():
            yield _due(replace(dispute, changed_on=fact.escalated_on, listed=True))
            yield _step(fact.dispute, at, "escalated", fact.escalated_on, said=fact.reason)
        case DisputeWithdrawn():
            yield _due(replace(dispute, changed_on=fact.withdrawn_on))
            yield _step(fact.dispute, at, "withdrawn", fact.withdrawn_on, by=fact.by)
        case DisputeClosed():
            yield _due(replace(dispute, changed_on=fact.closed_on))
            yield _step(fact.dispute, at, "closed", fact.closed_on, said=fact.how)


def _corrected(rows: Latest, fact: RevenueReversed, at: At) -> Iterator[Dispute | DisputeStep]:
    for each_of_it in rows.latest(DisputedEntry(fact.entry)).disputes:
        dispute = rows.latest(Dispute(each_of_it))
        if dispute.state in FINAL or dispute.correction or not corrects(fact, dispute.entry, dispute.clause):
            continue
        yield _due(replace(dispute, corrected_on=fact.occurred_on, correction=fact.reversal))
        yield _step(dispute.dispute, at, "corrected", fact.occurred_on, said=fact.reversal)


def _due(dispute: Dispute) -> Dispute:
    """A dispute with the last day of whoever's turn it is now."""
    match dispute.state:
        case "open":
            return replace(dispute, due_on=dispute.answer_by)
        case "rejected":
            return replace(dispute, due_on=_days_after(dispute, dispute.changed_on))
        case "accepted" if dispute.corrected_on and dispute.accepted_on:
            return replace(dispute, due_on=_days_after(dispute, max(dispute.accepted_on, dispute.corrected_on)))
        case "accepted" if not dispute.listed:
            return replace(dispute, due_on=_days_after(dispute, dispute.accepted_on))
        case _:
            return replace(dispute, due_on=None)


def _days_after(dispute: Dispute, on: date | None) -> date:
    if dispute.disputed_on is None or dispute.answer_by is None or on is None:
        raise LookupError(f"{dispute.dispute} was answered before it began.")
    return react_by(dispute.disputed_on, dispute.answer_by, on)


def _step(
    dispute: str,
    at: At,
    did: Did,
    done_on: date,
    *,
    by: str | None = None,
    stage: DisputeStage | None = None,
    said: str | None = None,
    evidence: str | None = None,
) -> DisputeStep:
    return DisputeStep(dispute, at.position, did, done_on, by, stage, said, evidence)


disputes = Projection("disputes", fold, (Dispute, DisputedEntry, DisputeStep), facts_of(Seen))


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
    """Disputes whose turn has passed in silence: they go to the coordinator, or are settled as they were corrected."""
    return [d for d in rows.under(Dispute) if d.due_on is not None and d.due_on < today]
