"""Costs: what one partner paid is divided by a key that all have signed, as it stood on the day the costs arose."""

from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from domain.revenue.bills import bill_of
from domain.revenue.events import CostShared, RevenueReversed
from tests.domain.story import (
    AGREEMENT,
    OUTSIDER,
    PARTNERS,
    amended,
    closed,
    concluded,
    do,
    drafted,
    founded,
    in_force,
    later,
    numbered,
    with_partners,
    written,
)
from tests.given_when_then import Given, asked

THIRDS = {"org:xamk": "1", "org:ekami": "1", "org:ksao": "1"}
WEB = {"name": "web-service", "for": "shared web service", "paid_by": "org:xamk", "costs": {"split": THIRDS}}
JOO = {
    "name": "joo",
    "paid_by": "org:ksao",
    "owed_by": ["org:ekami", "org:cursor"],
    "costs": {"per_unit_cents": 5000, "unit": "credit"},
}
FEE = {"name": "fee", "paid_by": "org:xamk", "owed_by": ["org:ekami", "org:ksao"], "costs": {"fixed_cents": 20000}}
KEYS = [WEB, JOO, FEE]
BILL = {"amount_cents": 90000, "voucher": "Lasku 4711"}
APRIL, MAY = "2019-04-10T09:00:00+03:00", "2019-05-02T09:00:00+03:00"
XAMK = asked(organisation="org:xamk")


def agreed_on(**clauses: object) -> Given:
    return in_force(None, cost_keys=KEYS, **clauses)


def cost(key: str = "web-service", **fields: object) -> dict[str, Any]:
    body = {"agreement": AGREEMENT, "key": key, "occurred_on": "2019-03-05", "project": None}
    return {**body, **(BILL if key == "web-service" else {}), **fields}


def counted(ekami: str, cursor: str) -> dict[str, Any]:
    return cost("joo", quantities=[_credits("org:ekami", ekami), _credits("org:cursor", cursor)])


def _credits(partner: str, quantity: str) -> dict[str, str]:
    return {"partner": partner, "unit": "credit", "quantity": quantity}


def entry_of(so_far: Given) -> CostShared:
    event = so_far.history[-1]
    assert isinstance(event, CostShared)
    return event


def borne(entry: CostShared) -> dict[str, int]:
    return {s.partner: s.cents for s in entry.shares}


def test_in_thirds_two_partners_owe_the_payer_300_euros_each() -> None:
    entry = entry_of(do(agreed_on(), "share-cost", cost(voucher="Lasku 4711", project="S21770")))
    assert [(s.partner, s.clause, s.cents, s.exact, s.waived_cents) for s in entry.shares] == [
        ("org:xamk", "costs.split[0]", 30000, "30000/1", 0),
        ("org:ekami", "costs.split[1]", 30000, "30000/1", 0),
        ("org:ksao", "costs.split[2]", 30000, "30000/1", 0),
    ]
    assert entry.entry == asked().new("entry")
    assert (entry.collected_by, entry.amount_cents, entry.key, entry.version) == ("org:xamk", 90000, "web-service", 1)
    assert (entry.occurred_on.isoformat(), entry.period) == ("2019-03-05", "2019-03")
    assert (entry.voucher, entry.project, entry.vat) == ("Lasku 4711", "S21770", ())
    assert entry.parties == ("org:ekami", "org:ksao", "org:xamk")


def test_a_price_for_each_unit_and_a_fixed_sum_say_the_amount_themselves() -> None:
    joo = entry_of(do(agreed_on(), "share-cost", counted("2.5", "1")))
    assert (joo.amount_cents, borne(joo)) == (17500, {"org:ekami": 12500, "org:cursor": 5000})
    assert [(q.partner, q.quantity) for q in joo.quantities] == [("org:cursor", "1"), ("org:ekami", "2.5")]
    assert joo.parties == ("org:cursor", "org:ekami", "org:ksao")
    fee = entry_of(do(agreed_on(), "share-cost", cost("fee")))
    assert (fee.amount_cents, borne(fee)) == (40000, {"org:ekami": 20000, "org:ksao": 20000})


