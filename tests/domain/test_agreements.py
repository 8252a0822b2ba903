"""Agreements: a leaking rule never gets as far as a signature, and what is signed does not change."""

import pytest

from domain.agreements.events import AgreementEnteredIntoForce, AgreementSigned, AgreementTextFrozen
from domain.agreements.writing import RuleTooLong
from tests.domain.story import (
    AGREEMENT,
    OUTSIDER,
    PARTNERS,
    RULE,
    approval,
    do,
    drafted,
    in_force,
    signature,
    with_partners,
)
from tests.given_when_then import asked

DRAFT = {"agreement": "agreement:a", "title": {"en": "A"}, "parties": ["org:xamk", "org:ekami"]}
FREEZE = {"agreement": AGREEMENT, "version": 1}


def test_a_leaking_rule_is_refused_when_it_is_drafted() -> None:
    rule = {"steps": [{"take": {"percent": "101"}, "to": "org:xamk"}, {"take": "remaining", "to": "kept"}]}
    with_partners().when("draft-agreement", {**DRAFT, "sharing_rule": rule}).then_refused(
        'sharing_rule: steps[0].take.percent is "101", but must be from 0 to 100.'
    )


def test_a_rule_pays_parties_only() -> None:
    with_partners().when("draft-agreement", {**DRAFT, "sharing_rule": RULE}).then_refused(
        "The sharing rule pays org:ksao, who are no parties; add them to the parties or take them out of the rule."
    )


def test_parties_are_partners_each_named_once() -> None:
    with_partners().when("draft-agreement", {**DRAFT, "parties": ["org:xamk", "org:lut"]}).then_refused(
        "There is no partner org:lut here."
    )
    with_partners().when("draft-agreement", {**DRAFT, "parties": ["org:xamk", "org:xamk"]}).then_refused(
        "Each party is named once; org:xamk stands there twice."
    )
    with_partners().when("draft-agreement", DRAFT, OUTSIDER).then_refused(
        "Only org:xamk or org:ekami or the coordinator may draft this agreement; you act for org:lut."
    )


def test_an_agreement_is_drafted_once() -> None:
    drafted().when("draft-agreement", {**DRAFT, "agreement": AGREEMENT}).then_refused(
        f"{AGREEMENT} has been drafted already; a changed text is a new version or another agreement."
    )


def test_the_text_is_frozen_once_and_its_digest_depends_on_every_word() -> None:
    (frozen,) = drafted().when("freeze-agreement", FREEZE).events()
    other = {**RULE, "rounding": "first-listed"}
    (differently,) = drafted(other).when("freeze-agreement", FREEZE).events()
    assert isinstance(frozen, AgreementTextFrozen)
    assert isinstance(differently, AgreementTextFrozen)
    assert frozen.text_digest != differently.text_digest
    do(drafted(), "freeze-agreement", FREEZE).when("freeze-agreement", FREEZE).then_refused(
        f"The text of {AGREEMENT} version 1 is frozen already, with the digest {frozen.text_digest}."
    )


def test_order_is_kept_from_draft_to_signature() -> None:
    drafted().when("approve-agreement", approval("org:xamk")).then_refused(
        f"The text of {AGREEMENT} version 1 is not frozen yet; freeze it before it is approved."
    )
    frozen = do(drafted(), "freeze-agreement", FREEZE)
    frozen.when("sign-agreement", signature("org:xamk")).then_refused(
        f"org:xamk has not approved {AGREEMENT} version 1 yet; approve it before signing."
    )
    frozen.when("approve-agreement", {**approval("org:xamk"), "version": 2}).then_refused(
        f"{AGREEMENT} has no version 2; its latest version is 1."
    )
    frozen.when("approve-agreement", approval("org:lut")).then_refused(
        f"org:lut is no party to {AGREEMENT}; its parties are {', '.join(PARTNERS)}."
    )
    frozen.when("approve-agreement", approval("org:xamk"), asked(organisation="org:ekami")).then_refused(
        "Only org:xamk or the coordinator may answer for this party; you act for org:ekami."
    )
    approved = do(frozen, "approve-agreement", approval("org:xamk"))
    approved.when("approve-agreement", approval("org:xamk")).then_refused(
        f"org:xamk has approved {AGREEMENT} version 1 already."
    )
    signed = do(approved, "sign-agreement", signature("org:xamk"))
    signed.when("sign-agreement", signature("org:xamk")).then_refused(
        f"org:xamk has signed {AGREEMENT} version 1 already."
    )
    approved.when("sign-agreement", {**signature("org:xamk"), "signed_on": "2019-03-06"}).then_refused(
        "A signature on 2019-03-06 lies in the future: today is 2019-03-05. Report it when it has happened."
    )


def test_the_last_signature_puts_it_into_force_with_its_clauses() -> None:
    signed, entered = in_force().history[-2:]
    assert isinstance(signed, AgreementSigned)
    assert isinstance(entered, AgreementEnteredIntoForce)
    assert entered.clauses.sharing_rule is not None
    assert entered.parties == PARTNERS


def test_who_froze_the_text_does_not_approve_it() -> None:
    xamk = asked(organisation="org:xamk")
    frozen = do(drafted(), "freeze-agreement", FREEZE, xamk)
    frozen.when("approve-agreement", approval("org:xamk"), xamk).then_refused(
        f"You have frozen the text of {AGREEMENT} version 1; who checks may not approve, so let somebody else approve it."
    )


def test_a_division_that_could_not_be_stored_is_refused_before_it_is_signed() -> None:
    """Small amounts make the longest fractions, large ones the longest sums: both are tried."""
    split = {"split": {"org:ekami": "100000000000.000000001", "org:ksao": "300000000007.000000003"}}
    tiny = {"take": {"percent": "0.000000007", "of": "remaining", "max_cents": 1}, "to": split}
    body = {
        **DRAFT,
        "parties": list(PARTNERS),
        "sharing_rule": {"steps": [tiny] * 63 + [{"take": "remaining", "to": split}]},
    }
    refused = with_partners().when("draft-agreement", body)
    with pytest.raises(RuleTooLong, match="use fewer targets or flatter steps"):
        refused.events()
