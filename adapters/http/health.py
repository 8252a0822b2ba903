"""How the network is doing: open to everybody, and saying nothing that not everybody may know."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from litestar import Response
from msgspec import Struct

from adapters.http.network import Asked, Status, network_of
from application.notices import CONSTRUCTED
from projections.registry import all_projections

LATE_SECONDS = 60.0
"""Everything follows within a second, and after a lost connection within ten: what waits a minute waits for somebody."""
STILL = ("halted", "stale")
"""States in which nothing moves on. A stale one may even look as if it were ahead."""


class Lag(Struct, frozen=True):
    """A read model or a policy, and how far behind the log it is."""

    name: str
    """The name of the read model or policy."""
    position: int
    """How far it is: the position of the last event that is in it."""
    lag_events: int
    """How many events it is behind the head."""
    lag_seconds: float
    """The age of the oldest event that is not in it; 0 at the head."""
    state: str
    """`live`; `behind`; `halted`: it does not get past the next event; `parked`: it follows, but left events out; `stale`: it
    is of another history."""


class Health(Struct, frozen=True, kw_only=True):
    """How the network is doing. Figures are right while `status` is not `halted`, if perhaps late."""

    status: Literal["ok", "degraded", "halted"]
    """`degraded`: something is late, or a read model stands still or left events out; `halted`: money stands still, be it
    a read model that it depends on or a policy (these share revenue and issue statements), or the whole log."""
    network: str
    """The network's name in paths and sources, such as kymenlaakso."""
    constructed: bool
    """True: the network is an example, and nothing in it happened to anybody."""
    notice: str | None
    """The same as a sentence; null of a network that is real."""
    head: int
    """The position of the newest event; 0 while there is none."""
    head_time: datetime | None
    """When that was recorded; null while there is none."""
    read_only: str | None
    """Why nothing is appended: the database ends before what was signed, or is another's. Everything can be read."""
    projections: tuple[Lag, ...]
    """The read models that questions are answered from."""
    policies: tuple[Lag, ...]
    """What the network does by itself, such as sharing revenue and issuing statements."""


async def respond(request: Asked) -> Response[bytes]:
    """200 while figures are right, if perhaps late; 503 when money stands still."""
    network = network_of(request)
    head = await network.log.head()
    projections, policies = _lags(await network.status()), _lags(await network.policy_status())
    health = Health(
        status="halted" if network.read_only else _word(projections, policies),
        network=network.settings.network,
        constructed=head.constructed,
        notice=CONSTRUCTED if head.constructed else None,
        head=head.position,
        head_time=head.time,
        read_only=network.read_only,
        projections=projections,
        policies=policies,
    )
    return Response(
        content=msgspec.json.encode(health),
        media_type="application/json",
        status_code=503 if health.status == "halted" else 200,
        headers={"Tasma-Position": str(head.position), "Cache-Control": "no-store"},
    )


def _word(projections: Sequence[Lag], policies: Sequence[Lag]) -> Literal["ok", "degraded", "halted"]:
    money = {p.name for p in all_projections() if p.on_poison == "halt"}
    still = {lag.name for lag in projections if lag.state in STILL}
    if still & money or any(lag.state in STILL for lag in policies):
        return "halted"
    late = any(lag.lag_seconds > LATE_SECONDS for lag in (*projections, *policies))
    left_out = any(lag.state == "parked" for lag in projections)
    return "degraded" if still or late or left_out else "ok"


def _lags(statuses: Sequence[Status]) -> tuple[Lag, ...]:
    # Without the fault: it may quote what is not for everybody. `tasma status` shows it.
    return tuple(Lag(s.name, s.position, s.lag_events, round(s.lag_seconds, 3), s.state) for s in statuses)
