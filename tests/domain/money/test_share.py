"""Sharing one amount: what holds for every rule and amount, and what single clauses do."""

from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import (
    BadFigure,
    Clause,
    Division,
    QuantityMissing,
    RoleUnbound,
    RuleFault,
    Share,
    SharingRule,
    Take,
    Terms,
    cents_by,
    clauses_of,
    nearest_cent,
    parse_rule,
    share,
    taken_by_clause,
)
from tests.domain.money.rules import BIND, COLLECTOR, QUANTITIES, amounts, repeatable, rules


def divide(rule: SharingRule, amount: int, **more: Any) -> Division:  # noqa: ANN401 -- whatever `share` takes
    """The division under the bindings and quantities of these tests."""
    return share(rule, amount, collected_by=COLLECTOR, **{"bind": BIND, "quantities": QUANTITIES, **more})


def taken_of(rule: SharingRule, cents: list[int]) -> dict[str, int]:
    """Some amount taken before by every clause."""
    return {path: cents[n % len(cents)] for n, (path, _) in enumerate(clauses_of(rule))}


takens = st.lists(st.integers(-60_000, 60_000), min_size=1, max_size=4)


@repeatable
@given(rules, amounts, takens)
def test_shares_sum_to_the_amount(rule: SharingRule, amount: int, before: list[int]) -> None:
    """No cent is lost or invented, rounded or exact, and nobody gets a share of the other sign."""
    division = divide(rule, amount, taken=taken_of(rule, before))
    assert sum(each.cents for each in division.shares) == amount
    assert sum(Fraction(each.exact) for each in division.shares) == amount
    assert all(each.cents * amount >= 0 and Fraction(each.exact) * amount >= 0 for each in division.shares)


@repeatable
@given(rules, amounts, takens)
def test_negative_mirrors_positive(rule: SharingRule, amount: int, before: list[int]) -> None:
    """A credit is shared as the sale was, with every sign turned, whichever sign the sums taken before have."""
    there, back = (
        divide(rule, amount, taken=taken_of(rule, before)),
        divide(rule, -amount, taken=taken_of(rule, [-cents for cents in before])),
    )
    assert [(each.partner, each.role, each.clause, -each.cents, -Fraction(each.exact)) for each in back.shares] == [
        (each.partner, each.role, each.clause, each.cents, Fraction(each.exact)) for each in there.shares
    ]
    same_size = divide(rule, -amount, taken=taken_of(rule, before))
    assert [each.cents for each in same_size.shares] == [each.cents for each in back.shares]


@repeatable
@given(rules, amounts, takens)
def test_terms_are_enough_to_compute_the_cents(rule: SharingRule, amount: int, before: list[int]) -> None:
    """Whoever has a share's terms needs nothing else to check it."""
    for each in divide(rule, amount, taken=taken_of(rule, before)).shares:
        assert cents_by(each.terms) == each.cents


@repeatable
@given(rules, amounts)
def test_clauses_stay_unambiguous(rule: SharingRule, amount: int) -> None:
    """One share per clause path, in the order of the rule, and the same on every evaluation."""
    division = divide(rule, amount)
    paths = [each.clause for each in division.shares]
    assert len(set(paths)) == len(paths)
    assert division == divide(rule, amount)


@repeatable
@given(rules, amounts)
def test_a_split_is_off_by_less_than_a_cent(rule: SharingRule, amount: int) -> None:
    """Of the cents being split; only cents given in listed order may reach a whole one. A weight of 0 gets none."""
    by_split: dict[str, list[Share]] = {}
    for each in divide(rule, amount).shares:
        if each.terms.weight is not None:
            by_split.setdefault(each.clause.rsplit("[", 1)[0], []).append(each)
    for parts in by_split.values():
        cents = sum(each.cents for each in parts)
        for each in parts:
            weight, total = Fraction(each.terms.weight or 0), Fraction(each.terms.weights_total or 0)
            off = abs(each.cents - cents * weight / total)
            assert off < 1 or (rule.rounding == "first-listed" and off == 1)
            assert weight or each.cents == 0


