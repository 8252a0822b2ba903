"""Send a client on to another partner, under an agreement that lets client data pass between the two."""

from domain.agreements.events import AgreementEnteredIntoForce
from domain.calendar import business_days_after
from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, NotYours, Refused, Unknown, Value, facts
from domain.referrals.events import ReferralSent
from domain.words import AgreementId, ClientId, Code, OfferingId, Organisation, ReferralId

Seen = ReferralSent | AgreementEnteredIntoForce


class SendReferral(Command, frozen=True):
    """Refer a client to another partner.

    The agreement in force between the two gives the deadline: so many Finnish business days to answer, then a time of
    grace, then the referral expires and waits on the coordinator's list. Without `referral` an id is made.
    """

    client: ClientId
    """An id made for this one case."""
    need: Code
    """What the client needs, as a code: no text about a person."""
    sender: Organisation
    """The partner that passes the client on."""
    receiver: Organisation
    """The partner that has to answer."""
    agreement: AgreementId
    """An agreement in force that binds both and lets clients be passed on."""
    referral: ReferralId | None = None
    """A new id; null: one is made."""
    offering: OfferingId | None = None
    """What the client is sent for; null: the receiver is to find it."""


class AlreadySent(Refused):
    def __init__(self, referral: str) -> None:
        super().__init__(f"{referral} has been sent already; another referral needs another id.")


class ToOneself(Refused):
    def __init__(self, organisation: str) -> None:
        super().__init__(f"{organisation} cannot refer a client to itself.")


class NoDataSharing(Refused):
    def __init__(self, agreement: str, sender: str, receiver: str) -> None:
        super().__init__(
            f"{agreement} has no version in force that lets {sender} and {receiver} pass clients to each other; "
            "both must be parties, and it needs the clause data_sharing."
        )


class Sending(Value, frozen=True):
    sent: bool = False
    in_force: AgreementEnteredIntoForce | None = None


def referral_of(command: SendReferral) -> str:
    return command.referral or command.asked.new("referral")


def boundary(command: SendReferral) -> Boundary:
    return (
        facts(ReferralSent, about=referral_of(command)),
        facts(AgreementEnteredIntoForce, about=command.agreement),
    )


def evolve(state: Sending, event: Seen) -> Sending:
    match event:
        case ReferralSent():
            return replace(state, sent=True)
        case AgreementEnteredIntoForce():
            return replace(state, in_force=event)


def decide(command: SendReferral, state: Sending) -> tuple[Event, ...]:
    if not command.asked.acts_for(command.sender):
        raise NotYours(command.asked, command.sender, "send its referrals")
    if command.sender == command.receiver:
        raise ToOneself(command.sender)
    if state.sent:
        raise AlreadySent(referral_of(command))
    agreement = state.in_force
    if agreement is None:
        raise Unknown(f"{command.agreement} in force")
    parties = (command.sender, command.receiver)
    if not (agreement.clauses.data_sharing and set(parties) <= set(agreement.parties)):
        raise NoDataSharing(command.agreement, *parties)
    answer_by = business_days_after(command.asked.on, agreement.clauses.answer_days)
    return (
        ReferralSent(
            referral=referral_of(command),
            client=command.client,
            need=command.need,
            sender=command.sender,
            receiver=command.receiver,
            offering=command.offering,
            agreement=command.agreement,
            version=agreement.version,
            sent_on=command.asked.on,
            answer_by=answer_by,
            expires_on=business_days_after(answer_by, agreement.clauses.grace_days),
            parties=parties,
        ),
    )


send_referral = Decider(
    command=SendReferral,
    boundary=boundary,
    initial=Sending(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "content"},
    example={
        "client": "client:c-17",
        "need": "logistics",
        "sender": "org:cursor",
        "receiver": "org:ekami",
        "agreement": "agreement:kymenlaakso-2019",
    },
)
