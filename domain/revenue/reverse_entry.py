"""Take an entry back, all of it or a part: every stored share is reversed to the cent, in the earliest open period."""

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, NotYours, Unknown, Value, facts
from domain.network.events import NetworkFounded
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared, ReversalReason
from domain.revenue.taking_back import Standing
from domain.settlement.books import BOOKKEEPING, Books
from domain.settlement.events import PeriodClosed
from domain.words import EntryId, Price

Seen = RevenueShared | CostShared | RevenueReversed | NetworkFounded | PeriodClosed


class ReverseEntry(Command, frozen=True):
    """Reverse an entry, with a reason, for the partner that collected the amount or paid the costs.

    Without `amount_cents` all that is left of it is taken back, else so many cents: each share in proportion to what is left of
    it. A closed statement does not change: the correction stands in the next one and names the line it corrects. After all of a
    delivered part was taken back it can be shared anew; a client's bad debt is a reversal with the reason `credit-loss`.
    """

    entry: EntryId
    """The entry that is taken back, as it stands on a statement's line."""
    reason: ReversalReason
    """Why it is taken back; `credit-loss`: the client does not pay."""
    amount_cents: Price | None = None
    """How much of it is taken back; null: all that is left of it."""


class Posted(Value, frozen=True):
    books: Books = Books()
    standing: Standing | None = None


def boundary(command: ReverseEntry) -> Boundary:
    return (facts(RevenueShared, CostShared, RevenueReversed, about=command.entry), BOOKKEEPING)


def evolve(state: Posted, event: Seen) -> Posted:
    match event:
        case NetworkFounded() | PeriodClosed():
            return replace(state, books=state.books.after(event))
        case RevenueShared() | CostShared():
            return replace(state, standing=Standing(entry=event))
        case RevenueReversed():
            return replace(state, standing=state.standing.after(event) if state.standing else None)


def decide(command: ReverseEntry, state: Posted) -> tuple[Event, ...]:
    if state.standing is None or not any(command.asked.acts_for(party) for party in state.standing.entry.parties):
        raise Unknown(command.entry)
    if not command.asked.acts_for(collector := state.standing.entry.collected_by):
        raise NotYours(command.asked, collector, "reverse what it has shared")
    period = state.books.period_of(command.asked.on)
    reversal = command.asked.new("entry")
    return (state.standing.taken_back(command.asked, command.amount_cents, command.reason, period, reversal),)


reverse_entry = Decider(
    command=ReverseEntry,
    boundary=boundary,
    initial=Posted(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "finance-approve"},
    example={"entry": "entry:0168f4a2-7c00-8123-9abc-0123456789ab", "reason": "service-not-accepted"},
)
