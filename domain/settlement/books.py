"""Which period of the books is open: given by the log, never by the caller."""

from datetime import date

from domain.calendar import first_day, month_after, month_of
from domain.changing import replace
from domain.kernel import Criterion, Refused, Value, facts
from domain.network.events import NetworkFounded
from domain.settlement.events import PeriodClosed

Bookkeeping = NetworkFounded | PeriodClosed
BOOKKEEPING: Criterion = facts(NetworkFounded, PeriodClosed)
"""Every posting reads this item, so a closing and a posting conflict, and two postings of different pathways never do."""


class NotFounded(Refused):
    def __init__(self) -> None:
        super().__init__("The network has not been founded yet; found it first.")


class BeforeTheBooks(Refused):
    def __init__(self, what: str, day: date, first: str) -> None:
        super().__init__(
            f"{what} on {day} lies before {first}, with which the books of the network begin; give the day that the bank says."
        )


class Books(Value, frozen=True):
    """Periods are closed in order, so that the earliest open one says everything."""

    first: str | None = None
    """The period with which they begin."""
    first_open: str | None = None

    def after(self, event: Bookkeeping) -> "Books":
        match event:
            case NetworkFounded():
                return Books(first=event.first_period, first_open=event.first_period)
            case PeriodClosed():
                return replace(self, first_open=month_after(event.period))

    def check_begun(self, what: str, day: date) -> None:
        """Raises BeforeTheBooks for what happened before there were any."""
        if self.first is not None and day < first_day(self.first):
            raise BeforeTheBooks(what, day, self.first)

    def open_period(self) -> str:
        """The earliest period that is not closed."""
        if self.first_open is None:
            raise NotFounded
        return self.first_open

    def period_of(self, occurred_on: date) -> str:
        """The earliest open period not before the month in which something happened."""
        return max(self.open_period(), month_of(occurred_on))
