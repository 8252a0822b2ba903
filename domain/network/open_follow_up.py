"""Put something on the coordinator's list, once for each cause."""

from domain.kernel import Boundary, Command, Decider, Event, Refused, Value, facts
from domain.network.events import FollowUpOpened
from domain.words import Code, EventId, FollowUpId, Line, Organisation


class OpenFollowUp(Command, frozen=True):
    """Ask the coordinator to look after something that came to nothing: no request ends nowhere."""

    follow_up: FollowUpId
    cause: EventId
    about: Line
    code: Code
    reason: Line
    parties: tuple[Organisation, ...] = ()


class AlreadyOnTheList(Refused):
    def __init__(self, follow_up: str) -> None:
        super().__init__(f"{follow_up} is on the coordinator's list already.")


class Listed(Value, frozen=True):
    opened: bool = False


def boundary(command: OpenFollowUp) -> Boundary:
    return (facts(FollowUpOpened, about=command.follow_up),)


def evolve(state: Listed, event: FollowUpOpened) -> Listed:  # noqa: ARG001 - that it was opened is all there is to know
    return Listed(opened=True)


def decide(command: OpenFollowUp, state: Listed) -> tuple[Event, ...]:
    if state.opened:
        raise AlreadyOnTheList(command.follow_up)
    return (
        FollowUpOpened(
            follow_up=command.follow_up,
            cause=command.cause,
            about=command.about,
            code=command.code,
            reason=command.reason,
            opened_on=command.asked.on,
            parties=command.parties,
        ),
    )


open_follow_up = Decider(
    command=OpenFollowUp,
    boundary=boundary,
    initial=Listed(),
    evolve=evolve,
    decide=decide,
    may={"policy": None},
    example={
        "follow_up": "follow-up:0199-17",
        "cause": "0199aa00-0000-7000-8000-000000000017",
        "about": "referral:r-17",
        "code": "referral-expired",
        "reason": "Nobody answered in time.",
    },
)
