"""A rule that is malformed or leaks is refused while it is drafted, with the path of its fault."""

from typing import Any

import msgspec
import pytest
from hypothesis import given

from domain.money import RuleFault, SharingRule, parse_rule
from tests.domain.money.rules import raw_rules, repeatable

REST: dict[str, Any] = {"take": "remaining", "to": "org:z"}
DECIMAL = 'an exact decimal in a string, such as "37.5", with up to 12 digits before the point and 9 after it'
CENTS = "whole cents from 0 to 9007199254740991"


def taking(**take: object) -> dict[str, Any]:
    """A rule whose first step takes this."""
    return {"steps": [{"take": take, "to": "org:a"}, REST]}


def paying(to: object) -> dict[str, Any]:
    """A rule whose only step pays this target."""
    return {"steps": [{"take": "remaining", "to": to}]}


def nested(depth: int) -> dict[str, Any]:
    """A rule with this many lists of steps inside each other."""
    steps = [REST]
    for _ in range(depth - 1):
        steps = [{"take": "remaining", "to": {"steps": steps}}]
    return {"steps": steps}


FAULTS: list[tuple[object, str, str]] = [
    # what leaks
    (
        {"steps": [{"take": {"percent": "100"}, "to": "org:a"}]},
        "steps[0].take",
        'is not "remaining", but the last step of every list takes that.',
    ),
    ({"steps": [REST, REST]}, "steps[0].take", 'is "remaining", but only the last step of a list takes that.'),
    (
        paying({"steps": [{"take": {"fixed_cents": 1}, "to": "org:a"}]}),
        "steps[0].to.steps[0].take",
        'is not "remaining", but the last step of every list takes that.',
    ),
    (
        {"steps": [{"take": "remaining", "to": "role:x", "if_unbound": "skip"}]},
        "steps[0].if_unbound",
        'is "skip", but what remains must have an owner, so the last step cannot be skipped.',
    ),
    (
        {"steps": [{"take": {"percent": "60"}, "to": "org:a"}, {"take": {"percent": "40.01"}, "to": "org:b"}, REST]},
        "steps[1].take.percent",
        'is "40.01", but with it the percentages of the whole pass 100.',
    ),
    (taking(percent="101"), "steps[0].take.percent", 'is "101", but must be from 0 to 100.'),
    (taking(percent="101", of="remaining"), "steps[0].take.percent", 'is "101", but must be from 0 to 100.'),
    (taking(percent="-1"), "steps[0].take.percent", 'is "-1", but must be from 0 to 100.'),
    (
        taking(tiers=[{"percent": "100.5"}]),
        "steps[0].take.tiers[0].percent",
        'is "100.5", but must be from 0 to 100.',
    ),
    (
        paying({"split": {"org:a": "0", "org:b": "0.0"}}),
        "steps[0].to.split",
        "has only weights of 0, but at least one must be above 0.",
    ),
    (
        paying({"split": {"org:a": "3", "org:b": "-1"}}),
        "steps[0].to.split[1].weight",
        'is "-1", but must be 0 or more.',
    ),
    (paying({"split": {}}), "steps[0].to.split", "has 0 entries, but must have 1 to 100."),
    # what is not exact
    (taking(percent=5), "steps[0].take.percent", f"is 5, but must be {DECIMAL}."),
    (taking(percent=5.5), "steps[0].take.percent", f"is the float 5.5, but must be {DECIMAL}."),
    (taking(percent="1e1"), "steps[0].take.percent", f'is "1e1", but must be {DECIMAL}.'),
    (taking(percent="NaN"), "steps[0].take.percent", f'is "NaN", but must be {DECIMAL}.'),
    (taking(percent="5,5"), "steps[0].take.percent", f'is "5,5", but must be {DECIMAL}.'),
    (taking(percent="\u0665"), "steps[0].take.percent", f'is "\u0665", but must be {DECIMAL}.'),
    (taking(percent="5\n"), "steps[0].take.percent", f'is "5\n", but must be {DECIMAL}.'),
    (taking(percent="0.0000000001"), "steps[0].take.percent", f'is "0.0000000001", but must be {DECIMAL}.'),
    (
        paying({"split": {"org:a": float("nan")}}),
        "steps[0].to.split[0].weight",
        f"is the float nan, but must be {DECIMAL}.",
    ),
    (paying({"split": {"org:a": True}}), "steps[0].to.split[0].weight", f"is true, but must be {DECIMAL}."),
    (paying({"split": {"org:a": 60}}), "steps[0].to.split[0].weight", f"is 60, but must be {DECIMAL}."),
    (taking(fixed_cents=1.0), "steps[0].take.fixed_cents", f"is the float 1.0, but must be {CENTS}."),
    (taking(fixed_cents=True), "steps[0].take.fixed_cents", f"is true, but must be {CENTS}."),
    (taking(fixed_cents="1"), "steps[0].take.fixed_cents", f'is "1", but must be {CENTS}.'),
    (taking(fixed_cents=None), "steps[0].take.fixed_cents", f"is null, but must be {CENTS}."),
    (taking(fixed_cents=-1), "steps[0].take.fixed_cents", f"is -1, but must be {CENTS}."),
    (taking(fixed_cents=2**53), "steps[0].take.fixed_cents", f"is 9007199254740992, but must be {CENTS}."),
    (taking(fixed_cents=10**5000), "steps[0].take.fixed_cents", f"is an integer of 16610 bits, but must be {CENTS}."),
    (taking(per_unit_cents=-1, unit="credit"), "steps[0].take.per_unit_cents", f"is -1, but must be {CENTS}."),
    (
        taking(fixed_cents=1, max_cents=0),
        "steps[0].take.max_cents",
        "is 0, but must be whole cents from 1 to 9007199254740991.",
    ),
    (
        taking(percent="1", min_cents=3, max_cents=2),
        "steps[0].take.min_cents",
        "is 3, but must not pass max_cents, 2.",
    ),
    # what is unknown or missing
    ([], "rule", "is a list, but must be an object."),
    ("rule", "rule", 'is "rule", but must be an object.'),
    ({}, "rule", 'lacks "steps".'),
    ({"steps": [REST], "step": 1}, "rule", 'has the unknown key "step"; known are steps, rounding.'),
    ({"steps": [REST], "rounding": "up"}, "rounding", 'is "up", but must be "largest-remainder" or "first-listed".'),
    ({"steps": []}, "steps", "has 0 entries, but must have 1 to 64."),
    ({"steps": {"0": REST}}, "steps", "is an object, but must be a list."),
    ({"steps": [REST["to"]]}, "steps[0]", 'is "org:z", but must be an object.'),
    ({"steps": [{"to": "org:a"}]}, "steps[0]", 'lacks "take".'),
    ({"steps": [{"take": "remaining"}]}, "steps[0]", 'lacks "to".'),
    (
        {"steps": [{**REST, "note": "x"}]},
        "steps[0]",
        'has the unknown key "note"; known are take, to, for, if_unbound.',
    ),
    (
        {"steps": [{**REST, "for": ""}]},
        "steps[0].for",
        'is "", but must be a text of 1 to 200 characters on one line.',
    ),
    (
        {"steps": [{"take": {"fixed_cents": 1}, "to": "role:x", "if_unbound": True}, REST]},
        "steps[0].if_unbound",
        'is true, but must be "skip" or left out.',
    ),
    (
        {"steps": [{"take": "rest", "to": "org:a"}]},
        "steps[0].take",
        'is "rest", but must be an object or, in the last step, "remaining".',
    ),
    (
        taking(fixed_cents=1, percent="1"),
        "steps[0].take",
        'has "fixed_cents" and "percent", but must have one of "fixed_cents", "percent", "per_unit_cents", "tiers".',
    ),
    (
        taking(max_cents=1),
        "steps[0].take",
        'has none, but must have one of "fixed_cents", "percent", "per_unit_cents", "tiers".',
    ),
    (
        taking(fixed_cents=1, of="remaining"),
        "steps[0].take",
        'has the unknown key "of"; known are fixed_cents, min_cents, max_cents, per.',
    ),
    (taking(percent="1", of="whole"), "steps[0].take.of", 'is "whole", but must be "remaining".'),
    (taking(percent="1", per="month"), "steps[0].take.per", 'is "month", but must be "amount" or "pathway".'),
    (taking(per_unit_cents=1), "steps[0].take", 'lacks "unit".'),
    (
        taking(per_unit_cents=1, unit="Study right"),
        "steps[0].take.unit",
        'is "Study right", but must be the name of a unit such as "credit" or "study_right".',
    ),
    # tiers
    (taking(tiers=[]), "steps[0].take.tiers", "has 0 entries, but must have 1 to 32."),
    (
        taking(tiers=[{"up_to_cents": 5, "percent": "1"}]),
        "steps[0].take.tiers[0]",
        'ends at 5, but the last tier is open and has no "up_to_cents".',
    ),
    (
        taking(tiers=[{"percent": "1"}, {"percent": "1"}]),
        "steps[0].take.tiers[0]",
        'lacks "up_to_cents", but only the last tier is open.',
    ),
    (
        taking(tiers=[{"up_to_cents": 5, "percent": "1"}, {"up_to_cents": 5, "percent": "1"}, {"percent": "1"}]),
        "steps[0].take.tiers[1].up_to_cents",
        "is 5, but must be above the tier before it, 5.",
    ),
    # targets
    (
        paying("xamk"),
        "steps[0].to",
        (
            'is "xamk", but must be an organisation, as in "org:xamk", a role, as in "role:provider", "kept", or an object'
            ' with "split" or "steps".'
        ),
    ),
    (
        paying("client:7"),
        "steps[0].to",
        (
            'is "client:7", but must be an organisation, as in "org:xamk", a role, as in "role:provider", "kept", or an'
            ' object with "split" or "steps".'
        ),
    ),
    (
        paying({"split": {"kept": "1"}}),
        "steps[0].to.split[0].to",
        'is "kept", but must be an organisation, as in "org:xamk", a role, as in "role:provider".',
    ),
    (
        paying({"split": [{"to": "org:A", "weight": "1"}]}),
        "steps[0].to.split[0].to",
        'is "org:A", but must be an organisation, as in "org:xamk", a role, as in "role:provider".',
    ),
    (
        paying({"split": {"org:a": "1"}, "steps": [REST]}),
        "steps[0].to",
        'has the unknown key "split"; known are steps.',
    ),
    (paying({}), "steps[0].to", 'lacks "split".'),
    # limits
    (nested(9), "steps[0]" + ".to.steps[0]" * 7 + ".to.steps", "lies 9 lists of steps deep, but 8 is the deepest."),
    (
        {
            "steps": [{"take": {"fixed_cents": 0}, "to": {"steps": [*[taking(fixed_cents=1)["steps"][0]] * 39, REST]}}]
            * 2
            + [REST]
        },
        "steps",
        "holds 83 steps together with those inside them, but 64 is the most.",
    ),
]


