"""Close the earliest open period of the books, once everything that was delivered in it has been shared."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from domain.calendar import end_of
from domain.kernel import FILLED, Boundary, Command, Decider, Event, Refused, Value
from domain.settlement.books import BOOKKEEPING, Bookkeeping, Books
from domain.settlement.events import PeriodClosed
from domain.words import Period


class WorkedOff(Value, frozen=True):
    """How far the network's own work has come, read by the application just before the decision."""

    mark: int
    """Position up to which the sharing policy has worked."""
    last_before_end: int
    """Last position recorded before the period's end."""
    settled: bool
    """Whether nothing can be recorded before the period's end any more."""


class ClosePeriod(Command, frozen=True):
    """Close a period after it has ended.

    Periods close in order, each once, and never open again: what is reported later is booked in the next open period. The
    statements of all partners are issued by the network itself.
    """

    period: Period
    worked_off: Annotated[WorkedOff, Meta(extra={"filled": FILLED})]


class ClosedAlready(Refused):
    def __init__(self, period: str, first_open: str) -> None:
        super().__init__(f"{period} is closed already and never opens again; the earliest open period is {first_open}.")


class OutOfOrder(Refused):
    def __init__(self, period: str, first_open: str) -> None:
        super().__init__(f"Periods close in order: {first_open} comes before {period}.")


class NotEnded(Refused):
    def __init__(self, period: str, end: datetime) -> None:
        super().__init__(f"{period} has not ended: it can be closed from {end:%Y-%m-%dT%H:%M:%SZ} on.")


class NotSettled(Refused):
    def __init__(self, period: str) -> None:
        super().__init__(
            f"{period} has only just ended, and what was done in it may still be on its way: close it once something was "
            "recorded after its end, or an hour later."
        )


class NotWorkedOff(Refused):
    def __init__(self, period: str, mark: int, last_before_end: int) -> None:
        super().__init__(
            f"{period} cannot be closed yet: revenue has been shared up to position {mark}, and the period reaches to "
            f"{last_before_end}. Try again when the sharing has caught up."
        )


class Closing(Value, frozen=True):
    books: Books = Books()


def boundary(command: ClosePeriod) -> Boundary:  # noqa: ARG001 - all closings concern the same books
    return (BOOKKEEPING,)


def evolve(state: Closing, event: Bookkeeping) -> Closing:
    return Closing(books=state.books.after(event))


def decide(command: ClosePeriod, state: Closing) -> tuple[Event, ...]:
    first_open = state.books.open_period()
    if command.period < first_open:
        raise ClosedAlready(command.period, first_open)
    if command.period > first_open:
        raise OutOfOrder(command.period, first_open)
    if command.asked.at < end_of(command.period):
        raise NotEnded(command.period, end_of(command.period))
    if not command.worked_off.settled:
        raise NotSettled(command.period)
    if command.worked_off.mark < command.worked_off.last_before_end:
        raise NotWorkedOff(command.period, command.worked_off.mark, command.worked_off.last_before_end)
    return (PeriodClosed(period=command.period, closed_on=command.asked.on),)


close_period = Decider(
    command=ClosePeriod,
    boundary=boundary,
    initial=Closing(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None},
    example={"period": "2019-03"},
)
