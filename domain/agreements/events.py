"""What has happened to an agreement."""

from datetime import date

from domain.kernel import Event, Value, fact
from domain.money import SharingRule
from domain.words import AgreementId, Day, Line, Names, Organisation, Parties, TextDigest, Version


class Clauses(Value, frozen=True):
    """The operative clauses of a version: what decisions read once it is in force."""

    sharing_rule: SharingRule | None
    """How revenue is divided; without it no pathway is agreed under this version."""
    data_sharing: bool
    """Whether a client may be passed between the parties."""
    answer_days: int
    """Business days in which a referral is to be answered."""
    grace_days: int
    """Business days after that until it expires."""
    rights: tuple[Names, ...]
    """What the parties may do, as sentences."""
    duties: tuple[Names, ...]
    """What the parties have to do, as sentences."""


@fact("agreement.drafted", about=("agreement",), seen_by="parties")
class AgreementDrafted(Event, frozen=True):
    """A version of an agreement is written down, for its parties to look at; it binds nobody yet."""

    agreement: AgreementId
    version: Version
    title: Names
    parties: Parties
    """The organisations that it is to bind."""
    clauses: Clauses
    drafted_on: Day


@fact("agreement.text_frozen", about=("agreement",), seen_by="parties")
class AgreementTextFrozen(Event, frozen=True):
    """The text of a version stands: what is approved and signed from here on is this text and no other."""

    agreement: AgreementId
    version: Version
    text_digest: TextDigest
    frozen_on: Day
    by: str
    """The opaque id of who froze it: who checks may not approve."""
    parties: Parties


@fact("agreement.approved", about=("agreement",), seen_by="parties")
class AgreementApproved(Event, frozen=True):
    """The deciding body of a party has approved a version."""

    agreement: AgreementId
    version: Version
    organisation: Organisation
    """The party whose body decided."""
    body: Line
    """The body that decided, such as a board."""
    section: Line
    """Where the decision stands in the minutes."""
    approved_on: Day
    by: str
    """The opaque id of who recorded the approval."""
    text_digest: TextDigest
    parties: Parties


@fact("agreement.signed", about=("agreement",), seen_by="parties")
class AgreementSigned(Event, frozen=True):
    """A party has signed a version."""

    agreement: AgreementId
    version: Version
    organisation: Organisation
    """The party that signed."""
    signed_on: Day
    text_digest: TextDigest
    parties: Parties


@fact("agreement.entered_into_force", about=("agreement",), seen_by="network")
class AgreementEnteredIntoForce(Event, frozen=True):
    """All parties have approved and signed: a version holds from here on, with the clauses that decisions read."""

    agreement: AgreementId
    version: Version
    title: Names
    parties: tuple[Organisation, ...]
    """The organisations that are bound by it."""
    in_force_on: date
    """The first day on which it holds, in Helsinki."""
    text_digest: TextDigest
    clauses: Clauses
