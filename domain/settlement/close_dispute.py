"""The end of an accepted dispute: its line is corrected in time, or the coordinator hears of it; then silence settles it."""

from datetime import date

from domain.kernel import Asked, Boundary, Command, Decider, Event, Refused, Unknown, facts
from domain.revenue.events import RevenueReversed
from domain.settlement.dispute import Course, Courses, Step, courses_after
from domain.settlement.events import (
    CorrectionMissed,
    DisputeAnswered,
    DisputeClosed,
    DisputeEscalated,
    DisputeWithdrawn,
    LineDisputed,
)
from domain.words import DisputeId, EntryId

Seen = Step | CorrectionMissed | RevenueReversed


class CloseDispute(Command, frozen=True):
    """Settle a corrected line that nobody disputes again in time. Sent by the network itself after the last day for that."""

    dispute: DisputeId
    entry: EntryId
    """The entry or correction that the disputed line is from."""


class MissCorrection(Command, frozen=True):
    """Put an accepted dispute on the coordinator's list, once, when its line was not corrected in time. Sent by the network itself."""

    dispute: DisputeId
    entry: EntryId
    """The entry or correction that the disputed line is from."""


class NotCorrected(Refused):
    def __init__(self, dispute: str) -> None:
        super().__init__(
            f"The line of {dispute} is not corrected, so it is held; its entry has to be taken back, in part at least."
        )


class CorrectedInTime(Refused):
    def __init__(self, dispute: str, correction: str) -> None:
        super().__init__(f"The line of {dispute} was corrected by {correction}; nothing was missed.")


class NotAccepted(Refused):
    def __init__(self, course: Course) -> None:
        super().__init__(
            f"{course.disputed.dispute} is {course.state} since {course.since}; only what is accepted waits for a correction."
        )


class ListedAlready(Refused):
    def __init__(self, dispute: str) -> None:
        super().__init__(f"{dispute} came to the coordinator's list before; it is listed once.")


class StillTime(Refused):
    def __init__(self, dispute: str, until: date) -> None:
        super().__init__(f"There is time for {dispute} until {until}; its deadline passes after that day.")


def boundary(command: CloseDispute | MissCorrection) -> Boundary:
    return (
        facts(
            LineDisputed,
            DisputeAnswered,
            DisputeEscalated,
            DisputeWithdrawn,
            DisputeClosed,
            CorrectionMissed,
            RevenueReversed,
            about=command.entry,
        ),
    )


def close(command: CloseDispute, state: Courses) -> tuple[Event, ...]:
    course = _accepted(command, state)
    if course.correction is None:
        raise NotCorrected(command.dispute)
    _check_passed(command.asked, command.dispute, course.settled_after)
    return (course.closed(course.correction, "silence", command.asked.on),)


def miss(command: MissCorrection, state: Courses) -> tuple[Event, ...]:
    course = _accepted(command, state)
    if course.correction:
        raise CorrectedInTime(command.dispute, course.correction.reversal)
    if course.missed or course.by_coordinator:
        raise ListedAlready(command.dispute)
    due_on = _check_passed(command.asked, command.dispute, course.correct_by)
    return (
        CorrectionMissed(
            dispute=command.dispute,
            entry=command.entry,
            due_on=due_on,
            missed_on=command.asked.on,
            parties=course.disputed.parties,
        ),
    )


def _accepted(command: CloseDispute | MissCorrection, state: Courses) -> Course:
    course = next((each for each in state if each.disputed.dispute == command.dispute), None)
    if course is None:
        raise Unknown(f"{command.dispute} of {command.entry}")
    if course.state != "accepted":
        raise NotAccepted(course)
    return course


def _check_passed(asked: Asked, dispute: str, until: date | None) -> date:
    if until is None or asked.on <= until:
        raise StillTime(dispute, until or asked.on)
    return until


close_dispute = Decider(
    command=CloseDispute,
    boundary=boundary,
    initial=Courses(),
    evolve=courses_after,
    decide=close,
    may={"policy": None},
    example={
        "dispute": "dispute:0168f4a2-7c00-8123-9abc-0123456789ab",
        "entry": "entry:0168f4a2-7c00-8123-9abc-0123456789ab",
    },
)
miss_correction = Decider(
    command=MissCorrection,
    boundary=boundary,
    initial=Courses(),
    evolve=courses_after,
    decide=miss,
    may={"policy": None},
    example={
        "dispute": "dispute:0168f4a2-7c00-8123-9abc-0123456789ab",
        "entry": "entry:0168f4a2-7c00-8123-9abc-0123456789ab",
    },
)
