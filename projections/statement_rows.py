"""The rows that statements are read from."""

from collections.abc import Collection, Iterable
from datetime import date, datetime

from msgspec import Struct

from domain.money import CostKey, SharingRule
from domain.words import Names
from projections.rows import Entry, Key, Row


class Network(Row, frozen=True):
    one: Key[str] = "network"
    network: str = ""
    first_period: str = ""
    constructed: bool = False


class EarlierName(Struct, frozen=True):
    name: Names
    until: int
    """The position where it was renamed."""


class Organisation(Row, frozen=True):
    organisation: Key[str]
    name: Names | None = None
    partner: bool = False
    earlier: tuple[EarlierName, ...] = ()

    def name_at(self, position: int | None) -> Names | None:
        """As it was known at a position; None: as it is now. A closed month goes on naming it so."""
        if position is None:
            return self.name
        return next((each.name for each in self.earlier if position < each.until), self.name)


class Rule(Row, frozen=True):
    """A version in force: where it says so, how it divides, and what it says of statements and payments."""

    agreement: Key[str]
    version: Key[int]
    position: int = 0
    sharing_rule: SharingRule | None = None
    cost_keys: tuple[CostKey, ...] = ()
    dispute_days: int = 10
    tacit_approval: bool = False
    payment_days: int = 14
    self_billing: tuple[str, ...] = ()


def dispute_days(rules: Iterable[Rule]) -> int:
    """Business days in which the lines of a statement may be disputed: the most that an agreement behind them gives."""
    return max((rule.dispute_days for rule in rules), default=Rule("", 0).dispute_days)


def tacit_approval(rules: Collection[Rule]) -> bool:
    """Whether silence approves a statement: every agreement behind its lines has to say so."""
    return bool(rules) and all(rule.tacit_approval for rule in rules)


class Decided(Entry, frozen=True):
    """Where a decision on VAT was made."""

    treatment: Key[str]
    position: int


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


class Reversal(Entry, frozen=True):
    """Where some of an entry was taken back."""

    entry: Key[str]
    position: Key[int]
    period: str
    """In whose books that stands."""


class Recognised(Entry, frozen=True):
    """Where a bank's line added to what is known to be paid, for those who take it back."""

    payment: Key[str]
    bank_line: Key[str]
    position: int


# --- sums and lines --------------------------------------------------------------------------------------------------
class Balance(Row, frozen=True):
    """The sums of one partner's lines of one period. Positive: due to the partner."""

    partner: Key[str]
    period: Key[str]
    lines: int = 0
    """Those of postings, which the lines of VAT follow."""
    vat_lines: int = 0
    earned_cents: int = 0
    owed_cents: int = 0
    cost_cents: int = 0
    corrected_cents: int = 0
    trued_up_cents: int = 0
    set_off_cents: int = 0
    paid_cents: int = 0
    vat_cents: int = 0
    own_cents: int = 0
    """Own and kept shares of what the partner collected: information outside the lines."""

    @property
    def cents(self) -> int:
        return (
            self.earned_cents
            + self.owed_cents
            + self.cost_cents
            + self.corrected_cents
            + self.trued_up_cents
            + self.set_off_cents
            + self.paid_cents
            + self.vat_cents
        )


class Levy(Row, frozen=True):
    """What two partners' lines of a period come to under one rate: the tax is on the sum, so each has it on its account."""

    partner: Key[str]
    period: Key[str]
    counterparty: Key[str]
    sells: Key[bool]
    """Whether it is the partner that sells, or the counterparty."""
    code: Key[str]
    rate: Key[str]
    base_cents: int = 0
    """Without VAT; positive: the buyer is to pay it."""


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


# --- how far a statement is ------------------------------------------------------------------------------------------
class Closed(Row, frozen=True):
    period: Key[str]
    position: int = 0
    closed_on: date | None = None
    recorded_at: datetime | None = None


class Issued(Row, frozen=True):
    partner: Key[str]
    period: Key[str]
    position: int = 0
    form: int = 0
    digest: str = ""
    issued_at: datetime | None = None
    dispute_by: date | None = None
    tacit_approval: bool = False
    checked: bool = False
    approved: int = 0
    """Where; 0: not yet."""


class Side(Entry, frozen=True):
    """A partner whose line was disputed, by itself or from the other side."""

    partner: Key[str]
    period: Key[str]
    dispute: Key[str]


class Dispute(Row, frozen=True):
    dispute: Key[str]
    entry: str = ""
    position: int = 0
    settled: int = 0
    """Where nobody had disputed the corrected line in time."""
    settled_with: str = ""
    """The month in whose books that correction stands."""
    ended: int = 0
    """Where it was withdrawn, or rejected for good, or another dispute took its place."""


class Member(Entry, frozen=True):
    """A partner among whom it was settled up to a period."""

    partner: Key[str]
    position: Key[int]
    """The settlement's cut: what was approved after it is not in it."""
    period: str
    settlement: str


class Planned(Row, frozen=True):
    """A settlement all of whose payments are ordered."""

    settlement: Key[str]
    position: int = 0
    is_empty: bool = False
    """It came to nothing, so that the same month may be settled again."""


class Payment(Row, frozen=True):
    settlement: Key[str]
    payment: Key[str]
    payer: str = ""
    payee: str = ""
    ordered_cents: int = 0
    posted_cents: int = 0
    """What is known to be paid."""
