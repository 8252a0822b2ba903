"""Events keep their names, shapes, tags, audience and bytes for ever."""

import json
import re

import msgspec
import pytest

from application.registry import EVENT_TYPES
from domain.kernel import FACTS, Event
from tests.architecture.golden import GOLDEN, declared, sampled

HOT = {"organisation", "agreement", "period"}
WRITTEN = json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_every_event_version_is_in_the_golden_file() -> None:
    assert sorted(EVENT_TYPES) == sorted(WRITTEN), "run `python -m tests.architecture.golden` to add new event versions"


@pytest.mark.parametrize("name", WRITTEN)
def test_what_was_ever_written_is_declared_as_it_was(name: str) -> None:
    """A failure means: restore it. A new shape is a new version with an upcaster, a new meaning a new event."""
    written = {key: value for key, value in WRITTEN[name].items() if key != "sample"}
    assert declared(name) == written


@pytest.mark.parametrize("name", WRITTEN)
def test_what_was_ever_written_is_read_and_written_the_same(name: str) -> None:
    sample = WRITTEN[name]["sample"]
    event = msgspec.json.decode(sample["data"], type=EVENT_TYPES[name])
    assert sampled(event) == sample


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_an_event_is_named_declared_and_findable(name: str) -> None:
    event = EVENT_TYPES[name]
    fact = FACTS[event]
    assert re.fullmatch(r"tasma\.[a-z]+\.[a-z_]+\.v[1-9][0-9]*", name)
    assert set(fact.about) <= set(event.__struct_fields__)
    assert event.__struct_config__.frozen
    assert issubclass(event, Event)
    if fact.seen_by == "parties":
        assert "parties" in event.__struct_fields__, "what not everybody sees names its parties"


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_a_frequent_event_carries_no_hot_tag(name: str) -> None:
    fact = FACTS[EVENT_TYPES[name]]
    assert not (fact.frequent and HOT & set(fact.about)), "every decision about the hot thing would read all of them"