def test_what_is_waived_is_recorded_with_zero_and_stays_with_the_payer() -> None:
    so_far = agreed_on(waivers=[{"between": ["org:ksao", "org:xamk"], "keys": ["web-service"]}])
    entry = entry_of(do(so_far, "share-cost", cost()))
    assert [(s.partner, s.cents, s.exact, s.waived_cents) for s in entry.shares] == [
        ("org:xamk", 60000, "60000/1", 0),
        ("org:ekami", 30000, "30000/1", 0),
        ("org:ksao", 0, "0/1", 30000),
    ]
    assert borne(entry_of(do(so_far, "share-cost", cost("fee")))) == {"org:ekami": 20000, "org:ksao": 20000}
    all_keys = agreed_on(waivers=[{"between": ["org:xamk", "org:ksao"]}])
    fee = entry_of(do(all_keys, "share-cost", cost("fee")))
    assert (fee.amount_cents, borne(fee)) == (20000, {"org:ekami": 20000, "org:ksao": 0})


def test_where_all_is_waived_the_waiver_is_what_happened() -> None:
    so_far = agreed_on(waivers=[{"between": ["org:xamk", other]} for other in ("org:ekami", "org:ksao")])
    fee = entry_of(do(so_far, "share-cost", cost("fee")))
    assert (fee.amount_cents, [s.waived_cents for s in fee.shares]) == (0, [20000, 20000])
    back = do(so_far.when("share-cost", cost("fee")).and_then(), "reverse-entry", reversal(fee)).history[-1]
    assert isinstance(back, RevenueReversed)
    assert (back.amount_cents, back.left_cents) == (0, 0)


def reversal(entry: CostShared, **fields: object) -> dict[str, object]:
    return {"entry": entry.entry, "reason": "entered-in-error", **fields}


def test_costs_are_divided_by_the_version_in_force_on_their_day() -> None:
    """An amendment changes nothing for what arose before it, however late that is reported."""
    all_to_ekami = [{**WEB, "costs": {"split": {"org:ekami": "1"}}}]
    so_far = amended(agreed_on(), asked(APRIL), cost_keys=all_to_ekami)
    entry = entry_of(do(so_far, "share-cost", cost(occurred_on="2019-04-09"), asked(MAY)))
    assert (entry.version, borne(entry)) == (1, {"org:xamk": 30000, "org:ekami": 30000, "org:ksao": 30000})
    entry = entry_of(do(so_far, "share-cost", cost(occurred_on="2019-04-10"), asked(MAY)))
    assert (entry.version, borne(entry), entry.parties) == (2, {"org:ekami": 90000}, ("org:ekami", "org:xamk"))
    so_far.when("share-cost", cost("fee", occurred_on="2019-04-10"), asked(MAY)).then_refused(
        f"{AGREEMENT} version 2 has no cost key fee; it has web-service. Costs are divided by a key that all parties have signed."
    )


def test_late_costs_land_in_the_open_period_and_keep_their_date() -> None:
    so_far = closed(agreed_on(), "2019-01", "2019-02", "2019-03")
    entry = entry_of(do(so_far, "share-cost", cost(), asked(MAY)))
    assert (entry.occurred_on.isoformat(), entry.period) == ("2019-03-05", "2019-04")


def test_costs_need_an_agreement_in_force_on_their_day() -> None:
    so_far = agreed_on()
    so_far.when("share-cost", cost(occurred_on="2019-03-04")).then_refused(
        f"{AGREEMENT} was not in force on 2019-03-04: it is from 2019-03-05 on. Costs from before it cannot be divided by it."
    )
    so_far.when("share-cost", cost(occurred_on="2019-03-06")).then_refused(
        "Costs on 2019-03-06 lies in the future: today is 2019-03-05. Report it when it has happened."
    )
    for nowhere in (founded(), drafted(cost_keys=KEYS)):
        nowhere.when("share-cost", cost()).then_refused(f"There is no {AGREEMENT} in force here.")


