"""Amending: another version takes the path of the first; what was agreed under the older one keeps it."""

from typing import Any

import pytest

from domain.agreements.events import (
    AgreementAmended,
    AgreementDrafted,
    AgreementEnteredIntoForce,
    AgreementSigned,
    AgreementTextFrozen,
    Netting,
    UnitOf,
    Waiver,
)
from domain.pathways.events import PathwayAgreed
from domain.revenue.events import RevenueShared
from tests.domain.story import (
    AGREE,
    AGREEMENT,
    OUTSIDER,
    PARTNERS,
    amended,
    approval,
    concluded,
    delivered,
    do,
    drafted,
    founded,
    in_force,
    later,
    planned,
    sharing,
    signature,
    with_partners,
    written,
)
from tests.given_when_then import Given, asked

APRIL = "2019-04-10T09:00:00+03:00"
ALL_TO_KSAO = {"steps": [{"take": "remaining", "to": "org:ksao", "for": "delivery"}]}
WEB = {"name": "web-service", "paid_by": "org:xamk", "costs": {"split": {"org:ekami": "1"}}}
VERSION_2 = {"agreement": AGREEMENT, "version": 2}
IN_APRIL = asked(APRIL)


def amendment(**clauses: object) -> dict[str, Any]:
    return written(None, **{"sharing_rule": ALL_TO_KSAO, **clauses})


def on_its_way() -> Given:
    return do(in_force(), "amend-agreement", amendment(), IN_APRIL)


def last(so_far: Given) -> AgreementAmended:
    event = so_far.history[-1]
    assert isinstance(event, AgreementAmended)
    return event


def test_an_amendment_says_all_that_is_to_hold() -> None:
    clauses = {
        "cost_keys": [WEB],
        "waivers": [{"between": ["org:xamk", "org:ekami"], "keys": ["web-service"]}],
        "netting": {"mode": "clearing", "clearing": "org:xamk"},
        "due": "receipt",
        "self_billing": ["org:xamk", "org:ekami", "org:xamk"],
        "dispute_days": 7,
        "dispute_answer_days": 3,
        "payment_days": 30,
        "tacit_approval": True,
        "parties": ["org:xamk", "org:ekami", "org:ksao", "org:cursor"],
    }
    event = last(do(in_force(), "amend-agreement", amendment(**clauses), IN_APRIL))
    assert (event.version, event.amends, event.amended_on.isoformat()) == (2, 1, "2019-04-10")
    assert (event.parties, event.units) == (("org:xamk", "org:ekami", "org:ksao", "org:cursor"), ())
    signed = event.clauses
    assert signed.sharing_rule is not None
    assert [key.name for key in signed.cost_keys] == ["web-service"]
    assert signed.waivers == (Waiver(between=("org:xamk", "org:ekami"), keys=("web-service",)),)
    assert signed.netting == Netting(mode="clearing", clearing="org:xamk")
    assert (signed.due, signed.self_billing) == ("receipt", ("org:ekami", "org:xamk"))
    assert (signed.dispute_days, signed.dispute_answer_days, signed.payment_days) == (7, 3, 30)
    assert signed.tacit_approval


def test_what_is_not_said_follows_from_silence() -> None:
    event = drafted().history[-1]
    assert isinstance(event, AgreementDrafted)
    signed = event.clauses
    assert (signed.cost_keys, signed.waivers, signed.self_billing, signed.netting) == ((), (), (), Netting())
    assert (signed.due, signed.dispute_days, signed.dispute_answer_days) == ("delivery", 10, 5)
    assert (signed.payment_days, signed.tacit_approval) == (14, False)


