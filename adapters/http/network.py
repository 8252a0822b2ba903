"""What the HTTP side needs of an opened network."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from litestar import Request
from litestar.datastructures import State

from adapters.settings import Settings
from application.access import Tokens
from application.desk import Clock, Desk
from application.ports import Documents, Log
from projections.rows import Projection, Rows

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Asked = Request[Any, Any, State]


class Answer(Protocol[T_co]):
    """What a read model said, and the position it stood at."""

    @property
    def value(self) -> T_co: ...

    @property
    def position(self) -> int: ...


class Views(Protocol):
    """The read models."""

    async def ask(
        self,
        projection: Projection,
        question: Callable[[Rows], T],
        *,
        at_least: int | None = None,
        as_of: int | None = None,
    ) -> Answer[T]:
        """Put a pure question to a projection: as it is, as soon as it reached a position, or as it was at one.

        Raises Unavailable when the position is not reached in time or the projection cannot answer.
        """


class Status(Protocol):
    """How a read model or a policy is doing."""

    @property
    def name(self) -> str: ...

    @property
    def position(self) -> int: ...

    @property
    def lag_events(self) -> int: ...

    @property
    def lag_seconds(self) -> float: ...

    @property
    def state(self) -> str: ...


class Network(Protocol):
    """One network, opened by `adapters.wiring`."""

    @property
    def settings(self) -> Settings: ...

    @property
    def log(self) -> Log: ...

    @property
    def desk(self) -> Desk: ...

    @property
    def views(self) -> Views: ...

    @property
    def tokens(self) -> Tokens: ...

    @property
    def documents(self) -> Documents: ...

    @property
    def clock(self) -> Clock: ...

    async def status(self) -> Sequence[Status]:
        """How far each read model has followed the log."""

    async def policy_status(self) -> Sequence[Status]:
        """How far each policy has worked."""


def network_of(request: Asked) -> Network:
    """The network this application serves."""
    network: Network = request.app.state["network"]
    return network
