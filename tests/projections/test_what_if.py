"""What if: a drafted rule over real history says what sharing that history anew would have come to."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import convert, to_builtins

from adapters.projecting.trying import Draft, EndsBeforeItBegins, NothingDrafted, tried
from application.desk import Asker
from application.door import NotAllowed
from application.visibility import may_see
from domain.agreements.writing import ClauseOnOutsiders, LeakingRule, PaysOutsiders, WrongCostKey
from domain.kernel import Refused, Unknown
from domain.revenue.events import CostShared, RevenueReversed, RevenueShared
from projections.what_if import CAUSES_MAX, ClauseCents, Comparison, WhatIf
from tests.domain.story import AGREEMENT, RULE
from tests.projections.sharing_history import COORDINATOR, KEY, History, Json

T = TypeVar("T")
HALVES: Json = {
    "steps": [
        {"take": {"fixed_cents": 7001, "per": "pathway"}, "to": "role:referrer", "if_unbound": "skip"},
        {"take": {"percent": "12.5", "max_cents": 9000, "per": "pathway"}, "to": "kept"},
        {"take": "remaining", "to": {"split": {"org:ekami": "1", "org:ksao": "1", "role:provider": "1"}}},
    ]
}
RULES: Sequence[Json] = (
    RULE,
    HALVES,
    {"steps": [{"take": "remaining", "to": "kept"}]},
    {
        "rounding": "first-listed",
        "steps": [
            {"take": {"tiers": [{"up_to_cents": 20000, "percent": "30"}, {"percent": "10"}]}, "to": "org:cursor"},
            {
                "take": {"per_unit_cents": 999, "unit": "credit"},
                "to": {
                    "steps": [
                        {"take": {"percent": "33.3"}, "to": "role:provider"},
                        {"take": "remaining", "to": "org:ksao"},
                    ]
                },
            },
            {"take": "remaining", "to": {"split": {"org:xamk": "2", "org:ekami": "5"}}},
        ],
    },
)


def partner(name: str, *scopes: str) -> Asker:
    return Asker(
        actor=f"person:{name}", role="partner", organisation=f"org:{name}", scopes=convert(scopes, frozenset[Any])
    )


async def what_if(history: History, draft: Json, asker: Asker = COORDINATOR) -> WhatIf:
    return await tried(convert({"agreement": AGREEMENT, **draft}, Draft), asker, history.log, lambda: history.now)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def sharing(found: WhatIf) -> Comparison:
    assert found.sharing
    return found.sharing


PLAYS = st.lists(
    st.tuples(
        st.sampled_from(["pathway:p-1", "pathway:p-2"]),
        st.integers(0, 1),
        st.integers(1, 60_000),
        st.sampled_from(["0", "1", "2.5"]),
        st.sampled_from([0, 0, 1, 333, 500, 1000]),  # per mille of it that is taken back
    ),
    min_size=1,
    max_size=6,
)


async def played(rule: Json, plays: Sequence[tuple[str, int, int, str, int]], *, referred: bool) -> History:
    history = History()
    await history.begin(rule)
    numbers: dict[tuple[str, int], int] = {}
    for pathway in sorted({p for p, *_ in plays}):
        parts = [(who, cents) for p, who, cents, *_ in plays if p == pathway]
        await history.agree(pathway, parts, referred=referred and pathway == "pathway:p-1")
    for pathway, who, cents, credit, back in plays:
        part = numbers[pathway, who] = numbers.get((pathway, who), 0) + 1
        entry = await history.share(pathway, who, part, credit)
        if less := cents * back // 1000:
            await history.do("reverse-entry", {"entry": entry, "reason": "price-changed", "amount_cents": less})
    return history


@settings(max_examples=12, deadline=None)
@given(plays=PLAYS, rule=st.sampled_from(RULES))
def test_the_same_rule_makes_no_difference(plays: Sequence[tuple[str, int, int, str, int]], rule: Json) -> None:
    async def compared() -> None:
        history = await played(rule, plays, referred="role:referrer" in str(rule))
        found = sharing(await what_if(history, {"sharing_rule": rule}))
        assert not found.not_divided
        assert [(p.difference_cents, p.causes) for p in found.partners if p.difference_cents or p.causes] == []
        assert {p.partner: p.now_cents for p in found.partners if p.now_cents} == await history.booked()

    run(compared())


@settings(max_examples=20, deadline=None)
@given(plays=PLAYS, rules=st.permutations(RULES))
def test_another_rule_gives_what_sharing_the_same_history_under_it_gives(
    plays: Sequence[tuple[str, int, int, str, int]], rules: Sequence[Json]
) -> None:
    """Corrections, what is taken once per pathway and roles included; both sides sum to what is left of the revenue."""

    async def compared() -> None:
        before, after = str(rules[0]), str(rules[1])
        referred = "role:referrer" in before and "role:referrer" in after
        now, then = [await played(rule, plays, referred=referred) for rule in rules[:2]]
        found = sharing(await what_if(now, {"sharing_rule": rules[1]}))
        if (
            "per_unit_cents" in after and "per_unit_cents" not in before
        ):  # no credits came with the deliveries: nothing of it can be divided, and it says so
            left = sum((await now.booked()).values())
            assert sum(each.cents for each in found.not_divided) == left
            assert found.amount_cents == 0
            return
        booked_now, booked_then = await now.booked(), await then.booked()
        assert not found.not_divided
        assert {p.partner: p.now_cents for p in found.partners if p.now_cents} == booked_now
        assert {p.partner: p.then_cents for p in found.partners if p.then_cents} == booked_then
        assert sum(booked_now.values()) == sum(booked_then.values()) == found.amount_cents
        for each in found.partners:
            assert each.difference_cents == each.then_cents - each.now_cents
            if len(each.causes) < CAUSES_MAX:
                assert sum(cause.difference_cents for cause in each.causes) == each.difference_cents

    run(compared())


@pytest.fixture(scope="module")
def known() -> History:
    """Two pathways, one of which org:cursor has no part in; one entry is taken back in part, one wholly; two costs are divided."""

    async def tell() -> History:
        history = History()
        await history.begin(HALVES, waivers=[{"between": ["org:xamk", "org:ksao"], "keys": ["web"]}])
        await history.agree("pathway:p-1", [(0, 40_000), (1, 10_000)], referred=True)
        await history.agree("pathway:p-2", [(0, 30_000), (0, 5_000)], referred=False)
        await history.share("pathway:p-1", 0, 1, "0")
        part = await history.share("pathway:p-1", 1, 1, "0")
        await history.do("reverse-entry", {"entry": part, "reason": "credit-loss", "amount_cents": 2_500})
        await history.share("pathway:p-2", 0, 1, "0")
        gone = await history.share("pathway:p-2", 0, 2, "0")
        await history.do("reverse-entry", {"entry": gone, "reason": "entered-in-error"})
        history.now = datetime(2019, 2, 5, 9, tzinfo=UTC)
        cost = {"agreement": AGREEMENT, "key": "web", "occurred_on": "2019-02-01", "project": None}
        await history.do("share-cost", {**cost, "amount_cents": 90_001, "voucher": "1"})
        half = await history.newest(CostShared)
        await history.do("reverse-entry", {"entry": half, "reason": "price-changed", "amount_cents": 45_000})
        await history.do("share-cost", {**cost, "amount_cents": 100, "voucher": "2"})
        return history

    return run(tell())


TO_CURSOR: Json = {"steps": [{"take": "remaining", "to": "org:cursor"}]}


def test_each_partner_is_told_now_and_then_with_what_weighs_most(known: History) -> None:
    """Of 400.00 and 75.00 the referrer had 70.01 once, the collector an eighth of each; the last part went in thirds."""
    found = run(what_if(known, {"sharing_rule": TO_CURSOR}))
    assert (found.position, found.of, found.costs) == (run(known.log.head()).position, None, None)
    compared = sharing(found)
    assert (compared.entries, compared.amount_cents) == (3, 77_500)
    cursor = compared.partners[0]
    assert (cursor.partner, cursor.now_cents, cursor.then_cents) == ("org:cursor", 7_001, 77_500)
    causes = [(c.pathway, c.now_cents, c.then_cents, c.difference_cents) for c in cursor.causes]
    assert causes == [
        ("pathway:p-1", 7_001, 40_000, 32_999),
        ("pathway:p-2", 0, 30_000, 30_000),
        ("pathway:p-1", 0, 7_500, 7_500),
    ]
    assert (cursor.causes[0].now, cursor.causes[0].then) == (
        (ClauseCents("steps[0]", 7_001),),
        (ClauseCents("steps[0]", 40_000),),
    )
    for side in ("now_cents", "then_cents"):
        assert sum(getattr(p, side) for p in compared.partners) == 77_500


def test_months_before_are_left_out_and_what_a_clause_took_in_them_is_not_forgotten(known: History) -> None:
    found = sharing(run(what_if(known, {"sharing_rule": TO_CURSOR, "from": "2019-02"})))
    assert (found.entries, found.amount_cents, found.partners) == (0, 0, ())
    found = sharing(run(what_if(known, {"sharing_rule": HALVES, "from": "2019-01", "to": "2019-01"})))
    assert {p.difference_cents for p in found.partners} == {0}


def test_what_could_not_be_shared_is_said_and_left_out_of_both_sides(known: History) -> None:
    rule = {"steps": [{"take": {"percent": "10"}, "to": "role:referrer"}, {"take": "remaining", "to": "kept"}]}
    found = sharing(run(what_if(known, {"sharing_rule": rule})))
    (left_out,) = found.not_divided
    assert (left_out.entries, left_out.cents, left_out.why) == (
        1,
        30_000,
        'steps[0] pays role:referrer, which is bound to no organisation; bind it, or let the rule say "if_unbound": "skip" there.',
    )
    assert (found.entries, found.amount_cents) == (2, 47_500)


def test_a_drafted_cost_key_keeps_waivers_and_corrections(known: History) -> None:
    """900.01, of which 450.01 is left, and 1.00; org:ksao owes the payer nothing."""
    key = {**KEY, "costs": {"split": {"org:xamk": "1", "org:ekami": "1", "org:ksao": "2"}}}
    found = run(what_if(known, {"cost_key": key})).costs
    assert found
    assert (found.entries, found.amount_cents) == (2, 45_101)
    figures = {p.partner: (p.now_cents, p.then_cents) for p in found.partners}
    assert figures == {"org:ekami": (15_035, 11_275), "org:ksao": (0, 0), "org:xamk": (30_066, 33_826)}
    fixed = {
        "name": "web",
        "paid_by": "org:xamk",
        "costs": {"fixed_cents": 100},
        "owed_by": ["org:ekami", "org:cursor"],
    }
    found = run(what_if(known, {"cost_key": fixed})).costs
    assert found
    figures = {p.partner: (p.now_cents, p.then_cents) for p in found.partners}
    assert figures["org:ekami"] == (15_035, 150)
    assert sum(then for _, then in figures.values()) == sum(now for now, _ in figures.values()) == 45_101
    other = {**KEY, "paid_by": "org:ekami"}
    found = run(what_if(known, {"cost_key": other})).costs
    assert found
    assert found.not_divided[0].why == "org:xamk paid this, and by the drafted web it is org:ekami that pays."
    assert found.not_divided[0].entries == 2


def test_a_partner_is_told_its_own_side_of_what_it_may_see(known: History) -> None:
    """A draft that would give it everything tells it nothing of a pathway it has no part in."""
    cursor = partner("cursor", "finance-check")
    found = run(what_if(known, {"sharing_rule": TO_CURSOR}, cursor))
    compared = sharing(found)
    assert found.of == "org:cursor"
    assert [p.partner for p in compared.partners] == ["org:cursor"]
    events = [r for r in run(known.log.read(0, limit=10_000)) if isinstance(r.data, RevenueShared)]
    seen = [r.position for r in events if may_see(cursor, r)]
    assert [c.position for c in compared.partners[0].causes] == seen == [r.position for r in events[:2]]
    assert compared.partners[0].then_cents == compared.amount_cents == 47_500
    assert "p-2" not in str(to_builtins(found))


@pytest.mark.parametrize(
    ("asker", "draft", "refusal", "sentence"),
    [
        (
            COORDINATOR,
            {},
            NothingDrafted,
            "Nothing is drafted to be tried: give a sharing_rule, a cost_key or both (at $)",
        ),
        (
            COORDINATOR,
            {"sharing_rule": RULE, "from": "2019-02", "to": "2019-01"},
            EndsBeforeItBegins,
            "2019-01 lies before 2019-02; give the first month as `from` and the last one as `to` (at $.to)",
        ),
        (
            COORDINATOR,
            {"sharing_rule": RULE, "agreement": "agreement:none"},
            Unknown,
            "There is no agreement:none in force here.",
        ),
        (partner("lut", "finance-check"), {"sharing_rule": RULE}, Unknown, f"There is no {AGREEMENT} in force here."),
        (
            partner("cursor", "content"),
            {"sharing_rule": RULE},
            NotAllowed,
            "The role partner may not try a draft; it needs the scope finance-check.",
        ),
        (
            Asker(actor="m", role="mentor"),
            {"sharing_rule": RULE},
            NotAllowed,
            "The role mentor may not try a draft; it needs coordinator, auditor of the whole network or partner.",
        ),
        (
            COORDINATOR,
            {"sharing_rule": {"steps": [{"take": {"percent": "10"}, "to": "kept"}]}},
            LeakingRule,
            'sharing_rule: steps[0].take is not "remaining", but the last step of every list takes that.',
        ),
        (
            COORDINATOR,
            {"sharing_rule": {"steps": [{"take": "remaining", "to": "org:lut"}]}},
            PaysOutsiders,
            "The sharing rule pays org:lut, who are no parties; add them to the parties or take them out of the rule.",
        ),
        (
            COORDINATOR,
            {"cost_key": {**KEY, "costs": {"split": {"org:lut": "1"}}}},
            ClauseOnOutsiders,
            "cost_keys: web: org:lut would be bound without being a party; add them to the parties or leave them out.",
        ),
        (COORDINATOR, {"cost_key": {}}, WrongCostKey, None),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_draft_is_refused_as_it_would_be_when_drafted(
    known: History, asker: Asker, draft: Json, refusal: type[Refused], sentence: str | None
) -> None:
    with pytest.raises(refusal) as refused:
        run(what_if(known, draft, asker))
    assert sentence is None or str(refused.value) == sentence


def test_it_is_asked_as_of_and_names_its_position(known: History) -> None:
    """Before anything was taken back, more was there to be shared."""
    events = run(known.log.read(0, limit=10_000))
    first = next(r.position for r in events if isinstance(r.data, RevenueReversed))
    found = run(what_if(known, {"sharing_rule": TO_CURSOR, "as_of": str(first - 1)}))
    assert found.position == first - 1
    assert sharing(found).amount_cents == 50_000
