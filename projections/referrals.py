"""The referral board: every referral, its stage and its deadlines."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

from domain.changing import replace
from domain.referrals.events import (
    ReferralAccepted,
    ReferralCompleted,
    ReferralDeclined,
    ReferralExpired,
    ReferralSent,
)
from projections.rows import At, Key, Latest, Projection, Row, Rows, each, facts_of

Seen = ReferralSent | ReferralAccepted | ReferralDeclined | ReferralCompleted | ReferralExpired
Stage = Literal["sent", "accepted", "declined", "completed", "expired"]


class Referral(Row, frozen=True):
    """A client who is passed on from one partner to another, and what came of it."""

    referral: Key[str]
    """The id, such as referral:r-17."""
    client: str = ""
    """The client's id of this one case, such as client:c-17; never a name."""
    need: str = ""
    """What the client needs, as a code."""
    sender: str = ""
    """The partner that passes the client on."""
    receiver: str = ""
    """The partner that has to answer."""
    offering: str | None = None
    """What the client is sent for; null: the receiver is to find it."""
    stage: Stage = "sent"
    """`sent` waits for an answer; accepted or declined by the receiver; completed after it was accepted; expired without an
    answer."""
    sent_on: date | None = None
    """The day on which it was sent, in Helsinki."""
    answer_by: date | None = None
    """The last day for an answer; it ends at midnight in Helsinki."""
    expires_on: date | None = None
    """The last day of grace; on the day after it the referral expires."""
    ended_on: date | None = None
    """The day on which it was declined or completed, or expired; null until then."""
    result: str | None = None
    """The reason of a refusal, the outcome of a completion."""


@each
def fold(rows: Latest, fact: Seen, at: At) -> Iterator[Referral]:  # noqa: ARG001 - dates are in the facts
    referral = rows.latest(Referral(fact.referral))
    match fact:
        case ReferralSent():
            yield Referral(
                referral=fact.referral,
                client=fact.client,
                need=fact.need,
                sender=fact.sender,
                receiver=fact.receiver,
                offering=fact.offering,
                sent_on=fact.sent_on,
                answer_by=fact.answer_by,
                expires_on=fact.expires_on,
            )
        case ReferralAccepted():
            yield replace(referral, stage="accepted")
        case ReferralDeclined():
            yield replace(referral, stage="declined", ended_on=fact.declined_on, result=fact.reason)
        case ReferralCompleted():
            yield replace(referral, stage="completed", ended_on=fact.completed_on, result=fact.outcome)
        case ReferralExpired():
            yield replace(referral, stage="expired", ended_on=fact.expired_on)


referrals = Projection("referrals", fold, (Referral,), facts_of(Seen), on_poison="park")


def board(rows: Rows, organisation: str | None = None, stage: Stage | None = None) -> list[Referral]:
    """Referrals sent or received by an organisation (None: by any), the newest first."""
    found = [
        r
        for r in rows.under(Referral)
        if (stage is None or r.stage == stage) and (organisation is None or organisation in (r.sender, r.receiver))
    ]
    return sorted(found, key=lambda r: (-(r.sent_on or date.min).toordinal(), r.referral))


def due(rows: Rows, today: date) -> list[Referral]:
    """Referrals that nobody answered until their last day: they expire."""
    return [r for r in rows.under(Referral) if r.stage == "sent" and r.expires_on is not None and r.expires_on < today]
