"""What each partner is due and owes in a period: the sums, and which postings of the log are which lines of whose statement.

What a posting says stands in its event and nowhere else. The lines are a question (`projections.statement`): written out on both
sides of every share they would be ten times as much. The fold remembers balances, last sheets, and nothing that grows with them.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

from msgspec import Struct

from domain.agreements.events import AgreementEnteredIntoForce
from domain.changing import replace
from domain.money import SharingRule
from domain.network.events import NetworkFounded, OrganisationRegistered, PartnerAdmitted
from domain.settlement.events import PeriodClosed, StatementIssued
from domain.words import Names
from projections.rows import At, Entry, Key, Latest, Projection, Row, facts_of, readings_of
from projections.statement_facts import AgreedPathway, DeliveredPart, Reversed, Shared, cuts

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

SHEET_STRETCHES = 32
"""Of a full sheet: the last one is written anew with every slice that adds to it."""


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
    """Where an amount was divided, for those who take it back."""

    entry: Key[str]
    position: int


class Balance(Row, frozen=True):
    """The sums of one partner's lines of one period. Positive: due to the partner."""

    partner: Key[str]
    period: Key[str]
    lines: int = 0
    earned_cents: int = 0
    owed_cents: int = 0
    corrected_cents: int = 0
    own_cents: int = 0
    """Own and kept shares of what the partner collected: information outside the lines."""

    @property
    def cents(self) -> int:
        return self.earned_cents + self.owed_cents + self.corrected_cents


class Stretch(Struct, frozen=True, array_like=True, gc=False):
    """Lines in a row that one posting gives one partner, one for each share it is due or owes."""

    position: int
    """Of the posting."""
    first: int
    """The number of the first of them."""


class Sheet(Entry, frozen=True):
    """So many stretches in a row of one partner's period, in order."""

    partner: Key[str]
    period: Key[str]
    n: Key[int]
    stretches: tuple[Stretch, ...]


class LastSheet(Row, frozen=True):
    """Those after the last full sheet."""

    partner: Key[str]
    period: Key[str]
    n: int = 1
    stretches: tuple[Stretch, ...] = ()


class Closed(Row, frozen=True):
    period: Key[str]
    position: int = 0
    closed_on: date | None = None


class Issued(Row, frozen=True):
    partner: Key[str]
    period: Key[str]
    position: int = 0
    digest: str = ""


Change = Network | Organisation | Rule | Bound | Delivered | Posting | Balance | Sheet | LastSheet | Closed | Issued


def fold(rows: Latest, facts: Iterable[tuple[At, Seen]]) -> Iterator[Change]:
    """What is posted is summed up as it comes; each sum becomes a row when the facts have ended."""
    books = _Books(rows)
    for at, fact in facts:
        match fact:
            case Shared():
                books.post(at.position, fact, fact.entry)
                yield Posting(fact.entry, at.position)
            case Reversed():
                books.post(at.position, fact, fact.reversal)
            case DeliveredPart():
                yield Delivered(fact.pathway, fact.step, fact.part, at.position)
            case AgreedPathway():
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
    yield from books.changes()


class _Account(Struct):
    """What is posted to one partner in one period, on top of what was there."""

    before: Balance
    lines: int
    """Also of those before."""
    earned: int = 0
    owed: int = 0
    corrected: int = 0
    own: int = 0
    stretches: list[Stretch] = []
    newest: int = 0
    """Where the posting stands that came last."""

    def number(self, position: int, lines: int) -> None:
        """Give a posting its next lines."""
        if self.newest != position:
            self.newest = position
            self.stretches.append(Stretch(position, self.lines + 1))
        self.lines += lines


class _Books(dict[tuple[str, str], _Account]):
    """The accounts that postings touch, by partner and period."""

    def __init__(self, rows: Latest) -> None:
        super().__init__()
        self._rows = rows

    def __missing__(self, key: tuple[str, str]) -> _Account:
        before = self._rows.latest(Balance(*key))
        account = self[key] = _Account(before, before.lines)
        return account

    def post(self, position: int, fact: Shared | Reversed, entry: str) -> None:
        """Enter each share where it is due, and what all of them make at the collector, who owes it."""
        collector, period, shared = fact.collected_by, fact.period, type(fact) is Shared
        lines = due = own = 0
        keeps = False
        for cut in cuts(fact.shares):
            partner, cents = cut.partner, cut.cents
            if partner == collector:
                keeps = True
                own += cents
            elif cents:
                account = self[partner, period]
                account.number(position, 1)
                if shared:
                    account.earned += cents
                else:
                    account.corrected -= cents
                lines += 1
                due += cents
        if due + own != fact.amount_cents:
            raise ValueError(f"The shares of {entry} sum to {due + own} cents, not to {fact.amount_cents}.")
        if not (lines or keeps):
            return
        account = self[collector, period]
        if lines:
            account.number(position, lines)
        if shared:
            account.owed -= due
            account.own += own
        else:
            account.corrected += due
            account.own -= own

    def changes(self) -> Iterator[Balance | Sheet | LastSheet]:
        for (partner, period), account in self.items():
            before = account.before
            yield Balance(
                partner,
                period,
                lines=account.lines,
                earned_cents=before.earned_cents + account.earned,
                owed_cents=before.owed_cents + account.owed,
                corrected_cents=before.corrected_cents + account.corrected,
                own_cents=before.own_cents + account.own,
            )
            if account.stretches:
                last = self._rows.latest(LastSheet(partner, period))
                stretches, n = (*last.stretches, *account.stretches), last.n
                while len(stretches) >= SHEET_STRETCHES:
                    yield Sheet(partner, period, n, stretches[:SHEET_STRETCHES])
                    stretches, n = stretches[SHEET_STRETCHES:], n + 1
                yield LastSheet(partner, period, n, stretches)


statements = Projection(
    "statements",
    fold,
    (Network, Organisation, Rule, Bound, Delivered, Posting, Balance, Sheet, LastSheet, Closed, Issued),
    facts_of(Seen),
    readings=readings_of(Seen),
    told=facts_of(Shared | Reversed),
)
