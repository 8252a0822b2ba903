"""Take a whole entry back: every stored share is reversed to the cent, in the earliest open period."""

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, NotYours, Refused, Unknown, Value, facts
from domain.money import reverse
from domain.network.events import NetworkFounded
from domain.revenue.events import RevenueReversed, RevenueShared, ReversalReason, ReversedShare
from domain.settlement.books import BOOKKEEPING, Books
from domain.settlement.events import PeriodClosed
from domain.words import EntryId

Seen = RevenueShared | RevenueReversed | NetworkFounded | PeriodClosed


class ReverseEntry(Command, frozen=True):
    """Reverse an entry in whole, with a reason, for the partner that collected the amount.

    A closed statement does not change: the correction stands in the next one and names the line it corrects. Share the
    revenue anew afterwards if something is still due.
    """

    entry: EntryId
    reason: ReversalReason


class ReversedAlready(Refused):
    def __init__(self, entry: str, reversal: str) -> None:
        super().__init__(f"{entry} was taken back by {reversal} already; each cent is reversed once.")


class Posted(Value, frozen=True):
    books: Books = Books()
    entry: RevenueShared | None = None
    reversal: str | None = None


def boundary(command: ReverseEntry) -> Boundary:
    return (facts(RevenueShared, RevenueReversed, about=command.entry), BOOKKEEPING)


def evolve(state: Posted, event: Seen) -> Posted:
    match event:
        case NetworkFounded() | PeriodClosed():
            return replace(state, books=state.books.after(event))
        case RevenueShared():
            return replace(state, entry=event)
        case RevenueReversed():
            return replace(state, reversal=event.reversal)


def decide(command: ReverseEntry, state: Posted) -> tuple[Event, ...]:
    entry = state.entry
    if entry is None or not any(command.asked.acts_for(party) for party in entry.parties):
        raise Unknown(command.entry)
    if not command.asked.acts_for(entry.collected_by):
        raise NotYours(command.asked, entry.collected_by, "reverse what it has shared")
    if state.reversal:
        raise ReversedAlready(command.entry, state.reversal)
    return (
        RevenueReversed(
            reversal=command.asked.new("entry"),
            entry=entry.entry,
            pathway=entry.pathway,
            step=entry.step,
            part=entry.part,
            agreement=entry.agreement,
            version=entry.version,
            amount_cents=entry.amount_cents,
            collected_by=entry.collected_by,
            occurred_on=command.asked.on,
            period=state.books.period_of(command.asked.on),
            entry_occurred_on=entry.occurred_on,
            entry_period=entry.period,
            project=entry.project,
            reason=command.reason,
            parties=entry.parties,
            shares=tuple(
                ReversedShare(partner=s.partner, role=s.role, clause=s.clause, cents=cents, exact=s.exact)
                for s, cents in reverse([(s, s.cents) for s in entry.shares], entry.amount_cents)
            ),
        ),
    )


reverse_entry = Decider(
    command=ReverseEntry,
    boundary=boundary,
    initial=Posted(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None, "partner": "finance-approve"},
    example={"entry": "entry:0168f4a2-7c00-8123-9abc-0123456789ab", "reason": "service-not-accepted"},
)
