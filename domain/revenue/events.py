"""What has been shared and taken back."""

from datetime import date
from typing import Literal

from domain.kernel import Event, Value, fact
from domain.money import Share
from domain.words import (
    AgreementId,
    Amount,
    Cents,
    EntryId,
    Number,
    Organisation,
    PathwayId,
    Period,
    Price,
    ProjectCode,
)

ReversalReason = Literal["entered-in-error", "service-not-accepted", "price-changed", "credit-loss", "cancelled"]


@fact("revenue.shared", about=("entry", "pathway"), seen_by="parties", frequent=True)
class RevenueShared(Event, frozen=True):
    """One division of one amount. Its shares sum to the amount, kept ones included."""

    entry: EntryId
    pathway: PathwayId
    step: Number
    part: Number
    agreement: AgreementId
    version: Number
    provider: Organisation
    amount_cents: Price
    collected_by: Organisation
    occurred_on: date
    period: Period
    project: ProjectCode | None
    parties: tuple[Organisation, ...]
    """Those who see the whole division: the collector, the provider, and everyone with a share, of zero too."""
    quantities: tuple[Amount, ...]
    skipped: tuple[str, ...]
    shares: tuple[Share, ...]

    def __post_init__(self) -> None:
        if (total := sum(s.cents for s in self.shares)) != self.amount_cents:
            raise ValueError(f"The shares of {self.entry} sum to {total} cents, not to {self.amount_cents}.")


class ReversedShare(Value, frozen=True):
    """How many cents of a stored share are taken back, with the sign of the share."""

    partner: Organisation
    role: str | None
    clause: str
    cents: Cents
    exact: str
    """The part of the share without rounding that is taken back, `num/den` in cents."""


@fact("revenue.reversed", about=("reversal", "entry", "pathway"), seen_by="parties", frequent=True)
class RevenueReversed(Event, frozen=True):
    reversal: EntryId
    entry: EntryId
    """The entry that is taken back."""
    pathway: PathwayId
    step: Number
    part: Number
    agreement: AgreementId
    version: Number
    """Of the entry: a correction keeps what was bound then."""
    amount_cents: Price
    collected_by: Organisation
    occurred_on: date
    period: Period
    entry_occurred_on: date
    entry_period: Period
    project: ProjectCode | None
    reason: ReversalReason
    parties: tuple[Organisation, ...]
    shares: tuple[ReversedShare, ...]

    def __post_init__(self) -> None:
        if (total := sum(s.cents for s in self.shares)) != self.amount_cents:
            raise ValueError(f"The shares of {self.reversal} sum to {total} cents, not to {self.amount_cents}.")
