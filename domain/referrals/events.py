"""What has happened to a referral."""

from datetime import date
from typing import Literal

from domain.kernel import Event, fact
from domain.words import AgreementId, ClientId, Code, OfferingId, Organisation, ReferralId

DeclineReason = Literal[
    "not-eligible", "no-capacity", "not-provided", "already-enrolled", "client-declined", "could-not-contact", "other"
]
Outcome = Literal["enrolled", "advised", "pathway-drafted", "not-needed", "client-withdrew"]


@fact("referral.sent", about=("referral", "client"), seen_by="parties", frequent=True)
class ReferralSent(Event, frozen=True):
    referral: ReferralId
    client: ClientId
    need: Code
    sender: Organisation
    receiver: Organisation
    offering: OfferingId | None
    agreement: AgreementId
    version: int
    sent_on: date
    answer_by: date
    """The last day for an answer; it ends at midnight in Helsinki."""
    expires_on: date
    """The last day of grace; on the day after it the referral can only expire."""
    parties: tuple[Organisation, ...]


@fact("referral.accepted", about=("referral",), seen_by="parties", frequent=True)
class ReferralAccepted(Event, frozen=True):
    referral: ReferralId
    accepted_on: date
    parties: tuple[Organisation, ...]


@fact("referral.declined", about=("referral",), seen_by="parties", frequent=True)
class ReferralDeclined(Event, frozen=True):
    referral: ReferralId
    reason: DeclineReason
    declined_on: date
    parties: tuple[Organisation, ...]


@fact("referral.completed", about=("referral",), seen_by="parties", frequent=True)
class ReferralCompleted(Event, frozen=True):
    referral: ReferralId
    outcome: Outcome
    completed_on: date
    parties: tuple[Organisation, ...]


@fact("referral.expired", about=("referral",), seen_by="parties", frequent=True)
class ReferralExpired(Event, frozen=True):
    referral: ReferralId
    expired_on: date
    parties: tuple[Organisation, ...]
