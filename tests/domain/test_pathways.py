"""Pathways: every provider answers, the agreement fixes price and roles, each part is delivered once."""

from domain.pathways.events import PathwayAgreed, PathwayCompleted, StepDeclined, StepDelivered
from tests.domain.story import AGREE, AGREEMENT, OUTSIDER, agreed, delivered, delivery, do, planned
from tests.given_when_then import asked

STEP = {"pathway": "pathway:p-1", "step": 1}
CONFIRM = {**STEP, "agreement": AGREEMENT}


def test_a_step_is_proposed_once_of_an_offering_in_the_catalogue() -> None:
    body = {**STEP, "offering": "offering:varasto", "parts": [{"part": 1, "cents": 100}]}
    planned().when("propose-step", body).then_refused(
        "Step 1 of pathway:p-1 is confirmed already; propose the next under another number."
    )
    planned().when("propose-step", {**body, "step": 3, "offering": "offering:none"}).then_refused(
        "There is no offering:none here."
    )
    archived = do(planned(), "archive-offering", {"offering": "offering:varasto", "reason": "discontinued"})
    archived.when("propose-step", {**body, "step": 3}).then_refused(
        "offering:varasto is archived; choose an offering that is in the catalogue."
    )
    twice = {**body, "step": 3, "parts": [{"part": 1, "cents": 100}, {"part": 1, "cents": 200}]}
    planned().when("propose-step", twice).then_refused(
        "Each part of step 3 has a number of its own; 1 stands there twice."
    )
    planned().when("propose-step", {**body, "step": 3}, asked(organisation="org:ekami")).then_refused(
        "Only org:xamk or the coordinator may propose steps of its pathways; you act for org:ekami."
    )
    planned().when("propose-step", {**body, "step": 3}, OUTSIDER).then_refused("There is no pathway:p-1 here.")


def test_a_provider_answers_once() -> None:
    planned().when("confirm-step", CONFIRM).then_refused(
        "Step 1 of pathway:p-1 is confirmed already; an answer is given once."
    )
    planned(confirm=False).when("confirm-step", CONFIRM, asked(organisation="org:ksao")).then_refused(
        "Only org:ekami or the coordinator may answer for this step; you act for org:ksao."
    )
    planned(confirm=False).when("confirm-step", {**CONFIRM, "at_least_cents": 60001}).then_refused(
        "Step 1 of pathway:p-1 was proposed for 60000 cents; it cannot be confirmed for 60001 at least. "
        "Decline it, and let it be proposed anew for more."
    )
    declined = do(planned(confirm=False), "decline-step", {**STEP, "reason": "no-capacity"})
    assert isinstance(declined.history[-1], StepDeclined)
    agreed().when("decline-step", {**STEP, "reason": "price"}).then_refused(
        "pathway:p-1 is agreed: its steps are fixed."
    )


def test_a_pathway_is_agreed_when_every_step_is_answered() -> None:
    planned(confirm=False).when("agree-pathway", AGREE).then_refused(
        "pathway:p-1 cannot be agreed: step 1, 2 waits for its provider to confirm or decline."
    )
    half = do(planned(confirm=False), "decline-step", {**STEP, "reason": "no-capacity"})
    none = do(half, "decline-step", {**STEP, "step": 2, "reason": "no-capacity"})
    none.when("agree-pathway", AGREE).then_refused(
        "pathway:p-1 has no confirmed step; propose one and let its provider confirm it."
    )
    one = do(do(half, "confirm-step", {**CONFIRM, "step": 2}), "agree-pathway", AGREE).history[-1]
    assert isinstance(one, PathwayAgreed)
    assert [s.step for s in one.steps] == [2]


def test_agreeing_binds_roles_units_and_version() -> None:
    event = agreed().history[-1]
    assert isinstance(event, PathwayAgreed)
    assert event.version == 1
    assert event.units == ("credit",)
    assert event.parties == ("org:cursor", "org:ekami", "org:ksao", "org:xamk")
    agreed().when("agree-pathway", AGREE).then_refused(f"pathway:p-1 was agreed already, under {AGREEMENT} version 1.")
    planned().when(
        "agree-pathway", {**AGREE, "roles": [{"role": "role:mentor", "organisation": "org:xamk"}]}
    ).then_refused(
        f"role:mentor cannot be bound: each role of the sharing rule of {AGREEMENT} is bound once, and role:provider binds itself."
    )
    planned().when("agree-pathway", {**AGREE, "collected_by": "org:lut"}).then_refused(
        f"org:lut would share revenue under {AGREEMENT} without being a party to it."
    )
    planned().when("agree-pathway", {**AGREE, "agreement": "agreement:other"}).then_refused(
        f"The provider of step 1 of pathway:p-1 confirmed it under {AGREEMENT}; agree the pathway under that."
    )
    assert planned().when("agree-pathway", {**AGREE, "roles": []}).events(), "the referrer's clause may be skipped"


