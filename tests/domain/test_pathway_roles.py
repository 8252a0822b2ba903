"""Roles of a sharing rule: bound before any provider confirms, and never against what the log knows."""

from typing import Any

import pytest

from domain.pathways.earlier import PathwayDrafted as DraftedBefore
from domain.pathways.events import PathwayAgreed, PathwayDrafted
from domain.referrals.events import ClientTakenOn
from domain.words import Binding
from tests.domain.story import AGREE, AGREEMENT, do, in_force, mentored, planned
from tests.given_when_then import Given, asked

XAMK, EKAMI, CURSOR = (asked(organisation=f"org:{name}") for name in ("xamk", "ekami", "cursor"))
MENTORED: dict[str, Any] = {
    "steps": [
        {"take": {"percent": "50"}, "to": "role:mentor", "if_unbound": "skip"},
        {"take": "remaining", "to": "role:provider"},
    ]
}
MENTOR_MUST: dict[str, Any] = {"steps": [{"take": "remaining", "to": {"split": {"role:mentor": "1", "org:xamk": "1"}}}]}
DRAFT = {"pathway": "pathway:p-2", "client": "client:c-1", "organisation": "org:xamk"}
REFERRAL = {
    "referral": "referral:r-1",
    "client": "client:c-1",
    "need": "logistics",
    "sender": "org:cursor",
    "receiver": "org:xamk",
    "agreement": AGREEMENT,
}

ELSEWHERE = {**REFERRAL, "receiver": "org:ekami"}


def role(name: str, organisation: str) -> dict[str, str]:
    return {"role": f"role:{name}", "organisation": f"org:{organisation}"}


def referred(accepted: bool = True, **other: str) -> Given:  # noqa: FBT001, FBT002 - one switch of a story
    so_far = do(in_force(), "send-referral", {**REFERRAL, **other})
    return do(so_far, "accept-referral", {"referral": "referral:r-1"}) if accepted else so_far


def bound_in(so_far: Given, **body: object) -> tuple[Binding, ...]:
    event = do(so_far, "draft-pathway", {**DRAFT, **body}).history[-1]
    assert isinstance(event, PathwayDrafted)
    return event.roles


# --- the draft -------------------------------------------------------------------------------------------------------
def test_a_mentor_binds_the_role_of_mentor_to_its_organisation() -> None:
    so_far = mentored(in_force())
    assert bound_in(so_far, mentor="mentor:m-1") == (Binding(role="role:mentor", organisation="org:cursor"),)
    sentence = (
        "role:mentor cannot be bound to org:xamk: another organisation's mentor guides the client. Name the mentor of the "
        "pathway, or leave the role unbound."
    )
    takes = {**DRAFT, "roles": [role("mentor", "xamk")]}
    so_far.when("draft-pathway", {**takes, "mentor": "mentor:m-1"}, XAMK).then_refused(sentence)
    so_far.when("draft-pathway", takes, XAMK).then_refused(sentence)
    assert bound_in(so_far, roles=[role("mentor", "cursor")]), "the mentor of the client is known without being named"
    released = {"mentor": "mentor:m-1", "client": "client:c-1", "reason": "handed-over"}
    assert bound_in(do(so_far, "release-mentee", released), roles=[role("mentor", "xamk")]), "nobody guides the client"


def test_a_referral_binds_the_role_of_referrer_to_its_sender() -> None:
    bindings = (Binding(role="role:referrer", organisation="org:cursor"),)
    assert bound_in(referred(), referral="referral:r-1") == bindings
    assert bound_in(referred(), referral="referral:r-1", roles=[role("referrer", "cursor")]) == bindings
    takes = {**DRAFT, "referral": "referral:r-1", "roles": [role("referrer", "xamk")]}
    referred().when("draft-pathway", takes, XAMK).then_refused(
        "role:referrer cannot be bound to org:xamk: referral:r-1 was sent by org:cursor. Leave the role out, it binds itself."
    )


