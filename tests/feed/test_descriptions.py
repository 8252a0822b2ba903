"""The feed is described so that nobody has to ask: every event, every field, every form, and true of what is given out."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import (  # type: ignore[import-untyped]  # it ships no types
    Draft7Validator,
    Draft202012Validator,
    FormatChecker,
    ValidationError,
)

from adapters.http.asyncapi import FED, asyncapi
from adapters.http.asyncapi_words import PROMISES
from adapters.http.routes import all_routes
from adapters.http.schemas import described, event_types, example_of, examples, schema_of, structures_in
from adapters.http.schemas_words import said_of, said_of_fields, title_of
from application.envelope import decode
from application.registry import EVENT_TYPES
from domain.kernel import subject_of
from domain.settlement.events import PeriodClosed
from tests.examples.memory_stage import bodies_of
from tests.official_schemas import ASYNCAPI, CLOUDEVENTS, official_json

ORIGIN = "https://network.example"
SHARED = "tasma.revenue.shared.v1"
EACH = 20
"""Events of each version that are held against their schema: an independent check takes its time."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """As programs read it."""
    read: dict[str, Any] = json.loads(json.dumps(asyncapi(ORIGIN, constructed=False)))
    return read


def a_year() -> list[dict[str, Any]]:
    """The events of the constructed year."""
    return [json.loads(body) for body in bodies_of(2019)]


def checker(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema_of(name), format_checker=FormatChecker())


def undescribed(schema: Any, where: str = "$") -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Fields of which nothing is said."""
    if isinstance(schema, dict):
        for field, inner in schema.get("properties", {}).items():
            if not inner.get("description"):
                yield f"{where}.{field}"
        for key, inner in schema.items():
            if key != "examples":
                yield from undescribed(inner, f"{where}/{key}")


# --- JSON Schema -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_event_says_what_it_means_and_so_does_each_of_its_fields(name: str) -> None:
    """What is missing is a sentence under the class or the field, in the domain: there and nowhere else."""
    for structure in structures_in(EVENT_TYPES[name]):
        assert said_of(structure), f"{structure.__name__} does not say what it is"
    schema = schema_of(name)
    assert schema["title"] == title_of(EVENT_TYPES[name].__name__)
    assert schema["description"].startswith(said_of(EVENT_TYPES[name]))
    assert list(undescribed(schema)) == []


def test_a_sum_says_its_unit() -> None:
    """In every structure of every event."""
    _, parts = described("#/{name}", EVENT_TYPES)
    for name, part in parts.items():
        for field, schema in part["properties"].items():
            if field.endswith("cents"):
                assert "cents" in schema["description"], f"{name}.{field}"


def test_a_version_that_is_written_no_more_says_which_one_is() -> None:
    newer = {kind.type: kind.newer for kind in event_types() if kind.newer}
    assert newer == {
        "tasma.agreement.drafted.v1": "tasma.agreement.drafted.v2",
        "tasma.agreement.entered_into_force.v1": "tasma.agreement.entered_into_force.v2",
        "tasma.network.follow_up_opened.v1": "tasma.network.follow_up_opened.v2",
        "tasma.pathway.drafted.v1": "tasma.pathway.drafted.v2",
        "tasma.revenue.reversed.v1": "tasma.revenue.reversed.v2",
        "tasma.revenue.shared.v1": "tasma.revenue.shared.v2",
        "tasma.settlement.planned.v1": "tasma.settlement.planned.v2",
        "tasma.settlement.statement_issued.v1": "tasma.settlement.statement_issued.v2",
    }
    for older, newest in newer.items():
        assert f"since then there is `{newest}`." in schema_of(older)["description"]
        assert "An older version" not in schema_of(newest)["description"]


