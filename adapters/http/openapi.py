"""The OpenAPI 3.1 document, made from the commands and the questions there are."""

import inspect
import re
from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from adapters.http import metrics
from adapters.http.commands import OFFERED, Carried, path_of
from adapters.http.health import Health
from adapters.http.openapi_answers import (
    NEXT_PAGE,
    POSITION,
    REF,
    RESPONSES,
    SCHEMAS,
    TAG,
    content,
    headers,
    problems,
    schema_of,
)
from adapters.http.openapi_parameters import UNCHANGED, header, path_parameters, query_parameters
from adapters.http.problems import Problem
from adapters.http.readers import OVERSEERS
from adapters.http.reading import Read
from adapters.http.reads import all_reads
from adapters.http.refusals import refused_as
from adapters.http.route import Route
from adapters.http.routes import all_routes
from adapters.http.schemas import envelope, with_words
from application.notices import CONSTRUCTED
from domain.kernel import AnyDecider, Command, filled_fields

Json = dict[str, Any]
_PROBLEMS = {"400", "401", "403", "404", "405", "408", "409", "413", "415", "422", "503"}
_READ_PROBLEMS = {"400", "404", "405", "422", "503"}
_SAYS = """The record of a network of education providers: commands append to one log, questions are answered from it.

Everything that goes wrong is answered as `application/problem+json` with a stable `type` and a sentence in `detail`. What
you may not see does not exist. Sums are whole cents without VAT, days are days in Helsinki."""

_PERSON = " A person answers for it: the token needs a subject, `person:…`."


@cache
def openapi(*, constructed: bool) -> Json:
    """The document; whoever reads that of a constructed network is told so."""
    bodies = {name: body_type(decider.command) for name, decider in OFFERED.items()}
    fed = [gives for route in all_routes() for gives in route.gives.values() if gives is not None]
    wanted = [route.wants for route in all_routes() if route.wants is not None]
    others = [read.or_gives for read in all_reads() if read.or_gives is not None]
    given = [*bodies.values(), *(r.gives for r in all_reads()), *others, *fed, *wanted, Carried, Health, Problem]
    schemas, components = msgspec.json.schema_components(given, ref_template=REF)
    written = {body.__name__: OFFERED[name].command for name, body in bodies.items()}
    described = {**with_words(components, given, written), "Event": _event()}
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
            "schemas": dict(sorted(described.items())),
            "responses": RESPONSES,
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


def first_sentence(text: str) -> str:
    """What there is room for in a list of operations."""
    found = re.match(r".*?\.(?=\s|$)", text, re.DOTALL)
    return " ".join((found[0] if found else text).split())


def _about(decider: AnyDecider) -> str:
    """What a command does, who may send it, and what can be in the way: each problem by the end of its `type`."""
    person = _PERSON if decider.signed else ""
    refusals = refused_as(decider)
    told = f"{refusals}\n\n" if refusals else ""
    return f"{says(decider.command)}\n\n{told}Who may: {who(decider)}.{person}"


