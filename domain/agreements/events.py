"""What has happened to an agreement."""

from datetime import date

from domain.kernel import Event, Value, fact
from domain.money import SharingRule
from domain.words import AgreementId, Line, Names, Number, Organisation


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
    duties: tuple[Names, ...]


@fact("agreement.drafted", about=("agreement",), seen_by="parties")
class AgreementDrafted(Event, frozen=True):
    agreement: AgreementId
    version: Number
    title: Names
    parties: tuple[Organisation, ...]
    clauses: Clauses
    drafted_on: date


@fact("agreement.text_frozen", about=("agreement",), seen_by="parties")
class AgreementTextFrozen(Event, frozen=True):
    agreement: AgreementId
    version: Number
    text_digest: str
    frozen_on: date
    by: str
    """The opaque id of who froze it: who checks may not approve."""
    parties: tuple[Organisation, ...]


@fact("agreement.approved", about=("agreement",), seen_by="parties")
class AgreementApproved(Event, frozen=True):
    agreement: AgreementId
    version: Number
    organisation: Organisation
    body: Line
    section: Line
    approved_on: date
    by: str
    """The opaque id of who recorded the approval."""
    text_digest: str
    parties: tuple[Organisation, ...]


@fact("agreement.signed", about=("agreement",), seen_by="parties")
class AgreementSigned(Event, frozen=True):
    agreement: AgreementId
    version: Number
    organisation: Organisation
    signed_on: date
    text_digest: str
    parties: tuple[Organisation, ...]


@fact("agreement.entered_into_force", about=("agreement",), seen_by="network")
class AgreementEnteredIntoForce(Event, frozen=True):
    agreement: AgreementId
    version: Number
    title: Names
    parties: tuple[Organisation, ...]
    in_force_on: date
    text_digest: str
    clauses: Clauses
