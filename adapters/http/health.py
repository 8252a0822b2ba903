"""How the network is doing: open to everybody, and saying nothing that not everybody may know."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from litestar import Response
from msgspec import Struct

from adapters.http.network import Asked, Status, network_of
from projections.registry import all_projections

CONSTRUCTED = "This network is constructed: its clock is simulated, its clients, sums and agreements are invented."


class Lag(Struct, frozen=True):
    """A read model or a policy, and how far behind the log it is."""

    name: str
    position: int
    lag_events: int
    lag_seconds: float
    state: str


class Health(Struct, frozen=True, kw_only=True):
    status: Literal["ok", "degraded", "halted"]
    """`degraded`: a read model stands still or left events out; `halted`: one that money depends on stands still."""
    network: str
    constructed: bool
    notice: str | None
    head: int
    head_time: datetime | None
    projections: tuple[Lag, ...]
    policies: tuple[Lag, ...]


async def respond(request: Asked) -> Response[bytes]:
    """200 while figures are right, if perhaps late; 503 when money stands still."""
    network = network_of(request)
    head = await network.log.head()
    lags = _lags(await network.status())
    money = {p.name for p in all_projections() if p.on_poison == "halt"}
    still = {lag.name for lag in lags if lag.state == "halted"}
    left_out = any(lag.state == "parked" for lag in lags)
    health = Health(
        status="halted" if still & money else "degraded" if still or left_out else "ok",
        network=network.settings.network,
        constructed=head.constructed,
        notice=CONSTRUCTED if head.constructed else None,
        head=head.position,
        head_time=head.time,
        projections=lags,
        policies=_lags(await network.policy_status()),
    )
    return Response(
        content=msgspec.json.encode(health),
        media_type="application/json",
        status_code=503 if health.status == "halted" else 200,
        headers={"Tasma-Position": str(head.position), "Cache-Control": "no-store"},
    )


def _lags(statuses: Sequence[Status]) -> tuple[Lag, ...]:
    # Without the fault: it may quote what is not for everybody. `tasma status` shows it.
    return tuple(Lag(s.name, s.position, s.lag_events, round(s.lag_seconds, 3), s.state) for s in statuses)
