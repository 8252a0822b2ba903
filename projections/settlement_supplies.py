"""Who sold whom what, under which tax: what postings make two partners owe each other."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from domain.revenue.events import CostShared, RevenueReversed, RevenueShared, RevenueTruedUp
from projections.statement_facts import Claused, Reversed, Shared, shares
from projections.statement_postings import postings_of

Supplied = Shared | Reversed | CostShared | RevenueTruedUp
"""The postings of which somebody is due something; set-offs and payments settle it."""
Posting = RevenueShared | RevenueReversed | CostShared | RevenueTruedUp
"""The same as the log has them."""


class Tax(Struct, frozen=True, gc=False):
    """The category under which a line is taxed; what nothing was decided for is under none."""

    code: str = ""
    rate: str = "0"


UNTAXED = Tax()


class Supply(Struct, frozen=True, gc=False):
    """One line between two: what a seller is due from a buyer, without tax. A correction of it keeps both."""

    seller: str
    buyer: str
    clause: str | None
    """Of a taxed one, and of any where all of a posting was read."""
    cents: int
    """Negative where the seller gives back."""
    tax: Tax


def supplies_in(fact: Supplied, *, whole: bool = False) -> Iterator[Supply]:
    """The lines of a posting: all but what its hub keeps or bears itself, and shares of 0 cents. `whole`: with their clauses."""
    postings = postings_of(fact, shares if whole else None)
    way, hub = postings.way, postings.hub
    taxes = {tax.clause: Tax(tax.code, tax.rate) for tax in postings.vat}
    for share in postings.shares:
        partner = share.partner
        if partner == hub or not share.cents:
            continue
        clause = share.clause if isinstance(share, Claused) else None
        due = way.sign * share.cents
        yield Supply(
            seller=hub if way.hub_sells else partner,
            buyer=partner if way.hub_sells else hub,
            clause=clause,
            cents=-due if way.hub_sells else due,
            tax=taxes.get(clause or "", UNTAXED) if taxes else UNTAXED,
        )


def supplies_of(posting: Posting) -> Iterator[Supply]:
    """The same of a posting as the log has it, with the clauses."""
    match posting:
        case RevenueShared():
            yield from supplies_in(msgspec.json.decode(msgspec.json.encode(posting), type=Shared), whole=True)
        case RevenueReversed():
            yield from supplies_in(msgspec.json.decode(msgspec.json.encode(posting), type=Reversed), whole=True)
        case CostShared() | RevenueTruedUp():
            yield from supplies_in(posting, whole=True)
