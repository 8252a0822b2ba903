"""VAT: a seller's decision for its clause, on the day of delivery; a correction keeps the rate of what it corrects."""

from typing import Any

import pytest

from domain.revenue.events import CostShared, RevenueReversed, RevenueShared, ShareVat
from domain.vat.events import VatTreatmentDecided
from tests.domain.story import (
    AGREE,
    AGREEMENT,
    OUTSIDER,
    PARTNERS,
    agreed,
    amended,
    concluded,
    delivered,
    delivery,
    do,
    drafted,
    founded,
    in_force,
    numbered,
    planned,
    sharing,
    written,
)
from tests.given_when_then import Given, asked, given

WEB = {"name": "web-service", "paid_by": "org:xamk", "costs": {"split": {"org:ekami": "1", "org:ksao": "1"}}}
EXEMPT = {"code": "E", "rate": "0", "ground": "AVL 39-40 §"}
TAXED = {"code": "S", "rate": "24"}
MAY = "2019-05-02T09:00:00+03:00"


def decision(seller: str = "org:ekami", valid_from: str = "2019-01-01", **fields: object) -> dict[str, Any]:
    body = {"seller": seller, "agreement": AGREEMENT, "valid_from": valid_from, "decided_by": "Talousjohtaja"}
    return {**body, **(fields if "code" in fields else {**TAXED, **fields})}


def decided(so_far: Given, *decisions: dict[str, Any], first: int = 1) -> Given:
    for number, body in enumerate(decisions, first):
        so_far = do(so_far, "decide-vat-treatment", body, numbered(number))
    return so_far


def treatment(number: int) -> str:
    return numbered(number).new("treatment")


def entry_of(so_far: Given, number: int = 50) -> RevenueShared:
    event = do(so_far, "share-revenue", sharing(), numbered(number)).history[-1]
    assert isinstance(event, RevenueShared)
    return event


def taxed(event: RevenueShared | RevenueReversed | CostShared) -> list[tuple[str, str, str]]:
    """By clause the code and the rate."""
    return [(v.clause, v.code, v.rate) for v in event.vat]


# --- decided ---------------------------------------------------------------------------------------------------------
def test_a_decision_says_what_by_whom_and_from_when() -> None:
    body = decision(clause="steps[2]", **EXEMPT)
    in_force().when("decide-vat-treatment", body, asked(organisation="org:ekami")).then(
        VatTreatmentDecided(
            treatment=asked().new("treatment"),
            seller="org:ekami",
            agreement=AGREEMENT,
            clause="steps[2]",
            code="E",
            rate="0",
            ground="AVL 39-40 §",
            valid_from=asked("2019-01-01T09:00:00+02:00").on,
            decided_by="Talousjohtaja",
            by="person:test",
            decided_on=asked().on,
        )
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"code": "S", "rate": "0"},
            "The code S with the rate 0 is no treatment: S has a rate above 0, and every other code the rate 0.",
        ),
        (
            {"code": "E", "rate": "24", "ground": "AVL 39-40 §"},
            "The code E with the rate 24 is no treatment: S has a rate above 0, and every other code the rate 0.",
        ),
        (
            {"code": "S", "rate": "0.000"},
            "The code S with the rate 0.000 is no treatment: S has a rate above 0, and every other code the rate 0.",
        ),
        (
            {**TAXED, "clause": "steps[3].to.split[1]"},
            f"{AGREEMENT} has no clause steps[3].to.split[1]; name one of its sharing rule, such as steps[0], or a cost key as costs.NAME.",
        ),
        ({"code": "O", "rate": "0"}, "The code O needs its ground, which invoices have to name, such as AVL 39-40 §."),
        (
            {"code": "AE", "rate": "0"},
            "The code AE needs its ground, which invoices have to name, such as AVL 39-40 §.",
        ),
        (
            {**TAXED, "clause": "steps[4]"},
            f"{AGREEMENT} has no clause steps[4]; name one of its sharing rule, such as steps[0], or a cost key as costs.NAME.",
        ),
        (
            {**TAXED, "clause": "costs.fee"},
            f"{AGREEMENT} has no clause costs.fee; name one of its sharing rule, such as steps[0], or a cost key as costs.NAME.",
        ),
    ],
)
def test_a_treatment_is_whole(fields: dict[str, Any], sentence: str) -> None:
    in_force(None, cost_keys=[WEB]).when("decide-vat-treatment", decision(**fields)).then_refused(sentence)