def test_a_package_price_divides_by_list_price_as_far_as_the_providers_consented() -> None:
    planned().when("agree-pathway", {**AGREE, "price_cents": 100000}).then_refused(
        "Step 1 of pathway:p-1 would get 50000 cents of the price, but its provider confirmed it for 60000 at least; "
        "agree on a higher price, or let the provider confirm a step with a lower one."
    )
    cheaper = planned(confirm=False)
    for step in (1, 2):
        cheaper = do(cheaper, "confirm-step", {**CONFIRM, "step": step, "at_least_cents": 50000})
    event = cheaper.when("agree-pathway", {**AGREE, "price_cents": 100000}).events()[0]
    assert isinstance(event, PathwayAgreed)
    assert [p.cents for s in event.steps for p in s.parts] == [33333, 16667, 33333, 16667]


def test_nobody_is_made_to_collect_and_owe() -> None:
    so_far = planned()
    so_far.when("agree-pathway", {**AGREE, "collected_by": "org:ekami"}, asked(organisation="org:xamk")).then_refused(
        "Only org:ekami or the coordinator may let it collect the price and owe the shares; you act for org:xamk."
    )
    assert so_far.when("agree-pathway", AGREE, asked(organisation="org:xamk")).events()


def test_a_pathway_is_drafted_by_a_partner_with_a_mentor_there_is() -> None:
    body = {"client": "client:c-1", "organisation": "org:xamk", "mentor": "mentor:m-9"}
    planned().when("draft-pathway", body).then_refused("There is no mentor:m-9 here.")
    planned().when("draft-pathway", {**body, "mentor": None, "organisation": "org:lut"}).then_refused(
        "There is no partner org:lut here."
    )


def test_a_part_is_delivered_once_and_not_in_advance() -> None:
    assert isinstance(delivered().history[-1], StepDelivered)
    delivered().when("deliver-step", delivery()).then_refused(
        "Part 1 of step 1 of pathway:p-1 was delivered on 2019-03-05 already; a part is delivered once."
    )
    agreed().when("deliver-step", delivery(on="2019-03-06")).then_refused(
        "A delivery on 2019-03-06 lies in the future: today is 2019-03-05. Report it when it has happened."
    )
    agreed().when("deliver-step", delivery(on="2019-03-04")).then_refused(
        "pathway:p-1 was agreed on 2019-03-05; a part of it cannot have been delivered on 2019-03-04."
    )
    agreed().when("deliver-step", delivery(part=3)).then_refused(
        "There is no part 3 of a confirmed step 1 in pathway:p-1 here."
    )
    agreed().when("deliver-step", {**delivery(), "quantities": []}).then_refused(
        "The sharing rule counts credit; the delivery reports none. Give each counted unit once and no other."
    )
    planned().when("deliver-step", delivery()).then_refused(
        "There is no agreed pathway:p-1 here; a pathway is delivered after it has been agreed."
    )
    agreed().when("deliver-step", delivery(), asked(organisation="org:ksao")).then_refused(
        "Only org:ekami or the coordinator may report what it delivers; you act for org:ksao."
    )


def test_a_pathway_is_completed_when_all_is_delivered() -> None:
    delivered().when("complete-pathway", {"pathway": "pathway:p-1"}).then_refused(
        "pathway:p-1 cannot be completed: 1.2, 2.1, 2.2 (step.part) not delivered yet."
    )
    so_far = delivered()
    for step, part in ((1, 2), (2, 1), (2, 2)):
        so_far = do(so_far, "deliver-step", delivery(step, part))
    so_far = do(so_far, "complete-pathway", {"pathway": "pathway:p-1"})
    assert isinstance(so_far.history[-1], PathwayCompleted)
    so_far.when("complete-pathway", {"pathway": "pathway:p-1"}).then_refused("pathway:p-1 was completed on 2019-03-05.")
