"""How far rounding has moved cents between partners: exact and booked totals of each version and collector."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

import msgspec
from msgspec import Raw, Struct

from domain.money import true_up
from domain.revenue.events import RevenueReversed, RevenueShared, RevenueTruedUp
from projections.rows import At, Key, Latest, Projection, Reading, Row, Rows, facts_of, reading_of, readings_of


@reading_of(RevenueShared)
class SharedExactly(Reading, frozen=True):
    agreement: str
    version: int
    collected_by: str
    shares: Raw


@reading_of(RevenueReversed)
class ReversedExactly(Reading, frozen=True):
    agreement: str
    version: int
    collected_by: str
    shares: Raw
    of: str = "revenue"


Seen = SharedExactly | ReversedExactly | RevenueTruedUp


class ExactShare(Struct, frozen=True, gc=False):
    """Of a share, what drifts."""

    partner: str
    cents: int
    exact: str


_shares = msgspec.json.Decoder(tuple[ExactShare, ...]).decode


class Drift(Row, frozen=True):
    """What all entries of one version and collector come to for one partner, kept cents of the collector too."""

    agreement: Key[str]
    version: Key[int]
    collected_by: Key[str]
    partner: Key[str]
    exact: str = "0/1"
    booked_cents: int = 0


class Drifted(Struct, frozen=True):
    """Somebody is off by a cent or more in what one collector shared under one version."""

    agreement: str
    version: int
    collected_by: str
    totals: tuple[Drift, ...]


class _Sum:
    """Added up by denominators, of which there are few: nothing is reduced before the end."""

    __slots__ = ("booked", "numerators")

    def __init__(self) -> None:
        self.booked = 0
        self.numerators: defaultdict[int, int] = defaultdict(int)

    def add(self, cents: int, exact: str, sign: int) -> None:
        numerator, _, denominator = exact.partition("/")
        self.booked += sign * cents
        self.numerators[int(denominator)] += sign * int(numerator)

    @property
    def exact(self) -> Fraction:
        return sum((Fraction(n, d) for d, n in self.numerators.items()), Fraction())


def fold(rows: Latest, facts: Iterable[tuple[At, Seen]]) -> Iterator[Drift]:
    """Exact parts of entries, less those of what was taken back, and the cents that were booked of them."""
    sums: defaultdict[tuple[str, int, str, str], _Sum] = defaultdict(_Sum)
    for _, fact in facts:
        account = fact.agreement, fact.version, fact.collected_by
        match fact:
            case SharedExactly():
                for share in _shares(fact.shares):
                    sums[*account, share.partner].add(share.cents, share.exact, 1)
            case ReversedExactly():
                if fact.of == "revenue":
                    for share in _shares(fact.shares):
                        sums[*account, share.partner].add(share.cents, share.exact, -1)
            case RevenueTruedUp():
                for each in fact.shares:
                    sums[*account, each.partner].booked += each.cents
    for key, added in sums.items():
        before = rows.latest(Drift(*key))
        total = Fraction(before.exact) + added.exact
        yield Drift(*key, f"{total.numerator}/{total.denominator}", before.booked_cents + added.booked)


def drifted(rows: Rows) -> Sequence[Drifted]:
    """Where somebody is off by a cent or more, in order of agreement, version and collector."""
    groups: defaultdict[tuple[str, int, str], list[Drift]] = defaultdict(list)
    for each in rows.under(Drift):
        groups[each.agreement, each.version, each.collected_by].append(each)
    return [Drifted(*key, tuple(totals)) for key, totals in sorted(groups.items()) if off_by(totals)]


def off_by(totals: Iterable[Drift]) -> Mapping[str, int]:
    """What has to be given or taken, by partner, up to the division of the exact totals by largest remainder; nobody who stands there."""
    each = list(totals)
    return true_up({t.partner: t.booked_cents for t in each}, {t.partner: Fraction(t.exact) for t in each})


drift = Projection("drift", fold, (Drift,), facts_of(Seen), readings=readings_of(Seen))
