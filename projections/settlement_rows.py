"""What settlements keep: claims, approvals, disputes, settlements with their set-offs and payments, and bank's lines."""

from datetime import date
from typing import Literal

from domain.settlement.events import PaymentOutcome, TakenBackAs
from projections.rows import Entry, Key, Row

Mode = Literal["gross", "pairwise", "multilateral", "clearing"]


class Bound(Row, frozen=True):
    """Whom a version of an agreement binds, and how they pay what they owe each other."""

    agreement: Key[str]
    version: Key[int]
    parties: tuple[str, ...] = ()
    mode: Mode = "gross"
    clearing: str | None = None
    divides: bool = False
    """Whether anything can have come to be owed by it: it has a sharing rule or cost keys."""


class Claim(Row, frozen=True):
    """What one of two sold the other in a month, under one tax: the base of a document's line of tax."""

    first: Key[str]
    """The smaller id of the two."""
    second: Key[str]
    period: Key[str]
    seller: Key[str]
    code: Key[str]
    rate: Key[str]
    base_cents: int = 0
    """Without tax; negative where corrections outweigh."""


class Approval(Row, frozen=True):
    """A partner stands by its statement of a month."""

    partner: Key[str]
    period: Key[str]
    position: int = 0


class Contested(Row, frozen=True):
    """A line that is or was disputed."""

    first: Key[str]
    second: Key[str]
    dispute: Key[str]
    entry: str = ""
    """The posting that the line is from."""
    clause: str = ""
    period: str = ""
    position: int = 0
    accepted: int = 0
    """Where it was accepted that the line is wrong."""
    settled: int = 0
    """Where the corrected line was settled: nobody disputed it again in time."""
    settled_with: str = ""
    """The month in whose books that correction stands."""
    ended: int = 0
    """Where it was withdrawn or dismissed, so that the line stands, or another dispute took its place."""


class Settlement(Row, frozen=True):
    settlement: Key[str]
    number: int = 0
    period: str = ""
    agreement: str = ""
    version: int = 0
    mode: Mode = "gross"
    clearing: str | None = None
    members: tuple[str, ...] = ()
    units: tuple[tuple[str, str], ...] = ()
    pay_on: date | None = None
    settled_on: date | None = None
    by: str = ""
    cut: int = 0
    """Its position: what it pays follows from the log up to there."""
    planned: int = 0
    """The position where its plan was whole; 0: not yet."""
    pairs: int = 0
    payments: int = 0
    approved: int = 0
    approved_on: date | None = None
    approved_by: str | None = None

    @property
    def is_empty(self) -> bool:
        """Planned, and come to nothing: the same month may be settled again."""
        return self.planned > 0 and not (self.pairs or self.payments)


class SetOff(Row, frozen=True):
    """What two owe and pay each other in a settlement."""

    settlement: Key[str]
    first: Key[str]
    second: Key[str]
    first_owes_cents: int = 0
    second_owes_cents: int = 0
    first_pays_cents: int = 0
    second_pays_cents: int = 0
    moved_cents: int = 0
    """What was added to the first's balance with the second."""
    period: str = ""
    position: int = 0


class Account(Row, frozen=True):
    """What has become of what two owe each other, in all settlements so far."""

    first: Key[str]
    second: Key[str]
    first_owed_cents: int = 0
    """What the first owed the second in settlements: that much is settled."""
    second_owed_cents: int = 0
    moved_cents: int = 0
    """What set-offs added to the first's balance with the second."""
    paid_cents: int = 0
    """What the first is known to have paid the second, less what it got."""
    first_over_cents: int = 0
    """What the first has paid the second beyond what was ordered, which is owed back."""
    second_over_cents: int = 0


class Overpaid(Entry, frozen=True):
    """What of a payment goes beyond what was ordered, each time that this changes or comes to be contradicted."""

    first: Key[str]
    second: Key[str]
    position: Key[int]
    payment: str
    payer: str
    cents: int
    is_unsure: bool
    """The two accounts show different sums of it: until they agree, what settlements have counted of it stays as it is."""


class Payment(Row, frozen=True):
    settlement: Key[str]
    payment: Key[str]
    number: int = 0
    payer: str = ""
    payee: str = ""
    cents: int = 0
    reference: str = ""
    pay_on: date | None = None
    position: int = 0
    payer_cents: int = 0
    """What the payer's account shows of it."""
    payee_cents: int = 0
    paid_on: date | None = None
    """The day of the line that made it whole."""
    taken_back: int = 0
    """How often a line of it was taken back."""

    @property
    def paid_cents(self) -> int:
        """What both accounts show counts once."""
        return max(self.payer_cents, self.payee_cents)

    @property
    def is_paid(self) -> bool:
        return self.paid_cents >= self.cents

    @property
    def over_cents(self) -> int:
        """What is owed back: the payer's own word beyond what was ordered counts for nothing."""
        return max(0, self.payee_cents - self.cents)

    @property
    def is_over_unsure(self) -> bool:
        """One account shows more than was ordered and the other something else; a payee's word that it got more needs no other."""
        return max(self.payer_cents, self.payee_cents) > self.cents and self.payer_cents not in (0, self.payee_cents)

    @property
    def is_contradicted(self) -> bool:
        """Both accounts show it, and not the same of it."""
        return 0 not in (self.payer_cents, self.payee_cents) and self.payer_cents != self.payee_cents


class Ordered(Entry, frozen=True):
    """The settlement that a payment belongs to."""

    payment: Key[str]
    settlement: str


class Shown(Entry, frozen=True):
    """The bank's lines that show a payment, in order; and again where they were taken back."""

    payment: Key[str]
    position: Key[int]
    bank_line: str


class ToLookAfter(Row, frozen=True):
    """A line that somebody has to look after; gone when nobody has to any more."""

    bank_line: Key[str]


class Contradicted(Row, frozen=True):
    """A payment of which two accounts show different sums; gone when they agree."""

    payment: Key[str]


class BankLine(Row, frozen=True):
    """A line of an account: what it was recognised as, and whether somebody has to look after it."""

    bank_line: Key[str]
    organisation: str = ""
    """Whose account it is a line of."""
    cents: int = 0
    """Positive: came in."""
    booked_on: date | None = None
    payment: str | None = None
    outcome: PaymentOutcome | None = None
    posted_cents: int = 0
    """What it added to what is known to be paid."""
    parties: tuple[str, ...] = ()
    recorded: int = 0
    """Where it was recorded for the payment; 0: it was not."""
    period: str | None = None
    """In whose books it stands."""
    reference: str | None = None
    reason: Literal["unknown", "part", "over", "double"] | None = None
    """Why it is on the list; null: it never was."""
    listed: int = 0
    how: Literal["returned", "belongs-elsewhere", "paid-later", "kept-on-account"] | None = None
    cleared: int = 0
    taken_back: int = 0
    """Where it was taken back from its payment; 0: it was not, or was recorded for another one since."""
    back_as: TakenBackAs | None = None
    back_cents: int = 0
    """What left what is known to be paid with it."""
    back_on: date | None = None
    back_period: str | None = None
    takes_back: str | None = None
    """The line whose money it shows going back."""

    @property
    def why(self) -> str | None:
        """Why somebody has to look after it; null: nobody has to, or has to any more."""
        if self.taken_back:
            return self.back_as
        if not self.recorded:
            return self.reason
        return self.outcome if self.outcome in ("part", "over", "double") else None

    @property
    def is_open(self) -> bool:
        """On the list, whether somebody has put it there or it was recorded as what belongs there."""
        return self.why is not None and not self.cleared