def test_costs_are_divided_by_a_key_and_by_who_paid() -> None:
    so_far = agreed_on()
    so_far.when("share-cost", cost("heating")).then_refused(
        f"{AGREEMENT} version 1 has no cost key heating; it has fee, joo, web-service. "
        "Costs are divided by a key that all parties have signed."
    )
    in_force().when("share-cost", cost()).then_refused(
        f"{AGREEMENT} version 1 has no cost key web-service; it has none. "
        "Costs are divided by a key that all parties have signed."
    )
    so_far.when("share-cost", cost(), asked(organisation="org:ekami")).then_refused(
        "Only org:xamk or the coordinator may divide what it has paid; you act for org:ekami."
    )
    so_far.when("share-cost", cost(), OUTSIDER).then_refused(f"There is no {AGREEMENT} in force here.")
    assert so_far.when("share-cost", cost(), XAMK).events() == so_far.when("share-cost", cost()).events()


def test_what_a_key_asks_for_is_given_and_nothing_else() -> None:
    so_far = agreed_on()
    so_far.when("share-cost", cost(amount_cents=None)).then_refused(
        "web-service splits a cost between its partners, but no amount was given; give what was paid."
    )
    so_far.when("share-cost", cost("fee", amount_cents=100)).then_refused(
        "fee says itself what each partner owes, but an amount of 100 cents was given; leave it out."
    )
    so_far.when("share-cost", cost("joo", quantities=[_credits("org:ekami", "1")])).then_refused(
        'joo counts credit, but none was given for org:cursor; give a quantity, "0" where none was.'
    )
    so_far.when("share-cost", cost("joo", quantities=[_credits("org:xamk", "1")])).then_refused(
        "joo counts credit, but org:xamk owes nothing under it; leave its quantity out."
    )
    so_far.when("share-cost", cost("joo", quantities=[_credits("org:ekami", "1")] * 2)).then_refused(
        "credit of org:ekami stands there twice; give each quantity once."
    )


def test_costs_of_nothing_are_not_divided() -> None:
    for nothing in (cost(amount_cents=0), counted("0", "0")):
        agreed_on().when("share-cost", nothing).then_refused(
            f"By {nothing['key']} nobody would bear anything of this; give an amount or quantities above 0."
        )


def test_an_entry_holds_no_more_than_can_be_read_again() -> None:
    agreed_on().when("share-cost", counted("999999999", "999999999")).then_refused(
        "By joo this comes to 9999999990000 cents, and one entry holds 10000000000 at most; compare the quantities, "
        "or divide it in several entries."
    )


def test_divided_costs_are_taken_back_in_part_and_then_whole() -> None:
    so_far = do(agreed_on(), "share-cost", cost())
    entry = entry_of(so_far)
    part = do(so_far, "reverse-entry", reversal(entry, amount_cents=10000), numbered(1)).history[-1]
    assert isinstance(part, RevenueReversed)
    assert (part.of, part.pathway, part.step, part.part, part.version) == ("cost", None, None, None, 1)
    assert [(s.partner, s.role, s.clause, s.cents, s.exact) for s in part.shares] == [
        ("org:xamk", None, "costs.split[0]", 3333, "10000/3"),
        ("org:ekami", None, "costs.split[1]", 3334, "10000/3"),
        ("org:ksao", None, "costs.split[2]", 3333, "10000/3"),
    ]
    rest = do(Given((*so_far.history, part)), "reverse-entry", reversal(entry), numbered(2)).history[-1]
    assert isinstance(rest, RevenueReversed)
    assert [s.cents for s in rest.shares] == [26667, 26666, 26667]
    assert (rest.amount_cents, rest.left_cents) == (80000, 0)


def test_a_bill_is_divided_once_by_whatever_key_and_version() -> None:
    """However it is written; another payer's bill may have the same number."""
    so_far = do(agreed_on(), "share-cost", cost())
    entry = entry_of(so_far).entry
    for again in (cost(), cost(voucher=" LASKU  4711", amount_cents=1), cost("fee", voucher="\uff2casku 4711")):
        so_far.when("share-cost", again, numbered(1)).then_refused(
            f"org:xamk has divided Lasku 4711 already, by {entry}; a bill is divided once. Take that entry back as a whole and name "
            "it in `in_place_of`, or name another bill."
        )
    assert so_far.when("share-cost", {**counted("1", "1"), "voucher": "Lasku 4711"}, numbered(1)).events()
    assert so_far.when("share-cost", cost(voucher="Lasku 4712"), numbered(1)).events()
    agreed_on().when("share-cost", cost(voucher=None)).then_refused(
        "web-service divides what was paid, so there is a bill; name it in `voucher` by its number in the payer's books."
    )


