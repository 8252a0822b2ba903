"""What a rule mentions, for the decisions that must know before any money moves."""

from domain.money import (
    NamedRole,
    organisations_of,
    parse_rule,
    purpose_of,
    roles_of,
    taken_by_clause,
    units_of,
)

INNER = {
    "steps": [
        {"take": {"per_unit_cents": 1, "unit": "day", "per": "pathway"}, "to": "role:mentor", "if_unbound": "skip"},
        {"take": {"percent": "1"}, "to": "role:host", "for": "rooms"},
        {"take": "remaining", "to": "org:b"},
    ]
}
RULE = parse_rule(
    {
        "steps": [
            {"take": {"per_unit_cents": 1, "unit": "credit"}, "to": "role:referrer", "if_unbound": "skip"},
            {"take": {"percent": "10", "per": "pathway"}, "to": INNER, "for": "coordination"},
            {"take": {"percent": "10"}, "to": INNER, "if_unbound": "skip"},
            {"take": {"fixed_cents": 1}, "to": "role:referrer", "if_unbound": "skip"},
            {"take": "remaining", "to": {"split": {"org:a": "1", "role:provider": "1"}}},
        ]
    }
)


def test_roles_say_whether_they_are_needed() -> None:
    """A role is needed as soon as one clause that pays it cannot be skipped."""
    assert roles_of(RULE) == {
        NamedRole(role="role:referrer", skippable=True),
        NamedRole(role="role:mentor", skippable=True),
        NamedRole(role="role:host", skippable=False),
        NamedRole(role="role:provider", skippable=False),
    }


def test_organisations_and_units() -> None:
    """Also those in inner steps and splits."""
    assert organisations_of(RULE) == {"org:a", "org:b"}
    assert units_of(RULE) == {"credit", "day"}


def test_a_purpose_is_that_of_the_nearest_clause() -> None:
    """Its own, or the one around it."""
    assert purpose_of(RULE, "steps[1].to.steps[1]") == "rooms"
    assert purpose_of(RULE, "steps[1].to.steps[2]") == "coordination"
    assert purpose_of(RULE, "steps[4].to.split[1]") is None


def test_a_clause_took_what_lies_below_its_path() -> None:
    """Only clauses that count per pathway are named; `steps[1]` is not the beginning of `steps[10]`."""
    booked = [
        ("steps[0]", 1),
        ("steps[1].to.steps[0]", 10),
        ("steps[1].to.steps[2]", 100),
        ("steps[1].to.steps[2]", -30),
        ("steps[10]", 1_000),
    ]
    assert taken_by_clause(RULE, booked) == {"steps[1]": 80, "steps[1].to.steps[0]": 10, "steps[2].to.steps[0]": 0}