@repeatable
@given(amounts, st.integers(0, 10_000))
def test_a_single_amount_is_off_by_half_a_cent_at_most(amount: int, hundredths: int) -> None:
    """Before caps and shortfall."""
    percent = f"{hundredths // 100}.{hundredths % 100:02d}"
    rule = one({"percent": percent})
    taken, rest = divide(rule, amount).shares
    due = amount * Fraction(percent) / 100
    assert taken.cents == nearest_cent(due)
    assert abs(taken.cents - due) <= Fraction(1, 2)
    assert rest.cents == amount - taken.cents


@repeatable
@given(amounts, st.randoms(use_true_random=False))
def test_the_listed_order_of_a_split_does_not_matter(amount: int, random: Random) -> None:
    """Under largest remainder, ids decide."""
    names = ["org:a", "org:b", "org:c", "role:x", "role:y"]
    parts = [{"to": name, "weight": str(number)} for number, name in enumerate(names, start=1)]
    before = divide(parse_rule({"steps": [{"take": "remaining", "to": {"split": parts}}]}), amount)
    random.shuffle(parts)
    after = divide(parse_rule({"steps": [{"take": "remaining", "to": {"split": parts}}]}), amount)
    assert {each.partner: each.cents for each in after.shares} == {each.partner: each.cents for each in before.shares}


@repeatable
@given(rules, st.lists(st.integers(0, 100_000), min_size=1, max_size=6))
def test_what_counts_per_pathway_counts_once(rule: SharingRule, sequence: list[int]) -> None:
    """Over all amounts of a pathway a clause never passes its fixed sum or its maximum, whatever the order."""
    booked: list[tuple[str, int]] = []
    for amount in sequence:
        division = divide(rule, amount, taken=taken_by_clause(rule, booked))
        booked += [(each.clause, each.cents) for each in division.shares]
    took = taken_by_clause(rule, booked)
    for path, clause in clauses_of(rule):
        if path in took and isinstance(clause.take, Take):
            if clause.take.max_cents is not None:
                assert took[path] <= clause.take.max_cents
            elif clause.take.fixed_cents is not None:
                assert took[path] <= max(clause.take.fixed_cents, clause.take.min_cents or 0)


@repeatable
@given(st.lists(st.integers(0, 400), min_size=1, max_size=8))
def test_a_fixed_sum_per_pathway_is_taken_in_full_as_money_comes_in(sequence: list[int]) -> None:
    """Fell it short, the next amounts make up for it; it is never taken twice, also through a split."""
    rule = one({"fixed_cents": 500, "per": "pathway"}, to={"split": {"org:a": "1", "org:b": "2"}})
    booked: list[tuple[str, int]] = []
    for amount in sequence:
        division = divide(rule, amount, taken=taken_by_clause(rule, booked))
        booked += [(each.clause, each.cents) for each in division.shares]
    assert taken_by_clause(rule, booked) == {"steps[0]": min(500, sum(sequence))}


def one(take: object, *, to: object = "org:a", **more: object) -> SharingRule:
    """A rule with one clause before the rest."""
    return parse_rule({"steps": [{"take": take, "to": to, **more}, {"take": "remaining", "to": "kept"}]})


