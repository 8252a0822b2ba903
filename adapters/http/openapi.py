"""The OpenAPI 3.1 document, made from the commands and the questions there are."""

import inspect
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from adapters.http import metrics
from adapters.http.commands import OFFERED, Carried, path_of
from adapters.http.feed import all_routes
from adapters.http.feed.route import Route
from adapters.http.health import Health
from adapters.http.problems import MEDIA_TYPE, Problem
from adapters.http.readers import OVERSEERS
from adapters.http.reading import Read
from adapters.http.reads import all_reads
from application.notices import CONSTRUCTED
from domain.kernel import AnyDecider, Command, filled_fields

Json = dict[str, Any]
_REF = "#/components/schemas/{name}"
_PROBLEMS = {"400", "401", "403", "404", "405", "408", "409", "413", "415", "422", "503"}
_READ_PROBLEMS = {"400", "404", "405", "422", "503"}
_EXAMPLES: Mapping[str, str] = {
    "agreement": "agreement:kymenlaakso-2019",
    "mentor": "mentor:m-01",
    "n": "1",
    "partner": "org:ekami",
    "pathway": "pathway:p-015",
    "period": "2019-11",
    "position": "1",
    "subscription": "sub_0123456789abcdef0123456789abcdef",
    "tile": "0/000.p/1",
    "type": "tasma.revenue.shared.v1",
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
_SAYS = """The record of a network of education providers: commands append to one log, questions are answered from it.

Everything that goes wrong is answered as `application/problem+json` with a stable `type` and a sentence in `detail`. What
you may not see does not exist. Sums are whole cents without VAT, days are days in Helsinki."""


@cache
def openapi(*, constructed: bool) -> Json:
    """The document; whoever reads that of a constructed network is told so."""
    bodies = {name: body_type(decider.command) for name, decider in OFFERED.items()}
    fed = [gives for route in all_routes() for gives in route.gives.values() if gives is not None]
    wanted = [route.wants for route in all_routes() if route.wants is not None]
    given = [*bodies.values(), *(r.gives for r in all_reads()), *fed, *wanted, Carried, Health, Problem]
    schemas, components = msgspec.json.schema_components(given, ref_template=_REF)
    commands = {path_of(n): {"post": _command(n, d, s)} for (n, d), s in zip(OFFERED.items(), schemas, strict=False)}
    reads = {r.path: {"get": _read(r, s)} for r, s in zip(all_reads(), schemas[len(OFFERED) :], strict=False)}
    feed: Json = {}
    for route in all_routes():
        feed.setdefault(route.template, {})[route.method] = _route(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Täsmä",
            "version": version("tasma"),
            "description": f"{CONSTRUCTED}\n\n{_SAYS}" if constructed else _SAYS,
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": "commands"}, {"name": "questions"}, {"name": "feed"}],
        "paths": {**commands, **reads, **feed, "/v1/health": {"get": _health()}, metrics.PATH: {"get": _metrics()}},
        "components": {
            "schemas": dict(sorted(components.items())),
            "responses": {
                "Problem": {
                    "description": "What is wrong, and the way out.",
                    "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}},
                }
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token that the coordinator issued."}
            },
        },
    }


def body_type(command: type[Command]) -> type[Struct]:
    """The body of a command: its fields without those that the application fills."""
    filled = filled_fields(command)
    body: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for f in fields(command):
        if f.name in filled:
            continue
        if f.default is not NODEFAULT:
            body.append((f.name, f.type, f.default))
        elif f.default_factory is not NODEFAULT:
            body.append((f.name, f.type, msgspec.field(default_factory=f.default_factory)))
        else:
            body.append((f.name, f.type))
    return msgspec.defstruct(
        command.__name__, body, kw_only=True, forbid_unknown_fields=True, namespace={"__doc__": says(command)}
    )


def says(thing: object) -> str:
    """What a docstring says, without the indentation of the code around it."""
    return inspect.cleandoc(thing.__doc__ or "")


def who(decider: AnyDecider) -> str:
    """Who may send a command, in words."""
    named = [
        f"{role} with the scope {scope}" if scope else role for role, scope in decider.may.items() if role != "policy"
    ]
    return ", ".join(named)


def _command(name: str, decider: AnyDecider, schema: Json) -> Json:
    done = {"application/json": {"schema": {"$ref": _REF.format(name="Carried")}}}
    return {
        "operationId": name,
        "tags": ["commands"],
        "summary": says(decider.command).splitlines()[0],
        "description": f"{says(decider.command)}\n\nWho may: {who(decider)}.",
        "parameters": [
            _header(
                "Idempotency-Key", "A UUID, new for each command: the same one again gives the first answer.", "uuid"
            ),
            _header(
                "Tasma-At",
                "The time of asking, with its zone; in constructed networks, from the coordinator.",
                "date-time",
            ),
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": dict(decider.example)}},
        },
        "responses": {
            "201": {"description": "Carried out.", "headers": _POSITION, "content": done},
            "200": {"description": "Carried out before, with the same outcome.", "headers": _POSITION, "content": done},
            **_problems(_PROBLEMS),
        },
    }


def _read(read: Read, schema: Json) -> Json:
    answer = _page(schema) if read.is_list else schema
    readers = read.readers.says if read.readers else "everybody, without a token"
    return {
        "operationId": read.name,
        "tags": ["questions"],
        "summary": read.says,
        "description": f"{read.says}\n\nWho may: {readers}.",
        "security": [{"token": []}] if read.readers else [],
        "parameters": [
            *_path_parameters(read.path),
            *_query_parameters(read.query),
            _header("If-None-Match", "An `ETag`."),
        ],
        "responses": {
            "200": {
                "description": "As asked.",
                "headers": {**_POSITION, "ETag": {"schema": {"type": "string"}}},
                "content": {media_type: {"schema": answer} for media_type in read.media_types},
            },
            "304": {"description": "Nothing has changed."},
            **_problems(_READ_PROBLEMS | read.problems | ({"401"} if read.readers else set())),
        },
    }


def _route(route: Route) -> Json:
    content = {media_type: _content(gives) for media_type, gives in route.gives.items()}
    parameters = [
        *_path_parameters(route.template),
        *(_query_parameters(route.query) if route.query else ()),
        *([_header("If-None-Match", "An `ETag`.")] if route.method == "get" else ()),
    ]
    body = {media_type: _taken(route.wants, text) for media_type, text in route.takes.items()}
    return {
        "operationId": route.name,
        "tags": ["feed"],
        "summary": route.says,
        "description": f"{route.says}\n\nWho may: {route.who}.",
        "security": [{"token": []}] if route.readers else [],
        "parameters": parameters,
        **({"requestBody": {"required": True, "content": body}} if body else {}),
        "responses": {
            **{
                status: {"description": what, **({} if status in ("204", "304") else {"content": content})}
                for status, what in route.statuses.items()
            },
            **_problems({"405", "503", *route.problems}),
        },
    }


def _taken(wants: Any, example: str) -> Json:  # noqa: ANN401 - any type that is decoded from JSON
    """A body that can be sent as it stands there."""
    if wants is None:
        return {"schema": {"type": "string"}, "example": example}
    return {**_content(wants), "example": msgspec.json.decode(example)}


def _content(gives: Any) -> Json:  # noqa: ANN401 - any type that is encoded as JSON
    """What an answer consists of; text and bytes have no schema."""
    if gives is None:
        return {}
    (schema,), _ = msgspec.json.schema_components([gives], ref_template=_REF)
    return {"schema": schema}


def _health() -> Json:
    content = {"application/json": {"schema": {"$ref": _REF.format(name="Health")}}}
    return {
        "operationId": "health",
        "tags": ["questions"],
        "summary": "How the network is doing: the head of its log, and how far behind it each read model and policy is.",
        "description": "Who may: everybody, without a token.",
        "security": [],
        "responses": {
            "200": {"description": "Figures are right, if perhaps late.", "content": content},
            "503": {
                "description": "Money stands still: a read model that it depends on, or a policy.",
                "content": content,
            },
            **_problems({"405"}),
        },
    }


def _metrics() -> Json:
    return {
        "operationId": "metrics",
        "tags": ["questions"],
        "summary": metrics.SAYS,
        "description": f"{metrics.SAYS}\n\nWho may: {OVERSEERS.says}.",
        "responses": {
            "200": {"description": "As asked.", "content": {metrics.MEDIA_TYPE: {"schema": {"type": "string"}}}},
            **_problems({"401", "404", "405", "503"}),
        },
    }


def _page(schema: Json) -> Json:
    cursor = {"type": ["string", "null"], "description": "The cursor of the next page; null on the last one."}
    properties = {"items": {"type": "array", "items": schema}, "next": cursor}
    return {"type": "object", "properties": properties, "required": ["items", "next"]}


def _path_parameters(path: str) -> Sequence[Json]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [
        {"name": n, "in": "path", "required": True, "schema": {"type": "string"}, "example": _EXAMPLES[n]}
        for n in names
    ]


def _query_parameters(query: type[Struct]) -> Sequence[Json]:
    _, components = msgspec.json.schema_components([query], ref_template=_REF)
    properties: Mapping[str, Json] = components[query.__name__]["properties"]
    needed: Sequence[str] = components[query.__name__].get("required", ())
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": schema, **_example(name, schema)}
        for name, schema in properties.items()
    ]


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


def _header(name: str, description: str, form: str | None = None) -> Json:
    schema = {"type": "string", "format": form} if form else {"type": "string"}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _problems(statuses: set[str]) -> Json:
    return {status: {"$ref": "#/components/responses/Problem"} for status in sorted(statuses)}


_POSITION: Json = {
    "Tasma-Position": {
        "description": "The position of the log that the answer holds for.",
        "schema": {"type": "integer"},
    }
}
