"""Policies: whenever this has happened, ask for that. The list, and how one event becomes commands."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct

from application.desk import SHARING
from application.envelope import Recorded
from domain.kernel import Event, parties_of, subject_of
from domain.network.events import FollowUpCode
from domain.pathways.events import StepDelivered
from domain.referrals.events import ReferralDeclined, ReferralExpired
from domain.settlement.events import PeriodClosed


class Intention(Struct, frozen=True):
    """A command a policy wants: its name and body."""

    name: str
    body: Mapping[str, Any]


class Statements(Protocol):
    """Statements folded from the log up to a cut, kept byte for byte, ready to be issued."""

    async def keep_all(self, period: str, cut: int) -> Sequence[Mapping[str, Any]]:
        """Keep the statement of every organisation ever admitted or posted to; give the bodies of `issue-statement`."""


class Policy(Struct, frozen=True):
    """`plan` must give the same intentions in the same order for the same event: their ids follow from it."""

    name: str
    on: tuple[type[Event], ...]
    plan: Callable[[Recorded, Statements], AsyncIterator[Intention]]


async def _share(event: Recorded, _: Statements) -> AsyncIterator[Intention]:
    delivered = event.data
    if isinstance(delivered, StepDelivered):
        yield Intention(
            "share-revenue",
            {
                "pathway": delivered.pathway,
                "step": delivered.step,
                "part": delivered.part,
                "agreement": delivered.agreement,
            },
        )


async def _list(event: Recorded, _: Statements) -> AsyncIterator[Intention]:
    code: FollowUpCode
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
        case _:
            return
    yield Intention("open-follow-up", follow_up(event, event.id, code, reason))


async def _issue(event: Recorded, statements: Statements) -> AsyncIterator[Intention]:
    if isinstance(event.data, PeriodClosed):
        for body in await statements.keep_all(event.data.period, event.position):
            yield Intention("issue-statement", body)


def follow_up(event: Recorded, number: UUID, code: FollowUpCode, reason: str) -> dict[str, Any]:
    """The body of `open-follow-up` for an event: one entry on the coordinator's list under one number."""
    return {
        "follow_up": f"follow-up:{number}",
        "cause": str(event.id),
        "about": subject_of(event.data),
        "code": code,
        "reason": reason[:200],
        "parties": list(parties_of(event.data)),
    }


POLICIES: tuple[Policy, ...] = (
    Policy(SHARING, (StepDelivered,), _share),
    Policy("list-lost-referrals", (ReferralDeclined, ReferralExpired), _list),
    Policy("issue-statements", (PeriodClosed,), _issue),
)
