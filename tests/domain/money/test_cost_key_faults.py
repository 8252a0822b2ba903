"""A cost key that is malformed, or under which nobody would owe, is refused with the path of its fault."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import CostKey, RuleFault, parse_cost_key, parse_cost_keys
from tests.domain.money.rules import repeatable, weights

DECIMAL = 'an exact decimal in a string, such as "37.5", with up to 12 digits before the point and 9 after it'
CENTS = "whole cents from 1 to 9007199254740991"
ORGANISATION = 'an organisation, as in "org:xamk"'
ORGANISATIONS = ["org:a", "org:b", "org:c"]


def raw(costs: object, **more: object) -> dict[str, Any]:
    return {"name": "web-service", "paid_by": "org:a", "costs": costs, **more}


def fixed(**more: object) -> dict[str, Any]:
    return raw({"fixed_cents": 100}, **more)


FAULTS: list[tuple[object, str, str]] = [
    ([], "cost key", "is a list, but must be an object."),
    ({"name": "x", "paid_by": "org:a"}, "cost key", 'lacks "costs".'),
    (fixed(owed_bye=[]), "cost key", 'has the unknown key "owed_bye"; known are name, paid_by, costs, owed_by, for.'),
    (
        {**fixed(), "name": "Web service"},
        "name",
        'is "Web service", but must be a name in lower case such as "web-service".',
    ),
    ({**fixed(), "paid_by": "role:host"}, "paid_by", f'is "role:host", but must be {ORGANISATION}.'),
    (fixed(owed_by=["org:b"], **{"for": ""}), "for", 'is "", but must be a text of 1 to 200 characters on one line.'),
    (raw("split"), "costs", 'is "split", but must be an object.'),
    (raw({}), "costs", 'has none, but must have one of "split", "fixed_cents", "per_unit_cents".'),
    (
        raw({"split": {"org:b": "1"}, "fixed_cents": 1}),
        "costs",
        'has "split" and "fixed_cents", but must have one of "split", "fixed_cents", "per_unit_cents".',
    ),
    (raw({"split": {"org:b": "1"}, "unit": "x"}), "costs", 'has the unknown key "unit"; known are split.'),
    (raw({"split": {}}), "costs.split", "has 0 entries, but must have 1 to 100."),
    (raw({"split": {"org:b": "0"}}), "costs.split", "has only weights of 0, but at least one must be above 0."),
    (raw({"split": {"org:b": "2", "org:c": "-1"}}), "costs.split[1].weight", 'is "-1", but must be 0 or more.'),
    (raw({"split": {"org:b": 0.5}}), "costs.split[0].weight", f"is the float 0.5, but must be {DECIMAL}."),
    (raw({"split": {"role:x": "1"}}), "costs.split[0].to", f'is "role:x", but must be {ORGANISATION}.'),
    (
        raw({"split": {"org:a": "1", "org:b": "0"}}),
        "costs.split",
        "gives a weight above 0 to org:a alone, which pays; name another that owes a part.",
    ),
    (
        raw({"split": [{"to": "org:b", "weight": "1"}, {"to": "org:b", "weight": "2"}]}),
        "costs.split[1].to",
        'is "org:b", which is named before; once is enough.',
    ),
    (
        raw({"split": {"org:b": "1"}}, owed_by=["org:b"]),
        "owed_by",
        "stands beside a split, whose weights say who owes; leave it out.",
    ),
    (fixed(), "owed_by", "is missing, but without a split it says who owes; name the organisations."),
    (fixed(owed_by=[]), "owed_by", "has 0 entries, but must have 1 to 100."),
    (fixed(owed_by=["org:b", "role:x"]), "owed_by[1]", f'is "role:x", but must be {ORGANISATION}.'),
    (fixed(owed_by=["org:b", "org:b"]), "owed_by[1]", 'is "org:b", which is named before; once is enough.'),
    (fixed(owed_by=["org:a"]), "owed_by", "names org:a alone, which pays; name another that owes."),
    (
        raw({"fixed_cents": 1, "owed_by": ["org:b"]}, owed_by=["org:b"]),
        "owed_by",
        "stands beside costs.owed_by; leave one of them out.",
    ),
    (raw({"fixed_cents": 0}, owed_by=["org:b"]), "costs.fixed_cents", f"is 0, but must be {CENTS}."),
    (raw({"fixed_cents": 2**53}, owed_by=["org:b"]), "costs.fixed_cents", f"is {2**53}, but must be {CENTS}."),
    (raw({"fixed_cents": 9.5}, owed_by=["org:b"]), "costs.fixed_cents", f"is the float 9.5, but must be {CENTS}."),
    (raw({"per_unit_cents": 5}, owed_by=["org:b"]), "costs", 'lacks "unit".'),
    (
        raw({"per_unit_cents": 5, "unit": "Credit"}, owed_by=["org:b"]),
        "costs.unit",
        'is "Credit", but must be the name of a unit such as "credit" or "study_right".',
    ),
]


@pytest.mark.parametrize(("given_key", "path", "sentence"), FAULTS)
def test_a_faulty_key_is_refused(given_key: object, path: str, sentence: str) -> None:
    with pytest.raises(RuleFault) as refused:
        parse_cost_key(given_key)
    assert str(refused.value) == f"{path} {sentence}"
    assert refused.value.path == path


splits = st.dictionaries(st.sampled_from(ORGANISATIONS), weights).filter(
    lambda parts: any(weight.strip("0.") for each, weight in parts.items() if each != "org:a")
)
owing = st.lists(st.sampled_from(ORGANISATIONS), min_size=1, unique=True).filter(lambda owed: owed != ["org:a"])
raw_keys = st.one_of(
    st.builds(lambda parts: raw({"split": parts}), splits),
    st.builds(lambda owed, n: raw({"fixed_cents": n}, owed_by=owed), owing, st.integers(1, 2**53 - 1)),
    st.builds(
        lambda owed, n: raw({"per_unit_cents": n, "unit": "credit"}, owed_by=owed, **{"for": "JOO"}),
        owing,
        st.integers(1, 2**53 - 1),
    ),
)


@repeatable
@given(raw_keys)
def test_a_key_survives_storage(written: dict[str, Any]) -> None:
    """As stored it reads as the same key, and no order of an object's keys decides anything."""
    key = parse_cost_key(written)
    stored = msgspec.json.encode(key, order="deterministic")
    assert msgspec.json.decode(stored, type=CostKey) == key
    assert parse_cost_key(msgspec.json.decode(stored)) == key


def test_the_keys_of_an_agreement_have_names_of_their_own() -> None:
    """A key's fault is found by its place in the list."""
    keys = [fixed(owed_by=["org:b"]), raw({"split": {"org:b": "1"}})]
    for given_keys, sentence in (
        ({}, "cost_keys is an object, but must be a list."),
        ([fixed(owed_by=["org:b"])] * 51, "cost_keys has 51 entries, but 50 is the most."),
        (keys, 'cost_keys[1].name is "web-service", as is that of cost_keys[0].'),
        ([keys[0], raw({"split": {}})], "cost_keys[1].costs.split has 0 entries, but must have 1 to 100."),
        ([3], "cost_keys[0] is 3, but must be an object."),
    ):
        with pytest.raises(RuleFault) as refused:
            parse_cost_keys(given_keys)
        assert str(refused.value) == sentence
    assert parse_cost_keys([]) == ()
    assert [key.name for key in parse_cost_keys([keys[0], {**keys[1], "name": "rooms"}])] == ["web-service", "rooms"]
