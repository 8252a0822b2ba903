"""What statements need of the events that a log has most of."""

from datetime import date

import msgspec
from msgspec import Raw, Struct

from domain.money import Terms
from domain.pathways.events import PathwayAgreed, StepDelivered
from domain.revenue.events import RevenueReversed, RevenueShared
from projections.rows import Reading, reading_of


class ShareTax(Struct, frozen=True, gc=False):
    """How the share of a clause is taxed."""

    clause: str
    code: str
    rate: str
    ground: str | None
    decision: str


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
    vat: tuple[ShareTax, ...] = ()


@reading_of(RevenueReversed)
class Reversed(Reading, frozen=True):
    reversal: str
    entry: str
    pathway: str | None
    step: int | None
    part: int | None
    agreement: str
    version: int
    amount_cents: int
    collected_by: str
    occurred_on: date
    period: str
    entry_period: str
    project: str | None
    reason: str
    shares: Raw
    of: str = "revenue"
    left_cents: int = 0
    vat: tuple[ShareTax, ...] = ()


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
    waived_cents: int = 0
    """What its partner would owe had it not been waived: of costs alone, and its cents are 0 then."""


class Claused(Cut, frozen=True, gc=False):
    """Of a share, what its tax needs as well."""

    clause: str | None = None


class Share(Claused, frozen=True, gc=False):
    """Of a share, what a line says."""

    role: str | None = None
    terms: Terms | None = None


cuts = msgspec.json.Decoder(tuple[Cut, ...]).decode
claused = msgspec.json.Decoder(tuple[Claused, ...]).decode
shares = msgspec.json.Decoder(tuple[Share, ...]).decode