def test_clauses_of_every_version_can_be_named() -> None:
    """Pathways keep theirs: also what fell away is still delivered."""
    so_far = amended(
        in_force(), asked(MAY), sharing_rule={"steps": [{"take": "remaining", "to": "kept"}]}, cost_keys=[WEB]
    )
    for clause in ("steps[3]", "steps[0]", "costs.web-service"):
        assert so_far.when("decide-vat-treatment", decision(clause=clause), asked(MAY)).events()


def test_a_party_decides_for_itself_under_an_agreement_in_force() -> None:
    in_force().when("decide-vat-treatment", decision("org:lut")).then_refused(
        f"org:lut is no party to {AGREEMENT} and supplies nothing under it."
    )
    in_force().when("decide-vat-treatment", decision(), OUTSIDER).then_refused(
        "Only org:ekami or the coordinator may decide how its supplies are taxed; you act for org:lut."
    )
    for so_far in (given(), drafted()):
        so_far.when("decide-vat-treatment", decision()).then_refused(f"There is no {AGREEMENT} in force here.")


def test_the_same_is_not_decided_twice_but_changed_and_changed_back() -> None:
    so_far = decided(in_force(), decision())
    so_far.when("decide-vat-treatment", decision(), numbered(2)).then_refused(
        f"The same is decided already, by {treatment(1)}."
    )
    for other in (
        decision(rate="14"),
        decision(clause="steps[2]"),
        decision(valid_from="2019-01-02"),
        decision("org:ksao"),
    ):
        assert so_far.when("decide-vat-treatment", other, numbered(2)).events()
    changed = decided(so_far, decision(rate="14"), first=2)
    assert changed.when("decide-vat-treatment", decision(), numbered(3)).events()


# --- at work ---------------------------------------------------------------------------------------------------------
def test_what_has_no_decision_says_nothing_of_vat() -> None:
    assert entry_of(delivered()).vat == ()


NESTED = {
    "steps": [
        {
            "take": {"percent": "50"},
            "to": {
                "steps": [
                    {"take": {"percent": "10"}, "to": "org:ksao"},
                    {"take": "remaining", "to": {"split": {"org:ekami": "1", "org:ksao": "1"}}},
                ]
            },
        },
        {"take": "remaining", "to": "org:ksao"},
    ]
}


def test_each_share_is_taxed_as_its_seller_decided_for_the_nearest_clause() -> None:
    """The clause's own decision before that of what is around it, and that before the one for every clause."""
    so_far = decided(
        do(agreed(NESTED), "deliver-step", delivery(credit=None)),
        decision("org:ksao", clause="steps[0].to.steps[1]"),
        decision("org:ksao", clause="steps[0]", rate="14"),
        decision("org:ksao", "2019-03-01", **EXEMPT),
        decision("org:ekami", clause="steps[1]"),
    )
    assert entry_of(so_far).vat == (
        ShareVat(clause="steps[0].to.steps[0]", code="S", rate="14", ground=None, decision=treatment(2)),
        ShareVat(clause="steps[0].to.steps[1].to.split[1]", code="S", rate="24", ground=None, decision=treatment(1)),
        ShareVat(clause="steps[1]", code="E", rate="0", ground="AVL 39-40 §", decision=treatment(3)),
    )


def test_what_the_collector_keeps_is_no_supply() -> None:
    assert taxed(entry_of(decided(delivered(), decision("org:xamk"), decision("org:cursor")))) == [
        ("steps[0]", "S", "24")
    ]


def test_the_day_of_delivery_chooses_and_of_one_day_the_newest() -> None:
    """A later day does not count for it, an earlier one only where there is none nearer."""
    so_far = decided(
        delivered(),
        decision("org:cursor", "2019-03-05", rate="23"),
        decision("org:cursor", "2019-03-06", rate="25.5"),
        decision("org:cursor", "2019-01-01", rate="22"),
    )
    assert taxed(entry_of(so_far)) == [("steps[0]", "S", "23")]
    assert taxed(entry_of(decided(so_far, decision("org:cursor", "2019-03-05", rate="10"), first=4))) == [
        ("steps[0]", "S", "10")
    ]
    assert taxed(entry_of(decided(delivered(), decision("org:cursor", "2019-03-06")))) == []


