"""The network: founding, registering, admitting, duties."""

import pytest

from domain.network.business_ids import is_business_id
from domain.network.events import DutyAssigned, NetworkFounded, OrganisationRenamed
from domain.words import Names
from tests.domain.story import founded, with_partners
from tests.given_when_then import asked, given

FOUND = {"network": "kymenlaakso", "name": {"fi": "Verkosto"}, "first_period": "2019-01"}


def test_a_network_is_founded_once() -> None:
    given().when("found-network", FOUND).then(
        NetworkFounded(
            network="kymenlaakso",
            name=Names(fi="Verkosto"),
            first_period="2019-01",
            constructed=False,
            founded_on=asked().on,
        )
    )
    founded().when("found-network", FOUND).then_refused(
        "This log belongs to the network kymenlaakso already; another network needs a log of its own."
    )


def test_the_books_do_not_begin_in_the_future() -> None:
    given().when("found-network", {**FOUND, "first_period": "2019-04"}).then_refused(
        "The books cannot begin in 2019-04: they begin in 2019-03 at the latest, so that facts of today have a period."
    )


@pytest.mark.parametrize("business_id", ["2472908-2", "1958694-5", "0161075-9", "0208916-8"])
def test_published_business_ids_are_right(business_id: str) -> None:
    assert is_business_id(business_id)
    assert not is_business_id(f"{business_id[:-1]}{(int(business_id[-1]) + 1) % 10}")


def test_an_organisation_is_registered_once_with_a_right_business_id() -> None:
    body = {"organisation": "org:xamk", "name": {"fi": "Xamk"}, "kind": "university_of_applied_sciences"}
    with_partners().when("register-organisation", body).then_refused(
        "org:xamk is registered already; choose another id for another organisation."
    )
    founded().when("register-organisation", {**body, "business_id": "2472908-3"}).then_refused(
        "2472908-3 is no business id: its check digit does not fit. Compare it with the register (ytj)."
    )
    founded().when("register-organisation", {**body, "unit_of": "org:kouvola"}).then_refused(
        "There is no org:kouvola here."
    )


def test_an_organisation_is_renamed_by_the_coordinator_and_stays_the_same() -> None:
    body = {"organisation": "org:xamk", "name": {"fi": "Xamk Oy", "en": "Xamk Ltd"}}
    renamed = with_partners().when("rename-organisation", body)
    renamed.then(
        OrganisationRenamed(
            organisation="org:xamk", name=Names(fi="Xamk Oy", en="Xamk Ltd"), by="person:test", renamed_on=asked().on
        )
    )
    renamed.and_then().when("rename-organisation", body).then_refused(
        "org:xamk has this name already; there is nothing to rename."
    )
    founded().when("rename-organisation", body).then_refused("There is no org:xamk here.")


def test_an_object_identifier_names_one_organisation() -> None:
    body = {"organisation": "org:a", "name": {"fi": "A"}, "kind": "other", "oid": "1.2.246.562.99.1"}
    founded().when("register-organisation", body).and_then().when(
        "register-organisation", {**body, "organisation": "org:b"}
    ).then_refused("1.2.246.562.99.1 is registered for org:a already; an object identifier names one organisation.")


def test_a_partner_is_admitted_once_and_not_in_advance() -> None:
    body = {"organisation": "org:xamk", "membership": "lead", "admitted_on": "2019-01-02"}
    with_partners().when("admit-partner", body).then_refused("org:xamk has been a partner since 2019-01-02.")
    founded().when("admit-partner", body).then_refused("There is no org:xamk here.")


def test_a_duty_is_held_once_at_a_time() -> None:
    body = {"organisation": "org:xamk", "duty": "web-service", "starts_on": "2019-02-01", "ends_on": "2019-06-30"}
    so_far = with_partners().when("assign-duty", body)
    assert isinstance(so_far.events()[0], DutyAssigned)
    so_far.and_then().when("assign-duty", {**body, "starts_on": "2019-06-30", "ends_on": None}).then_refused(
        "org:xamk has had the duty web-service since 2019-02-01, and it has not ended by then."
    )
    assert so_far.and_then().when("assign-duty", {**body, "starts_on": "2019-07-01", "ends_on": None}).events()
    with_partners().when("assign-duty", {**body, "ends_on": "2019-01-01"}).then_refused(
        "A duty from 2019-02-01 cannot end on 2019-01-01, which is earlier."
    )
    with_partners().when("assign-duty", {**body, "organisation": "org:lut"}).then_refused(
        "There is no partner org:lut here."
    )