@pytest.mark.parametrize(
    ("take", "amount", "before", "cents"),
    [
        ({"fixed_cents": 15_000}, 100_000, 15_000, 15_000),
        ({"fixed_cents": 15_000, "per": "pathway"}, 100_000, 15_000, 0),
        ({"fixed_cents": 15_000, "per": "pathway"}, 100_000, 4_000, 11_000),
        ({"fixed_cents": 15_000, "per": "pathway"}, -100_000, 15_000, 0),
        ({"fixed_cents": 15_000, "per": "pathway"}, -100_000, 0, -15_000),
        ({"percent": "5", "max_cents": 20_000}, 1_000_000, 0, 20_000),
        ({"percent": "5", "max_cents": 20_000, "per": "pathway"}, 100_000, 18_000, 2_000),
        ({"percent": "5", "min_cents": 9_000}, 100_000, 0, 9_000),
        ({"percent": "5", "min_cents": 9_000, "per": "pathway"}, 100_000, 3_000, 6_000),
        ({"percent": "5", "min_cents": 9_000, "per": "pathway"}, 100_000, 8_000, 5_000),
        ({"per_unit_cents": 5_000, "unit": "credit"}, 100_000, 0, 12_500),
        ({"tiers": [{"up_to_cents": 100_000, "percent": "10"}, {"percent": "5"}]}, 250_000, 0, 17_500),
        ({"tiers": [{"up_to_cents": 100_000, "percent": "10"}, {"percent": "5"}]}, 40_000, 0, 4_000),
        ({"percent": "0.5"}, 100, 0, 1),
        ({"percent": "0.5"}, -100, 0, -1),
    ],
)
def test_what_a_clause_takes(take: dict[str, Any], amount: int, before: int, cents: int) -> None:
    """Each way of taking, per amount and per pathway."""
    assert divide(one(take), amount, taken={"steps[0]": before}).shares[0].cents == cents


def test_of_remaining_is_of_what_is_left() -> None:
    """10 % of the whole, then 10 % of what that left."""
    rule = parse_rule(
        {
            "steps": [
                {"take": {"percent": "10"}, "to": "org:a"},
                {"take": {"percent": "10", "of": "remaining"}, "to": "org:b"},
                {"take": "remaining", "to": "org:c"},
            ]
        }
    )
    assert [each.cents for each in divide(rule, 1000).shares] == [100, 90, 810]


def test_a_share_carries_what_it_came_from() -> None:
    """Partner, role, path, exact part and terms; through inner steps also the terms around them."""
    rule = parse_rule(
        {
            "steps": [
                {"take": {"percent": "15"}, "to": {"steps": [{"take": "remaining", "to": "role:y"}]}},
                {"take": "remaining", "to": {"split": {"org:a": "2", "org:b": "1"}}},
            ]
        }
    )
    outer = Terms(kind="percent", base_cents=1_001, percent="15")
    assert divide(rule, 1_001).shares == (
        Share(
            partner="org:y",
            role="role:y",
            clause="steps[0].to.steps[0]",
            cents=150,
            exact="3003/20",
            terms=Terms(kind="remaining", base_cents=150, earlier_cents=0, within=outer),
        ),
        Share(
            partner="org:a", role=None, clause="steps[1].to.split[0]", cents=567, exact="17017/30",
            terms=Terms(
                kind="remaining", base_cents=851, earlier_cents=150, weight="2", weights_total="3", left_over_cents=1,
                place=2,
            ),
        ),
        Share(
            partner="org:b", role=None, clause="steps[1].to.split[1]", cents=284, exact="17017/60",
            terms=Terms(
                kind="remaining", base_cents=851, earlier_cents=150, weight="1", weights_total="3", left_over_cents=1,
                place=1,
            ),
        ),
    )  # fmt: skip


def test_kept_is_a_share_of_the_collector() -> None:
    """So that shares sum to the amount; shares of 0 are there too."""
    kept = divide(one({"percent": "100"}), 100).shares[1]
    assert (kept.partner, kept.role, kept.cents, kept.exact) == (COLLECTOR, "kept", 0, "0/1")


def test_one_organisation_named_twice_has_its_weights_merged() -> None:
    """Binding comes first: `role:x` is org:a, and 1 + 1 of 3 is one part, under the path named first."""
    rule = parse_rule(
        {"steps": [{"take": "remaining", "to": {"split": {"role:x": "1", "org:b": "1", "org:a": "1.5"}}}]}
    )
    assert [(each.partner, each.role, each.clause, each.cents) for each in divide(rule, 70).shares] == [
        ("org:a", "role:x", "steps[0].to.split[0]", 50),
        ("org:b", None, "steps[0].to.split[1]", 20),
    ]


