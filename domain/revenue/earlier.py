"""Versions of revenue events that are written no more, and how they are read."""

from datetime import date

from domain.kernel import Event, fact, upcaster
from domain.money import Share
from domain.revenue import events as newest
from domain.revenue.events import ReversalReason, ReversedShare
from domain.words import (
    AgreementId,
    Amount,
    EntryId,
    Organisation,
    PartNumber,
    PathwayId,
    Period,
    Price,
    ProjectCode,
    StepNumber,
    Version,
)


@fact("revenue.shared", about=("entry", "pathway"), seen_by="parties", frequent=True)
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

    def __post_init__(self) -> None:
        if (total := sum(s.cents for s in self.shares)) != self.amount_cents:
            raise ValueError(f"The shares of {self.entry} sum to {total} cents, not to {self.amount_cents}.")


@fact("revenue.reversed", about=("reversal", "entry", "pathway"), seen_by="parties", frequent=True)
class RevenueReversed(Event, frozen=True):
    """An entry is taken back as a whole; the correction stands beside it and nothing is erased."""

    reversal: EntryId
    """The id of this correction in the books."""
    entry: EntryId
    """The entry that is taken back."""
    pathway: PathwayId
    step: StepNumber
    part: PartNumber
    agreement: AgreementId
    """The agreement by whose rule the entry was divided."""
    version: Version
    """The version of the entry: a correction keeps what was bound then."""
    amount_cents: Price
    """The amount of the entry, all of which is taken back, in whole cents of euro without VAT."""
    collected_by: Organisation
    """The organisation that was paid."""
    occurred_on: date
    """The day of the correction, in Helsinki."""
    period: Period
    """The month in whose books the correction stands."""
    entry_occurred_on: date
    """The day of delivery of what is corrected, in Helsinki."""
    entry_period: Period
    """The month in whose books the entry stands."""
    project: ProjectCode | None
    """The project that carries the pathway; null where none does."""
    reason: ReversalReason
    """Why it is taken back."""
    parties: tuple[Organisation, ...]
    """The organisations that may see this event: those of the entry."""
    shares: tuple[ReversedShare, ...]
    """What is taken back of whose share; the cents sum to the amount."""

    def __post_init__(self) -> None:
        if (total := sum(s.cents for s in self.shares)) != self.amount_cents:
            raise ValueError(f"The shares of {self.reversal} sum to {total} cents, not to {self.amount_cents}.")


@upcaster
def shared_without_vat(old: RevenueShared) -> newest.RevenueShared:
    """Before treatments were decided nothing was said of VAT, and no sessions were counted."""
    return newest.RevenueShared(**{f: getattr(old, f) for f in old.__struct_fields__}, vat=(), sessions=())


@upcaster
def reversed_as_a_whole(old: RevenueReversed) -> newest.RevenueReversed:
    """Before parts could be taken back, nothing was left of what was."""
    return newest.RevenueReversed(
        **{f: getattr(old, f) for f in old.__struct_fields__},
        of="revenue",
        entry_amount_cents=old.amount_cents,
        left_cents=0,
        vat=(),
    )
