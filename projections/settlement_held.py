"""The lines between two partners that disputes keep from being settled."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct

from domain.revenue.events import CostShared, RevenueReversed, RevenueShared, RevenueTruedUp
from projections.rows import Rows
from projections.settlement_rows import Contested, Settlement
from projections.settlement_supplies import Posting, Supply, supplies_of

Pair = tuple[str, str]
"""Two organisations in ascending order of the id."""


class PostedAt(Struct, frozen=True):
    """A posting and where it stands in the log."""

    position: int
    posting: Posting


About = Mapping[str, Sequence[PostedAt]]
"""By the id of an entry: it and what was taken back of it; of a correction: it and all that was booked about the same after it."""


class Booked(Struct, frozen=True):
    """One line between two, or the sum of several, and the month in whose books it stands."""

    period: str
    supply: Supply


def is_about_the_same(posting: Posting, correction: Posting, bill: AbstractSet[str]) -> bool:
    """Whether a posting is about the same part, bill or drift as a correction; `bill`: the entries of the bill that it takes back.

    Of costs without a voucher nothing says that others are the same: that bill is one entry.
    """
    match correction, posting:
        case RevenueReversed(of="revenue"), RevenueShared() | RevenueReversed(of="revenue"):
            part = correction.pathway, correction.step, correction.part
            return (posting.pathway, posting.step, posting.part) == part
        case RevenueReversed(of="cost"), CostShared() | RevenueReversed(of="cost"):
            return posting.entry in bill
        case RevenueTruedUp(), RevenueTruedUp():
            return posting.drift == correction.drift
        case _:
            return False


def contested_entries(rows: Rows) -> tuple[str, ...]:
    """The entries that disputes were ever about: to say what is held now, what earlier settlements held has to be known."""
    return tuple(sorted({each.entry for each in rows.under(Contested)}))


class Moment(Struct, frozen=True):
    """When it is asked what is held."""

    upto: str
    """The last month that is settled."""
    cut: int | None = None
    """Of a settlement, which sees nothing after it; None: now."""

    def sees(self, position: int) -> bool:
        return self.cut is None or position < self.cut


class Held(Struct, frozen=True):
    """What is held between two.

    A dispute holds a line with all that was taken back of it, until the line stands, or it was corrected and nobody disputed that in
    time: then it is settled with the month of the correction. A line of a correction is held with all that was booked about the same
    part or bill since, under the same clause: what takes back and what takes its place are one, and settled alone either would be
    paid twice. Was it accepted as wrong, all of that is settled with what is booked anew after that, once that is settled. A line that
    was settled before anybody disputed it is not paid back: it is corrected.
    """

    pair: Pair
    contested: Sequence[Contested]
    about: About
    settlements: Sequence[Settlement]
    """Those that the two were settled in, in the order of the log."""
    counts: Callable[[Pair, str, Moment], bool]
    """Whether a month counts for two: both have approved their statements of it."""

    def lines(self, now: Moment) -> list[Booked]:
        """Each once, however many disputes hold it."""
        held: dict[tuple[str, str], list[Booked]] = {}
        for each in self.contested:
            if self._holds(each, now):
                for one in self._of(each):
                    held[_id_of(one.posting), each.clause] = self._of_clause(one.posting, each.clause)
        return [line for lines in held.values() for line in lines]

    def _of(self, contested: Contested) -> Iterator[PostedAt]:
        """The posting of the line with what was taken back of it, or took its place; a true-up stands by itself."""
        for each in self.about[contested.entry]:
            if not isinstance(each.posting, RevenueTruedUp) or each.posting.entry == contested.entry:
                yield each

    def _of_clause(self, posting: Posting, clause: str) -> list[Booked]:
        return [
            Booked(posting.period, supply)
            for supply in supplies_of(posting)
            if supply.clause == clause and {supply.seller, supply.buyer} == set(self.pair)
        ]

    def _holds(self, contested: Contested, at: Moment) -> bool:
        if not at.sees(contested.position) or (contested.ended and at.sees(contested.ended)):
            return False
        if contested.accepted and at.sees(contested.accepted) and self._is_booked_anew(contested, at):
            return False
        if contested.settled and at.sees(contested.settled) and self._counts_with_its_correction(contested, at):
            return False
        return not self._settled_before(contested)

    def _is_booked_anew(self, contested: Contested, at: Moment) -> bool:
        """A correction is not taken back itself; until what is booked in its place counts and nobody disputes that, it waits."""
        return any(
            not isinstance(each.posting, RevenueReversed)
            and each.position > contested.accepted
            and at.sees(each.position)
            and each.posting.period <= at.upto
            and self.counts(self.pair, each.posting.period, at)
            and not any(self._holds(other, at) for other in self.contested if other.entry == each.posting.entry)
            for each in self.about[contested.entry]
        )

    def _counts_with_its_correction(self, contested: Contested, at: Moment) -> bool:
        month = contested.settled_with
        return month <= at.upto and self.counts(self.pair, month, at)

    def _settled_before(self, contested: Contested) -> bool:
        upto = ""
        for each in self.settlements:
            upto = max(upto, each.period)
            then = Moment(upto, each.cut)
            if (
                each.cut < contested.position
                and contested.period <= upto
                and self.counts(self.pair, contested.period, then)
                and not any(self._holds(other, then) for other in self.contested if _is_same(other, contested))
            ):
                return True
        return False


def _is_same(one: Contested, other: Contested) -> bool:
    return (one.entry, one.clause) == (other.entry, other.clause)


def _id_of(posting: Posting) -> str:
    return posting.reversal if isinstance(posting, RevenueReversed) else posting.entry
