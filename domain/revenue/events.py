"""What has been shared, taken back and set right."""

from datetime import date
from typing import Literal

from domain.kernel import Event, Value, fact
from domain.money import CostShare, Share
from domain.words import (
    AgreementId,
    Amount,
    Cents,
    Code,
    Day,
    EntryId,
    Line,
    Organisation,
    Parties,
    PartNumber,
    PathwayId,
    Period,
    Price,
    ProjectCode,
    Quantity,
    SessionId,
    StepNumber,
    TreatmentId,
    VatCode,
    VatRate,
    Version,
)

ReversalReason = Literal["entered-in-error", "service-not-accepted", "price-changed", "credit-loss", "cancelled"]


class ShareVat(Value, frozen=True):
    """How one share is taxed: by the treatment that its seller had decided for the day of delivery."""

    clause: str
    """The path of the share's clause."""
    code: VatCode
    rate: VatRate
    ground: Line | None
    """Why it is exempt or outside; null where it is taxed."""
    decision: TreatmentId
    """The decision by which it is so."""


@fact("revenue.shared", about=("entry", "pathway"), seen_by="parties", frequent=True, version=2)
class RevenueShared(Event, frozen=True):
    """One division of one amount. Its shares sum to the amount, kept ones included."""

    entry: EntryId
    """The id of this division in the books."""
    pathway: PathwayId
    step: StepNumber
    part: PartNumber
    agreement: AgreementId
    """The agreement by whose rule it was divided."""
    version: Version
    provider: Organisation
    """The partner that delivered what was paid."""
    amount_cents: Price
    """What is divided: the price of the delivered part, in whole cents of euro without VAT."""
    collected_by: Organisation
    """The organisation that is paid and owes the others their shares."""
    occurred_on: date
    """The day of delivery, in Helsinki."""
    period: Period
    """The month in whose books it stands: the one of delivery, or the first still open."""
    project: ProjectCode | None
    """The project that carries the pathway; null where none does."""
    parties: tuple[Organisation, ...]
    """Those who see the whole division: the collector, the provider, and everyone with a share, of zero too."""
    quantities: tuple[Amount, ...]
    """How much was delivered, in the units that the sharing rule asks for."""
    skipped: tuple[str, ...]
    """Paths of the clauses that took nothing because their role is bound to nobody."""
    shares: tuple[Share, ...]
    """Who gets what and why, in the order of the rule."""
    vat: tuple[ShareVat, ...]
    """How the shares of others are taxed; a share that is not here has no treatment decided, or is of one legal person."""
    sessions: tuple[SessionId, ...]
    """The mentor's sessions whose hours were counted in with this amount, each once."""

    def __post_init__(self) -> None:
        if (total := sum(s.cents for s in self.shares)) != self.amount_cents:
            raise ValueError(f"The shares of {self.entry} sum to {total} cents, not to {self.amount_cents}.")


class ReversedShare(Value, frozen=True):
    """How many cents of a stored share are taken back, with the sign of the share."""

    partner: Organisation
    """The organisation whose share it is."""
    role: str | None
    """As in the entry: `role:…` where the rule named a role, `kept` where the collector keeps it, else null."""
    clause: str
    """The path of the clause, as in the entry: `steps[0]`."""
    cents: Cents
    exact: str
    """The part of the share without rounding that is taken back, `num/den` in cents."""


@fact("revenue.reversed", about=("reversal", "entry", "pathway"), seen_by="parties", frequent=True, version=2)
class RevenueReversed(Event, frozen=True):
    """An entry is taken back, as a whole or in part; the correction stands beside it and nothing is erased."""

    reversal: EntryId
    """The id of this correction in the books."""
    entry: EntryId
    """The entry that is taken back."""
    of: Literal["revenue", "cost"]
    """What the entry divides."""
    pathway: PathwayId | None
    """Null where costs are taken back."""
    step: StepNumber | None
    part: PartNumber | None
    agreement: AgreementId
    """The agreement by whose rule the entry was divided."""
    version: Version
    """The version of the entry: a correction keeps what was bound then."""
    amount_cents: Price
    """How much of the entry's amount is taken back, in whole cents of euro without VAT."""
    entry_amount_cents: Price
    """The amount of the entry, in whole cents of euro without VAT."""
    left_cents: Price
    """How much of it is left after this correction."""
    collected_by: Organisation
    """The organisation that was paid; of costs the one that paid them."""
    occurred_on: date
    """The day of the correction, in Helsinki."""
    period: Period
    """The month in whose books the correction stands."""
    entry_occurred_on: date
    """The day of delivery of what is corrected, in Helsinki."""
    entry_period: Period
    """The month in whose books the entry stands."""
    project: ProjectCode | None
    """The project that carries it; null where none does."""
    reason: ReversalReason
    """Why it is taken back."""
    parties: tuple[Organisation, ...]
    """The organisations that may see this event: those of the entry."""
    shares: tuple[ReversedShare, ...]
    """What is taken back of whose share; the cents sum to the amount."""
    vat: tuple[ShareVat, ...]
    """As in the entry: a correction keeps the rate of what it corrects."""

    def __post_init__(self) -> None:
        if (total := sum(s.cents for s in self.shares)) != self.amount_cents:
            raise ValueError(f"The shares of {self.reversal} sum to {total} cents, not to {self.amount_cents}.")


