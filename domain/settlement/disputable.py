"""The lines that a posting makes, each between two sides: what can be disputed."""

from domain.kernel import Value
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared, RevenueTruedUp

Posting = RevenueShared | RevenueReversed | CostShared | RevenueTruedUp


class DisputableLine(Value, frozen=True):
    """A line as it stands, with opposite signs, on the statements of its two sides."""

    clause: str
    partner: str
    """Who has the share."""
    hub: str
    """Who collected the amount, or paid the costs: every line of a posting has it on the other side."""
    cents: int
    """On the statement of the partner; positive: due to it."""

    def cents_for(self, side: str) -> int:
        return self.cents if side == self.partner else -self.cents

    def other_than(self, side: str) -> str:
        return self.hub if side == self.partner else self.partner


def id_of(posting: Posting) -> str:
    """The id that its lines carry: a correction has its own."""
    return posting.reversal if isinstance(posting, RevenueReversed) else posting.entry


def lines_in(posting: Posting) -> tuple[DisputableLine, ...]:
    """What the hub keeps or bears itself is no line, and neither is a share of 0 cents."""
    return tuple(line for line in shares_in(posting) if line.cents)


def shares_in(posting: Posting) -> tuple[DisputableLine, ...]:
    """The same with shares of 0 cents: they are on no statement, but who got nothing may hold that to be wrong."""
    hub = posting.collected_by
    shares = tuple(
        DisputableLine(clause=clause, partner=partner, hub=hub, cents=cents) for clause, partner, cents in _due(posting)
    )
    return tuple(line for line in shares if line.partner != hub)


def _due(posting: Posting) -> tuple[tuple[str, str, int], ...]:
    """By clause, what each share makes due to its partner."""
    match posting:
        case RevenueShared():
            return tuple((s.clause, s.partner, s.cents) for s in posting.shares)
        case CostShared():
            return tuple((s.clause, s.partner, -s.cents) for s in posting.shares)
        case RevenueReversed():
            sign = 1 if posting.of == "cost" else -1
            return tuple((s.clause, s.partner, sign * s.cents) for s in posting.shares)
        case RevenueTruedUp():
            # It follows from no clause; each partner has one share of it.
            return tuple((s.partner, s.partner, s.cents) for s in posting.shares)