@pytest.mark.parametrize(("raw", "path", "fault"), FAULTS)
def test_a_faulty_rule_is_refused_with_its_path(raw: object, path: str, fault: str) -> None:
    """The sentence names the place, the value that stands there and what is allowed."""
    with pytest.raises(RuleFault) as refused:
        parse_rule(raw)
    assert refused.value.path == path
    assert str(refused.value) == f"{path} {fault}"


@repeatable
@given(raw_rules)
def test_the_stored_form_means_the_same_rule(raw: dict[str, Any]) -> None:
    """What is written into an event reads back as the rule that was drafted, by type and by `parse_rule`, byte for byte."""
    rule = parse_rule(raw)
    stored = msgspec.json.encode(rule)
    assert msgspec.json.decode(stored, type=SharingRule) == rule
    assert parse_rule(msgspec.to_builtins(rule)) == parse_rule(msgspec.json.decode(stored)) == rule
    assert msgspec.json.encode(msgspec.json.decode(stored, type=SharingRule)) == stored


def test_the_stored_form_is_the_written_one_with_splits_as_lists() -> None:
    """Key order does not survive in events, so the order of a split is that of a list."""
    raw: dict[str, Any] = {
        "rounding": "largest-remainder",
        "steps": [
            {
                "take": {"percent": "5", "max_cents": 20000, "per": "pathway"},
                "to": "role:x",
                "for": "coordination",
                "if_unbound": "skip",
            },
            {"take": {"per_unit_cents": 0, "unit": "credit"}, "to": {"steps": [{"take": "remaining", "to": "kept"}]}},
            {"take": "remaining", "to": {"split": {"org:ksao": "40", "org:ekami": "60"}}, "for": "delivery"},
        ],
    }
    stored = msgspec.json.decode(msgspec.json.encode(parse_rule(raw)))
    assert stored == {
        **raw,
        "steps": [
            *raw["steps"][:2],
            {
                **raw["steps"][2],
                "to": {"split": [{"to": "org:ksao", "weight": "40"}, {"to": "org:ekami", "weight": "60"}]},
            },
        ],
    }
