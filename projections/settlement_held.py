"""The lines between two partners that disputes keep from being settled."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from domain.revenue.events import CostShared, RevenueReversed, RevenueShared
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
"""By the id of an entry or a correction: it, and what was taken back of it, in the order of the log."""


class Booked(Struct, frozen=True):
    """One line between two, or the sum of several, and the month in whose books it stands."""

    period: str
    supply: Supply


def contested_entries(rows: Rows) -> tuple[str, ...]:
    """The entries that disputes are about: what was posted about them has to be known to say what is held."""
    return tuple(sorted({each.entry for each in rows.under(Contested) if not each.ended}))


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

    A dispute holds a line with all that was taken back of it, until the line stands or what was accepted has been taken back by
    an entry that is settled with it. A line that was settled before anybody disputed it is not paid back: it is corrected.
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
                for one in self.about[each.entry]:
                    held[_id_of(one.posting), each.clause] = self._of_clause(one.posting, each.clause)
        return [line for lines in held.values() for line in lines]

    def _of_clause(self, posting: Posting, clause: str) -> list[Booked]:
        return [
            Booked(posting.period, supply)
            for supply in supplies_of(posting)
            if supply.clause == clause and {supply.seller, supply.buyer} == set(self.pair)
        ]

    def _holds(self, contested: Contested, at: Moment) -> bool:
        if not at.sees(contested.position) or (contested.ended and at.sees(contested.ended)):
            return False
        if contested.accepted and at.sees(contested.accepted) and self._set_right(contested, at):
            return False
        return not self._settled_before(contested)

    def _set_right(self, contested: Contested, at: Moment) -> bool:
        """Whether what is wrong was taken back in a month that counts too.

        A correction or a true-up is not taken back: a new entry sets it right, so nothing is waited for.
        """
        about = self.about[contested.entry]
        if not any(isinstance(each.posting, RevenueShared | CostShared) for each in about):
            return True
        return any(
            isinstance(each.posting, RevenueReversed)
            and at.sees(each.position)
            and (each.position > contested.position or not each.posting.left_cents)
            and each.posting.period <= at.upto
            and self.counts(self.pair, each.posting.period, at)
            for each in about
        )

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
