"""Corrections: stored shares are taken back, each cent once; what is shared anew is shared by the rule once signed."""

from fractions import Fraction
from typing import Any

from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from domain.kernel import Refused
from domain.revenue.events import RevenueReversed, RevenueShared
from tests.domain.story import (
    AGREEMENT,
    OUTSIDER,
    agreed,
    amended,
    closed,
    delivered,
    delivery,
    do,
    entry_of,
    in_force,
    numbered,
    shared,
    sharing,
)
from tests.given_when_then import Given, asked

ENTRY = asked().new("entry")
MAY = "2019-05-02T09:00:00+03:00"
XAMK = asked(organisation="org:xamk")
EVERYTHING = {"steps": [{"take": "remaining", "to": "org:ksao", "for": "delivery"}]}


def taking(amount_cents: int | None = None, entry: str = ENTRY, reason: str = "price-changed") -> dict[str, Any]:
    return {"entry": entry, "reason": reason, "amount_cents": amount_cents}


def rebooking(amount_cents: int, part: int = 1, **fields: object) -> dict[str, Any]:
    return {**sharing(part=part), "amount_cents": amount_cents, "reason": "price-changed", **fields}


def reversed_by(so_far: Given) -> RevenueReversed:
    event = so_far.history[-1]
    assert isinstance(event, RevenueReversed)
    return event


def cents_of(event: RevenueReversed | RevenueShared) -> list[int]:
    return [s.cents for s in event.shares]


# --- taken back ------------------------------------------------------------------------------------------------------
def test_a_part_is_taken_back_in_proportion_to_what_is_left() -> None:
    """100.01 of 400.00 over 150.00/20.00/125.00/63.00/42.00: floors, then a cent each to the largest remainders."""
    back = reversed_by(do(shared(), "reverse-entry", taking(10001), numbered(1)))
    assert cents_of(back) == [3751, 500, 3125, 1575, 1050]
    assert [s.exact for s in back.shares] == ["30003/8", "10001/20", "50005/16", "630063/400", "210021/200"]
    assert [(s.partner, s.role, s.clause) for s in back.shares] == [
        (s.partner, s.role, s.clause) for s in entry_of(shared()).shares
    ]
    assert (back.of, back.pathway, back.step, back.part) == ("revenue", "pathway:p-1", 1, 1)
    assert (back.amount_cents, back.entry_amount_cents, back.left_cents) == (10001, 40000, 29999)
    assert (back.reversal, back.entry) == (numbered(1).new("entry"), ENTRY)
    assert (back.collected_by, back.agreement, back.version) == ("org:xamk", AGREEMENT, 1)


def test_what_is_left_is_taken_back_without_an_amount_and_nothing_after_it() -> None:
    part = do(shared(), "reverse-entry", taking(10001), numbered(1))
    rest = do(part, "reverse-entry", taking(), numbered(2))
    assert cents_of(reversed_by(rest)) == [11249, 1500, 9375, 4725, 3150]
    assert (reversed_by(rest).amount_cents, reversed_by(rest).left_cents) == (29999, 0)
    rest.when("reverse-entry", taking(1), numbered(3)).then_refused(
        f"{ENTRY} was taken back by {reversed_by(rest).reversal} already; each cent is reversed once."
    )


def test_no_more_is_taken_back_than_is_left_and_never_nothing() -> None:
    part = do(shared(), "reverse-entry", taking(10001), numbered(1))
    part.when("reverse-entry", taking(30000), numbered(2)).then_refused(
        f"30000 cents of {ENTRY} cannot be taken back: 29999 cents are left of it. Take back so much or less."
    )
    part.when("reverse-entry", taking(0), numbered(2)).then_refused(
        f"0 cents of {ENTRY} would be taken back; give the cents, or leave them out to take back all 29999."
    )
    shared().when("reverse-entry", taking(entry="entry:0")).then_refused("There is no entry:0 here.")


def test_a_credit_loss_is_a_reversal_with_that_reason_and_keeps_all_dates() -> None:
    so_far = closed(shared(), "2019-01", "2019-02", "2019-03", at="2019-04-10T09:00:00+03:00")
    back = reversed_by(do(so_far, "reverse-entry", taking(reason="credit-loss"), numbered(1, asked(MAY))))
    assert back.reason == "credit-loss"
    assert (back.occurred_on.isoformat(), back.period) == ("2019-05-02", "2019-05")
    assert (back.entry_occurred_on.isoformat(), back.entry_period) == ("2019-03-05", "2019-03")
    assert cents_of(back) == cents_of(entry_of(shared()))


