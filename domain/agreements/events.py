"""What has happened to an agreement."""

from datetime import date
from typing import Literal

from domain.kernel import Event, Value, fact
from domain.money import CostKey, SharingRule
from domain.words import AgreementId, Code, Day, Line, Names, Organisation, Parties, TextDigest, Version


class Netting(Value, frozen=True):
    """How what is owed between the parties is paid."""

    mode: Literal["gross", "pairwise", "multilateral", "clearing"] = "gross"
    """Each debt by itself; one payment for each two; one net position for each; or all through one clearing partner."""
    clearing: Organisation | None = None
    """The partner through which all pay, where the mode is `clearing`."""


class Waiver(Value, frozen=True):
    """Two parties charge each other nothing where costs are divided: it is recorded, with zero."""

    between: tuple[Organisation, Organisation]
    """The two parties."""
    keys: tuple[Code, ...] = ()
    """The cost keys for which it holds; none: all."""


class UnitOf(Value, frozen=True):
    """A party that is a unit of a legal person: between units of one there is no invoice, VAT or payment."""

    party: Organisation
    legal_person: Organisation


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
    cost_keys: tuple[CostKey, ...] = ()
    """How costs of upkeep are divided; without one no cost is."""
    waivers: tuple[Waiver, ...] = ()
    """Who charges whom nothing."""
    due: Literal["delivery", "receipt"] = "delivery"
    """When revenue is shared: when a part was delivered, or when the client has paid for it."""
    netting: Netting = Netting()
    """How the parties pay what they owe each other."""
    dispute_days: int = 10
    """Business days after a statement was issued in which its lines may be disputed."""
    dispute_answer_days: int = 5
    """Business days in which the other side answers a dispute; after that it goes to the coordinator."""
    tacit_approval: bool = False
    """Whether a statement that nobody disputes in time counts as approved; else silence goes to the coordinator."""
    payment_days: int = 14
    """Days from an invoice, or from a settlement, until it is to be paid."""
    self_billing: tuple[Organisation, ...] = ()
    """Parties that issue the invoices for what the others sell them."""


@fact("agreement.drafted", about=("agreement",), seen_by="parties", version=2)
class AgreementDrafted(Event, frozen=True):
    """A version of an agreement is written down, for its parties to look at; it binds nobody yet."""

    agreement: AgreementId
    version: Version
    title: Names
    parties: Parties
    """The organisations that it is to bind."""
    clauses: Clauses
    units: tuple[UnitOf, ...]
    """Of the parties, those that belong to a legal person."""
    drafted_on: Day


@fact("agreement.amended", about=("agreement",), seen_by="parties")
class AgreementAmended(Event, frozen=True):
    """A new version of an agreement is written down, on its way to the same approvals; the one in force holds until then."""

    agreement: AgreementId
    version: Version
    amends: Version
    """The version that was the newest before."""
    title: Names
    parties: Parties
    """The organisations that it is to bind."""
    clauses: Clauses
    units: tuple[UnitOf, ...]
    """Of the parties, those that belong to a legal person."""
    amended_on: Day


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


@fact("agreement.entered_into_force", about=("agreement",), seen_by="network", version=2)
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
    units: tuple[UnitOf, ...]
    """Of the parties, those that belong to a legal person."""
