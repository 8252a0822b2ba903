"""What can be asked with, as OpenAPI writes it: the parts of a path, what stands behind the question mark, headers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from adapters.http.schemas import left_out_or, with_words

Json = dict[str, Any]
_EXAMPLES: Final[Mapping[str, str]] = {
    "agreement": "agreement:kymenlaakso-2019",
    "bank_line": "bank-line:9f86d081884c7d659a2feaa0c55ad015",
    "dispute": "dispute:0168f4a2-7c00-8123-9abc-0123456789ab",
    "document": "document:0168f4a2-7c00-8123-9abc-0123456789ab",
    "mentor": "mentor:m-01",
    "n": "1",
    "partner": "org:ekami",
    "payment": "payment:0168f4a2-7c00-8123-9abc-0123456789ab",
    "pathway": "pathway:p-015",
    "period": "2019-11",
    "position": "1",
    "subscription": "sub_0123456789abcdef0123456789abcdef",
    "tile": "0/000.p/1",
    "type": "tasma.revenue.shared.v2",
    "from": "1",
    "as_of": "2019-11-30",
    "lang": "fi",
    "limit": "50",
    "organisation": "org:ekami",
    "provider": "org:ekami",
    "q": "logistiikka",
    "stale": "true",
}
"""What parameters can be given, each by its name; in the demo's network all of it is there."""
_MEANINGS: Final[Mapping[str, str]] = {
    "agreement": "The id of an agreement.",
    "bank_line": "The id of a bank's line, as it was given when its file was read.",
    "dispute": "The id of a dispute, as it was given when the line was disputed.",
    "document": "The id of an invoice, a credit note or a voucher.",
    "mentor": "The id of a mentor.",
    "n": "The number of the line on the statement, from 1.",
    "partner": "The id of an organisation.",
    "pathway": "The id of a pathway.",
    "payment": "The id of a payment.",
    "period": "A calendar month, such as 2019-11.",
    "position": "The position of an event, from 1.",
    "subscription": "The id of a subscription, as it was given when it was made.",
    "tile": "Level and number, as in C2SP tlog-tiles; where it is not full yet, how many hashes.",
    "type": "A version of an event, such as tasma.revenue.shared.v2.",
}
"""Of the parts of a path."""
_PAGE: Final = "The number of the page, counted from 0."
_PAGES: Final = "/v1/feed/pages/{n}"


def path_parameters(path: str) -> Sequence[Json]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PAGE if path == _PAGES else _MEANINGS[name],
            "schema": {"type": "string"},
            "example": _EXAMPLES[name],
        }
        for name in names
    ]


def query_parameters(query: type[Struct]) -> Sequence[Json]:
    """Each with its meaning beside its form. What may be left out is left out, and never null."""
    _, components = msgspec.json.schema_components([query])
    said: Json = with_words(components, [query], {})[query.__name__]
    properties: Mapping[str, Json] = said["properties"]
    needed: Sequence[str] = said.get("required", ())
    return [_query_parameter(name, schema, required=name in needed) for name, schema in properties.items()]


def _query_parameter(name: str, schema: Json, *, required: bool) -> Json:
    form = left_out_or(schema) if schema.get("default", 0) is None else dict(schema)
    says = form.pop("description")
    parameter = {"name": name, "in": "query", "required": required, "description": says, "schema": form}
    return {**parameter, **_example(name, form)}


def _example(name: str, schema: Json) -> Json:
    """Of the type that the schema says; programs take it as it is."""
    if name not in _EXAMPLES:
        return {}
    text = _EXAMPLES[name]
    match schema.get("type"):
        case "integer":
            return {"example": int(text)}
        case "boolean":
            return {"example": text == "true"}
        case _:
            return {"example": text}


def header(name: str, description: str, form: str | None = None) -> Json:
    """A header of a request."""
    schema = {"type": "string", "format": form} if form else {"type": "string"}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


UNCHANGED: Final = header("If-None-Match", "An `ETag`: where nothing has changed, the answer is 304 without a body.")
