"""What events look like: every version there is, and its JSON Schema."""

from typing import Any

import msgspec
from litestar import Response

from adapters.http.asking import check_path
from adapters.http.network import Asked
from adapters.http.route import AT_ONCE, Route, reply
from adapters.http.schemas import EventType, event_types, schema_of
from application.registry import EVENT_TYPES
from domain.kernel import Unknown

SCHEMA = "application/schema+json"


async def respond_types(request: Asked) -> Response[bytes]:
    return reply(request, msgspec.json.encode(event_types()), "application/json", AT_ONCE)


async def respond_schema(request: Asked) -> Response[bytes]:
    check_path(request)
    name = request.path_params["type"]
    if name not in EVENT_TYPES:
        raise Unknown(f"event type {name:.80}")
    return reply(request, msgspec.json.encode(schema_of(name)), SCHEMA, AT_ONCE)


types = Route(
    name="event-types",
    path="/v1/schemas",
    readers=None,
    says="Every version of every event: what it means, who sees it, by which of its fields it is found, and where its schema is.",
    gives={"application/json": tuple[EventType, ...]},
    respond=respond_types,
    problems=frozenset(),
)
schema = Route(
    name="event-schema",
    path="/v1/schemas/{type}",
    readers=None,
    says="The JSON Schema (2020-12) of an event version: the whole event as it is stored, with a sentence on every field, and an example.",
    gives={SCHEMA: dict[str, Any]},
    respond=respond_schema,
    problems=frozenset({"404"}),
)
