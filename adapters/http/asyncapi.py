"""The AsyncAPI 3.0 document: every way in which events leave the network, made from the routes and the event versions there are."""

from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec

from adapters.http.asyncapi_messages import (
    MESSAGES,
    batch,
    event_message,
    event_schemas,
    moved_on,
    page,
    published,
    resume,
    webhook,
)
from adapters.http.asyncapi_words import NATS, PROMISES, SAYS, WEBHOOKS
from adapters.http.feed.events import BATCH
from adapters.http.feed.pages import LINES
from adapters.http.feed.stream import EVENTS, Resume
from adapters.http.route import Route
from adapters.http.routes import all_routes
from adapters.http.schemas import described, left_out_or
from application.notices import CONSTRUCTED
from application.registry import EVENT_TYPES

Json = dict[str, Any]
FED = "/v1/feed"
"""Under it is all that is read of the feed itself."""
_REF = "#/components/schemas/{name}"
_PARAMETERS: Json = {
    "n": {"description": "The number of the page, counted from 0.", "examples": ["0", "41"]},
    "tile": {
        "description": "Level and number, as in C2SP tlog-tiles; where it is not full yet, how many hashes.",
        "examples": ["0/000", "0/000.p/7", "1/000"],
    },
}


def asyncapi(origin: str, *, constructed: bool) -> Json:
    """The document as it is read at an origin, where its server is; whoever reads that of a constructed network is told so."""
    scheme, _, host = origin.partition("://")
    promises = "\n\n".join(f"## {title}\n\n{text}" for title, text in PROMISES)
    says = f"{SAYS}\n\nFor people: [/docs/feed]({origin}/docs/feed).\n\n{promises}"
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Täsmä: the feed",
            "version": version("tasma"),
            "description": f"{CONSTRUCTED}\n\n{says}" if constructed else says,
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {
            "network": {
                "host": host,
                "protocol": scheme,
                "title": "The network",
                "description": "Where this document came from. Batches, pages, streams, checkpoints, proofs and tiles.",
            },
            **_SERVERS,
        },
        **_ways(),
    }


@cache
def _ways() -> Json:
    routes = [each for each in all_routes() if each.method == "get" and each.path.startswith(FED)]
    return {
        "channels": {**{route.name: _channel(route) for route in routes}, "webhooks": _webhooks(), "nats": _nats()},
        "operations": {
            **{_read(route.name): _operation(route) for route in routes},
            "deliverWebhook": {
                "action": "send",
                "channel": {"$ref": "#/channels/webhooks"},
                "title": "Deliver a batch",
                "summary": "The network posts what is new to the subscriber.",
                "description": WEBHOOKS,
                "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
            },
            "publishToNats": {
                "action": "send",
                "channel": {"$ref": "#/channels/nats"},
                "title": "Publish to JetStream",
                "summary": "The relay publishes every event in order and waits until the server keeps it.",
                "description": NATS,
                "bindings": {"nats": {"bindingVersion": "0.1.0"}},
            },
        },
        "components": {
            "schemas": {**event_schemas(_REF), **_answers(routes)},
            "messages": {name: event_message(name) for name in EVENT_TYPES},
            "messageTraits": {"published": published()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token that the coordinator issued."}
            },
        },
    }


def _read(name: str) -> str:
    """`feed-stream` is read by `readFeedStream`."""
    return "read" + "".join(word.capitalize() for word in name.split("-"))


def _channel(route: Route) -> Json:
    names = [part[1:-1] for part in route.template.split("/") if part.startswith("{")]
    parameters = {name: _PARAMETERS.get(name, {}) for name in names}
    return {
        "address": route.template,
        "title": _titled(route.name),
        "description": route.says,
        "servers": [{"$ref": "#/servers/network"}],
        "messages": _messages(route),
        **({"parameters": parameters} if parameters else {}),
        "tags": [{"name": "events" if _gives_events(route) else "verification"}],
    }


def _titled(name: str) -> str:
    return name.replace("-", " ").capitalize()


def _gives_events(route: Route) -> bool:
    return not {EVENTS, BATCH, LINES}.isdisjoint(route.gives)


def _messages(route: Route) -> Json:
    if EVENTS in route.gives:
        return {**MESSAGES, "moved-on": moved_on(), "resume": resume()}
    if BATCH in route.gives:
        return {"batch": batch()}
    if LINES in route.gives:
        return {"page": page()}
    return {
        media_type.replace("/", "-"): {
            "name": route.name,
            "title": _titled(route.name),
            "contentType": media_type,
            "payload": {"type": "string"} if gives is None else {"$ref": _REF.format(name=gives.__name__)},
        }
        for media_type, gives in route.gives.items()
    }


def _answers(routes: list[Route]) -> Json:
    """Schemas of answers that are no events."""
    answers = [g for route in routes if not _gives_events(route) for g in route.gives.values() if g]
    structures = {structure.__name__: structure for structure in (*answers, Resume)}
    _, parts = described(_REF, structures)
    return parts


def _operation(route: Route) -> Json:
    http: Json = {"method": "GET", "bindingVersion": "0.3.0"}
    if route.query:
        http["query"] = _query(route)
    summary, _, _ = route.says.partition(". ")
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{route.name}"},
        "title": _titled(route.name),
        "summary": f"{summary.rstrip('.')}.",
        "description": f"{route.says}\n\nWho may: {route.who}.",
        **({"security": [{"$ref": "#/components/securitySchemes/token"}]} if route.readers else {}),
        "bindings": {"http": http},
    }


def _query(route: Route) -> Json:
    if route.query is None:
        return {}
    _, components = msgspec.json.schema_components([route.query])
    schema: Json = components[route.query.__name__]
    properties = {
        name: left_out_or(each) if each.get("default", 0) is None else each
        for name, each in schema["properties"].items()
    }
    return {"type": "object", "properties": properties, "required": schema["required"], "additionalProperties": False}


def _webhooks() -> Json:
    return {
        "address": None,
        "title": "Webhooks",
        "description": WEBHOOKS,
        "servers": [{"$ref": "#/servers/subscriber"}],
        "messages": {"delivery": webhook()},
        "tags": [{"name": "events"}],
    }


def _nats() -> Json:
    named = [name.split(".") for name in EVENT_TYPES]
    return {
        "address": "tasma.{network}.{context}.{fact}",
        "title": "NATS JetStream",
        "description": NATS,
        "servers": [{"$ref": "#/servers/nats"}],
        "parameters": {
            "network": {"description": "The name of the network.", "examples": ["kymenlaakso"]},
            "context": {
                "description": "What the fact is about: the second word of the type.",
                "enum": sorted({n[1] for n in named}),
            },
            "fact": {
                "description": "What happened: the third word of the type, for all its versions.",
                "enum": sorted({n[2] for n in named}),
            },
        },
        "messages": {name: event_message(name, published=True) for name in EVENT_TYPES},
        "tags": [{"name": "events"}],
    }


_SERVERS: Json = {
    "subscriber": {
        "host": "{subscriber}",
        "protocol": "https",
        "title": "A subscriber",
        "description": "Where a subscription says that its batches are to be posted.",
        "variables": {"subscriber": {"description": "Yours.", "examples": ["hooks.example.org"]}},
    },
    "nats": {
        "host": "{nats}",
        "protocol": "nats",
        "title": "NATS",
        "description": "The NATS servers of the network, where it has some: whoever runs it says where and how to sign in.",
        "variables": {"nats": {"description": "Host and port.", "examples": ["nats.example.org:4222"]}},
    },
}