@pytest.mark.parametrize(
    "voucher",
    ["Lasku4711", "Lasku-4711", "Lasku 4711.", "#L.a.s.k.u/4711", "\uff2casku 4\u2077\u00b9\u00b9"]
    + [f"Lasku{c} 47{c}11{c}" for c in "\u00ad\u200c\u034f\ufe0f\u180e\u2066\u3164\u115f\u1160\uffa0\u2800"],
)
def test_a_bill_is_found_again_by_its_letters_and_digits_alone(voucher: str) -> None:
    """Whatever stands between them, seen or unseen, makes no other bill of it."""
    so_far = do(agreed_on(), "share-cost", cost())
    so_far.when("share-cost", cost(voucher=voucher), numbered(1)).then_refused(
        f"org:xamk has divided Lasku 4711 already, by {entry_of(so_far).entry}; a bill is divided once. Take that entry back as a "
        "whole and name it in `in_place_of`, or name another bill."
    )


def test_letters_that_differ_make_another_bill_whatever_they_look_like() -> None:
    assert bill_of("L\u0430sku 4711") != bill_of("Lasku 4711"), "a Cyrillic letter is none of Latin"
    assert bill_of("S\u00e4hk\u00f6 1") != bill_of("Sahko 1"), "an accent belongs to its letter"
    assert bill_of("Sa\u034f\u0308hko\u0308 1") == bill_of("S\u00c4HK\u00d6 1"), "written apart or as one"
    assert bill_of("\u246007") == bill_of("\uff11\u0030\u2077") == bill_of("1 0 7")


def test_a_voucher_says_something() -> None:
    for voucher in ("-", "?!", "\u3164", "\u2066."):
        agreed_on().when("share-cost", cost(voucher=voucher)).then_refused(
            f"{voucher} has neither a letter nor a digit; name the bill in `voucher` by its number in the payer's books."
        )


def test_a_bill_is_divided_anew_in_place_of_an_entry_that_was_taken_back_as_a_whole() -> None:
    so_far = do(agreed_on(), "share-cost", cost())
    first = entry_of(so_far)
    instead = cost(amount_cents=80000, in_place_of=first.entry)
    refused = (
        f"org:xamk has divided Lasku 4711 already, by {first.entry}; a bill is divided once. Take that entry back as a whole and name "
        "it in `in_place_of`, or name another bill."
    )
    so_far.when("share-cost", instead, numbered(1)).then_refused(refused)
    in_part = do(so_far, "reverse-entry", reversal(first, amount_cents=10000), numbered(1))
    in_part.when("share-cost", instead, numbered(2)).then_refused(refused)
    gone = do(in_part, "reverse-entry", reversal(first), numbered(2))
    gone.when("share-cost", cost(), numbered(3)).then_refused(refused)
    again = do(gone, "share-cost", instead, numbered(3))
    assert entry_of(again).amount_cents == 80000
    again.when("share-cost", instead, numbered(4)).then_refused(refused.replace(first.entry, entry_of(again).entry))
    gone.when("share-cost", cost(voucher="Lasku 1", in_place_of=first.entry), numbered(3)).then_refused(
        f"There is no {first.entry} of this voucher here."
    )