def test_a_pathway_comes_from_a_referral_of_its_client_that_its_organisation_has_accepted() -> None:
    names = {**DRAFT, "referral": "referral:r-1"}
    refused = (
        "org:xamk has not accepted referral:r-1; a pathway comes from a referral that whoever drafts it has accepted."
    )
    referred(accepted=False).when("draft-pathway", names, XAMK).then_refused(refused)
    declined = do(referred(accepted=False), "decline-referral", {"referral": "referral:r-1", "reason": "no-capacity"})
    declined.when("draft-pathway", names, XAMK).then_refused(refused)
    own = referred(sender="org:xamk", receiver="org:ekami")
    own.when("draft-pathway", names, XAMK).then_refused(refused)
    referred(client="client:c-9").when("draft-pathway", names, XAMK).then_refused(
        "referral:r-1 is not a referral of client:c-1; name the one that the client came by, or none."
    )
    for so_far in (in_force(), referred(sender="org:cursor", receiver="org:ekami")):
        so_far.when("draft-pathway", names, XAMK).then_refused("There is no referral:r-1 here.")


def test_a_referral_that_was_accepted_is_not_left_out() -> None:
    """Else whoever collects would keep what the rule gives the referrer; nor does a pathway that named it before free the next."""
    left_out = (
        "org:xamk has taken client:c-1 on by referral:r-1, so a pathway of this client comes from there; name referral:r-1 in "
        "`referral`."
    )
    earlier = do(referred(), "draft-pathway", {**DRAFT, "pathway": "pathway:p-3", "referral": "referral:r-1"})
    completed = do(referred(), "complete-referral", {"referral": "referral:r-1", "outcome": "not-needed"})
    for so_far in (referred(), earlier, completed):
        for roles in ([], [role("referrer", "xamk")], [role("referrer", "cursor")]):
            so_far.when("draft-pathway", {**DRAFT, "roles": roles}, XAMK).then_refused(left_out)
        assert bound_in(so_far, referral="referral:r-1") == (Binding(role="role:referrer", organisation="org:cursor"),)


def test_what_was_drafted_before_a_referral_was_accepted_is_not_agreed_without_it() -> None:
    """Else who collects would draft first and accept then. Of another client, or taken on by somebody else, it changes nothing."""
    for body, refused in ((REFERRAL, True), ({**REFERRAL, "client": "client:c-9"}, False), (ELSEWHERE, False)):
        before = do(planned(), "send-referral", body)
        assert before.when("agree-pathway", AGREE, XAMK).events(), "it is not accepted yet"
        asked_for = do(before, "accept-referral", {"referral": "referral:r-1"}).when("agree-pathway", AGREE, XAMK)
        if refused:
            asked_for.then_refused(
                "pathway:p-1 cannot be agreed: it was drafted without a referral, and since then org:xamk has taken client:c-1 on by "
                "referral:r-1. Draft a pathway that names it in `referral`."
            )
        else:
            assert asked_for.events()


def test_a_pathway_is_agreed_for_the_client_that_was_looked_up() -> None:
    """One that is drafted between the looking up and the decision does not slip by."""
    planned().when("agree-pathway", AGREE, client=None).then_refused("There is no pathway:p-1 here.")


def test_a_client_that_nobody_was_sent_or_took_on_comes_without_a_referral() -> None:
    """Nor does one that was sent elsewhere, whose referral waits or was declined, or that is somebody else."""
    declined = do(referred(accepted=False), "decline-referral", {"referral": "referral:r-1", "reason": "no-capacity"})
    for so_far in (in_force(), referred(accepted=False), declined, referred(receiver="org:ekami")):
        assert bound_in(so_far) == ()
    assert bound_in(referred(), client="client:c-2") == ()


def test_of_several_referrals_a_pathway_names_the_one_that_it_comes_from() -> None:
    second = {"referral": "referral:r-2", "sender": "org:ekami"}
    so_far = do(
        do(referred(), "send-referral", {**REFERRAL, **second}), "accept-referral", {"referral": "referral:r-2"}
    )
    so_far.when("draft-pathway", DRAFT, XAMK).then_refused(
        "org:xamk has taken client:c-1 on by referral:r-1, referral:r-2, so a pathway of this client comes from there; name the "
        "one that it comes from in `referral`."
    )
    for referral, sender in (("referral:r-1", "org:cursor"), ("referral:r-2", "org:ekami")):
        assert bound_in(so_far, referral=referral) == (Binding(role="role:referrer", organisation=sender),)


def test_what_was_accepted_before_it_said_whom_it_took_on_is_named_or_not() -> None:
    old = Given(tuple(event for event in referred().history if not isinstance(event, ClientTakenOn)))
    assert bound_in(old) == ()
    assert bound_in(old, referral="referral:r-1") == (Binding(role="role:referrer", organisation="org:cursor"),)


