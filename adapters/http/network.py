"""What the HTTP side needs of an opened network."""

from collections.abc import Sequence
from typing import Any, Protocol

from litestar import Request
from litestar.datastructures import State

from adapters.figures import Figures, Work
from adapters.projecting.asking import Views
from adapters.settings import Settings
from application.access import Tokens
from application.desk import Clock, Desk
from application.feed import Feed
from application.ports import Log, Tree
from application.subscribing import Subscriptions

Asked = Request[Any, Any, State]


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
    def clock(self) -> Clock: ...

    @property
    def tree(self) -> Tree: ...

    @property
    def feed(self) -> Feed: ...

    @property
    def subscriptions(self) -> Subscriptions: ...

    @property
    def read_only(self) -> str | None:
        """Why nothing is appended just now, in a sentence; None: everything is."""

    @property
    def unkept(self) -> str | None:
        """Why the newest checkpoint is not kept outside the database; None: it is, or there is none."""

    async def figures(self) -> Figures:
        """What the database says of the log, its pages and checkpoints."""

    def work(self) -> Work:
        """What this process has done since it began."""

    async def status(self) -> Sequence[Status]:
        """How far each read model has followed the log."""

    async def policy_status(self) -> Sequence[Status]:
        """How far each policy has worked."""


def network_of(request: Asked) -> Network:
    """The network this application serves."""
    network: Network = request.app.state["network"]
    return network
