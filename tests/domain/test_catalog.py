"""Offerings: kept by their owner, verified is not updated, archived is the end."""

from domain.catalog.events import OfferingArchived, OfferingPublished, OfferingUpdated, OfferingVerified
from tests.domain.story import OUTSIDER, do, with_partners
from tests.given_when_then import Given

DESCRIPTION = {"kind": "course", "name": {"fi": "Varasto"}}
PUBLISH = {"offering": "offering:o-1", "provider": "org:ekami", "description": DESCRIPTION}
OFFERING = {"offering": "offering:o-1"}


def published() -> Given:
    return do(with_partners(), "publish-offering", PUBLISH)


def test_a_partner_publishes_its_own_offering_once() -> None:
    assert isinstance(published().history[-1], OfferingPublished)
    published().when("publish-offering", PUBLISH).then_refused(
        "offering:o-1 was published by org:ekami already; update it, or choose another id."
    )
    with_partners().when("publish-offering", PUBLISH, OUTSIDER).then_refused(
        "Only org:ekami or the coordinator may publish its offerings; you act for org:lut."
    )
    with_partners().when("publish-offering", {**PUBLISH, "provider": "org:lut"}).then_refused(
        "There is no partner org:lut here."
    )


def test_an_update_says_something_new() -> None:
    published().when("update-offering", {**OFFERING, "description": DESCRIPTION}).then_refused(
        "offering:o-1 is described in exactly these words already."
    )
    updated = do(published(), "update-offering", {**OFFERING, "description": {**DESCRIPTION, "credits": "5"}})
    assert isinstance(updated.history[-1], OfferingUpdated)


def test_it_is_verified_for_a_time() -> None:
    until = {**OFFERING, "verified_on": "2019-03-01", "verified_until": "2020-03-01"}
    assert isinstance(do(published(), "verify-offering", until).history[-1], OfferingVerified)
    published().when("verify-offering", {**until, "verified_until": "2029-03-01"}).then_refused(
        "An offering verified on 2019-03-01 is verified until a later day, two years ahead at most; 2029-03-01 is not."
    )
    published().when("verify-offering", {**until, "verified_on": "2019-03-06"}).then_refused(
        "A verification on 2019-03-06 lies in the future: today is 2019-03-05. Report it when it has happened."
    )


def test_an_archived_offering_stays_archived() -> None:
    archived = do(published(), "archive-offering", {**OFFERING, "reason": "discontinued"})
    assert isinstance(archived.history[-1], OfferingArchived)
    archived.when("archive-offering", {**OFFERING, "reason": "duplicate"}).then_refused(
        "offering:o-1 was archived on 2019-03-05; publish it anew under another id."
    )
    with_partners().when("archive-offering", {**OFFERING, "reason": "duplicate"}).then_refused(
        "There is no offering:o-1 here."
    )
    published().when("archive-offering", {**OFFERING, "reason": "duplicate"}, OUTSIDER).then_refused(
        "Only org:ekami or the coordinator may change its offerings; you act for org:lut."
    )