def test_only_after_all_of_it_was_taken_back_is_a_part_shared_anew() -> None:
    part = do(shared(), "reverse-entry", taking(39999), numbered(1))
    part.when("share-revenue", sharing()).then_refused(
        f"The revenue of part 1 of step 1 of pathway:p-1 is shared already, by {ENTRY}; reverse that first."
    )
    gone = do(part, "reverse-entry", taking(1), numbered(2))
    assert cents_of(entry_of(do(gone, "share-revenue", sharing(), numbered(3)))) == cents_of(entry_of(shared()))


# --- booked anew -----------------------------------------------------------------------------------------------------
def test_another_amount_takes_back_all_that_is_left_and_shares_anew() -> None:
    """After 100.00 was taken back, 300.00 are; then 450.00 are shared with the fee and the maximum whole again."""
    part = do(shared(), "reverse-entry", taking(10000), numbered(1))
    back, anew = part.when("rebook-part", rebooking(45000), numbered(2, XAMK)).events()
    assert isinstance(back, RevenueReversed)
    assert isinstance(anew, RevenueShared)
    assert (back.amount_cents, back.left_cents, back.reason) == (30000, 0, "price-changed")
    assert (back.reversal, anew.entry) == (numbered(2).new("entry", 1), numbered(2).new("entry"))
    assert [(s.clause, s.cents) for s in anew.shares] == [
        ("steps[0]", 15000),
        ("steps[1]", 2250),
        ("steps[2]", 12500),
        ("steps[3].to.split[0]", 9150),
        ("steps[3].to.split[1]", 6100),
    ]
    assert (anew.amount_cents, anew.step, anew.part, anew.version) == (45000, 1, 1, 1)
    assert anew.occurred_on.isoformat() == "2019-03-05"


def test_what_other_parts_took_counts_when_a_part_is_booked_anew() -> None:
    """The fee of 150.00 was taken once by part 1; part 2 booked anew cannot take it, and part 1 can again."""
    both = do(do(shared(), "deliver-step", delivery(part=2)), "share-revenue", sharing(part=2), numbered(1))
    _, second = both.when("rebook-part", rebooking(50000, part=2), numbered(2)).events()
    assert isinstance(second, RevenueShared)
    assert second.shares[0].cents == 0
    _, first = both.when("rebook-part", rebooking(50000), numbered(2)).events()
    assert isinstance(first, RevenueShared)
    assert first.shares[0].cents == 15000


def test_quantities_are_those_reported_or_those_given_instead() -> None:
    _, anew = shared().when("rebook-part", rebooking(40000), numbered(1)).events()
    assert isinstance(anew, RevenueShared)
    assert [(q.unit, q.quantity) for q in anew.quantities] == [("credit", "2.5")]
    other = rebooking(40000, quantities=[{"unit": "credit", "quantity": "1"}])
    _, anew = shared().when("rebook-part", other, numbered(1)).events()
    assert isinstance(anew, RevenueShared)
    assert (anew.quantities[0].quantity, anew.shares[2].cents) == ("1", 5000)
    for given, named in (([], "none"), ([{"unit": "day", "quantity": "1"}], "day")):
        shared().when("rebook-part", rebooking(40000, quantities=given), numbered(1)).then_refused(
            f"The sharing rule counts credit; given is {named}. Give each counted unit once and no other."
        )


def test_a_part_is_booked_anew_by_the_version_bound_to_its_pathway() -> None:
    so_far = amended(shared(), asked(MAY), sharing_rule=EVERYTHING)
    back, anew = so_far.when("rebook-part", rebooking(40000), numbered(1, asked(MAY))).events()
    assert isinstance(back, RevenueReversed)
    assert isinstance(anew, RevenueShared)
    assert (back.version, anew.version, cents_of(anew)) == (1, 1, cents_of(entry_of(shared())))


def test_what_is_taken_back_and_what_is_shared_anew_stand_in_one_period() -> None:
    """April is open too, but there the part would have stood twice until May."""
    so_far = closed(shared(), "2019-01", "2019-02", "2019-03", at="2019-04-10T09:00:00+03:00")
    back, anew = so_far.when("rebook-part", rebooking(0), numbered(1, asked(MAY))).events()
    assert isinstance(back, RevenueReversed)
    assert isinstance(anew, RevenueShared)
    assert (back.period, anew.period, anew.amount_cents, cents_of(anew)) == ("2019-05", "2019-05", 0, [0] * 5)
    gone = do(so_far, "reverse-entry", taking(), numbered(1, asked(MAY)))
    assert entry_of(do(gone, "share-revenue", sharing(), numbered(2, asked(MAY)))).period == "2019-05"


