"""What an event posts on whose account: one form for all that moves a balance.

Every such event has a hub and shares. A share stands on the account of its partner, and with the other sign on the hub's; what is
the hub's own stands nowhere. So the postings of an event sum to zero over the partners, whatever it is.
"""

from collections.abc import Callable, Sequence
from typing import Literal, cast

from msgspec import Raw, Struct

from domain.revenue.events import CostShared, RevenueTruedUp, ShareVat
from domain.settlement.events import Netted, PaymentRecorded, PaymentTakenBack
from projections.statement_facts import Cut, Reversed, Share, Shared, ShareTax, claused, cuts, shares

Kind = Literal["share-earned", "share-owed", "cost-share", "correction", "true-up", "set-off", "payment", "vat"]
Posted = Shared | Reversed | CostShared | RevenueTruedUp | Netted | PaymentRecorded | PaymentTakenBack
"""The events that move balances."""


class Way(Struct, frozen=True):
    """How the shares of one sort of event are posted."""

    kind: Kind
    """Of the lines of those who have a share."""
    at_hub: Kind
    """Of the hub's lines."""
    sign: Literal[1, -1]
    """What a share of positive cents is to its partner: 1, due to it; -1, owed by it."""
    keeps: Literal[1, 0, -1] = 0
    """Whether the hub's own share is kept by it (1), was kept before (-1), or is no income at all."""
    hub_sells: bool = False
    """Who is paid for what the shares are of: the hub each partner, or, as of costs, each partner the hub."""


SHARED = Way("share-earned", "share-owed", 1, keeps=1)
SHARED_BACK = Way("correction", "correction", -1, keeps=-1)
COST = Way("cost-share", "cost-share", -1, hub_sells=True)
COST_BACK = Way("correction", "correction", 1, hub_sells=True)
TRUED_UP = Way("true-up", "true-up", 1, keeps=1)
SET_OFF = Way("set-off", "set-off", 1)
PAID = Way("payment", "payment", 1)
PAID_BACK = Way("payment", "payment", -1)


class Postings(Struct, frozen=True, gc=False):
    """What one event posts."""

    way: Way
    posting: str
    """The id in the books of what is posted."""
    hub: str
    period: str
    shares: Sequence[Cut]
    """Shares of 0 cents too, and the hub's own."""
    total_cents: int
    """What the shares have to sum to."""
    vat: Sequence[ShareTax | ShareVat] = ()


Read = Callable[[Raw], Sequence[Cut]]


def postings_of(fact: Posted, read: Read | None = None) -> Postings:
    """What an event posts; `read`: as much of its shares as is needed."""
    match fact:
        case Shared(vat=vat):
            parts = (read or (claused if vat else cuts))(fact.shares)
            return Postings(SHARED, fact.entry, fact.collected_by, fact.period, parts, fact.amount_cents, vat)
        case Reversed(vat=vat):
            parts = (read or (claused if vat else cuts))(fact.shares)
            way = COST_BACK if fact.of == "cost" else SHARED_BACK
            return Postings(way, fact.reversal, fact.collected_by, fact.period, parts, fact.amount_cents, vat)
        case CostShared():
            parts = tuple(Share(s.partner, s.cents, s.waived_cents, s.clause, terms=s.terms) for s in fact.shares)
            return Postings(COST, fact.entry, fact.collected_by, fact.period, parts, fact.amount_cents, fact.vat)
        case RevenueTruedUp():
            # It follows from no clause; each partner has one share of it, and so that is what tells its lines apart.
            parts = tuple(Share(s.partner, s.cents, clause=s.partner) for s in fact.shares)
            return Postings(TRUED_UP, fact.entry, fact.collected_by, fact.period, parts, 0)
        case Netted():
            moved = fact.moved_cents
            return Postings(SET_OFF, fact.netting, fact.second, fact.period, (Share(fact.first, moved),), moved)
        case PaymentRecorded() | PaymentTakenBack():
            way = PAID if isinstance(fact, PaymentRecorded) else PAID_BACK
            paid = fact.posted_cents
            return Postings(way, fact.payment, fact.payee, fact.period, (Share(fact.payer, paid),), paid)


def lines_in(fact: Posted) -> tuple[Postings, list[Share]]:
    """What an event posts, and those of its shares that are lines, as statements number them."""
    postings = postings_of(fact, shares)
    hub, whole = postings.hub, cast("Sequence[Share]", postings.shares)
    return postings, [share for share in whole if share.partner != hub and (share.cents or share.waived_cents)]
