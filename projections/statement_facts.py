"""What statements need of the events that a log has most of."""

from datetime import date

import msgspec
from msgspec import Raw, Struct

from domain.pathways.events import PathwayAgreed, StepDelivered
from domain.revenue.events import RevenueReversed, RevenueShared
from projections.rows import Reading, reading_of


@reading_of(RevenueShared)
class Shared(Reading, frozen=True):
    entry: str
    pathway: str
    step: int
    part: int
    agreement: str
    version: int
    amount_cents: int
    collected_by: str
    occurred_on: date
    period: str
    project: str | None
    shares: Raw


@reading_of(RevenueReversed)
class Reversed(Reading, frozen=True):
    reversal: str
    entry: str
    pathway: str
    step: int
    part: int
    agreement: str
    version: int
    amount_cents: int
    collected_by: str
    occurred_on: date
    period: str
    entry_period: str
    project: str | None
    shares: Raw


@reading_of(StepDelivered)
class DeliveredPart(Reading, frozen=True):
    pathway: str
    step: int
    part: int


@reading_of(PathwayAgreed)
class AgreedPathway(Reading, frozen=True):
    pathway: str


class Cut(Struct, frozen=True, gc=False):
    """Of a share, what balances need."""

    partner: str
    cents: int


cuts = msgspec.json.Decoder(tuple[Cut, ...]).decode