def test_ties_follow_the_bound_id() -> None:
    """`role:y` bound to org:0 comes before org:a, though its name does not."""
    rule = parse_rule({"steps": [{"take": "remaining", "to": {"split": {"org:a": "1", "role:y": "1"}}}]})
    division = divide(rule, 1, bind={"role:y": "org:0"})
    assert {each.partner: each.cents for each in division.shares} == {"org:a": 0, "org:0": 1}


def test_a_clause_without_its_role_is_skipped_and_says_so() -> None:
    """It takes nothing, also where the role is one of several targets or lies in inner steps that need it."""
    for to in ("role:z", {"split": {"org:a": "1", "role:z": "1"}}, {"steps": [{"take": "remaining", "to": "role:z"}]}):
        division = divide(one({"percent": "10"}, to=to, if_unbound="skip"), 1000)
        assert division.skipped == ("steps[0]",)
        assert [(each.clause, each.cents) for each in division.shares] == [("steps[1]", 1000)]


def test_an_unbound_role_that_may_not_be_skipped_is_refused() -> None:
    """The sentence names clause, role and the way out."""
    with pytest.raises(RoleUnbound) as refused:
        divide(one({"percent": "10"}, to={"split": {"role:z": "1"}}), 1000)
    assert str(refused.value) == (
        "steps[0].to.split[0] pays role:z, which is bound to no organisation; "
        'bind it, or let the rule say "if_unbound": "skip" there.'
    )


def test_a_role_may_stay_symbolic() -> None:
    """As `tasma allocate` shows a rule before anybody has a role."""
    division = divide(one({"percent": "10"}, to="role:z", if_unbound="skip"), 1000, symbolic=True)
    assert (division.shares[0].partner, division.shares[0].cents, division.skipped) == ("role:z", 100, ())


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            {"quantities": {}},
            "steps[0] counts credit, but no quantity of credit was given with the amount; give one.",
        ),
        (
            {"quantities": {"credit": "-1"}},
            'The quantity of credit is "-1", but must be 0 or more; the amount carries the sign.',
        ),
        (
            {"quantities": {"credit": 1.5}},
            (
                'the float 1.5 is not an exact decimal in a string, such as "37.5", with up to 12 digits before the point'
                " and 9 after it."
            ),
        ),
        (
            {"bind": {"referrer": "org:a"}},
            'referrer=org:a binds nothing; "role:referrer=org:xamk" is how a role is bound.',
        ),
        (
            {"bind": {"role:referrer": "xamk"}},
            'role:referrer=xamk binds nothing; "role:referrer=org:xamk" is how a role is bound.',
        ),
        ({"taken": {"step[0]": 5}}, "step[0] took 5 cents before, but the rule has no such clause."),
        ({"taken": {"steps[0]": 0.5}}, "the float 0.5 is not an amount; whole cents between -2^53 and 2^53 are."),
    ],
)
def test_what_came_with_the_amount_is_checked(more: dict[str, Any], sentence: str) -> None:
    """A wrong figure is refused before anything is divided."""
    with pytest.raises((BadFigure, QuantityMissing)) as refused:
        divide(one({"per_unit_cents": 100, "unit": "credit"}), 1000, **more)
    assert str(refused.value) == sentence


def test_a_quantity_may_be_any_fraction() -> None:
    """A third of a credit is written as a fraction in the terms, since no decimal is exact."""
    first = divide(one({"per_unit_cents": 100, "unit": "credit"}), 1000, quantities={"credit": Fraction(1, 3)}).shares[
        0
    ]
    assert (first.cents, first.exact, first.terms.quantity) == (33, "100/3", "1/3")


def test_an_unchecked_rule_cannot_lose_a_cent() -> None:
    """A rule that was never drafted, and leaks, is refused when it is used."""
    leaking = SharingRule(steps=(Clause(take=Take(percent="10"), to="org:a"),), rounding="largest-remainder")
    with pytest.raises(RuleFault) as refused:
        divide(leaking, 1000)
    assert str(refused.value) == "steps divides 100 of 1000 cents; its last step must take what remains."
