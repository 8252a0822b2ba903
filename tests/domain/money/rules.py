"""Sharing rules, amounts and bindings for property tests, drawn as a person would write them."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from domain.money import SharingRule, parse_rule

repeatable = settings(derandomize=True, deadline=None, max_examples=60)
"""The same examples on every run."""

COLLECTOR = "org:collector"
BIND = {"role:x": "org:a", "role:y": "org:y"}
"""`role:x` is an organisation that rules also pay by name, so splits name it twice now and then."""
QUANTITIES = {"credit": "2.5", "day": "7"}

targets = st.sampled_from(["org:a", "org:b", "org:c", "role:x", "role:y"])
cents = st.integers(0, 50_000)
amounts = st.one_of(st.integers(-20, 20), st.integers(-200_000, 200_000), st.integers(-(2**53) + 1, 2**53 - 1))
decimals = st.integers(0, 10_000).map(lambda n: f"{n // 100}.{n % 100:02d}")
percents = st.integers(0, 3_300).map(lambda n: f"{n // 100}.{n % 100:02d}")
"""At most a third, so that three clauses of one list never pass 100."""
weights = st.one_of(decimals, st.integers(0, 9).map(str))


@st.composite
def takes(draw: st.DrawFn) -> dict[str, Any]:
    """How much a clause takes, with or without minimum and maximum."""
    take: dict[str, Any] = draw(
        st.one_of(
            st.builds(lambda n: {"fixed_cents": n}, cents),
            st.builds(lambda p: {"percent": p}, percents),
            st.builds(lambda p: {"percent": p, "of": "remaining"}, percents),
            st.builds(lambda n, u: {"per_unit_cents": n, "unit": u}, cents, st.sampled_from(sorted(QUANTITIES))),
            tiers(),
        )
    )
    if draw(st.booleans()):
        take["max_cents"] = draw(st.integers(1, 60_000))
    if draw(st.booleans()):
        take["min_cents"] = draw(st.integers(0, take.get("max_cents", 60_000)))
    if draw(st.booleans()):
        take["per"] = draw(st.sampled_from(["amount", "pathway"]))
    return take


@st.composite
def tiers(draw: st.DrawFn) -> dict[str, Any]:
    tops = sorted(draw(st.sets(st.integers(1, 100_000), max_size=3)))
    closed = [{"up_to_cents": top, "percent": draw(percents)} for top in tops]
    return {"tiers": [*closed, {"percent": draw(percents)}]}


splits = st.dictionaries(targets, weights, min_size=1, max_size=5).filter(
    lambda parts: any(weight.strip("0.") for weight in parts.values())
)


@st.composite
def clauses(draw: st.DrawFn, depth: int = 2) -> list[dict[str, Any]]:
    """A list of clauses; the last takes what remains."""
    kinds = [targets, st.just("kept"), splits.map(lambda parts: {"split": parts})]
    if depth:
        kinds.append(clauses(depth=depth - 1).map(lambda inner: {"steps": inner}))
    listed = [{"take": draw(takes()), "to": draw(st.one_of(kinds))} for _ in range(draw(st.integers(0, 3)))]
    for clause in listed:
        if draw(st.booleans()):
            clause["if_unbound"] = "skip"
    return [*listed, {"take": "remaining", "to": draw(st.one_of(kinds)), "for": "delivery"}]


raw_rules = st.builds(
    lambda steps, rounding: {"steps": steps, "rounding": rounding},
    clauses(),
    st.sampled_from(["largest-remainder", "first-listed"]),
)
rules: st.SearchStrategy[SharingRule] = raw_rules.map(parse_rule)
