"""Take something off the coordinator's list, once it has been looked after."""

from datetime import date

from domain.changing import replace
from domain.kernel import Boundary, Command, Decider, Event, Refused, Unknown, Value, facts
from domain.network.events import FollowUpClosed, FollowUpOpened
from domain.words import FollowUpId, Line

Seen = FollowUpOpened | FollowUpClosed


class CloseFollowUp(Command, frozen=True):
    """Say what became of an item of the coordinator's list: it is on it no longer.

    `outcome` says what was done, as a code or a sentence; it says nothing about people. What is wrong again is another item.
    """

    follow_up: FollowUpId
    outcome: Line
    """What was done."""


class ClosedAlready(Refused):
    def __init__(self, follow_up: str, outcome: str, closed_on: date) -> None:
        super().__init__(
            f"{follow_up} is off the coordinator's list since {closed_on} ({outcome}); there is nothing left to do about it."
        )


class Item(Value, frozen=True):
    opened: FollowUpOpened | None = None
    closed: FollowUpClosed | None = None


def boundary(command: CloseFollowUp) -> Boundary:
    return (facts(FollowUpOpened, FollowUpClosed, about=command.follow_up),)


def evolve(state: Item, event: Seen) -> Item:
    match event:
        case FollowUpOpened():
            return replace(state, opened=event)
        case FollowUpClosed():
            return replace(state, closed=event)


def decide(command: CloseFollowUp, state: Item) -> tuple[Event, ...]:
    if state.opened is None:
        raise Unknown(command.follow_up)
    if state.closed:
        raise ClosedAlready(command.follow_up, state.closed.outcome, state.closed.closed_on)
    return (
        FollowUpClosed(
            follow_up=command.follow_up,
            about=state.opened.about,
            outcome=command.outcome,
            by=command.asked.actor,
            closed_on=command.asked.on,
            parties=state.opened.parties,
        ),
    )


close_follow_up = Decider(
    command=CloseFollowUp,
    boundary=boundary,
    initial=Item(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None},
    example={
        "follow_up": "follow-up:0168f4a2-7c00-8123-9abc-0123456789ab",
        "outcome": "Sent on to another provider.",
    },
)