def test_only_what_is_shared_is_booked_anew_and_only_by_its_collector() -> None:
    agreed().when("rebook-part", rebooking(1)).then_refused(
        "Part 1 of step 1 of pathway:p-1 has not been delivered; revenue is shared after delivery."
    )
    gone = do(shared(), "reverse-entry", taking(), numbered(1))
    for so_far in (delivered(), gone):
        so_far.when("rebook-part", rebooking(1), numbered(2)).then_refused(
            "The revenue of part 1 of step 1 of pathway:p-1 is not shared, so there is nothing to correct; share it."
        )
    shared().when("rebook-part", {**rebooking(1), "agreement": "agreement:other"}).then_refused(
        f"pathway:p-1 is bound to {AGREEMENT}; its revenue cannot be shared under agreement:other."
    )
    shared().when("rebook-part", rebooking(1), asked(organisation="org:ekami")).then_refused(
        "Only org:xamk or the coordinator may correct what it has shared; you act for org:ekami."
    )
    for so_far in (in_force(), agreed(), shared()):
        so_far.when("rebook-part", rebooking(1), OUTSIDER).then_refused("There is no pathway:p-1 here.")


# --- promises --------------------------------------------------------------------------------------------------------
@settings(max_examples=25)
@examples(
    credit=st.sampled_from(["0", "0.1", "2.5", "7.123456"]),
    parts=st.lists(st.integers(1, 20000), min_size=1, max_size=6),
)
def test_after_any_parts_and_the_rest_nothing_is_left_of_any_share(credit: str, parts: list[int]) -> None:
    """In cents and exactly: a true-up of what is gone moves nothing."""
    so_far = do(do(agreed(), "deliver-step", delivery(credit=credit)), "share-revenue", sharing())
    left = {s.clause: s.cents for s in entry_of(so_far).shares}
    exactly = {s.clause: Fraction(s.exact) for s in entry_of(so_far).shares}
    total = sum(left.values())
    for number, part in enumerate([*(p for n, p in enumerate(parts, 1) if sum(parts[:n]) < total), None], 1):
        so_far = do(so_far, "reverse-entry", taking(part), numbered(number))
        back = reversed_by(so_far)
        for share in back.shares:
            assert 0 <= share.cents <= left[share.clause]
            left[share.clause] -= share.cents
            exactly[share.clause] -= Fraction(share.exact)
        assert sum(exactly.values()) == sum(left.values()) == back.left_cents
    assert not any(left.values())
    assert not any(exactly.values())


CAPPED = {
    "steps": [
        {"take": {"fixed_cents": 15000, "per": "pathway"}, "to": "org:cursor", "for": "fee"},
        {"take": {"percent": "50", "max_cents": 9000, "per": "pathway"}, "to": "org:ksao", "for": "capped"},
        {"take": "remaining", "to": "role:provider", "for": "delivery"},
    ]
}
MOST = {"steps[0]": 15000, "steps[1]": 9000}
actions = st.tuples(
    st.sampled_from(["share", "part", "whole", "rebook"]),
    st.sampled_from([(1, 1), (1, 2), (2, 1), (2, 2)]),
    st.sampled_from([1, 997, 20000, 40000]),
)


@settings(max_examples=25)
@examples(steps=st.lists(actions, min_size=3, max_size=12))
def test_no_clause_takes_more_of_a_pathway_than_its_maximum(steps: list[tuple[str, tuple[int, int], int]]) -> None:
    """Whatever is shared, taken back in part or whole, and booked anew, in any order; and the shares sum to what is left."""
    so_far = agreed(CAPPED)
    for place in ((1, 1), (1, 2), (2, 1), (2, 2)):
        so_far = do(so_far, "deliver-step", delivery(*place, credit=None))
    standing: dict[tuple[int, int], tuple[str, int]] = {}
    for number, (action, place, cents) in enumerate(steps, 1):
        entry = standing.get(place, (ENTRY, 0))[0]
        name, body = {
            "share": ("share-revenue", sharing(*place)),
            "part": ("reverse-entry", taking(cents, entry)),
            "whole": ("reverse-entry", taking(None, entry)),
            "rebook": ("rebook-part", {**rebooking(cents), "step": place[0], "part": place[1]}),
        }[action]
        try:
            so_far = do(so_far, name, body, numbered(number))
        except Refused:
            continue
        left = dict.fromkeys(("steps[0]", "steps[1]", "steps[2]"), 0)
        standing = {}
        for event in so_far.history:
            if isinstance(event, RevenueShared):
                standing[event.step, event.part] = (event.entry, event.amount_cents)
            elif isinstance(event, RevenueReversed):
                assert event.step is not None
                assert event.part is not None
                standing[event.step, event.part] = (event.entry, event.left_cents)
            if isinstance(event, RevenueShared | RevenueReversed):
                for share in event.shares:
                    left[share.clause] += share.cents if isinstance(event, RevenueShared) else -share.cents
        assert all(0 <= left[clause] <= most for clause, most in MOST.items())
        assert sum(left.values()) == sum(cents for _, cents in standing.values())
