"""Agreements as people might write them, drawn: sharing rules, cost keys, waivers, netting and the days of every deadline."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.domain.money.rules import raw_rules
from tests.domain.story import RULE
from tests.invariants.money import FIRST, PARTIES, SECOND, UNIT

THIRDS = {
    "rounding": "largest-remainder",
    "steps": [{"take": "remaining", "to": {"split": {"org:ekami": "1", "org:xamk": "1", "org:cursor": "1"}}}],
}
BY_ONE = {
    "rounding": "first-listed",
    "steps": [
        {"take": {"percent": "7.5", "min_cents": 11, "per": "pathway"}, "to": "org:cursor"},
        {"take": "remaining", "to": {"split": {"org:ekami": "60", "org:xamk": "25", "role:provider": "15"}}},
    ],
}
HOURS = {
    "rounding": "largest-remainder",
    "steps": [
        {"take": {"per_unit_cents": 4_501, "unit": "mentor_hour"}, "to": "org:cursor", "for": "mentoring"},
        {
            "take": {"tiers": [{"up_to_cents": 10_000, "percent": "10"}, {"percent": "33.3333"}]},
            "to": {"steps": [{"take": {"percent": "50"}, "to": "kept"}, {"take": "remaining", "to": "role:provider"}]},
        },
        {"take": "remaining", "to": "kept"},
    ],
}
_NAMES = {"org:a": "org:xamk", "org:b": "org:ekami", "org:c": "org:cursor", '"day"': '"mentor_hour"'}


def _of_ours(rule: dict[str, Any]) -> dict[str, Any]:
    """A drawn rule, paying partners of the network."""
    text = json.dumps(rule)
    for drawn, ours in _NAMES.items():
        text = text.replace(drawn, ours)
    parsed: dict[str, Any] = json.loads(text)
    return parsed


rules = st.one_of(st.sampled_from([THIRDS, BY_ONE, HOURS]), raw_rules.map(_of_ours))
_keys: dict[str, list[dict[str, Any]]] = {
    FIRST: [
        {
            "name": "web",
            "paid_by": "org:cursor",
            "costs": {"split": {"org:xamk": "1", "org:ekami": "2", UNIT: "1", "org:cursor": "3"}},
        },
        {"name": "fee", "paid_by": "org:xamk", "costs": {"fixed_cents": 4_999}, "owed_by": ["org:ksao", "org:cursor"]},
        {
            "name": "rights",
            "paid_by": "org:ksao",
            "costs": {"per_unit_cents": 1_501, "unit": "credit"},
            "owed_by": ["org:xamk", UNIT],
        },
    ],
    SECOND: [{"name": "web", "paid_by": "org:ekami", "costs": {"split": {"org:xamk": "1", "org:cursor": "1"}}}],
}
_waivers: dict[str, list[list[dict[str, Any]]]] = {
    FIRST: [[{"between": ["org:cursor", "org:ekami"], "keys": ["web"]}], [{"between": ["org:xamk", "org:ksao"]}], []],
    SECOND: [[{"between": ["org:ekami", "org:cursor"]}], []],
}
_nettings = st.sampled_from(
    [
        {"mode": "gross"},
        {"mode": "pairwise"},
        {"mode": "multilateral"},
        {"mode": "clearing", "clearing": "org:xamk"},
        {"mode": "clearing", "clearing": "org:ekami"},
    ]
)


def clauses(agreement: str) -> st.SearchStrategy[dict[str, Any]]:
    """What a version of an agreement says."""
    story = [RULE] if "org:ksao" in PARTIES[agreement] else []
    return st.fixed_dictionaries(
        {
            "sharing_rule": st.one_of(st.sampled_from([THIRDS, *story]), rules),
            "cost_keys": st.just(_keys[agreement]),
            "waivers": st.sampled_from(_waivers[agreement]),
            "netting": _nettings,
            "due": st.sampled_from(["delivery", "delivery", "delivery", "receipt"]),
            "self_billing": st.sampled_from([[], ["org:xamk"], ["org:cursor", "org:ekami"]]),
            "dispute_days": st.integers(3, 10),
            "dispute_answer_days": st.integers(1, 4),
            "payment_days": st.integers(1, 20),
            "tacit_approval": st.sampled_from([True, True, False]),
            "data_sharing": st.just(value=True),
        }
    )


terms = st.fixed_dictionaries({agreement: clauses(agreement) for agreement in PARTIES})
PLAIN: dict[str, dict[str, Any]] = {
    FIRST: {"sharing_rule": HOURS, "cost_keys": _keys[FIRST], "netting": {"mode": "multilateral"}},
    SECOND: {"sharing_rule": THIRDS, "cost_keys": _keys[SECOND], "netting": {"mode": "multilateral"}},
}
"""Without any chance in it."""