@pytest.mark.parametrize(
    "roles", [[role("provider", "xamk")], [role("x", "xamk"), role("x", "ekami")]], ids=["provider", "twice"]
)
def test_a_role_is_bound_once_and_the_provider_binds_itself(roles: list[dict[str, str]]) -> None:
    named = roles[0]["role"]
    in_force().when("draft-pathway", {**DRAFT, "roles": roles}).then_refused(
        f"{named} cannot be bound: each role is bound once, and role:provider binds itself to who delivers."
    )


# --- the agreement ---------------------------------------------------------------------------------------------------
def test_who_collects_binds_nothing_that_the_providers_did_not_see() -> None:
    """They confirmed under the bindings of the draft; afterwards these hold, repeated or not."""
    to_itself = {**AGREE, "roles": [role("referrer", "xamk")]}
    planned().when("agree-pathway", to_itself, XAMK).then_refused(
        "role:referrer cannot be bound so: the providers of pathway:p-1 confirmed its steps under the bindings of its draft. "
        "Leave them out, or draft another pathway."
    )
    repeated: list[dict[str, Any]] = [{}, {"roles": []}, {"roles": AGREE["roles"]}]
    for named in repeated:
        body = {field: value for field, value in AGREE.items() if field != "roles"} | named
        (event,) = planned().when("agree-pathway", body, XAMK).events()
        assert isinstance(event, PathwayAgreed)
        assert event.roles == (Binding(role="role:referrer", organisation="org:cursor"),), "and nobody is left out"


def test_what_was_drafted_before_roles_were_binds_nobody() -> None:
    """Its providers saw no bindings: a clause that may be skipped is, and one that may not refuses."""

    def before(event: object) -> Any:  # noqa: ANN401 - an event of any kind
        if not isinstance(event, PathwayDrafted):
            return event
        return DraftedBefore(**{f: getattr(event, f) for f in DraftedBefore.__struct_fields__})

    old = Given(tuple(map(before, planned().history)))
    old.when("agree-pathway", AGREE).then_refused(
        "role:referrer cannot be bound so: the providers of pathway:p-1 confirmed its steps under the bindings of its draft. "
        "Leave them out, or draft another pathway."
    )
    (event,) = old.when("agree-pathway", {**AGREE, "roles": []}).events()
    assert isinstance(event, PathwayAgreed)
    assert event.roles == ()


def test_a_rule_pays_the_roles_it_names_and_needs_those_that_may_not_be_skipped() -> None:
    needed = planned(so_far=in_force(MENTOR_MUST))
    needed.when("agree-pathway", {**AGREE, "roles": []}).then_refused(
        f"The sharing rule of {AGREEMENT} pays role:mentor, which the draft of the pathway binds to nobody; draft a "
        "pathway that says in `roles` which organisation that is."
    )
    (event,) = planned(so_far=in_force(MENTORED)).when("agree-pathway", {**AGREE, "roles": []}).events()
    assert isinstance(event, PathwayAgreed)
    assert event.roles == (), "no clause pays a referrer, none need be known"


def test_a_mentor_from_outside_the_agreement_is_not_paid_by_it() -> None:
    """A clause that may be skipped takes nothing then; one that may not, or that is insisted on, refuses."""
    outside = "org:lut"
    cases: list[tuple[dict[str, Any], list[dict[str, str]], bool]] = [
        (MENTORED, [], False),
        (MENTORED, [role("mentor", "lut")], True),
        (MENTOR_MUST, [], True),
    ]
    for rule, roles, refused in cases:
        so_far = planned(so_far=in_force(rule))
        drafted = next(e for e in so_far.history if isinstance(e, PathwayDrafted))
        bindings = (Binding(role="role:mentor", organisation=outside),)
        guided = PathwayDrafted(
            **{f: getattr(drafted, f) for f in drafted.__struct_fields__ if f != "roles"}, roles=bindings
        )
        so_far = Given(tuple(guided if e == drafted else e for e in so_far.history))
        asked_for = so_far.when("agree-pathway", {**AGREE, "roles": roles})
        if refused:
            asked_for.then_refused(f"{outside} would share revenue under {AGREEMENT} without being a party to it.")
        else:
            (event,) = asked_for.events()
            assert isinstance(event, PathwayAgreed)
            assert event.roles == ()
