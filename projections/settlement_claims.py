"""What two partners owe each other up to a month: of what both have approved, all that nobody disputes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from msgspec import Struct

from domain.money import vat_of
from domain.network.legal_persons import of_one_person
from projections.rows import Rows
from projections.settlement_held import About, Booked, Held, Moment, Pair
from projections.settlement_rows import Account, Approval, Claim, Contested, Overpaid, Settlement
from projections.settlement_supplies import Supply, Tax


class Owed(Struct, frozen=True):
    """What two owe each other, in whole cents with tax; none of them negative."""

    first_cents: int = 0
    second_cents: int = 0


class Claims:
    """The claims of all.

    A document is all that one sold the other in a month. Its tax is computed once by code and rate on the sum of its lines; a
    document below zero is owed the other way.
    """

    def __init__(self, rows: Rows, about: About, *, before: int | None = None) -> None:
        """`before`: the cut of a settlement; only those before it have settled something."""
        self._rows, self._about, self._before = rows, about, before

    def pairs(self) -> list[Pair]:
        """All two that ever sold each other something, or paid each other too much."""
        return sorted({*self._claims, *self._accounts})

    @cached_property
    def _claims(self) -> Mapping[Pair, Sequence[Claim]]:
        return _by_pair(self._rows.under(Claim))

    @cached_property
    def _accounts(self) -> Mapping[Pair, Account]:
        return {(each.first, each.second): each for each in self._rows.under(Account)}

    @cached_property
    def _overpaid(self) -> Mapping[Pair, Sequence[Overpaid]]:
        return _by_pair(sorted(self._rows.under(Overpaid), key=lambda each: each.position))

    @cached_property
    def _contested(self) -> Mapping[Pair, Sequence[Contested]]:
        return _by_pair(self._rows.under(Contested))

    @cached_property
    def _approved(self) -> Mapping[tuple[str, str], int]:
        """By partner and month, where its statement was approved."""
        return {(each.partner, each.period): each.position for each in self._rows.under(Approval)}

    @cached_property
    def _settlements(self) -> Sequence[Settlement]:
        found = (each for each in self._rows.under(Settlement) if self._before is None or each.cut < self._before)
        return sorted(found, key=lambda each: each.cut)

    @cached_property
    def _persons(self) -> Mapping[str, Mapping[str, str]]:
        """By settlement, its units and whose they are."""
        return {each.settlement: dict(each.units) for each in self._settlements}

    def booked(self, pair: Pair) -> Owed:
        """All that two ever came to owe each other by what is booked, approved or not, disputed or not."""
        return _by_document(self._booked(pair))

    def due(self, pair: Pair, period: str) -> Owed:
        """What a settlement of a period has to settle between two: all that counts up to there, less what is settled.

        What was paid beyond what was ordered is owed back, whatever month it was paid in.

        Where a later month was settled before, it reaches as far as that: what is settled is one sum for each direction.
        """
        earlier = [each for each in self._settlements if self._settles(each, pair)]
        now = Moment(max([period, *(each.period for each in earlier)]))
        held = Held(pair, self._contested.get(pair, ()), self._about, earlier, self._counts).lines(now)
        counting = _by_document(
            each
            for each in (*self._booked(pair), *map(_taken_out, held))
            if each.period <= now.upto and self._counts(pair, each.period, now)
        )
        account = self._accounts.get(pair, Account(*pair))
        back = self._owed_back(pair, earlier)
        return _turned(
            counting.first_cents + back.first_cents - account.first_owed_cents,
            counting.second_cents + back.second_cents - account.second_owed_cents,
        )

    def _owed_back(self, pair: Pair, earlier: Iterable[Settlement]) -> Owed:
        """What was paid too much.

        While two accounts contradict each other of a payment it stays as the last settlement counted it: what was given back is not
        claimed again by one side's word, and what one side alone shows more of is not given back.
        """
        changes = self._overpaid.get(pair, ())
        counted: dict[str, Overpaid] = {}
        for upto in (*(each.cut for each in earlier), None):
            newest = {each.payment: each for each in changes if upto is None or each.position < upto}
            counted |= {payment: each for payment, each in newest.items() if not each.is_unsure}
        first, second = pair
        cents = {payer: sum(each.cents for each in counted.values() if each.payer == payer) for payer in pair}
        return Owed(first_cents=cents[second], second_cents=cents[first])

    def _booked(self, pair: Pair) -> Iterator[Booked]:
        """The sums that stand for all lines of two."""
        first, second = pair
        for claim in self._claims.get(pair, ()):
            buyer = second if claim.seller == first else first
            tax = Tax(claim.code, claim.rate)
            yield Booked(claim.period, Supply(claim.seller, buyer, None, claim.base_cents, tax))

    def _settles(self, settlement: Settlement, pair: Pair) -> bool:
        return set(pair) <= set(settlement.members) and not of_one_person(self._persons[settlement.settlement], *pair)

    def _counts(self, pair: Pair, period: str, at: Moment) -> bool:
        """Whether both have approved their statements of a month."""
        positions = [self._approved.get((partner, period)) for partner in pair]
        return all(position is not None and at.sees(position) for position in positions)


Paired = TypeVar("Paired", Claim, Contested, Overpaid)


def _by_pair(rows: Iterable[Paired]) -> Mapping[Pair, Sequence[Paired]]:
    found: defaultdict[Pair, list[Paired]] = defaultdict(list)
    for each in rows:
        found[each.first, each.second].append(each)
    return found


def _taken_out(line: Booked) -> Booked:
    supply = line.supply
    return Booked(line.period, Supply(supply.seller, supply.buyer, supply.clause, -supply.cents, supply.tax))


def _by_document(lines: Iterable[Booked]) -> Owed:
    first_cents = second_cents = 0
    for (seller, buyer, _), bases in _documents(lines).items():
        gross = sum(base + vat_of(base, tax.rate) for tax, base in bases.items())
        # What the buyer owes for it; below zero it is a credit note, and the seller owes.
        if (gross > 0) is (buyer < seller):
            first_cents += abs(gross)
        else:
            second_cents += abs(gross)
    return Owed(first_cents, second_cents)


def _documents(lines: Iterable[Booked]) -> Mapping[tuple[str, str, str], Mapping[Tax, int]]:
    """By seller, buyer and month: of each tax the sum of the lines."""
    documents: defaultdict[tuple[str, str, str], defaultdict[Tax, int]] = defaultdict(lambda: defaultdict(int))
    for line in lines:
        supply = line.supply
        documents[supply.seller, supply.buyer, line.period][supply.tax] += supply.cents
    return documents


def _turned(first_cents: int, second_cents: int) -> Owed:
    """What was settled too much one way is owed the other way: a line that was held then makes its document smaller now."""
    if first_cents < 0:
        first_cents, second_cents = 0, second_cents - first_cents
    if second_cents < 0:
        first_cents, second_cents = first_cents - second_cents, 0
    return Owed(first_cents, second_cents)
