"""Hours of sessions that came with no amount: when a pathway is complete, the coordinator looks after them."""

from fractions import Fraction

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, NotYet, Value, facts
from domain.mentoring.events import HoursLeftOver, SessionHeld
from domain.money.decimals import decimal_text
from domain.pathways.events import PathwayAgreed, PathwayCompleted, StepDelivered
from domain.revenue.events import RevenueReversed, RevenueShared
from domain.words import MENTOR_HOUR, PathwayId

Seen = PathwayAgreed | PathwayCompleted | StepDelivered | RevenueShared | RevenueReversed | SessionHeld | HoursLeftOver


class ListLeftOverHours(Command, frozen=True):
    """Put hours that came with no amount on the coordinator's list, when a pathway is complete. Sent by the network itself."""

    pathway: PathwayId


class NothingLeftOver(NotYet):
    def __init__(self, pathway: str) -> None:
        super().__init__(f"{pathway} has no hours of sessions that could come with no amount any more.")


class Counting(Value, frozen=True):
    agreed: PathwayAgreed | None = None
    completed: bool = False
    delivered: frozenset[tuple[int, int]] = frozenset()
    shared: tuple[RevenueShared, ...] = ()
    written_off: frozenset[tuple[int, int]] = frozenset()
    """Parts whose last entry is gone as a credit loss: nothing is to be shared of them any more, unless somebody does all the same."""
    sessions: tuple[SessionHeld, ...] = ()
    listed: frozenset[str] = frozenset()


def boundary(command: ListLeftOverHours) -> Boundary:
    return (
        facts(
            PathwayAgreed,
            PathwayCompleted,
            StepDelivered,
            RevenueShared,
            RevenueReversed,
            SessionHeld,
            HoursLeftOver,
            about=command.pathway,
        ),
    )


def evolve(state: Counting, event: Seen) -> Counting:  # noqa: PLR0911 - a case for each kind of event
    match event:
        case PathwayAgreed():
            return replace(state, agreed=event)
        case PathwayCompleted():
            return replace(state, completed=True)
        case StepDelivered():
            return replace(state, delivered=state.delivered | {(event.step, event.part)})
        case RevenueShared():
            written_off = state.written_off - {(event.step, event.part)}
            return replace(state, shared=(*state.shared, event), written_off=written_off)
        case RevenueReversed():
            return state if event.left_cents else _without(state, event)
        case SessionHeld():
            return replace(state, sessions=(*state.sessions, event))
        case HoursLeftOver():
            return replace(state, listed=state.listed | frozenset(event.sessions))


def _without(state: Counting, reversal: RevenueReversed) -> Counting:
    gone = tuple(s for s in state.shared if s.entry == reversal.entry)
    lost = {(s.step, s.part) for s in gone} if reversal.reason == "credit-loss" else set[tuple[int, int]]()
    shared = tuple(s for s in state.shared if s not in gone)
    return replace(state, shared=shared, written_off=state.written_off | lost)


def decide(command: ListLeftOverHours, state: Counting) -> tuple[Event, ...]:
    counted = {session for entry in state.shared for session in entry.sessions} | state.listed
    left = [s for s in state.sessions if s.session not in counted]
    waits = state.delivered - {(entry.step, entry.part) for entry in state.shared} - state.written_off
    if state.agreed is None or MENTOR_HOUR not in state.agreed.units or not state.completed or waits or not left:
        raise NothingLeftOver(command.pathway)
    return (
        HoursLeftOver(
            pathway=command.pathway,
            sessions=tuple(s.session for s in left),
            hours=decimal_text(sum((Fraction(s.hours) for s in left), Fraction())),
            listed_on=command.asked.on,
            parties=state.agreed.parties,
        ),
    )


list_left_over_hours = Decider(
    command=ListLeftOverHours,
    boundary=boundary,
    initial=Counting(),
    evolve=evolve,
    decide=decide,
    may={"policy": None},
    example={"pathway": "pathway:p-07"},
)
