"""What travels on the channels of the AsyncAPI document: one event, a batch, a page, a delivery."""

from typing import Any, Final

from adapters.http.feed.events import BATCH
from adapters.http.feed.pages import LINES
from adapters.http.feed.stream import EVENTS
from adapters.http.schemas import about_event, described, envelope, example_of, examples
from adapters.http.schemas_words import said_of, title_of
from application.registry import EVENT_TYPES

Json = dict[str, Any]
_SHOWN: Final = ("tasma.referral.sent.v1", "tasma.referral.accepted.v1")
"""Events that examples of batches consist of."""
MESSAGES: Final[Json] = {name: {"$ref": f"#/components/messages/{name}"} for name in EVENT_TYPES}
_POSITION: Final[Json] = {"type": "string", "pattern": "^[0-9]{1,19}$"}


def event_schemas(refer: str) -> Json:
    """Of everything that events consist of, as AsyncAPI writes schemas: a common part, and each version of each event."""
    data, parts = described(refer, EVENT_TYPES)
    common = envelope()
    versions = {
        name: {
            "title": title_of(event.__name__),
            "description": about_event(name),
            "allOf": [
                {"$ref": refer.format(name="CloudEvent")},
                {"type": "object", "properties": {"type": {"const": name}, "data": data[name]}},
            ],
        }
        for name, event in EVENT_TYPES.items()
    }
    anything = {
        "title": "Event",
        "description": "An event of any version; `type` says which.",
        "oneOf": [{"$ref": refer.format(name=name)} for name in EVENT_TYPES],
    }
    several = {
        "title": "Batch",
        "description": "Events in the order of their positions.",
        "type": "array",
        "items": {"$ref": refer.format(name="Event")},
    }
    return {"CloudEvent": common, "Event": anything, "Batch": several, **versions, **dict(sorted(parts.items()))}


def event_message(name: str, *, published: bool = False) -> Json:
    """One event by itself. `published`: as NATS carries it, with headers."""
    event = EVENT_TYPES[name]
    message: Json = {
        "name": name,
        "title": title_of(event.__name__),
        "summary": said_of(event).partition("\n")[0],
        "description": f"{about_event(name)}\n\nIts JSON Schema by itself: `/v1/schemas/{name}`.",
        "contentType": "application/cloudevents+json",
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "correlationId": {
            "description": "The case that it belongs to.",
            "location": "$message.payload#/correlationid",
        },
        "tags": [{"name": name.split(".")[1]}],
        "examples": [{"name": "recorded", "summary": "As it was recorded.", "payload": example_of(name)}],
    }
    if published:
        shown = example_of(name)
        headers = {"Nats-Msg-Id": shown["id"], "Tasma-Position": str(int(shown["sequence"]))}
        message |= {
            "traits": [{"$ref": "#/components/messageTraits/published"}],
            "examples": [{"name": "published", "headers": headers}],
        }
    return message


def published() -> Json:
    """What NATS carries beside an event."""
    return {
        "headers": {
            "type": "object",
            "properties": {
                "Nats-Msg-Id": {
                    "type": "string",
                    "format": "uuid",
                    "description": "The `id` of the event, by which the server knows what it has already.",
                },
                "Tasma-Position": {**_POSITION, "description": "The position of the event, as a number."},
            },
            "required": ["Nats-Msg-Id", "Tasma-Position"],
        }
    }


def batch() -> Json:
    return {
        "name": "batch",
        "title": "Batch",
        "summary": "What comes behind a position, as a JSON array of the exact bytes.",
        "contentType": BATCH,
        "headers": {
            "type": "object",
            "properties": {
                "Tasma-Position": {
                    **_POSITION,
                    "description": "How far was looked: the next `after`, also where nothing in between was for you.",
                },
                "Link": {
                    "type": "string",
                    "description": 'The next request, with the same filters: `<…>; rel="next"`.',
                },
                "ETag": {"type": "string", "description": "For `If-None-Match`."},
            },
            "required": ["Tasma-Position"],
        },
        "payload": {"$ref": "#/components/schemas/Batch"},
        "bindings": {"http": {"statusCode": 200, "bindingVersion": "0.3.0"}},
        "examples": [{"name": "two", "headers": {"Tasma-Position": _last()}, "payload": _shown()}],
    }


