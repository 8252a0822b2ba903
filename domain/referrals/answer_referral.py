"""What becomes of a referral that was sent: accepted and completed, declined with a reason, or expired."""

from datetime import date
from typing import Literal

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, NotYours, Refused, Unknown, Value, facts
from domain.referrals.events import (
    ClientTakenOn,
    DeclineReason,
    Outcome,
    ReferralAccepted,
    ReferralCompleted,
    ReferralDeclined,
    ReferralExpired,
    ReferralSent,
)
from domain.words import ReferralId

Seen = ReferralSent | ReferralAccepted | ReferralDeclined | ReferralCompleted | ReferralExpired
Stage = Literal["sent", "accepted", "declined", "completed", "expired"]


class AcceptReferral(Command, frozen=True):
    """Accept a referral: its receiver takes the client on. Possible until the day of expiry."""

    referral: ReferralId


class DeclineReferral(Command, frozen=True):
    """Decline a referral, with a reason from the code list; it then waits on the coordinator's list."""

    referral: ReferralId
    reason: DeclineReason
    """Why the client is not taken on; `other` where none fits."""


class CompleteReferral(Command, frozen=True):
    """Say what came of a referral that was accepted."""

    referral: ReferralId
    outcome: Outcome
    """What became of the client."""


class ExpireReferral(Command, frozen=True):
    """End a referral that nobody answered; sent by the scheduler when its last day has passed."""

    referral: ReferralId


class NotThere(Refused):
    """The referral is not at the stage this answer belongs to."""

    def __init__(self, referral: str, stage: Stage, needed: Stage, what: str) -> None:
        super().__init__(f"{referral} is {stage}; only a referral that is {needed} can be {what}.")


class HasExpired(Refused):
    def __init__(self, referral: str, expires_on: date) -> None:
        super().__init__(f"{referral} could be answered until {expires_on}; ask the sender for a new one.")


class NotExpiredYet(Refused):
    def __init__(self, referral: str, expires_on: date) -> None:
        super().__init__(f"{referral} may still be answered until {expires_on}; it expires after that day.")


class Answered(Value, frozen=True):
    sent: ReferralSent | None = None
    stage: Stage = "sent"


def boundary(command: AcceptReferral | DeclineReferral | CompleteReferral | ExpireReferral) -> Boundary:
    return (
        facts(
            ReferralSent,
            ReferralAccepted,
            ReferralDeclined,
            ReferralCompleted,
            ReferralExpired,
            about=command.referral,
        ),
    )


def evolve(state: Answered, event: Seen) -> Answered:
    match event:
        case ReferralSent():
            return Answered(sent=event)
        case ReferralAccepted():
            return replace(state, stage="accepted")
        case ReferralDeclined():
            return replace(state, stage="declined")
        case ReferralCompleted():
            return replace(state, stage="completed")
        case ReferralExpired():
            return replace(state, stage="expired")


def accept(command: AcceptReferral, state: Answered) -> tuple[Event, ...]:
    sent = _answerable(command, state, "accepted")
    return (
        ReferralAccepted(referral=sent.referral, accepted_on=command.asked.on, parties=sent.parties),
        ClientTakenOn(referral=sent.referral, client=sent.client, organisation=sent.receiver, parties=sent.parties),
    )


def decline(command: DeclineReferral, state: Answered) -> tuple[Event, ...]:
    sent = _answerable(command, state, "declined")
    return (
        ReferralDeclined(
            referral=sent.referral, reason=command.reason, declined_on=command.asked.on, parties=sent.parties
        ),
    )


def complete(command: CompleteReferral, state: Answered) -> tuple[Event, ...]:
    sent = _received(command, state)
    if state.stage != "accepted":
        raise NotThere(sent.referral, state.stage, "accepted", "completed")
    return (
        ReferralCompleted(
            referral=sent.referral, outcome=command.outcome, completed_on=command.asked.on, parties=sent.parties
        ),
    )


def expire(command: ExpireReferral, state: Answered) -> tuple[Event, ...]:
    if state.sent is None:
        raise Unknown(command.referral)
    if state.stage != "sent":
        raise NotThere(command.referral, state.stage, "sent", "expired")
    if command.asked.on <= state.sent.expires_on:
        raise NotExpiredYet(command.referral, state.sent.expires_on)
    return (ReferralExpired(referral=command.referral, expired_on=command.asked.on, parties=state.sent.parties),)


def _received(command: AcceptReferral | DeclineReferral | CompleteReferral, state: Answered) -> ReferralSent:
    # Whoever is no party to a referral cannot know that it exists.
    if state.sent is None or not any(command.asked.acts_for(party) for party in state.sent.parties):
        raise Unknown(command.referral)
    if not command.asked.acts_for(state.sent.receiver):
        raise NotYours(command.asked, state.sent.receiver, "answer this referral")
    return state.sent


def _answerable(command: AcceptReferral | DeclineReferral, state: Answered, what: Stage) -> ReferralSent:
    sent = _received(command, state)
    if state.stage != "sent":
        raise NotThere(sent.referral, state.stage, "sent", what)
    if command.asked.on > sent.expires_on:
        raise HasExpired(sent.referral, sent.expires_on)
    return sent


accept_referral = Decider(
    command=AcceptReferral,
    boundary=boundary,
    initial=Answered(),
    evolve=evolve,
    decide=accept,
    may={"coordinator": None, "partner": "content"},
    example={"referral": "referral:r-17"},
)
decline_referral = Decider(
    command=DeclineReferral,
    boundary=boundary,
    initial=Answered(),
    evolve=evolve,
    decide=decline,
    may={"coordinator": None, "partner": "content"},
    example={"referral": "referral:r-17", "reason": "no-capacity"},
)
complete_referral = Decider(
    command=CompleteReferral,
    boundary=boundary,
    initial=Answered(),
    evolve=evolve,
    decide=complete,
    may={"coordinator": None, "partner": "content"},
    example={"referral": "referral:r-17", "outcome": "enrolled"},
)
expire_referral = Decider(
    command=ExpireReferral,
    boundary=boundary,
    initial=Answered(),
    evolve=evolve,
    decide=expire,
    may={"coordinator": None, "policy": None},
    example={"referral": "referral:r-17"},
)
