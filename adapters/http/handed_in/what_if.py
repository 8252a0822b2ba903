"""What if: a drafted sharing rule or cost key is tried on real history. A question with a body; nothing is written."""

from typing import Final

import msgspec
from litestar import Response

from adapters.http.asking import asker_of, body_of, check_content_type
from adapters.http.at_a_time import at_a_time
from adapters.http.network import Asked, network_of
from adapters.http.readers import Readers
from adapters.http.route import Route
from adapters.projecting.trying import MAY, Draft, tried
from application.door import Malformed, place_of, read_body
from application.ports import Unavailable
from application.visibility import sees_all
from projections.what_if import WhatIf

TRIED_MAX: Final = 2
"""Drafts that are tried at a time: each reads the log from its beginning."""
TRIERS = Readers(
    f"coordinator, auditor of the whole network; partner with the scope {MAY}, of agreements that it is a party to: its own side of "
    "the entries that it may see",
    lambda asker: sees_all(asker) or (asker.role == "partner" and MAY in asker.scopes),
)


class TooManyTried(Unavailable):
    def __init__(self) -> None:
        super().__init__(f"{TRIED_MAX} drafts are being tried on history already; ask again in a moment.")


async def respond(request: Asked) -> Response[bytes]:
    network = network_of(request)
    asker = await asker_of(request, network)
    check_content_type(request)
    try:
        draft = msgspec.convert(read_body(await body_of(request)), Draft)
    except msgspec.ValidationError as error:
        raise Malformed(*place_of(error)) from error
    with at_a_time(request, "tried", TRIED_MAX, TooManyTried):
        found = await tried(draft, asker, network.log, network.clock)
    return Response(
        content=msgspec.json.encode(found),
        media_type="application/json",
        status_code=200,
        headers={"Tasma-Position": str(found.position), "Cache-Control": "no-store", "Vary": "Authorization"},
    )


what_if = Route(
    name="what-if",
    path="/v1/what-if",
    method="post",
    tag="questions",
    readers=TRIERS,
    says="Try a drafted sharing rule or cost key on real history, without writing anything: what each partner got, what it would have "
    "got, and the entries that make the difference. A draft that `draft-agreement` would refuse is refused in the same words.",
    takes={
        "application/json": msgspec.json.encode(
            {
                "agreement": "agreement:kymenlaakso-2019",
                "from": "2019-01",
                "to": "2019-12",
                "sharing_rule": {
                    "steps": [
                        {"take": {"percent": "6"}, "to": "org:xamk", "for": "coordination"},
                        {"take": "remaining", "to": "role:provider", "for": "delivery"},
                    ]
                },
            }
        ).decode()
    },
    wants=Draft,
    gives={"application/json": WhatIf},
    statuses={"200": "As asked."},
    headers={"Tasma-Position": "The position that the answer holds for."},
    respond=respond,
    problems=frozenset({"400", "401", "403", "404", "408", "409", "413", "415", "422"}),
)
