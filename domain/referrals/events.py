"""What has happened to a referral."""

from datetime import date
from typing import Literal

from domain.kernel import Event, fact
from domain.words import AgreementId, ClientId, Code, Day, OfferingId, Organisation, Parties, ReferralId

DeclineReason = Literal[
    "not-eligible", "no-capacity", "not-provided", "already-enrolled", "client-declined", "could-not-contact", "other"
]
Outcome = Literal["enrolled", "advised", "pathway-drafted", "not-needed", "client-withdrew"]


@fact("referral.sent", about=("referral", "client"), seen_by="parties", frequent=True)
class ReferralSent(Event, frozen=True):
    """A client is passed on to a partner, who has to answer within the days that the agreement gives."""

    referral: ReferralId
    client: ClientId
    need: Code
    """What the client needs, as a code."""
    sender: Organisation
    """The partner that passes the client on."""
    receiver: Organisation
    """The partner that has to answer."""
    offering: OfferingId | None
    """What the client is sent for; null where the receiver is to find it."""
    agreement: AgreementId
    """The agreement that lets clients be passed on between the two."""
    version: int
    """The version of that agreement, counted from 1."""
    sent_on: Day
    answer_by: date
    """The last day for an answer; it ends at midnight in Helsinki."""
    expires_on: date
    """The last day of grace; on the day after it the referral can only expire."""
    parties: Parties


@fact("referral.accepted", about=("referral",), seen_by="parties", frequent=True)
class ReferralAccepted(Event, frozen=True):
    """The receiver takes the client on."""

    referral: ReferralId
    accepted_on: Day
    parties: Parties


@fact("referral.client_taken_on", about=("referral", "client"), seen_by="parties", frequent=True)
class ClientTakenOn(Event, frozen=True):
    """A client came to a partner by a referral: its pathways there name where it came from. Recorded with the acceptance."""

    referral: ReferralId
    client: ClientId
    organisation: Organisation
    """The partner that took the client on."""
    parties: Parties


@fact("referral.declined", about=("referral",), seen_by="parties", frequent=True)
class ReferralDeclined(Event, frozen=True):
    """The receiver does not take the client on."""

    referral: ReferralId
    reason: DeclineReason
    """Why it does not."""
    declined_on: Day
    parties: Parties


@fact("referral.completed", about=("referral",), seen_by="parties", frequent=True)
class ReferralCompleted(Event, frozen=True):
    """What a referral was for has come about, or turned out not to be needed."""

    referral: ReferralId
    outcome: Outcome
    """What became of the client."""
    completed_on: Day
    parties: Parties


@fact("referral.expired", about=("referral",), seen_by="parties", frequent=True)
class ReferralExpired(Event, frozen=True):
    """Nobody answered a referral in time, nor in the days of grace."""

    referral: ReferralId
    expired_on: Day
    parties: Parties
