"""Policies: whenever this has happened, ask for that. The list, and how one event becomes commands."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from textwrap import shorten
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct

from application.desk import SHARING
from application.envelope import Recorded
from domain.kernel import Event, parties_of, subject_of
from domain.mentoring.events import HoursLeftOver, SessionHeld
from domain.pathways.events import PathwayCompleted, StepDelivered
from domain.referrals.events import ReferralDeclined, ReferralExpired
from domain.revenue.events import ReceiptRecorded, RevenueReversed, RevenueShared
from domain.revenue.pathway_revenue import SESSIONS_MAX
from domain.settlement.events import (
    CorrectionMissed,
    DisputeEscalated,
    PeriodClosed,
    PeriodSettled,
    StatementUnanswered,
)

REASON_MAX = 200
"""Letters of a line, as `open-follow-up` takes it."""


class Intention(Struct, frozen=True):
    """A command a policy wants: its name and body."""

    name: str
    body: Mapping[str, Any]


class Cut(Protocol):
    """What follows from the log up to an event, and from nothing after it: the same commands in the same order, always."""

    async def intentions(self, event: Recorded) -> Sequence[Intention]: ...


class Cuts(Struct, frozen=True):
    """What policies have folded."""

    statements: Cut
    """The statements of a closed period: kept byte for byte, ready to be issued."""
    documents: Cut
    """The invoices, credit notes and vouchers of a closed period."""
    drift: Cut
    """What rounding has moved up to the closing of a period."""
    settlements: Cut
    """The set-offs and payments of a settlement."""


class Policy(Struct, frozen=True):
    """`plan` must give the same intentions in the same order for the same event: their ids follow from it."""

    name: str
    on: tuple[type[Event], ...]
    plan: Callable[[Recorded, Cuts], AsyncIterator[Intention]]
    together: bool = False
    """Whether the commands of one event may be carried out at the same time: none of them rests on another."""


async def _share(event: Recorded, _: Cuts) -> AsyncIterator[Intention]:
    done = event.data
    if isinstance(done, StepDelivered | ReceiptRecorded):
        part = {"pathway": done.pathway, "step": done.step, "part": done.part, "agreement": done.agreement}
        yield Intention("share-revenue", part)


async def _list(event: Recorded, _: Cuts) -> AsyncIterator[Intention]:
    match event.data:
        case ReferralExpired():
            code, reason = (
                "referral-expired",
                "Nobody answered the referral in time; refer the client to another partner.",
            )
        case ReferralDeclined(reason=why):
            code, reason = (
                "referral-declined",
                f"The referral was declined ({why}); refer the client to another partner.",
            )
        case HoursLeftOver(hours=hours, sessions=sessions):
            code, reason = (
                "hours-left-over",
                f"Hours of sessions came with no amount of the pathway: {hours} in {len(sessions)}; decide who pays for them.",
            )
        case StatementUnanswered(partner=partner, period=period):
            code, reason = (
                "statement-silent",
                f"{partner} has neither approved nor disputed its statement of {period} in time; ask it to.",
            )
        case CorrectionMissed(entry=entry, due_on=due_on):
            code, reason = (
                "correction-missed",
                f"The line of {entry} was found wrong and not corrected until {due_on}; it is held until its collector takes it back.",
            )
        case DisputeEscalated(reason=why):
            code, reason = (
                "dispute-escalated",
                f"The two sides did not settle the dispute ({why}); decide it by answering it, and see that what is wrong is corrected.",
            )
        case _:
            return
    yield Intention("open-follow-up", follow_up(event, event.id, code, reason))


async def _left_over(event: Recorded, _: Cuts) -> AsyncIterator[Intention]:
    """Asked for after whatever may be the last thing to happen before hours are left over; of most sharings nothing can be."""
    match event.data:
        case PathwayCompleted(pathway=pathway) | SessionHeld(pathway=str(pathway)):
            pass
        case RevenueShared(pathway=pathway) as shared if (
            len(shared.sessions) == SESSIONS_MAX or shared.skipped or not shared.amount_cents
        ):
            pass
        case RevenueReversed(pathway=str(pathway), reason="credit-loss", left_cents=0):
            pass
        case _:
            return
    yield Intention("list-left-over-hours", {"pathway": pathway})


async def _issue(event: Recorded, cuts: Cuts) -> AsyncIterator[Intention]:
    for intention in await cuts.statements.intentions(event):
        yield intention


async def _invoice(event: Recorded, cuts: Cuts) -> AsyncIterator[Intention]:
    for intention in await cuts.documents.intentions(event):
        yield intention


async def _true_up(event: Recorded, cuts: Cuts) -> AsyncIterator[Intention]:
    for intention in await cuts.drift.intentions(event):
        yield intention


async def _settle(event: Recorded, cuts: Cuts) -> AsyncIterator[Intention]:
    for intention in await cuts.settlements.intentions(event):
        yield intention


def follow_up(event: Recorded, number: UUID, code: str, reason: str) -> dict[str, Any]:
    """The body of `open-follow-up` for an event: one entry on the coordinator's list under one number."""
    return {
        "follow_up": f"follow-up:{number}",
        "cause": str(event.id),
        "about": subject_of(event.data),
        "code": code,
        "reason": shorten(reason, REASON_MAX, placeholder="…", break_on_hyphens=False),
        "parties": list(parties_of(event.data)),
    }


POLICIES: tuple[Policy, ...] = (
    Policy(SHARING, (StepDelivered, ReceiptRecorded), _share),
    Policy("list-lost-referrals", (ReferralDeclined, ReferralExpired), _list),
    Policy("list-for-coordinator", (HoursLeftOver, StatementUnanswered, CorrectionMissed, DisputeEscalated), _list),
    Policy("list-left-over-hours", (PathwayCompleted, SessionHeld, RevenueShared, RevenueReversed), _left_over),
    Policy("issue-statements", (PeriodClosed,), _issue, together=True),
    Policy("issue-documents", (PeriodClosed,), _invoice),
    Policy("true-up-drift", (PeriodClosed,), _true_up),
    Policy("plan-settlements", (PeriodSettled,), _settle),
)
"""A policy that is added gets a migration that puts its mark at the end of the logs there are: it is for what comes."""