def test_an_amendment_takes_the_path_of_the_first_version() -> None:
    so_far = on_its_way()
    so_far.when("approve-agreement", approval("org:xamk", 2), IN_APRIL).then_refused(
        f"The text of {AGREEMENT} version 2 is not frozen yet; freeze it before it is approved."
    )
    frozen = do(so_far, "freeze-agreement", VERSION_2, IN_APRIL)
    frozen.when("sign-agreement", signature("org:xamk", 2), IN_APRIL).then_refused(
        f"org:xamk has not approved {AGREEMENT} version 2 yet; approve it before signing."
    )
    frozen.when("approve-agreement", approval("org:xamk", 1), IN_APRIL).then_refused(
        f"{AGREEMENT} has no version 1; its latest version is 2."
    )
    signed, entered = concluded(so_far, 2, IN_APRIL).history[-2:]
    assert isinstance(signed, AgreementSigned)
    assert isinstance(entered, AgreementEnteredIntoForce)
    assert (entered.version, entered.in_force_on.isoformat()) == (2, "2019-04-10")
    assert entered.clauses == last(so_far).clauses
    assert entered.text_digest == _frozen(frozen).text_digest != _frozen(in_force()).text_digest


def _frozen(so_far: Given) -> AgreementTextFrozen:
    return [e for e in so_far.history if isinstance(e, AgreementTextFrozen)][-1]


def test_the_version_in_force_holds_until_the_last_signature() -> None:
    so_far = on_its_way()
    so_far = do(so_far, "freeze-agreement", VERSION_2, IN_APRIL)
    for organisation in PARTNERS:
        so_far = do(so_far, "approve-agreement", approval(organisation, 2), IN_APRIL)
    for organisation in PARTNERS[:-1]:
        so_far = do(so_far, "sign-agreement", signature(organisation, 2), IN_APRIL)
    assert version_of(planned(so_far=so_far)) == 1
    assert version_of(planned(so_far=do(so_far, "sign-agreement", signature(PARTNERS[-1], 2), IN_APRIL)), []) == 2


def version_of(so_far: Given, roles: list[object] | None = None) -> int:
    body = {**AGREE, "roles": AGREE["roles"] if roles is None else roles}
    event = do(so_far, "agree-pathway", body, IN_APRIL).history[-1]
    assert isinstance(event, PathwayAgreed)
    return event.version


def test_a_pathway_keeps_the_version_it_was_agreed_under() -> None:
    """However many come after it, and whatever they say."""
    shares = []
    once = amended(delivered(), IN_APRIL, sharing_rule=ALL_TO_KSAO)
    for so_far in (delivered(), once, amended(once, IN_APRIL, 3, sharing_rule=ALL_TO_KSAO, payment_days=1)):
        event = do(so_far, "share-revenue", sharing(), IN_APRIL).history[-1]
        assert isinstance(event, RevenueShared)
        shares.append((event.version, event.shares))
    assert shares[0] == shares[1] == shares[2]


def test_a_version_on_its_way_is_given_up_for_the_next() -> None:
    """Approvals and signatures of it do not count for the next, whose text is another."""
    so_far = do(on_its_way(), "freeze-agreement", VERSION_2, IN_APRIL)
    so_far = do(so_far, "approve-agreement", approval("org:xamk", 2), IN_APRIL)
    so_far = do(so_far, "amend-agreement", amendment(payment_days=30), IN_APRIL)
    assert (last(so_far).version, last(so_far).amends) == (3, 2)
    so_far.when("approve-agreement", approval("org:ekami", 2), IN_APRIL).then_refused(
        f"{AGREEMENT} has no version 2; its latest version is 3."
    )
    frozen = do(so_far, "freeze-agreement", {**VERSION_2, "version": 3}, IN_APRIL)
    frozen.when("sign-agreement", signature("org:xamk", 3), IN_APRIL).then_refused(
        f"org:xamk has not approved {AGREEMENT} version 3 yet; approve it before signing."
    )
    entered = concluded(so_far, 3, IN_APRIL).history[-1]
    assert isinstance(entered, AgreementEnteredIntoForce)
    assert entered.version == 3


def test_what_is_in_force_is_amended_by_its_parties() -> None:
    drafted().when("amend-agreement", amendment()).then_refused(
        f"{AGREEMENT} is not in force yet, so there is nothing to amend; let its first version be signed, or draft another agreement."
    )
    in_force().when("amend-agreement", amendment(), OUTSIDER).then_refused(
        "Only org:xamk or org:ekami or org:ksao or org:cursor or the coordinator may amend their agreement; you act for org:lut."
    )
    assert in_force().when("amend-agreement", amendment(), asked(organisation="org:ksao")).events()
    without = amendment(
        parties=["org:xamk", "org:ekami"], sharing_rule={"steps": [{"take": "remaining", "to": "kept"}]}
    )
    in_force().when("amend-agreement", without, asked(organisation="org:ksao")).then_refused(
        "Only org:xamk or org:ekami or the coordinator may draft this agreement; you act for org:ksao."
    )


