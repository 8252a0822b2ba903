"""What the log knows of the roles of a sharing rule before anybody names them: whose mentor it is, and who referred the client."""

from domain.changing import replace
from domain.kernel import Asked, Boundary, Refused, Unknown, Value, facts
from domain.mentoring.events import MenteeAssigned, MenteeReleased, MentorNominated
from domain.referrals.events import ClientTakenOn, ReferralAccepted, ReferralSent
from domain.words import MENTOR, PROVIDER, REFERRER, Binding

Telling = MentorNominated | MenteeAssigned | MenteeReleased | ReferralSent | ReferralAccepted | ClientTakenOn


class BoundTwice(Refused):
    def __init__(self, roles: list[str]) -> None:
        super().__init__(
            f"{', '.join(roles)} cannot be bound: each role is bound once, and {PROVIDER} binds itself to who delivers."
        )


class MentorOfAnother(Refused):
    """Which mentor it is, is the business of that mentor's organisation."""

    def __init__(self, organisation: str) -> None:
        super().__init__(
            f"{MENTOR} cannot be bound to {organisation}: another organisation's mentor guides the client. Name the mentor of the "
            "pathway, or leave the role unbound."
        )


class ReferredByAnother(Refused):
    def __init__(self, organisation: str, referral: str, sender: str) -> None:
        super().__init__(
            f"{REFERRER} cannot be bound to {organisation}: {referral} was sent by {sender}. Leave the role out, it binds itself."
        )


class OfAnotherClient(Refused):
    def __init__(self, referral: str, client: str) -> None:
        super().__init__(f"{referral} is not a referral of {client}; name the one that the client came by, or none.")


class NotAcceptedBy(Refused):
    def __init__(self, referral: str, organisation: str) -> None:
        super().__init__(
            f"{organisation} has not accepted {referral}; a pathway comes from a referral that whoever drafts it has accepted."
        )


class CameByReferral(Refused):
    def __init__(self, client: str, organisation: str, referrals: list[str]) -> None:
        super().__init__(
            f"{organisation} has taken {client} on by {', '.join(referrals)}, so a pathway of this client comes from there; name "
            f"{referrals[0] if len(referrals) == 1 else 'the one that it comes from'} in `referral`."
        )


class KnownRoles(Value, frozen=True):
    mentors: str | None = None
    """The organisation of the mentor that is named for the pathway."""
    guides: str | None = None
    """The organisation whose mentor guides the client now."""
    sent: ReferralSent | None = None
    accepted: bool = False
    taken_on: tuple[ClientTakenOn, ...] = ()
    """Where the client was taken on, by which referrals."""

    def after(self, event: Telling) -> "KnownRoles":
        match event:
            case MentorNominated():
                return replace(self, mentors=event.organisation)
            case MenteeAssigned():
                return replace(self, guides=event.parties[0])
            case MenteeReleased():
                return replace(self, guides=None)
            case ReferralSent():
                return replace(self, sent=event)
            case ReferralAccepted():
                return replace(self, accepted=True)
            case ClientTakenOn():
                return replace(self, taken_on=(*self.taken_on, event))

    def check_referral(self, asked: Asked, referral: str, client: str, organisation: str) -> None:
        """Refuse a referral that the pathway cannot come from. Whoever is no party to it cannot know that it exists."""
        if self.sent is None or not any(asked.acts_for(party) for party in self.sent.parties):
            raise Unknown(referral)
        if self.sent.client != client:
            raise OfAnotherClient(referral, client)
        if self.sent.receiver != organisation or not self.accepted:
            raise NotAcceptedBy(referral, organisation)

    def check_came_without(self, client: str, organisation: str) -> None:
        """Refuse a pathway without a referral at an organisation that has accepted one of the client.

        Earlier pathways that named it do not free it: one that is drafted and never agreed would.
        """
        if came := sorted(taken.referral for taken in self.taken_on if taken.organisation == organisation):
            raise CameByReferral(client, organisation, came)

    def bound(self, named: tuple[Binding, ...]) -> tuple[Binding, ...]:
        """The bindings of a pathway by role: those that are named, and those that the log knows."""
        roles = [b.role for b in named]
        if wrong := sorted({r for r in roles if r == PROVIDER or roles.count(r) > 1}):
            raise BoundTwice(wrong)
        bound = {b.role: b.organisation for b in named}
        if MENTOR in bound and bound[MENTOR] != (self.mentors or self.guides or bound[MENTOR]):
            raise MentorOfAnother(bound[MENTOR])
        if self.sent and bound.get(REFERRER, self.sent.sender) != self.sent.sender:
            raise ReferredByAnother(bound[REFERRER], self.sent.referral, self.sent.sender)
        known = {MENTOR: self.mentors, REFERRER: self.sent.sender if self.sent else None}
        bound |= {role: organisation for role, organisation in known.items() if organisation}
        return tuple(Binding(role=role, organisation=bound[role]) for role in sorted(bound))


def told_by(client: str, mentor: str | None, referral: str | None) -> Boundary:
    """The facts about a client, the mentor and the referral that a pathway is drafted with."""
    return (
        facts(MenteeAssigned, MenteeReleased, ClientTakenOn, about=client),
        *((facts(MentorNominated, about=mentor),) if mentor else ()),
        *((facts(ReferralSent, ReferralAccepted, about=referral),) if referral else ()),
    )
