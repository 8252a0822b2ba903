"""Whoever reads the OpenAPI document has nobody to ask: every operation, parameter, structure and field says what it is."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from adapters.http.commands import OFFERED
from adapters.http.openapi import first_sentence
from adapters.http.problems import type_of
from adapters.http.refusals import refusals_of
from application.registry import DECIDERS
from domain.agreements.conclude_agreement import (
    AlreadyFrozen,
    ApprovedAlready,
    CheckedByOneself,
    NoSuchVersion,
    NotAParty,
    NotFrozen,
)
from domain.kernel import InTheFuture, NotYours, Unknown
from domain.settlement.books import NotFounded
from tests.http.world import World

Json = dict[str, Any]


@pytest.fixture
def served(seen: World) -> Json:
    document: Json = seen.get("/openapi.json", None).json()
    return document


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def undescribed(thing: Any, schemas: Mapping[str, Json], where: str) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Fields of which nothing is said, nor of the structure that they are."""
    match thing:
        case dict():
            properties = thing.get("properties", {})
            yield from (f"{where}.{name}" for name, field in properties.items() if not says(field, schemas))
            for key, inner in thing.items():
                if key not in ("example", "examples", "default"):
                    yield from undescribed(inner, schemas, where if key == "properties" else f"{where}/{key}")
        case list():
            for inner in thing:
                yield from undescribed(inner, schemas, where)
        case _:
            pass


def says(field: Json, schemas: Mapping[str, Json]) -> bool:
    if "$ref" in field:
        return bool(schemas[field["$ref"].rpartition("/")[2]].get("description"))
    return bool(field.get("description"))


def test_every_field_says_what_it_is(served: Json) -> None:
    """What is missing is a sentence beneath the field, in the structure that it is a field of: there and nowhere else."""
    schemas = served["components"]["schemas"]
    assert [name for name, schema in schemas.items() if not schema.get("description")] == []
    assert list(undescribed(schemas, schemas, "")) == []
    assert list(undescribed(served["paths"], schemas, "paths")) == []


def test_every_operation_and_what_it_is_asked_with_says_what_it_is(served: Json) -> None:
    for where, operation in operations(served):
        assert operation["summary"], where
        assert operation["description"], where
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], f"{parameter['name']} of {where}"
        for status, answer in operation["responses"].items():
            assert "$ref" in answer or answer["description"], f"{status} of {where}"
            for name, header in answer.get("headers", {}).items():
                assert header["description"], f"{name} of {where}"


def test_a_sum_says_its_unit(served: Json) -> None:
    for name, schema in served["components"]["schemas"].items():
        for field, inner in schema.get("properties", {}).items():
            if re.fullmatch(r"(.*_)?cents", field):
                assert "cents of euro" in inner["description"], f"{name}.{field}"


def test_a_summary_is_the_first_sentence_of_what_is_said(served: Json) -> None:
    for where, operation in operations(served):
        summary = operation["summary"]
        assert summary.endswith("."), where
        assert " ".join(operation["description"].split()).startswith(summary) or where == "get /v1/health"
    assert first_sentence("Of `steps[0].to`\nand all below it. More.") == "Of `steps[0].to` and all below it."
    assert first_sentence("Without an end") == "Without an end"


def test_a_command_says_what_can_be_in_the_way(served: Json) -> None:
    for name, decider in OFFERED.items():
        description = served["paths"][f"/v1/commands/{name}"]["post"]["description"]
        for refusal in refusals_of(decider):
            assert f"`{type_of(refusal).rpartition('/')[2]}`" in description, name
    said = served["paths"]["/v1/commands/freeze-agreement"]["post"]["description"]
    assert "What can be in the way: 404 `unknown`; 409 `already-frozen`, `no-such-version`." in said


def test_what_can_be_in_the_way_is_found_where_it_is_decided() -> None:
    """In the decision itself, in functions that it calls, and in methods of what it has read."""
    assert set(refusals_of(DECIDERS["approve-agreement"])) == {
        NotYours,
        Unknown,
        ApprovedAlready,
        CheckedByOneself,
        InTheFuture,
        NoSuchVersion,
        NotAParty,
        NotFrozen,
    }
    assert AlreadyFrozen not in refusals_of(DECIDERS["sign-agreement"])
    assert NotFounded in refusals_of(DECIDERS["reverse-entry"])


def test_a_refusal_that_is_met_was_announced(seen: World, served: Json) -> None:
    answer = seen.send("admit-partner", {"organisation": "org:xamk", "membership": "lead", "admitted_on": "2019-01-01"})
    assert answer.status_code == 409
    announced = served["paths"]["/v1/commands/admit-partner"]["post"]["description"]
    assert f"`{answer.json()['type'].rpartition('/')[2]}`" in announced