class CountedFor(Value, frozen=True):
    """A quantity that was reported for one partner."""

    partner: Organisation
    unit: Code
    quantity: Quantity


@fact("revenue.cost_shared", about=("entry",), seen_by="parties", frequent=True)
class CostShared(Event, frozen=True):
    """Costs of the network are divided among partners by a cost key; each owes its part to the one that paid them."""

    entry: EntryId
    """The id of this division in the books."""
    agreement: AgreementId
    """The agreement whose cost key divides."""
    version: Version
    key: Code
    """The name of the cost key."""
    amount_cents: Price
    """What is divided, in whole cents of euro without VAT; the shares sum to it."""
    collected_by: Organisation
    """The organisation that paid and is owed; its own part stays with it."""
    occurred_on: date
    """The day on which the costs arose, in Helsinki."""
    period: Period
    """The month in whose books it stands: the one of the costs, or the first still open."""
    project: ProjectCode | None
    """The project that carries them; null where none does."""
    voucher: Line | None
    """The bill or voucher in the payer's books that shows them."""
    parties: Parties
    quantities: tuple[CountedFor, ...]
    """What was counted for whom, where the key has a price for each unit."""
    shares: tuple[CostShare, ...]
    """Who bears what and why, in the order of the key; a waived share is recorded with 0 cents."""
    vat: tuple[ShareVat, ...]
    """How the parts of others are taxed: the payer passes on what it bought."""

    def __post_init__(self) -> None:
        if (total := sum(s.cents for s in self.shares)) != self.amount_cents:
            raise ValueError(f"The shares of {self.entry} sum to {total} cents, not to {self.amount_cents}.")


@fact("revenue.bill_divided", about=("bill",), seen_by="parties", frequent=True)
class BillDivided(Event, frozen=True):
    """A bill is divided among partners: no other entry divides it as long as something of this one stands."""

    bill: str
    """`bill:` with a digest of the voucher as it is compared, so that the same voucher is found again."""
    voucher: Line
    """The bill in the payer's books."""
    paid_by: Organisation
    """The organisation that paid it; others may have a bill of that number too."""
    entry: EntryId
    """The entry that divides it."""
    parties: Parties


class TruedUpShare(Value, frozen=True):
    """One partner's drift: what rounding has given or taken over all its entries."""

    partner: Organisation
    exact: str
    """What all entries together come to without rounding, `num/den` in cents; corrections counted."""
    booked_cents: Cents
    """What was booked of it, earlier true-ups counted."""
    cents: Cents
    """What is missing of the largest-remainder division of the exact total: it is given (positive) or taken."""


@fact("revenue.trued_up", about=("entry", "drift"), seen_by="parties")
class RevenueTruedUp(Event, frozen=True):
    """The cents that rounding has moved between partners over many entries are set right. They sum to zero."""

    entry: EntryId
    """The id of this correction in the books."""
    drift: Line
    """What drifted: `drift:` with agreement, version and collector."""
    agreement: AgreementId
    version: Version
    collected_by: Organisation
    """The organisation that collected the amounts."""
    closed_period: Period
    """The closed month up to which entries were counted."""
    occurred_on: date
    """The day of the correction, in Helsinki."""
    period: Period
    """The month in whose books it stands: one after the closed one."""
    parties: Parties
    shares: tuple[TruedUpShare, ...]
    """Of everybody with an exact share, the collector's kept cents too, in order of id."""

    def __post_init__(self) -> None:
        if total := sum(s.cents for s in self.shares):
            raise ValueError(f"The true-up {self.entry} sums to {total} cents, not to zero.")


@fact("revenue.receipt_recorded", about=("pathway",), seen_by="parties", frequent=True)
class ReceiptRecorded(Event, frozen=True):
    """The client has paid for a delivered part; under a clause that shares on receipt its revenue is due now."""

    pathway: PathwayId
    step: StepNumber
    part: PartNumber
    agreement: AgreementId
    """The agreement bound to the pathway, carried on so that sharing knows where to look."""
    received_on: Day
    collected_by: Organisation
    """The organisation that got the money."""
    parties: Parties
