"""What is answered, as OpenAPI writes it: headers, bodies that are no JSON of ours, and what goes wrong."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from adapters.documents import FORMATS
from adapters.http.feed.events import BATCH
from adapters.http.feed.pages import LINES
from adapters.http.feed.stream import EVENTS
from adapters.http.feed.tiles import BYTES
from adapters.http.problems import MEDIA_TYPE
from adapters.http.reads.events import MEDIA_TYPE as EVENT

Json = dict[str, Any]
REF: Final = "#/components/schemas/{name}"
_EVENT: Final[Json] = {"$ref": REF.format(name="Event")}
SCHEMAS: Final[Mapping[str, Json]] = {
    EVENT: _EVENT,
    BATCH: {"type": "array", "items": _EVENT, "description": "Events in the order of their positions, as exact bytes."},
    LINES: {
        "type": "string",
        "description": "256 events, one a line, as exact bytes; each line ends with a line feed.",
    },
    EVENTS: {
        "type": "string",
        "description": "Messages with `id`, the position, and `data`, the exact bytes of an event.",
    },
    BYTES: {"type": "string", "format": "binary", "description": "Hashes, 32 bytes each."},
    "text/plain": {"type": "string"},
    **{FORMATS[name].media_type: {"type": "string"} for name in ("csv", "beancount", "finvoice")},
    **{FORMATS[name].media_type: {"type": "string", "format": "binary"} for name in ("pdf", "xlsx")},
}
"""By media type: of answers that are not made of a structure."""
_INTEGERS: Final = ("Tasma-Position", "Retry-After")
POSITION: Final[Mapping[str, str]] = {"Tasma-Position": "The position of the log that the answer holds for."}
TAG: Final[Mapping[str, str]] = {"ETag": "For `If-None-Match`."}
NEXT_PAGE: Final[Mapping[str, str]] = {"Link": 'The next page, where there is one: `<…>; rel="next"`.'}
_LATER: Final[Mapping[str, str]] = {"Retry-After": "Seconds to wait before asking again."}
TO_BE_TRIED_AGAIN: Final = ("429", "503")


def headers(given: Mapping[str, str]) -> Json:
    """Headers of an answer."""
    return {
        name: {"description": says, "schema": {"type": "integer" if name in _INTEGERS else "string"}}
        for name, says in given.items()
    }


def content(gives: Mapping[str, Any]) -> Json:
    """By media type: what an answer consists of."""
    return {media_type: {"schema": schema_of(kind, media_type)} for media_type, kind in gives.items()}


def schema_of(kind: Any, media_type: str) -> Json:  # noqa: ANN401 - any type that is encoded as JSON
    if media_type in SCHEMAS:
        return SCHEMAS[media_type]
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=REF)
    return schema


def problems(statuses: set[str]) -> Json:
    return {
        status: {"$ref": f"#/components/responses/{'Later' if status in TO_BE_TRIED_AGAIN else 'Problem'}"}
        for status in sorted(statuses)
    }


RESPONSES: Final[Json] = {
    "Problem": {
        "description": "What is wrong, and the way out.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": REF.format(name="Problem")}}},
    },
    "Later": {
        "description": "What is wrong for now; the same again later.",
        "headers": headers(_LATER),
        "content": {MEDIA_TYPE: {"schema": {"$ref": REF.format(name="Problem")}}},
    },
}
