"""Whatever is sent: an answer or a problem, never an internal error, and nothing is written that was not acknowledged."""

import copy
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.http.commands import OFFERED
from adapters.http.reading import Read
from adapters.http.reads import all_reads
from tests.http.world import World, live, opened

ODD_TEXTS = ["", "\x00", "null", "-1", "٣", "2019-02-30", "9999-12-31", "0001-01-01", "2019-03-01T00:00:00+14:00", "💥"]
ODD_VALUES: list[object] = [
    None,
    True,
    1.5,
    -1,
    0,
    2**53,
    2**64,
    10**400,
    [],
    {},
    [[]],
    "org:xamk",
    ["org:xamk"] * 2,
    *ODD_TEXTS,
]
TEXTS = st.sampled_from(ODD_TEXTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.sampled_from(ODD_VALUES) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
PARAMETERS = sorted({f for read in all_reads() for f in read.query.__struct_fields__} - {"at_least"} | {"other"})
MANY = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def attacked() -> Iterator[World]:
    with opened() as world:
        live(world)
        yield world


def places(value: object) -> list[tuple[Any, Any]]:
    """Every place in a JSON value: what holds it, and its key there."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in items for place in [(value, key), *places(inner)]]


@MANY
@given(name=st.sampled_from(sorted(OFFERED)), where=st.integers(0, 50), value=VALUES, added=st.booleans())
def test_any_value_in_any_place_of_a_command(
    attacked: World, name: str, where: int, value: object, *, added: bool
) -> None:
    body = copy.deepcopy(json.loads(json.dumps(OFFERED[name].example)))
    holder, key = places(body)[where % len(places(body))]
    holder[key] = value
    if added:
        body["added"] = value
    attacked.later(seconds=1)
    before = attacked.head
    answer = attacked.send(name, json.dumps(body).encode())
    if answer.status_code == 201:
        assert attacked.head == answer.json()["position"] > before
        return
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert attacked.head == before


@MANY
@given(
    read=st.sampled_from(all_reads()), texts=st.lists(TEXTS, min_size=4, max_size=4), name=st.sampled_from(PARAMETERS)
)
def test_any_text_in_any_place_of_a_question(attacked: World, read: Read, texts: list[str], name: str) -> None:
    path = read.path
    for part, text in zip([p for p in path.split("/") if p.startswith("{")], texts, strict=False):
        path = path.replace(part, quote(text, safe=""))
    for query in ("", f"?{name}={quote(texts[-1], safe='')}"):
        answer = attacked.get(path + query)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