def test_a_decision_counts_for_what_is_booked_after_it_and_a_correction_keeps_the_rate() -> None:
    so_far = decided(delivered(), decision("org:cursor"))
    so_far = do(so_far, "share-revenue", sharing(), numbered(50))
    so_far = decided(so_far, decision("org:cursor", rate="14"), first=2)
    entry = so_far.history[-2]
    assert isinstance(entry, RevenueShared)
    body = {"entry": entry.entry, "reason": "price-changed", "amount_cents": 10000}
    back = do(so_far, "reverse-entry", body, numbered(51)).history[-1]
    assert isinstance(back, RevenueReversed)
    assert (
        back.vat == entry.vat == (ShareVat(clause="steps[0]", code="S", rate="24", ground=None, decision=treatment(1)),)
    )
    anew = {**sharing(), "amount_cents": 30000, "reason": "price-changed"}
    taken, shared = so_far.when("rebook-part", anew, numbered(52)).events()
    assert isinstance(taken, RevenueReversed)
    assert isinstance(shared, RevenueShared)
    assert (taxed(taken), taxed(shared)) == ([("steps[0]", "S", "24")], [("steps[0]", "S", "14")])


def test_costs_are_taxed_as_their_payer_decided() -> None:
    """Nothing is said of the payer's own part and of what was waived: nobody supplies it to anybody."""
    thirds = {**WEB, "costs": {"split": {"org:xamk": "1", "org:ekami": "1", "org:ksao": "1"}}}
    waivers = [{"between": ["org:xamk", "org:ksao"]}]
    so_far = decided(
        in_force(None, cost_keys=[thirds], waivers=waivers),
        decision("org:xamk", clause="costs.web-service"),
        decision("org:xamk", code="O", rate="0", ground="AVL 60 a §"),
        decision("org:ekami", **EXEMPT),
    )
    body = {"agreement": AGREEMENT, "key": "web-service", "occurred_on": "2019-03-05", "project": None}
    cost = do(so_far, "share-cost", {**body, "amount_cents": 90000, "voucher": "Lasku 1"}, numbered(60)).history[-1]
    assert isinstance(cost, CostShared)
    assert cost.vat == (ShareVat(clause="costs.split[1]", code="S", rate="24", ground=None, decision=treatment(1)),)
    back = do(
        Given((*so_far.history, cost)), "reverse-entry", {"entry": cost.entry, "reason": "price-changed"}
    ).history[-1]
    assert isinstance(back, RevenueReversed)
    assert back.vat == cost.vat


def test_between_units_of_one_legal_person_there_is_no_vat() -> None:
    """Ekami and cursor are units of the collector: only ksao supplies something."""
    so_far = decided(
        of_one_person(),
        *(decision(seller) for seller in ("org:ekami", "org:ksao", "org:cursor", "org:xamk")),
    )
    assert taxed(entry_of(so_far)) == [("steps[3].to.split[1]", "S", "24")]
    body = {"agreement": AGREEMENT, "key": "web-service", "occurred_on": "2019-03-05", "project": None}
    cost = do(so_far, "share-cost", {**body, "amount_cents": 90000, "voucher": "Lasku 1"}, numbered(60)).history[-1]
    assert isinstance(cost, CostShared)
    assert taxed(cost) == [("costs.split[1]", "S", "24")]


def of_one_person() -> Given:
    """A delivery among partners of whom two are units of the one that collects."""
    so_far = founded()
    for organisation in PARTNERS:
        unit_of = "org:xamk" if organisation in ("org:ekami", "org:cursor") else None
        body = {"organisation": organisation, "name": {"fi": organisation[4:]}, "kind": "other", "unit_of": unit_of}
        so_far = do(so_far, "register-organisation", body)
        body = {"organisation": organisation, "membership": "implementer", "admitted_on": "2019-01-02"}
        so_far = do(so_far, "admit-partner", body)
    so_far = concluded(do(so_far, "draft-agreement", written(None, cost_keys=[WEB])))
    return do(do(planned(so_far=so_far), "agree-pathway", AGREE), "deliver-step", delivery())
