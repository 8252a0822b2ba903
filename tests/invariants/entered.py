"""Lines between two, as a bookkeeper enters them by hand, and what those of one document come to with tax."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct

Tax = tuple[str, str, str | None]
"""Code, rate and ground."""
Pair = tuple[str, str]


class Entered(Struct, frozen=True):
    """One line between two: what a seller is due from a buyer, negative where it gives back."""

    position: int
    period: str
    posting: str
    """The id that its lines carry."""
    entry: str
    """The entry that is divided or taken back."""
    clause: str
    seller: str
    buyer: str
    cents: int
    kind: str
    tax: Tax | None

    @property
    def pair(self) -> Pair:
        return pair_of(self.seller, self.buyer)


def pair_of(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)


def tax_on(base_cents: int, rate: Decimal) -> int:
    return int((base_cents * rate / 100).quantize(Decimal(1), ROUND_HALF_UP))


def gross_of(lines: Iterable[Entered]) -> int:
    """What lines of one document come to, with one tax for each code and rate."""
    bases: Counter[tuple[str, Decimal]] = Counter()
    for line in lines:
        bases[(line.tax[0], Decimal(line.tax[1])) if line.tax else ("", Decimal(0))] += line.cents
    return sum(base + tax_on(base, rate) for (_, rate), base in bases.items())


def by_document(lines: Iterable[Entered]) -> Iterator[tuple[tuple[str, str, str], list[Entered]]]:
    """The lines by seller, buyer and period."""
    found: defaultdict[tuple[str, str, str], list[Entered]] = defaultdict(list)
    for line in lines:
        found[line.seller, line.buyer, line.period].append(line)
    yield from found.items()
