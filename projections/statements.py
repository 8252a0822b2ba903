"""What each partner is due and owes in a period: the postings of the log, and which lines of whose statement each of them is.

A posting is stored once, with its shares as the event has them, and is in everybody's statement by its lines' numbers. The lines
themselves are a question (`projections.statement`): written out on both sides of every share they would be ten times as much.
The fold remembers balances and nothing else that grows.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from domain.agreements.events import AgreementEnteredIntoForce
from domain.changing import replace
from domain.money import SharingRule
from domain.network.events import NetworkFounded, OrganisationRegistered, PartnerAdmitted
from domain.pathways.events import PathwayAgreed, StepDelivered
from domain.revenue.events import RevenueReversed, RevenueShared
from domain.settlement.events import PeriodClosed, StatementIssued
from domain.words import Names
from projections.rows import At, Entry, Key, Latest, Projection, Reading, Row, facts_of, reading_of, readings_of


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


Seen = (
    NetworkFounded
    | OrganisationRegistered
    | PartnerAdmitted
    | AgreementEnteredIntoForce
    | AgreedPathway
    | DeliveredPart
    | Shared
    | Reversed
    | PeriodClosed
    | StatementIssued
)
Kind = Literal["share-earned", "share-owed", "correction"]

_cuts = msgspec.json.Decoder(tuple[Cut, ...]).decode


class Network(Row, frozen=True):
    one: Key[str] = "network"
    network: str = ""
    first_period: str = ""
    constructed: bool = False


class Organisation(Row, frozen=True):
    organisation: Key[str]
    name: Names | None = None
    partner: bool = False


class Rule(Row, frozen=True):
    """A version in force: where it says so, and how it shares."""

    agreement: Key[str]
    version: Key[int]
    position: int = 0
    sharing_rule: SharingRule | None = None


class Bound(Entry, frozen=True):
    """Where a pathway was agreed."""

    pathway: Key[str]
    position: int


class Delivered(Entry, frozen=True):
    """Where a part was delivered."""

    pathway: Key[str]
    step: Key[int]
    part: Key[int]
    position: int


class Posting(Entry, frozen=True):
    """One division of an amount, or one that was taken back."""

    entry: Key[str]
    position: int
    recorded_at: datetime
    occurred_on: date
    period: str
    collected_by: str
    corrects: str | None
    """The entry that is taken back."""
    project: str | None
    pathway: str
    step: int
    part: int
    agreement: str
    version: int
    firsts: dict[str, int]
    """By partner: the number of its first line; those of one posting have numbers in a row."""
    shares: str
    """As in the event, in JSON."""


class Lines(Entry, frozen=True):
    """Lines in a row that one posting gives one partner, one for each share it is due or owes."""

    partner: Key[str]
    period: Key[str]
    first: Key[int]
    entry: str
    kind: Kind
    lines: int
    cents: int
    """Of all of them. Positive: due to the partner."""


class Balance(Row, frozen=True):
    """The sum of one partner's lines of one period."""

    partner: Key[str]
    period: Key[str]
    lines: int = 0
    cents: int = 0
    own_cents: int = 0
    """Own and kept shares of what the partner collected: information outside the lines."""


class Closed(Row, frozen=True):
    period: Key[str]
    position: int = 0
    closed_on: date | None = None


class Issued(Row, frozen=True):
    partner: Key[str]
    period: Key[str]
    position: int = 0
    digest: str = ""


Change = Network | Organisation | Rule | Bound | Delivered | Posting | Lines | Balance | Closed | Issued


def fold(rows: Latest, fact: Seen, at: At) -> Sequence[Change]:  # noqa: PLR0911 - one for each kind of fact
    match fact:
        case Shared():
            return _posted(rows, fact, at, fact.entry, None)
        case Reversed():
            return _posted(rows, fact, at, fact.reversal, fact.entry)
        case DeliveredPart():
            return (Delivered(fact.pathway, fact.step, fact.part, at.position),)
        case AgreedPathway():
            return (Bound(fact.pathway, at.position),)
        case AgreementEnteredIntoForce():
            return (Rule(fact.agreement, fact.version, at.position, fact.clauses.sharing_rule),)
        case PeriodClosed():
            return (Closed(fact.period, at.position, fact.closed_on),)
        case StatementIssued():
            return (Issued(fact.partner, fact.period, at.position, fact.digest),)
        case NetworkFounded():
            return (Network(network=fact.network, first_period=fact.first_period, constructed=fact.constructed),)
        case OrganisationRegistered():
            return (replace(rows.latest(Organisation(fact.organisation)), name=fact.name),)
        case PartnerAdmitted():
            return (replace(rows.latest(Organisation(fact.organisation)), partner=True),)


def _posted(rows: Latest, fact: Shared | Reversed, at: At, entry: str, corrects: str | None) -> list[Change]:
    """Number the lines of a posting and add them up. Its collector owes every line that another is due."""
    collector, period, cuts = fact.collected_by, fact.period, _cuts(fact.shares)
    if (total := sum([cut.cents for cut in cuts])) != fact.amount_cents:
        raise ValueError(f"The shares of {entry} sum to {total} cents, not to {fact.amount_cents}.")
    sign, due_kind, owed_kind = _SHARED if corrects is None else _CORRECTED
    due: dict[str, tuple[int, int]] = {}
    own_cents: int | None = None
    for cut in cuts:
        if cut.partner == collector:
            own_cents = (own_cents or 0) + cut.cents
        elif cut.cents:
            lines, cents = due.get(cut.partner, (0, 0))
            due[cut.partner] = lines + 1, cents + sign * cut.cents
    changes: list[Change] = []
    firsts: dict[str, int] = {}
    owed_lines = owed_cents = 0
    for partner, (lines, cents) in due.items():
        owed_lines, owed_cents = owed_lines + lines, owed_cents + cents
        now = rows.latest(Balance(partner, period))
        firsts[partner] = first = now.lines + 1
        changes.append(Balance(partner, period, now.lines + lines, now.cents + cents, now.own_cents))
        changes.append(Lines(partner, period, first, entry, due_kind, lines, cents))
    now = rows.latest(Balance(collector, period))
    if due or own_cents is not None:
        own = now.own_cents + sign * (own_cents or 0)
        changes.append(Balance(collector, period, now.lines + owed_lines, now.cents - owed_cents, own))
    if due:
        firsts[collector] = first = now.lines + 1
        changes.append(Lines(collector, period, first, entry, owed_kind, owed_lines, -owed_cents))
    changes.append(
        Posting(
            entry,
            at.position,
            at.time,
            fact.occurred_on,
            period,
            collector,
            corrects,
            fact.project,
            fact.pathway,
            fact.step,
            fact.part,
            fact.agreement,
            fact.version,
            firsts,
            bytes(fact.shares).decode(),
        )
    )
    return changes


_SHARED: tuple[int, Kind, Kind] = (1, "share-earned", "share-owed")
_CORRECTED: tuple[int, Kind, Kind] = (-1, "correction", "correction")
"""The sign of the shares' cents, and what their lines are: for those who are due them, for the collector."""


statements = Projection(
    "statements",
    fold,
    (Network, Organisation, Rule, Bound, Delivered, Posting, Lines, Balance, Closed, Issued),
    facts_of(Seen),
    readings=readings_of(Seen),
)