def test_what_a_key_does_not_count_is_not_given() -> None:
    """Neither for those who owe nothing nor for strangers; a split counts nothing at all."""
    so_far = agreed_on()
    for stranger in ("org:ekami", "org:lut"):
        so_far.when("share-cost", cost(quantities=[_credits(stranger, "1")])).then_refused(
            f"web-service counts no unit, but credit was given for {stranger}; leave that quantity out."
        )
    hours = {"partner": "org:ekami", "unit": "hour", "quantity": "1"}
    body = counted("1", "1")
    so_far.when("share-cost", {**body, "quantities": [*body["quantities"], hours]}).then_refused(
        "joo counts credit, but hour was given for org:ekami; leave that quantity out."
    )
    so_far.when("share-cost", {**body, "quantities": [*body["quantities"], _credits("org:lut", "1")]}).then_refused(
        "joo counts credit, but org:lut owes nothing under it; leave its quantity out."
    )


def test_only_who_paid_takes_back_what_was_divided() -> None:
    so_far = do(agreed_on(), "share-cost", cost())
    so_far.when("reverse-entry", reversal(entry_of(so_far)), asked(organisation="org:ksao")).then_refused(
        "Only org:xamk or the coordinator may reverse what it has shared; you act for org:ksao."
    )
    so_far.when("reverse-entry", reversal(entry_of(so_far)), asked(organisation="org:cursor")).then_refused(
        f"There is no {entry_of(so_far).entry} here."
    )


@pytest.mark.parametrize(
    ("clauses", "sentence"),
    [
        (
            {"cost_keys": [{**WEB, "paid_by": "org:lut"}]},
            "cost_keys: web-service: org:lut would be bound without being a party; add them to the parties or leave them out.",
        ),
        (
            {"cost_keys": [{**WEB, "costs": {"split": {"org:xamk": "1"}}}]},
            "cost_keys[0].costs.split gives a weight above 0 to org:xamk alone, which pays; name another that owes a part.",
        ),
        (
            {"cost_keys": [WEB], "waivers": [{"between": ["org:xamk", "org:lut"]}]},
            "waivers: org:lut would be bound without being a party; add them to the parties or leave them out.",
        ),
        (
            {"cost_keys": [WEB], "waivers": [{"between": ["org:xamk", "org:xamk"]}]},
            "waivers: org:xamk stands on both sides; a waiver is between two parties that charge each other nothing.",
        ),
        (
            {"cost_keys": [WEB], "waivers": [{"between": ["org:xamk", "org:ekami"], "keys": ["fee"]}]},
            "waivers: there is no cost key fee in this agreement.",
        ),
    ],
)
def test_a_key_binds_those_who_sign_it(clauses: dict[str, Any], sentence: str) -> None:
    with_partners().when("draft-agreement", written(**clauses)).then_refused(sentence)


@settings(max_examples=25)
@examples(
    amount=st.integers(1, 10**10),
    weights=st.lists(st.integers(0, 9), min_size=4, max_size=4).filter(lambda w: any(w[1:])),
    waived=st.sets(st.sampled_from(PARTNERS[1:])),
    parts=st.lists(st.integers(1, 10**9), max_size=3),
)
def test_the_shares_of_a_cost_sum_to_it_and_can_all_be_taken_back(
    amount: int, weights: list[int], waived: set[str], parts: list[int]
) -> None:
    """Whatever the weights and waivers; each cent once, whatever parts it is taken back in."""
    key = {**WEB, "costs": {"split": {p: str(w) for p, w in zip(PARTNERS, weights, strict=True)}}}
    waivers = [{"between": ["org:xamk", other]} for other in sorted(waived)]
    so_far = concluded(do(with_partners(), "draft-agreement", written(cost_keys=[key], waivers=waivers)))
    so_far = do(so_far, "share-cost", cost(amount_cents=amount))
    entry = entry_of(so_far)
    left = borne(entry)
    assert sum(left.values()) == amount
    assert all(not left[w] for w in waived)
    taken = [*(p for n, p in enumerate(parts, 1) if sum(parts[:n]) < amount), None]
    for number, part in enumerate(taken, 1):
        so_far = do(
            so_far, "reverse-entry", reversal(entry, amount_cents=part), numbered(number, later(APRIL, asked()))
        )
        back = so_far.history[-1]
        assert isinstance(back, RevenueReversed)
        for share in back.shares:
            assert 0 <= share.cents <= left[share.partner]
            left[share.partner] -= share.cents
    assert not any(left.values())