def test_structures_of_one_name_keep_apart_and_the_oldest_keeps_the_name() -> None:
    """So that what programs were made from one day is called so for ever; no name tells where the code stands."""
    whole, parts = described("#/{name}", EVENT_TYPES)
    assert [name for name in parts if not name.isidentifier()] == []
    assert whole[SHARED] == {"$ref": "#/RevenueShared"}
    assert whole["tasma.revenue.shared.v2"] == {"$ref": "#/RevenueSharedV2"}
    assert set(parts["RevenueSharedV2"]["properties"]) - set(parts["RevenueShared"]["properties"]) == {
        "vat",
        "sessions",
    }
    assert parts["AgreementDrafted"]["properties"]["clauses"]["allOf"] == [{"$ref": "#/Clauses"}]
    assert parts["AgreementDraftedV2"]["properties"]["clauses"]["allOf"] == [{"$ref": "#/ClausesV2"}]
    assert parts["AgreementAmended"]["properties"]["clauses"]["allOf"] == [{"$ref": "#/ClausesV2"}]


def test_a_pair_is_a_pair_in_older_dialects_too() -> None:
    """Draft 7 knows no `prefixItems`: of `items: false` it would take that there are none."""
    _, parts = described("#/{name}", EVENT_TYPES)
    assert "prefixItems" not in json.dumps(parts)
    between = parts["Waiver"]["properties"]["between"]
    for judge in (Draft7Validator(between), Draft202012Validator(between)):
        judge.validate(["org:xamk", "org:lab"])
        for wrong in (["org:xamk"], ["org:xamk", "org:lab", "org:kinno"], ["org:xamk", 1]):
            with pytest.raises(ValidationError):
                judge.validate(wrong)


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_schema_is_one_and_complete_in_itself(name: str) -> None:
    schema = schema_of(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:tasma:event:{name}"
    for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(schema)):
        assert reference.removeprefix("#/$defs/") in schema["$defs"]


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_event_has_an_example_that_is_a_real_event(name: str) -> None:
    """A new version gets its example by `python -m tests.feed.examples`."""
    body = examples()[name]
    recorded = decode(body)
    assert (recorded.type, recorded.subject) == (name, subject_of(recorded.data))
    assert json.dumps(example_of(name), ensure_ascii=False, separators=(",", ":")).encode() == body
    checker(name).validate(json.loads(body))
    in_order = [attribute for attribute in schema_of(name)["properties"] if attribute in json.loads(body)]
    assert list(json.loads(body)) == in_order


def test_there_is_an_example_of_nothing_else() -> None:
    assert list(examples()) == list(EVENT_TYPES)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("nonce", "short"), ("sequence", "7"), ("specversion", "0.3"), ("type", "tasma.revenue.shared.v2"), ("organisation", None)],
)  # fmt: skip
def test_a_schema_refuses_an_envelope_that_is_none(attribute: str, value: object) -> None:
    with pytest.raises(ValidationError):
        checker(SHARED).validate({**example_of(SHARED), attribute: value})


@pytest.mark.parametrize(
    "change", [{"amount_cents": "12.50"}, {"amount_cents": 12.5}, {"period": "2019-13"}, {"more": 1}]
)
def test_a_schema_refuses_data_that_are_no_such_event(change: dict[str, object]) -> None:
    event = example_of(SHARED)
    with pytest.raises(ValidationError):
        checker(SHARED).validate({**event, "data": {**event["data"], **change}})


def test_every_event_of_a_year_is_as_its_schema_says() -> None:
    checkers = {name: checker(name) for name in EVENT_TYPES}
    events = a_year()
    assert len(events) > 1_000
    met: Counter[str] = Counter()
    for event in events:
        met[event["type"]] += 1
        if met[event["type"]] <= EACH:
            checkers[event["type"]].validate(event)


def test_every_event_of_a_year_and_every_example_is_a_cloudevent() -> None:
    cloud_event = Draft7Validator(official_json(CLOUDEVENTS), format_checker=FormatChecker())
    for event in (*a_year(), *map(example_of, EVENT_TYPES)):
        cloud_event.validate(event)


# --- AsyncAPI --------------------------------------------------------------------------------------------------------
def test_the_document_is_valid_by_the_official_schema(document: dict[str, Any]) -> None:
    judge = Draft7Validator(official_json(ASYNCAPI), format_checker=FormatChecker())
    judge.validate(document)
    with pytest.raises(ValidationError):
        judge.validate({**document, "channels": {"feed": {"adress": "/v1/feed"}}})


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))):
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


