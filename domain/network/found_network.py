"""Found the network: the first event of its log, since the desk takes nothing before it."""

from typing import Annotated

from domain.calendar import month_of
from domain.kernel import Boundary, Command, Decider, Event, Refused, Value, facts
from domain.network.events import NetworkFounded
from domain.words import Names, Period, form


class FoundNetwork(Command, frozen=True):
    """Found the network of this log; `first_period` is the first month of its books.

    A `constructed` network keeps a simulated clock and says so on everything it prints; it can never become a real one.
    """

    network: Annotated[
        str, form(r"^[a-z][a-z0-9_-]{0,40}(?![\s\S])", "a network's name in lower case such as kymenlaakso")
    ]
    """The name in paths and sources."""
    name: Names
    """The name for people."""
    first_period: Period
    """The first month of its books: nothing is booked before it."""
    constructed: bool = False
    """True for an example: its clock is simulated, and nothing in it happens to anybody."""


class AlreadyFounded(Refused):
    def __init__(self, network: str) -> None:
        super().__init__(f"This log belongs to the network {network} already; another network needs a log of its own.")


class FirstPeriodInTheFuture(Refused):
    def __init__(self, period: str, current: str) -> None:
        super().__init__(
            f"The books cannot begin in {period}: they begin in {current} at the latest, so that facts of today have a period."
        )


class Founding(Value, frozen=True):
    network: str | None = None


def boundary(command: FoundNetwork) -> Boundary:  # noqa: ARG001 - whatever is founded, there is one founding
    return (facts(NetworkFounded),)


def evolve(state: Founding, event: NetworkFounded) -> Founding:  # noqa: ARG001 - the first founding is the only one
    return Founding(network=event.network)


def decide(command: FoundNetwork, state: Founding) -> tuple[Event, ...]:
    if state.network:
        raise AlreadyFounded(state.network)
    if command.first_period > (current := month_of(command.asked.on)):
        raise FirstPeriodInTheFuture(command.first_period, current)
    return (
        NetworkFounded(
            network=command.network,
            name=command.name,
            first_period=command.first_period,
            constructed=command.constructed,
            founded_on=command.asked.on,
        ),
    )


found_network = Decider(
    command=FoundNetwork,
    boundary=boundary,
    initial=Founding(),
    evolve=evolve,
    decide=decide,
    may={"coordinator": None},
    example={"network": "kymenlaakso", "name": {"fi": "Kymenlaakson osaamisverkosto"}, "first_period": "2019-01"},
)
