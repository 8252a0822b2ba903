"""Events keep their names and shapes for ever."""

import json
import re

import pytest

from application.registry import EVENT_TYPES
from domain.kernel import FACTS, Event
from tests.architecture.golden import GOLDEN, shapes

HOT = {"organisation", "agreement", "period"}


def test_every_event_version_ever_written_has_its_shape() -> None:
    """A failure means: restore the old shape and add a new version with an upcaster. A new event is added to the file."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    now = json.loads(json.dumps(shapes()))
    assert {name: now.get(name) for name in golden} == golden, (
        "an event that was ever written changed its shape or vanished"
    )
    assert sorted(now) == sorted(golden), "run `python -m tests.architecture.golden` to add the new event versions"


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
