"""What a line's sentence says beside the terms of its share, so that a person can reckon the cents again."""

from msgspec import Struct

from domain.revenue.events import CostShared, RevenueTruedUp
from domain.settlement.events import Netted, PaymentRecorded, PaymentTakenBack
from projections.statement_behind import Behind
from projections.statement_facts import Reversed, Share, Shared
from projections.statement_postings import Posted


class TakenBack(Struct, frozen=True):
    """Of an entry so much was taken back, and of each share a part in proportion to what was left of it."""

    reason: str
    amount_cents: int
    """What is taken of the entry."""
    left_cents: int
    """What was left of the entry before."""
    share_cents: int
    """What was left of the share before."""


class CostPart(Struct, frozen=True):
    """A part of costs."""

    key: str
    """The name of the cost key."""
    amount_cents: int
    """What is divided."""
    waived_cents: int
    """What would be owed had it not been waived."""


class Drift(Struct, frozen=True):
    """What rounding has moved over many entries of one partner."""

    exact: str
    """What they come to without rounding, `num/den` in cents."""
    booked_cents: int
    missing_cents: int
    upto: str
    """The last period whose entries were counted."""


class SetOff(Struct, frozen=True):
    """What two partners owed each other, and what is still to be paid, as one of them sees it."""

    owes_cents: int
    due_cents: int
    pays_cents: int
    gets_cents: int


class Paid(Struct, frozen=True):
    """A payment as a bank's line shows it."""

    ordered_cents: int
    bank_line: str


class PaidBack(Struct, frozen=True):
    """A payment of which a bank's line was taken back."""

    ordered_cents: int
    bank_line: str
    reason: str


class Taxed(Struct, frozen=True):
    """What a tax is reckoned on."""

    base_cents: int
    lines: tuple[int, ...]
    """Their numbers on the statement."""


Because = TakenBack | CostPart | Drift | SetOff | Paid | PaidBack | Taxed


def because(partner: str, position: int, fact: Posted, share: Share, behind: Behind) -> Because | None:
    """What there is to say of a partner's line from the posting at a position."""
    match fact:
        case Shared():
            return None
        case Reversed():
            left_cents = behind.originals[fact.entry].left_of(share.clause, position)
            return TakenBack(fact.reason, fact.amount_cents, fact.left_cents + fact.amount_cents, left_cents)
        case CostShared():
            return CostPart(fact.key, fact.amount_cents, share.waived_cents)
        case RevenueTruedUp():
            drifted = next(each for each in fact.shares if each.partner == share.partner)
            return Drift(drifted.exact, drifted.booked_cents, drifted.cents, fact.closed_period)
        case Netted():
            owed, paid = (
                (fact.first_owes_cents, fact.second_owes_cents),
                (fact.first_pays_cents, fact.second_pays_cents),
            )
            if partner == fact.second:
                owed, paid = owed[::-1], paid[::-1]
            return SetOff(*owed, *paid)
        case PaymentRecorded() | PaymentTakenBack():
            return _paid(fact, behind)


def _paid(fact: PaymentRecorded | PaymentTakenBack, behind: Behind) -> Paid | PaidBack:
    payment = behind.payments.get((fact.settlement, fact.payment))
    ordered_cents = payment.ordered_cents if payment else fact.cents
    if isinstance(fact, PaymentRecorded):
        return Paid(ordered_cents, fact.bank_line)
    return PaidBack(ordered_cents, fact.bank_line, fact.reason)
