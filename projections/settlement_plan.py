"""What a settlement comes to: between each two what they owe and will pay, and the payments."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from msgspec import Struct

from domain.money import Obligation, net, pairwise, through
from domain.network.legal_persons import of_one_person
from domain.words import PRICE_CENTS_MAX
from projections.rows import Rows
from projections.settlement_claims import Claims, Owed
from projections.settlement_held import About, Pair
from projections.settlement_rows import Bound, Settlement


class Transfer(Struct, frozen=True):
    """One payment, in whole cents above 0."""

    payer: str
    payee: str
    cents: int


class Netting(Struct, frozen=True):
    """What two owe each other before anything is set off, and what they will pay each other."""

    first: str
    second: str
    owed: Owed
    first_pays_cents: int
    second_pays_cents: int


class Plan(Struct, frozen=True):
    settlement: str
    nettings: tuple[Netting, ...]
    """By pair; those that neither owe nor pay anything are left out."""
    transfers: tuple[Transfer, ...]
    """In the order in which they are numbered."""

    def commands(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The commands that put it into the log, by name and body."""
        for each in self.nettings:
            yield (
                "net-pair",
                {
                    "settlement": self.settlement,
                    "first": each.first,
                    "second": each.second,
                    "first_owes_cents": each.owed.first_cents,
                    "second_owes_cents": each.owed.second_cents,
                    "first_pays_cents": each.first_pays_cents,
                    "second_pays_cents": each.second_pays_cents,
                },
            )
        for number, transfer in enumerate(self.transfers, 1):
            body = {"settlement": self.settlement, "number": number}
            yield "order-payment", {**body, "payer": transfer.payer, "payee": transfer.payee, "cents": transfer.cents}
        yield (
            "plan-settlement",
            {
                "settlement": self.settlement,
                "pairs": len(self.nettings),
                "payments": len(self.transfers),
                "total_cents": sum(transfer.cents for transfer in self.transfers),
            },
        )


def plan_of(rows: Rows, settlement: str, about: About) -> Plan | None:
    """The plan of a settlement, asked as of its cut; `about`: what was posted about contested entries up to there."""
    settled = next(iter(rows.under(Settlement, settlement)), None)
    if settled is None:
        return None
    claims = Claims(rows, about, before=settled.cut)
    members, persons = set(settled.members), dict(settled.units)
    owed = {
        pair: claims.due(pair, settled.period)
        for pair in claims.pairs()
        if set(pair) <= members and not of_one_person(persons, *pair)
    }
    transfers = list(_transfers(rows, settled, owed))
    return Plan(settlement, tuple(_nettings(owed, transfers)), tuple(transfers))


def _transfers(rows: Rows, settled: Settlement, owed: Mapping[Pair, Owed]) -> Iterator[Transfer]:
    """Those that follow from positions first, then those of each two by themselves."""
    bound = {party for version in rows.under(Bound, settled.agreement, settled.version) for party in version.parties}
    apart, otherwise = _apart(settled, bound), _bound_otherwise(rows, settled)
    together: list[Obligation] = []
    by_two: list[Obligation] = []
    singly: list[Obligation] = []
    for pair, each in owed.items():
        if settled.mode == "gross" or not set(pair) <= bound or pair in otherwise:
            singly += _obligations(pair, each)
        elif settled.mode == "pairwise" or set(pair) & apart:
            by_two += _obligations(pair, each)
        else:
            together += _obligations(pair, each)
    netted = through(settled.clearing, together) if settled.mode == "clearing" and settled.clearing else net(together)
    for payment in (*netted.payments, *pairwise(by_two).payments):
        yield from _in_parts(payment.payer, payment.payee, payment.cents)
    for obligation in singly:
        yield from _in_parts(obligation.debtor, obligation.creditor, obligation.cents)


def _in_parts(payer: str, payee: str, cents: int) -> Iterator[Transfer]:
    """One payment, or several where it is more than one may be: a plan of which a part is refused could never be finished."""
    while cents > 0:
        part = min(cents, PRICE_CENTS_MAX)
        yield Transfer(payer, payee, part)
        cents -= part


def _apart(settled: Settlement, bound: set[str]) -> set[str]:
    """Whom netting over all could make pay, or be paid by, a unit of their own legal person: each pair is netted by itself."""
    persons, clearing = dict(settled.units), settled.clearing
    if settled.mode == "clearing":
        return {each for each in bound if clearing and each != clearing and of_one_person(persons, each, clearing)}
    return {unit for two in combinations(sorted(bound), 2) if of_one_person(persons, *two) for unit in two}


def _bound_otherwise(rows: Rows, settled: Settlement) -> set[Pair]:
    """Those whom another agreement in force lets pay in another way: by which of the two they owe is one sum, so nothing is set off."""
    by_agreement: dict[str, list[Bound]] = {}
    for version in rows.under(Bound):
        by_agreement.setdefault(version.agreement, []).append(version)
    found: set[Pair] = set()
    for agreement, versions in by_agreement.items():
        in_force = max(versions, key=lambda each: each.version)
        alike = (in_force.mode, in_force.clearing) == (settled.mode, settled.clearing)
        if agreement != settled.agreement and not alike and any(each.divides for each in versions):
            found |= set(combinations(sorted(in_force.parties), 2))
    return found


def _obligations(pair: Pair, owed: Owed) -> Iterator[Obligation]:
    first, second = pair
    if owed.first_cents:
        yield Obligation(debtor=first, creditor=second, cents=owed.first_cents)
    if owed.second_cents:
        yield Obligation(debtor=second, creditor=first, cents=owed.second_cents)


def _nettings(owed: Mapping[Pair, Owed], transfers: Iterable[Transfer]) -> Iterator[Netting]:
    pays: dict[Pair, int] = {}
    for transfer in transfers:
        way = transfer.payer, transfer.payee
        pays[way] = pays.get(way, 0) + transfer.cents
    paying = {(min(way), max(way)) for way in pays}
    for pair in sorted(owed.keys() | paying):
        first, second = pair
        netting = Netting(
            first, second, owed.get(pair, Owed()), pays.get((first, second), 0), pays.get((second, first), 0)
        )
        if pair in paying or netting.owed != Owed():
            yield netting
