"""Commands over HTTP: one generated path for each that somebody may send; nobody writes a route."""

from collections.abc import Mapping

import msgspec
from litestar import Response
from msgspec import Struct

from adapters.http.asking import asker_of, body_of, check_content_type, key_of, time_of
from adapters.http.network import Asked, network_of
from application.door import check_may, check_person, read_body
from application.ports import Outcome, Placed
from application.registry import DECIDERS
from domain.kernel import AnyDecider

OFFERED: Mapping[str, AnyDecider] = {n: d for n, d in DECIDERS.items() if any(role != "policy" for role in d.may)}
"""Every command but those that only the network itself sends."""


class Carried(Struct, frozen=True):
    """What a command led to."""

    position: int
    """Of the last event."""
    events: tuple[Placed, ...]
    """What it recorded, in order, and where."""


def path_of(name: str) -> str:
    return f"/v1/commands/{name}"


async def respond(name: str, request: Asked) -> Response[bytes]:
    """Carry out a command: 201, or 200 where it was carried out before."""
    network = network_of(request)
    asker = await asker_of(request, network)
    # The desk checks these too; here it spares whoever may not send it a lecture on their body.
    check_may(OFFERED[name], name, asker.role, asker.scopes)
    check_person(OFFERED[name], name, asker.actor, alone=asker.alone)
    key, at = key_of(request), time_of(request, asker)
    check_content_type(request)
    body = read_body(await body_of(request))
    return reply(await network.desk.carry_out(name, body, asker, key=key, at=at))


def reply(outcome: Outcome) -> Response[bytes]:
    return Response(
        content=msgspec.json.encode(Carried(outcome.position, outcome.events)),
        media_type="application/json",
        status_code=200 if outcome.repeated else 201,
        headers={"Tasma-Position": str(outcome.position), "Cache-Control": "no-store"},
    )