def test_every_way_out_is_a_channel_with_an_operation(document: dict[str, Any]) -> None:
    read = {route.template for route in all_routes() if route.method == "get" and route.path.startswith(FED)}
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {*read, None, "tasma.{network}.{context}.{fact}"}
    assert {"/v1/feed", "/v1/feed/pages/{n}", "/v1/feed/stream", "/v1/feed/checkpoint"} <= read
    used = {operation["channel"]["$ref"].rpartition("/")[2] for operation in document["operations"].values()}
    assert used == set(document["channels"])
    for channel in document["channels"].values():
        assert channel["description"]
        assert channel["messages"]


def test_whoever_needs_a_token_is_told(document: dict[str, Any]) -> None:
    by_path = {route.template: route for route in all_routes() if route.method == "get"}
    for operation in document["operations"].values():
        channel = document["channels"][operation["channel"]["$ref"].rpartition("/")[2]]
        if route := by_path.get(channel["address"]):
            assert bool(operation.get("security")) == bool(route.readers)


def test_every_event_version_is_a_message_of_stream_and_nats(document: dict[str, Any]) -> None:
    channels = document["channels"]
    assert set(EVENT_TYPES) < set(channels["feed-stream"]["messages"])
    assert set(EVENT_TYPES) == set(channels["nats"]["messages"])
    for name, message in document["components"]["messages"].items():
        assert message["summary"]
        assert name in message["name"]
        assert message["examples"][0]["payload"] == example_of(name)


def test_a_subject_is_made_of_the_words_of_the_type(document: dict[str, Any]) -> None:
    parameters = document["channels"]["nats"]["parameters"]
    for name in EVENT_TYPES:
        _, context, fact, _ = name.split(".")
        assert context in parameters["context"]["enum"]
        assert fact in parameters["fact"]["enum"]


def test_every_example_of_a_message_is_as_its_payload_says(document: dict[str, Any]) -> None:
    found = [*document["components"]["messages"].values()]
    found += [m for channel in document["channels"].values() for m in channel["messages"].values() if "$ref" not in m]
    for message in found:
        for part in ("payload", "headers"):
            judge = Draft7Validator({**message.get(part, {}), "components": document["components"]})
            for example in message.get("examples", ()):
                if part in example and part in message:
                    shown = example[part]
                    judge.validate(shown) if part == "payload" else judge.validate(
                        {**dict.fromkeys(message["headers"]["required"], "1"), **shown}
                    )


def test_older_dialects_lose_nothing_beside_a_reference(document: dict[str, Any]) -> None:
    """Draft 7, which AsyncAPI extends, overlooks what stands beside `$ref`."""

    def alone(thing: Any) -> bool:  # noqa: ANN401 - any JSON
        if isinstance(thing, dict):
            return ("$ref" not in thing or len(thing) == 1) and all(map(alone, thing.values()))
        return all(map(alone, thing)) if isinstance(thing, list) else True

    assert alone(document["components"]["schemas"])


def test_it_says_how_to_resume_and_what_is_promised(document: dict[str, Any]) -> None:
    for title, text in PROMISES:
        assert f"## {title}\n\n{text}" in document["info"]["description"]
    delivery = document["channels"]["webhooks"]["messages"]["delivery"]
    assert {"webhook-id", "webhook-timestamp", "webhook-signature", "Tasma-Position"} <= set(
        delivery["headers"]["required"]
    )
    assert document["servers"]["network"] | {"description": ""} == {
        "host": "network.example",
        "protocol": "https",
        "title": "The network",
        "description": "",
    }


# --- where the words come from ---------------------------------------------------------------------------------------
def test_a_sentence_under_a_field_is_what_is_said_of_it() -> None:
    shared = EVENT_TYPES[SHARED]
    assert (
        said_of_fields(shared)["skipped"]
        == "Paths of the clauses that took nothing because their role is bound to nobody."
    )
    assert schema_of(SHARED)["$defs"]["RevenueShared"]["properties"]["provider"]["description"] == (
        "The partner that delivered what was paid. An organisation: an id such as org:xamk."
    )


def test_a_structure_without_a_sentence_of_its_own_has_none() -> None:
    class Silent(PeriodClosed, frozen=True):
        pass

    assert said_of(Silent) == ""
    assert title_of("StepDelivered") == title_of("step_delivered") == "Step delivered"