def page() -> Json:
    return {
        "name": "page",
        "title": "Page",
        "summary": "256 events, one a line, each the exact bytes: page n holds the positions 256n + 1 to 256n + 256.",
        "description": "Each line is an event and ends with a line feed. A page never changes.",
        "contentType": LINES,
        "headers": {
            "type": "object",
            "properties": {
                "Content-Encoding": {
                    "type": "string",
                    "description": "`zstd`, as it is stored, where you accept that.",
                },
                "ETag": {"type": "string", "description": "For `If-None-Match`."},
            },
        },
        "payload": {"type": "string", "description": "Events, one a line."},
        "bindings": {"http": {"statusCode": 200, "bindingVersion": "0.3.0"}},
        "examples": [{"name": "lines", "payload": "".join(examples()[name].decode() + "\n" for name in _SHOWN)}],
    }


def moved_on() -> Json:
    return {
        "name": "moved-on",
        "title": "Moved on",
        "summary": "An `id` alone: everything up to that position has been looked at, and nothing more of it is for you.",
        "contentType": EVENTS,
        "payload": {"type": "string", "pattern": "^id: [0-9]{1,19}\n\n$"},
        "examples": [{"name": "looked", "payload": "id: 1598\n\n"}],
    }


def resume() -> Json:
    return {
        "name": "resume",
        "title": "Resume",
        "summary": "The last thing on a stream that the server ends: come back behind this position.",
        "description": "It is sent as `event: resume`; its `data` is what stands here.",
        "contentType": "application/json",
        "payload": {"$ref": "#/components/schemas/Resume"},
        "examples": [
            {"name": "revoked", "payload": {"after": 1598, "why": "This token has been revoked; ask for a new one."}}
        ],
    }


def webhook() -> Json:
    return {
        "name": "delivery",
        "title": "Delivery",
        "summary": "A batch for one subscription, signed by Standard Webhooks.",
        "description": "Signed is `webhook-id`, a full stop, `webhook-timestamp`, a full stop and the body as it came, with HMAC-SHA256 "
        "under the secret that was shown when the subscription was made. Compare before you parse, and refuse old timestamps.",
        "contentType": BATCH,
        "headers": {
            "type": "object",
            "properties": {
                "webhook-id": {
                    "type": "string",
                    "description": "The same for every attempt at one batch: what you have kept already needs only a 2xx.",
                },
                "webhook-timestamp": {
                    "type": "string",
                    "pattern": "^[0-9]+$",
                    "description": "Seconds since 1970 of this attempt.",
                },
                "webhook-signature": {
                    "type": "string",
                    "description": "`v1,` and the base64 of the signature; several with spaces between while a secret is being replaced.",
                },
                "Tasma-After": {**_POSITION, "description": "Your cursor before this batch."},
                "Tasma-Position": {**_POSITION, "description": "Your cursor when you have kept it."},
            },
            "required": [
                "webhook-id",
                "webhook-timestamp",
                "webhook-signature",
                "Tasma-After",
                "Tasma-Position",
            ],
        },
        "payload": {"$ref": "#/components/schemas/Batch"},
        "examples": [
            {"name": "two", "headers": {"Tasma-After": "0", "Tasma-Position": _last()}, "payload": _shown()},
        ],
    }


def _shown() -> list[Json]:
    return sorted((example_of(name) for name in _SHOWN), key=lambda event: str(event["sequence"]))


def _last() -> str:
    return str(int(_shown()[-1]["sequence"]))
