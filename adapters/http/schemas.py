"""The JSON Schema of every event version: the whole CloudEvent as it is stored, made from the structures that read and write it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import NODEFAULT, Struct, inspect
from msgspec.structs import fields

from adapters.http.schemas_words import said_of, said_of_fields, title_of
from application.envelope import Recorded
from application.registry import EVENT_TYPES
from domain.kernel import FACTS, UPCASTS, Audience, Event, name_of, versions_of

Json = dict[str, Any]
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
EXAMPLES: Final = "assets/events.ndjson"
"""One event of every version, as the constructed year of `examples/` records it; `python -m tests.feed.examples` adds new ones."""
_SEEN_BY: Final[Mapping[Audience, str]] = {
    "everyone": "everybody with a token",
    "network": "partners, subscribers and mentors; coordinator, auditor of the whole network",
    "parties": "partners and subscribers of the organisations in `parties`; coordinator, auditor of the whole network",
}


class EventType(Struct, frozen=True):
    """One version of one kind of event."""

    type: str
    """As events have it in `type`: `tasma.CONTEXT.FACT.vN`."""
    title: str
    """The same in words."""
    description: str
    """What happened, as a sentence."""
    seen_by: str
    """Who gets it, in words."""
    about: tuple[str, ...]
    """Fields of `data` whose ids find it with `?about=`; the first is the `subject`."""
    schema: str
    """Where its JSON Schema is."""
    newer: str | None
    """The version that is written instead since there is one: what this one said it says as well. Null: this one is written."""


@cache
def event_types() -> tuple[EventType, ...]:
    """Every event version, by name."""
    return tuple(
        EventType(
            type=name,
            title=title_of(event.__name__),
            description=said_of(event),
            seen_by=_SEEN_BY[FACTS[event].seen_by],
            about=FACTS[event].about,
            schema=f"/v1/schemas/{name}",
            newer=_newer(event),
        )
        for name, event in EVENT_TYPES.items()
    )


def _newer(event: type[Event]) -> str | None:
    if event not in UPCASTS:
        return None
    (newest,) = (each for each in EVENT_TYPES.values() if each not in UPCASTS and event in versions_of(each))
    return name_of(newest)


@cache
def schema_of(name: str) -> Json:
    """The schema of one event version, complete in itself. Raises KeyError."""
    whole, parts = described("#/$defs/{name}", {name: EVENT_TYPES[name]})
    identified = {"$schema": DIALECT, "$id": f"urn:tasma:event:{name}"}
    return {**identified, **_of_event(name, envelope(), whole[name]), "$defs": dict(sorted(parts.items()))}


def _of_event(name: str, attributes: Json, data: Json) -> Json:
    given = attributes["properties"]
    properties = {**given, "data": {"description": given["data"]["description"], "allOf": [data]}}
    properties["type"] = {**properties["type"], "const": name}
    return {**attributes, "title": title_of(EVENT_TYPES[name].__name__), "description": about_event(name)} | {
        "properties": properties,
        "examples": [example_of(name)],
    }


def about_event(name: str) -> str:
    """What an event means, who sees it and how it is found."""
    (kind,) = (each for each in event_types() if each.type == name)
    found = ", ".join(f"`{field}`" for field in kind.about)
    older = f" {written_instead(kind)}" if kind.newer else ""
    return f"{kind.description}{older}\n\nWho sees it: {kind.seen_by}. Found with `?about=` and its {found}."


def written_instead(kind: EventType) -> str:
    return f"An older version: it stands in the log as it was written; since then there is `{kind.newer}`."


@cache
def envelope() -> Json:
    """What all events have: the attributes of CloudEvents and our own, in the order of the bytes; without what `data` is."""
    _, components = msgspec.json.schema_components([Recorded])
    found: Json = _described(components["Recorded"], Recorded, components)
    properties: Json = {}
    for field in fields(Recorded):
        schema = found["properties"][field.name]
        if field.default is None:  # left out, never null
            schema = left_out_or(schema)
        elif field.default is not NODEFAULT:
            schema = {**{key: value for key, value in schema.items() if key != "default"}, "const": field.default}
        properties[field.name] = schema
        if field.name == "data":
            properties[field.name] = {"description": schema["description"], "type": "object"}
        if field.name == "source":
            properties["type"] = {
                "type": "string",
                "description": "What happened, and in which version: `tasma.CONTEXT.FACT.vN`. The form of a version never changes.",
            }
    return {
        "title": "Event",
        "description": "What all events have in common: a CloudEvent 1.0 in JSON, its attributes in this order. More may be added.",
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in _left_out()],
    }


def left_out_or(schema: Json) -> Json:
    """Of what may be null by its type, but is left out and never null."""
    (given,) = (each for each in schema["anyOf"] if each != {"type": "null"})
    return {**{key: value for key, value in schema.items() if key not in ("anyOf", "default")}, **given}


def _left_out() -> set[str]:
    return {field.name for field in fields(Recorded) if field.default is None}


def described(refer: str, kinds: Mapping[str, type[Struct]]) -> tuple[Json, Json]:
    """Schemas by the names given, and of all structures inside them, with what the code says of each field.

    `refer`: how a schema refers to a structure, with `{name}` in it.
    """
    schemas, components = msgspec.json.schema_components(list(kinds.values()), ref_template=refer)
    inside = {each for kind in kinds.values() for each in structures_in(kind)}
    # Where two structures have one name, the library puts the module in front of it, which is nothing for readers.
    found = {key: each for each in inside for key in (each.__name__, _in_full(each)) if key in components}
    names = {key: _names().get(each, each.__name__) for key, each in found.items()}
    referred = {refer.format(name=key): refer.format(name=name) for key, name in names.items()}
    parts = {
        names[key]: _readable(_described(components[key], each, components), referred) for key, each in found.items()
    }
    return {name: _readable(schema, referred) for name, schema in zip(kinds, schemas, strict=True)}, parts


def _in_full(structure: type[Struct]) -> str:
    return f"{structure.__module__}.{structure.__qualname__}"


def _readable(thing: Any, referred: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    """With references by other names, and pairs in a form that older dialects understand too."""
    match thing:
        case {"prefixItems": [first, *others], "items": False, **rest} if all(each == first for each in others):
            return _readable({**rest, "items": first}, referred)
        case dict():
            return {key: _readable(inner, referred) for key, inner in thing.items()}
        case list():
            return [_readable(inner, referred) for inner in thing]
        case str():
            return referred.get(thing, thing)
        case _:
            return thing


@cache
def _names() -> Mapping[type[Struct], str]:
    """Of structures inside events that share a name: the oldest keeps it, others are numbered by age, so that none changes."""
    newest: dict[type[Struct], int] = {}
    for event, kind in EVENT_TYPES.items():
        for structure in structures_in(kind):
            newest[structure] = max(newest.get(structure, 0), int(event.rpartition(".v")[2]))
    sharing: dict[str, list[type[Struct]]] = {}
    for structure in sorted(newest, key=lambda each: (newest[each], _in_full(each))):
        sharing.setdefault(structure.__name__, []).append(structure)
    return {structure: f"{name}V{n}" for name, several in sharing.items() for n, structure in enumerate(several[1:], 2)}


@cache
def structures_in(kind: Any) -> frozenset[type[Struct]]:  # noqa: ANN401 - any type that is encoded as JSON
    """The structures inside a type, itself among them if it is one."""
    return frozenset(_walk(inspect.type_info(kind), set()))


def _walk(kind: inspect.Type, met: set[type[Struct]]) -> Iterator[type[Struct]]:
    match kind:
        case inspect.StructType(cls=cls, fields=inner) if cls not in met:
            met.add(cls)
            yield cls
            for field in inner:
                yield from _walk(field.type, met)
        case inspect.Metadata(type=inner):
            yield from _walk(inner, met)
        case inspect.UnionType(types=several) | inspect.TupleType(item_types=several):
            for each in several:
                yield from _walk(each, met)
        case inspect.VarTupleType(item_type=inner):
            yield from _walk(inner, met)
        case _:
            pass


def with_words(components: Json, kinds: Iterable[Any], written: Mapping[str, type[Struct]]) -> Json:
    """Schemas of structures with what the code says of each field; others as they are.

    `written`: by the name of a structure that was made, the one in whose code its fields stand.
    """
    structures = {each.__name__: each for kind in kinds for each in structures_in(kind)}
    return {
        name: _described(schema, structures[name], components, written.get(name)) if name in structures else schema
        for name, schema in components.items()
    }


def _described(schema: Json, structure: type[Struct], components: Json, written: type[Struct] | None = None) -> Json:
    said = _said_in(written or structure)
    properties = {
        field.encode_name: _field(schema["properties"][field.encode_name], said.get(field.name), components)
        for field in fields(structure)
    }
    rest = {key: value for key, value in schema.items() if key not in ("title", "description", "properties")}
    title, description = title_of(structure.__name__), said_of(structure)
    return {"title": title, **({"description": description} if description else {}), "properties": properties, **rest}


def _said_in(structure: type[Struct]) -> Json:
    """Of the fields of a structure, also those that it has from another."""
    lineage = [each for each in reversed(structure.__mro__) if issubclass(each, Struct) and each is not Struct]
    return {name: said for each in lineage for name, said in said_of_fields(each).items()}


def _field(schema: Json, said: str | None, components: Json) -> Json:
    """The schema of a field: first what is said beneath it, then what is said of its form."""
    rest = dict(schema)
    form = rest.pop("description", None)
    match rest:
        case {"$ref": str(reference)}:
            # Older dialects overlook everything that stands beside a reference.
            rest = {"allOf": [{"$ref": reference}]}
            form = None if said else components[reference.rpartition("/")[2]].get("description")
        case {"anyOf": [{"description": str(inner), **kind}, {"type": "null"}]}:
            rest, form = {**rest, "anyOf": [kind, {"type": "null"}]}, inner
        case _:
            pass
    sentences = [each for each in (said, form) if each]
    return {"description": " ".join(sentences), **rest} if sentences else rest


@cache
def examples() -> Mapping[str, bytes]:
    """By the name of the event: the exact bytes of one."""
    lines = files("adapters.http").joinpath(EXAMPLES).read_bytes().splitlines()
    return MappingProxyType({msgspec.json.decode(line)["type"]: line for line in lines})


def example_of(name: str) -> Json:
    """The same to be shown inside another document: with its attributes in order."""
    shown: Json = json.loads(examples()[name])
    return shown
