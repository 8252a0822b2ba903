"""Netting: who pays whom so that all are settled, why, and what is set off between each two."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush

from msgspec import Struct, field

from domain.money.faults import MoneyFault
from domain.money.rounding import whole_cents

Balances = Mapping[str, Mapping[str, int]]
"""Organisation to counterparty to the cents due to the organisation, negative where it owes them."""


class Obligation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one organisation owes another, in whole cents above 0; in JSON `{"from", "to", "cents"}`."""

    debtor: str = field(name="from")
    creditor: str = field(name="to")
    cents: int


class Position(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all others together owe an organisation (positive), or it them (negative), in cents."""

    organisation: str
    cents: int


class PairBalance(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a counterparty owes an organisation (positive), or it the counterparty (negative), in cents."""

    organisation: str
    counterparty: str
    cents: int


class Payment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One payment in whole cents above 0, and the balances from which it follows."""

    payer: str = field(name="from")
    payee: str = field(name="to")
    cents: int
    because: tuple[PairBalance, ...]
    """What each of the two that pays or is paid its whole position stands at with each of its counterparties; these sum
    to its position. Of a payment that settles one pair: what the payer stands at with the payee."""


class SetOff(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two organisations of a settlement, seen from the first: positive is due to it from the second."""

    organisation: str
    """The first of the two in ascending order of the id."""
    counterparty: str
    open_cents: int
    """The balance of their obligations."""
    set_off_cents: int
    """What is to be posted to the pair, so that what stays open is what will be paid between the two."""
    payment_cents: int
    """What the second will pay the first, negative where the first pays: `open_cents` and `set_off_cents` together."""


class Netted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A settlement: everybody's position, the payments, and for each two what is set off."""

    positions: tuple[Position, ...]
    """One for each organisation, those at 0 too, in ascending order of the id; they sum to 0."""
    payments: tuple[Payment, ...]
    pairs: tuple[SetOff, ...]
    """Every two that owe or pay each other something, in ascending order of the ids."""


class OwesItself(MoneyFault):
    def __init__(self, organisation: str, cents: int) -> None:
        super().__init__(f"{organisation} owes {cents} cents to itself; an obligation is between two organisations.")


class NothingOwed(MoneyFault):
    def __init__(self, debtor: str, creditor: str, cents: int) -> None:
        super().__init__(
            f"{debtor} owes {creditor} {cents} cents; an obligation is above 0, so turn it round or leave it out."
        )


class Unsettled(MoneyFault):
    """Payments that would leave somebody with more or less than what is due to it."""

    def __init__(self, organisation: str, position_cents: int, paid_cents: int) -> None:
        super().__init__(
            f"{organisation} stands at {position_cents} cents, but the payments come to {paid_cents} for it; "
            f"what is set off must leave everybody with the same."
        )


def net(obligations: Iterable[Obligation]) -> Netted:
    """Settle every position with few payments: again and again the largest debtor pays the largest creditor.

    Of two that stand at the same, the first in ascending order of the id comes first. Each payment brings at least one of
    the two to 0 and the last one both, so there are at most as many as organisations less one. The order of the
    obligations changes nothing. Raises `OwesItself`, `NothingOwed`, and `BadFigure` for cents or sums beyond bounds.
    """
    balances = _balances(obligations)
    positions = _positions(balances)
    return _netted(
        balances,
        positions,
        [
            Payment(
                payer=payer,
                payee=payee,
                cents=cents,
                because=(*_balances_of(payer, balances), *_balances_of(payee, balances)),
            )
            for payer, payee, cents in _largest_first(positions)
        ],
    )


def pairwise(obligations: Iterable[Obligation]) -> Netted:
    """Settle every two by themselves: one payment where they have a balance, nothing set off. Raises what `net` raises."""
    balances = _balances(obligations)
    payments = [
        Payment(
            payer=payer,
            payee=payee,
            cents=cents,
            because=(PairBalance(organisation=payer, counterparty=payee, cents=-cents),),
        )
        for payer, payee, cents in _owed(balances)
    ]
    return _netted(balances, _positions(balances), payments)


def through(clearing: str, obligations: Iterable[Obligation]) -> Netted:
    """Settle every position with one clearing partner: net debtors pay it, then it pays net creditors, by ids ascending.

    Its own position is what it is left with. It need not owe or be owed anything itself. Raises what `net` raises.
    """
    balances = _balances(obligations)
    positions = {clearing: 0, **_positions(balances)}
    others = [(each, cents) for each, cents in positions.items() if each != clearing]
    incoming = [
        Payment(payer=each, payee=clearing, cents=-cents, because=_balances_of(each, balances))
        for each, cents in others
        if cents < 0
    ]
    outgoing = [
        Payment(payer=clearing, payee=each, cents=cents, because=_balances_of(each, balances))
        for each, cents in others
        if cents > 0
    ]
    return _netted(balances, positions, [*incoming, *outgoing])


def set_offs(obligations: Iterable[Obligation], payments: Iterable[Payment]) -> tuple[SetOff, ...]:
    """What has to be posted to every two so that what stays open between them is exactly what will be paid.

    A owes B 100 and B owes C 100; netted, A pays C: A-B and B-C are closed and A-C is opened. Every organisation's
    set-offs sum to 0. Raises `Unsettled` if the payments leave a position open, and what `net` raises.
    """
    return _set_offs(_balances(obligations), payments)


def _balances(obligations: Iterable[Obligation]) -> Balances:
    """The balance of every two that owe each other something, seen from both sides."""
    balances: dict[str, dict[str, int]] = {}
    for each in obligations:
        if whole_cents(each.cents) <= 0:
            raise NothingOwed(each.debtor, each.creditor, each.cents)
        if each.debtor == each.creditor:
            raise OwesItself(each.debtor, each.cents)
        for one, other, cents in ((each.debtor, each.creditor, -each.cents), (each.creditor, each.debtor, each.cents)):
            of_one = balances.setdefault(one, {})
            of_one[other] = of_one.get(other, 0) + cents
    for balance in (cents for of_one in balances.values() for cents in of_one.values()):
        whole_cents(balance)  # of the sum, not on the way to it: in another order it would pass
    return balances


def _positions(balances: Balances) -> dict[str, int]:
    return {each: whole_cents(sum(balances[each].values())) for each in sorted(balances)}


def _largest_first(positions: Mapping[str, int]) -> Iterator[tuple[str, str, int]]:
    """Payer, payee and cents, until all are at 0."""
    debtors = [(cents, each) for each, cents in positions.items() if cents < 0]
    creditors = [(-cents, each) for each, cents in positions.items() if cents > 0]
    heapify(debtors)
    heapify(creditors)
    while debtors:
        (owes, payer), (due, payee) = heappop(debtors), heappop(creditors)
        cents = min(-owes, -due)
        yield payer, payee, cents
        if owes + cents:
            heappush(debtors, (owes + cents, payer))
        if due + cents:
            heappush(creditors, (due + cents, payee))


def _owed(balances: Balances) -> Iterator[tuple[str, str, int]]:
    """Debtor, creditor and cents of every two that have a balance, in ascending order of the ids of the two."""
    for one, other in _pairs(balances):
        cents = balances[one][other]
        if cents:
            yield (one, other, -cents) if cents < 0 else (other, one, cents)


def _pairs(balances: Balances) -> list[tuple[str, str]]:
    return sorted((one, other) for one, counterparties in balances.items() for other in counterparties if one < other)


def _balances_of(organisation: str, balances: Balances) -> tuple[PairBalance, ...]:
    return tuple(
        PairBalance(organisation=organisation, counterparty=other, cents=cents)
        for other, cents in sorted(balances[organisation].items())
    )


def _netted(balances: Balances, positions: Mapping[str, int], payments: Sequence[Payment]) -> Netted:
    return Netted(
        positions=tuple(Position(organisation=each, cents=positions[each]) for each in sorted(positions)),
        payments=tuple(payments),
        pairs=_set_offs(balances, payments),
    )


def _set_offs(balances: Balances, payments: Iterable[Payment]) -> tuple[SetOff, ...]:
    paid: dict[tuple[str, str], int] = dict.fromkeys(_pairs(balances), 0)
    left = _positions(balances)
    for each in payments:
        pair = (min(each.payer, each.payee), max(each.payer, each.payee))
        paid[pair] = paid.get(pair, 0) + (each.cents if each.payee == pair[0] else -each.cents)
        left[each.payer] = left.get(each.payer, 0) + each.cents
        left[each.payee] = left.get(each.payee, 0) - each.cents
    for organisation, cents in sorted(left.items()):
        if cents:
            position = sum(balances.get(organisation, {}).values())
            raise Unsettled(organisation, position, position - cents)
    set_off = []
    for (one, other), cents in sorted(paid.items()):
        open_cents = balances.get(one, {}).get(other, 0)
        set_off.append(
            SetOff(
                organisation=one,
                counterparty=other,
                open_cents=open_cents,
                set_off_cents=whole_cents(cents - open_cents),
                payment_cents=cents,
            )
        )
    return tuple(set_off)