def _command(name: str, decider: AnyDecider, schema: Json) -> Json:
    done = {"application/json": {"schema": {"$ref": REF.format(name="Carried")}}}
    return {
        "operationId": name,
        "tags": ["commands"],
        "summary": first_sentence(says(decider.command)),
        "description": _about(decider),
        "parameters": [
            header(
                "Idempotency-Key", "A UUID, new for each command: the same one again gives the first answer.", "uuid"
            ),
            header(
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
            "201": {"description": "Carried out.", "headers": headers(POSITION), "content": done},
            "200": {
                "description": "Carried out before, with the same outcome.",
                "headers": headers(POSITION),
                "content": done,
            },
            **problems(_PROBLEMS),
        },
    }


def _read(read: Read, schema: Json) -> Json:
    answer = _page(schema) if read.is_list else schema
    if read.or_gives is not None:
        answer = {"anyOf": [answer, schema_of(read.or_gives, "application/json")]}
    readers = read.readers.says if read.readers else "everybody, without a token"
    return {
        "operationId": read.name,
        "tags": ["questions"],
        "summary": first_sentence(read.says),
        "description": f"{read.says}\n\nWho may: {readers}.",
        "security": [{"token": []}] if read.readers else [],
        "parameters": [
            *path_parameters(read.path),
            *query_parameters(read.query),
            UNCHANGED,
        ],
        "responses": {
            "200": {
                "description": "As asked.",
                "headers": headers({**POSITION, **TAG, **(NEXT_PAGE if read.is_list else {}), **read.headers}),
                "content": {media_type: {"schema": SCHEMAS.get(media_type, answer)} for media_type in read.media_types},
            },
            "304": {"description": "Nothing has changed.", "headers": headers({**POSITION, **TAG})},
            **problems(_READ_PROBLEMS | read.problems | ({"401"} if read.readers else set())),
        },
    }


def _has_to_be_sent(wants: Any) -> bool:  # noqa: ANN401 - any type of a body
    """A body of which nothing is required may be left out."""
    return not (isinstance(wants, type) and issubclass(wants, Struct)) or any(f.required for f in fields(wants))


def _route(route: Route) -> Json:
    compared = "304" in route.statuses
    parameters = [
        *path_parameters(route.template),
        *(query_parameters(route.query) if route.query else ()),
        *(header(name, says) for name, says in route.heeds.items()),
        *([UNCHANGED] if compared else ()),
    ]
    given = headers({**route.headers, **(TAG if compared else {})})
    heads = {"headers": given} if given else {}
    body = {media_type: _taken(route.wants, text) for media_type, text in route.takes.items()}
    return {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": first_sentence(route.says),
        "description": f"{route.says}\n\nWho may: {route.who}.",
        "security": [{"token": []}] if route.readers else [],
        "parameters": parameters,
        **({"requestBody": {"required": _has_to_be_sent(route.wants), "content": body}} if body else {}),
        "responses": {
            **{
                status: {
                    "description": what,
                    **heads,
                    **({} if status in ("204", "304") else {"content": content(route.gives)}),
                }
                for status, what in route.statuses.items()
            },
            **problems({"405", "503", *route.problems}),
        },
    }


def _taken(wants: Any, example: str) -> Json:  # noqa: ANN401 - any type that is decoded from JSON
    """A body that can be sent as it stands there."""
    if wants is None:
        return {"schema": {"type": "string"}, "example": example}
    return {"schema": schema_of(wants, "application/json"), "example": msgspec.json.decode(example)}


def _health() -> Json:
    shown = content({"application/json": Health})
    return {
        "operationId": "health",
        "tags": ["questions"],
        "summary": "How the network is doing: the head of its log, and how far behind it each read model and policy is.",
        "description": f"{says(Health)}\n\nWho may: everybody, without a token.",
        "security": [],
        "responses": {
            "200": {
                "description": "Figures are right, if perhaps late.",
                "headers": headers(POSITION),
                "content": shown,
            },
            "503": {
                "description": "Money stands still: a read model that it depends on, or a policy.",
                "headers": headers(POSITION),
                "content": shown,
            },
            **problems({"405"}),
        },
    }


def _metrics() -> Json:
    return {
        "operationId": "metrics",
        "tags": ["questions"],
        "summary": first_sentence(metrics.SAYS),
        "description": f"{metrics.SAYS}\n\nWho may: {OVERSEERS.says}.",
        "security": [{"token": []}],
        "responses": {
            "200": {"description": "As asked.", "content": {metrics.MEDIA_TYPE: {"schema": {"type": "string"}}}},
            **problems({"401", "404", "405", "503"}),
        },
    }


def _event() -> Json:
    """What all events have in common; what each has of its own is in a schema of its own."""
    found = envelope()
    return {**found, "description": f"{found['description']} The schema of each version is at `/v1/schemas/TYPE`."}


def _page(schema: Json) -> Json:
    cursor = {"type": ["string", "null"], "description": "The cursor of the next page; null on the last one."}
    items = {"type": "array", "items": schema, "description": "Those of this page, in the order of the whole list."}
    properties = {"items": items, "next": cursor}
    return {"type": "object", "properties": properties, "required": ["items", "next"]}
