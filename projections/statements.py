"""What each partner is due and owes in a period, line by line, each with the positions of the events behind it."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from domain.agreements.events import AgreementEnteredIntoForce
from domain.changing import replace
from domain.money import SharingRule, Terms, purpose_of
from domain.network.events import NetworkFounded, OrganisationRegistered, PartnerAdmitted
from domain.pathways.events import PathwayAgreed, StepDelivered
from domain.revenue.events import RevenueReversed, RevenueShared
from domain.settlement.events import PeriodClosed, StatementIssued
from domain.words import Names
from projections.rows import At, Entry, Key, Latest, Projection, Row, facts_of

Seen = (
    NetworkFounded
    | OrganisationRegistered
    | PartnerAdmitted
    | AgreementEnteredIntoForce
    | PathwayAgreed
    | StepDelivered
    | RevenueShared
    | RevenueReversed
    | PeriodClosed
    | StatementIssued
)
Kind = Literal["share-earned", "share-owed", "correction"]


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


class Bound(Row, frozen=True):
    """Where a pathway was agreed."""

    pathway: Key[str]
    position: int = 0


class Delivered(Row, frozen=True):
    """Where a part was delivered."""

    pathway: Key[str]
    step: Key[int]
    part: Key[int]
    position: int = 0


class Posted(Row, frozen=True):
    """An entry that can be corrected: its events, and the number of each share's line on both statements."""

    entry: Key[str]
    period: str = ""
    events: tuple[int, ...] = ()
    numbers: tuple[tuple[int, int], ...] = ()
    """Per share: line of the partner, line of the collector; 0 where there is none."""
    purposes: tuple[str | None, ...] = ()


class Balance(Row, frozen=True):
    """The sum of one partner's lines of one period."""

    partner: Key[str]
    period: Key[str]
    lines: int = 0
    cents: int = 0
    own_cents: int = 0
    """Own and kept shares of what the partner collected: information outside the lines."""


class Line(Entry, frozen=True):
    partner: Key[str]
    period: Key[str]
    n: Key[int]
    occurred_on: date
    recorded_at: datetime
    kind: Kind
    counterparty: str
    cents: int
    """Positive: due to the partner."""
    role: str | None
    clause: str
    purpose: str | None
    terms: Terms | None
    """How the cents came about; a correction has the terms of the line it corrects there."""
    corrects: str | None
    """Period and number of the corrected line: `2019-10/7`."""
    project: str | None
    pathway: str
    step: int
    part: int
    entry: str
    events: tuple[int, ...]
    """The posting first, then delivery, pathway agreement, agreement in force."""


class Closed(Row, frozen=True):
    period: Key[str]
    position: int = 0
    closed_on: date | None = None


class Issued(Row, frozen=True):
    partner: Key[str]
    period: Key[str]
    position: int = 0
    digest: str = ""


Change = Network | Organisation | Rule | Bound | Delivered | Posted | Balance | Line | Closed | Issued


def fold(rows: Latest, fact: Seen, at: At) -> Iterator[Change]:
    match fact:
        case RevenueShared():
            yield from _shared(rows, fact, at)
        case RevenueReversed():
            yield from _reversed(rows, fact, at)
        case StepDelivered():
            yield Delivered(fact.pathway, fact.step, fact.part, at.position)
        case PathwayAgreed():
            yield Bound(fact.pathway, at.position)
        case AgreementEnteredIntoForce():
            yield Rule(fact.agreement, fact.version, at.position, fact.clauses.sharing_rule)
        case PeriodClosed():
            yield Closed(fact.period, at.position, fact.closed_on)
        case StatementIssued():
            yield Issued(fact.partner, fact.period, at.position, fact.digest)
        case NetworkFounded():
            yield Network(network=fact.network, first_period=fact.first_period, constructed=fact.constructed)
        case OrganisationRegistered():
            yield replace(rows.latest(Organisation(fact.organisation)), name=fact.name)
        case PartnerAdmitted():
            yield replace(rows.latest(Organisation(fact.organisation)), partner=True)