def test_nobody_who_is_bound_is_left_out() -> None:
    """Else one party and a stranger could put an agreement of theirs in the place of everybody's."""
    without = amendment(
        parties=["org:xamk", "org:ekami"], sharing_rule={"steps": [{"take": "remaining", "to": "kept"}]}
    )
    in_force().when("amend-agreement", without).then_refused(
        f"org:cursor, org:ksao is bound by {AGREEMENT} and would not be asked; name every party of the version in force, "
        "or conclude another agreement among the others."
    )


def test_who_is_no_party_does_not_learn_of_a_draft() -> None:
    for so_far in (founded(), drafted()):
        so_far.when("amend-agreement", amendment(), OUTSIDER).then_refused(f"There is no {AGREEMENT} here.")
    with_partners().when("amend-agreement", amendment()).then_refused(f"There is no {AGREEMENT} here.")


def test_who_froze_the_amendment_does_not_approve_it() -> None:
    xamk = later(APRIL, asked(organisation="org:xamk"))
    frozen = do(on_its_way(), "freeze-agreement", VERSION_2, xamk)
    frozen.when("approve-agreement", approval("org:xamk", 2), xamk).then_refused(
        f"You have frozen the text of {AGREEMENT} version 2; who checks may not approve, so let somebody else approve it."
    )


def test_units_of_a_legal_person_are_written_into_the_version() -> None:
    body = {"organisation": "org:unit", "name": {"fi": "Yksikkö"}, "kind": "other", "unit_of": "org:xamk"}
    so_far = do(in_force(), "register-organisation", body)
    admission = {"organisation": "org:unit", "membership": "implementer", "admitted_on": "2019-01-02"}
    so_far = do(so_far, "admit-partner", admission)
    event = last(do(so_far, "amend-agreement", amendment(parties=[*PARTNERS, "org:unit"]), IN_APRIL))
    assert event.units == (UnitOf(party="org:unit", legal_person="org:xamk"),)


@pytest.mark.parametrize("name", ["draft-agreement", "amend-agreement"])
@pytest.mark.parametrize(
    ("clauses", "sentence"),
    [
        (
            {"netting": {"mode": "clearing"}},
            "netting: the mode clearing needs the partner through which all pay; name it in `clearing`.",
        ),
        (
            {"netting": {"mode": "gross", "clearing": "org:xamk"}},
            "netting: org:xamk is named as the clearing partner, but the mode is gross; take the mode clearing or leave it out.",
        ),
        (
            {"netting": {"mode": "clearing", "clearing": "org:lut"}},
            "netting: org:lut would be bound without being a party; add them to the parties or leave them out.",
        ),
        (
            {"self_billing": ["org:lut"]},
            "self_billing: org:lut would be bound without being a party; add them to the parties or leave them out.",
        ),
        (
            {"cost_keys": [WEB, WEB]},
            'cost_keys[1].name is "web-service", as is that of cost_keys[0].',
        ),
        (
            {"sharing_rule": {"steps": [{"take": {"percent": "5"}, "to": "org:xamk"}]}},
            'sharing_rule: steps[0].take is not "remaining", but the last step of every list takes that.',
        ),
        ({"parties": ["org:xamk", "org:xamk"]}, "Each party is named once; org:xamk stands there twice."),
        ({"parties": ["org:xamk", "org:lut"]}, "There is no partner org:lut here."),
        (
            {"parties": ["org:xamk", "org:ekami"]},
            "The sharing rule pays org:ksao, who are no parties; add them to the parties or take them out of the rule.",
        ),
    ],
)
def test_a_wrong_version_is_refused_however_it_is_written(name: str, clauses: dict[str, Any], sentence: str) -> None:
    so_far = with_partners() if name == "draft-agreement" else in_force()
    so_far.when(name, amendment(**clauses)).then_refused(sentence)