def _shared(rows: Latest, fact: RevenueShared, at: At) -> Iterator[Change]:
    rule = rows.latest(Rule(fact.agreement, fact.version))
    delivered = rows.latest(Delivered(fact.pathway, fact.step, fact.part))
    events = (at.position, delivered.position, rows.latest(Bound(fact.pathway)).position, rule.position)
    book = _Book(rows, fact.period)
    numbers: list[tuple[int, int]] = []
    purposes: list[str | None] = []
    for share in fact.shares:
        purpose = purpose_of(rule.sharing_rule, share.clause) if rule.sharing_rule else None
        purposes.append(purpose)
        if share.partner == fact.collected_by:
            book.keep(share.partner, share.cents)
        if share.partner == fact.collected_by or share.cents == 0:
            numbers.append((0, 0))
            continue
        earned = Line(
            partner=share.partner,
            period=fact.period,
            n=book.number(share.partner, share.cents),
            occurred_on=fact.occurred_on,
            recorded_at=at.time,
            kind="share-earned",
            counterparty=fact.collected_by,
            cents=share.cents,
            role=share.role,
            clause=share.clause,
            purpose=purpose,
            terms=share.terms,
            corrects=None,
            project=fact.project,
            pathway=fact.pathway,
            step=fact.step,
            part=fact.part,
            entry=fact.entry,
            events=events,
        )
        owed = replace(
            earned,
            partner=fact.collected_by,
            n=book.number(fact.collected_by, -share.cents),
            kind="share-owed",
            counterparty=share.partner,
            cents=-share.cents,
        )
        numbers.append((earned.n, owed.n))
        yield earned
        yield owed
    yield from book.balances()
    yield Posted(fact.entry, fact.period, events, tuple(numbers), tuple(purposes))


def _reversed(rows: Latest, fact: RevenueReversed, at: At) -> Iterator[Change]:
    posted = rows.latest(Posted(fact.entry))
    book = _Book(rows, fact.period)
    for share, (number, counter), purpose in zip(fact.shares, posted.numbers, posted.purposes, strict=True):
        if share.partner == fact.collected_by:
            book.keep(share.partner, -share.cents)
        if not number:
            continue
        back = Line(
            partner=share.partner,
            period=fact.period,
            n=book.number(share.partner, -share.cents),
            occurred_on=fact.occurred_on,
            recorded_at=at.time,
            kind="correction",
            counterparty=fact.collected_by,
            cents=-share.cents,
            role=share.role,
            clause=share.clause,
            purpose=purpose,
            terms=None,
            corrects=f"{posted.period}/{number}",
            project=fact.project,
            pathway=fact.pathway,
            step=fact.step,
            part=fact.part,
            entry=fact.reversal,
            events=(at.position, *posted.events),
        )
        yield back
        yield replace(
            back,
            partner=fact.collected_by,
            n=book.number(fact.collected_by, share.cents),
            counterparty=share.partner,
            cents=share.cents,
            corrects=f"{posted.period}/{counter}",
        )
    yield from book.balances()


class _Book:
    """The balances that one posting touches: it numbers their lines and adds them up."""

    def __init__(self, rows: Latest, period: str) -> None:
        self.rows, self.period = rows, period
        self.touched: dict[str, Balance] = {}

    def number(self, partner: str, cents: int) -> int:
        balance = self._balance(partner)
        self.touched[partner] = replace(balance, lines=balance.lines + 1, cents=balance.cents + cents)
        return balance.lines + 1

    def keep(self, partner: str, cents: int) -> None:
        balance = self._balance(partner)
        self.touched[partner] = replace(balance, own_cents=balance.own_cents + cents)

    def balances(self) -> Iterator[Balance]:
        yield from self.touched.values()

    def _balance(self, partner: str) -> Balance:
        return self.touched.get(partner) or self.rows.latest(Balance(partner, self.period))


statements = Projection(
    "statements",
    fold,
    (Network, Organisation, Rule, Bound, Delivered, Posted, Balance, Line, Closed, Issued),
    facts_of(Seen),
)
