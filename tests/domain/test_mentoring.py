"""Mentors: never over capacity, and one mentor a client."""

from domain.mentoring.events import MenteeAssigned, MenteeReleased
from tests.domain.story import OUTSIDER, do, with_partners
from tests.given_when_then import Given

NOMINATE = {"mentor": "mentor:m-1", "organisation": "org:xamk", "capacity": 1}
ASSIGN = {"mentor": "mentor:m-1", "client": "client:c-1"}


def nominated() -> Given:
    return do(with_partners(), "nominate-mentor", NOMINATE)


def test_a_mentor_is_nominated_once_by_a_partner() -> None:
    nominated().when("nominate-mentor", NOMINATE).then_refused("mentor:m-1 has been nominated by org:xamk already.")
    with_partners().when("nominate-mentor", {**NOMINATE, "organisation": "org:lut"}).then_refused(
        "There is no partner org:lut here."
    )
    with_partners().when("nominate-mentor", NOMINATE, OUTSIDER).then_refused(
        "Only org:xamk or the coordinator may nominate its mentors; you act for org:lut."
    )


def test_a_full_mentor_takes_nobody_until_there_is_room() -> None:
    full = do(nominated(), "assign-mentee", ASSIGN)
    assert isinstance(full.history[-1], MenteeAssigned)
    other = {"mentor": "mentor:m-1", "client": "client:c-2"}
    full.when("assign-mentee", other).then_refused(
        "mentor:m-1 guides 1 clients and has room for 1; release one, raise the capacity or choose another mentor."
    )
    released = do(full, "release-mentee", {**ASSIGN, "reason": "pathway-completed"})
    assert isinstance(released.history[-1], MenteeReleased)
    assert released.when("assign-mentee", other).events()
    assert (
        do(full, "set-mentor-capacity", {"mentor": "mentor:m-1", "capacity": 2}).when("assign-mentee", other).events()
    )


def test_a_client_has_one_mentor_and_nobody_learns_which() -> None:
    so_far = do(nominated(), "nominate-mentor", {**NOMINATE, "mentor": "mentor:m-2", "organisation": "org:ekami"})
    so_far = do(so_far, "assign-mentee", ASSIGN)
    so_far.when("assign-mentee", {**ASSIGN, "mentor": "mentor:m-2"}).then_refused(
        "client:c-1 is guided by a mentor already; the client must be released there first."
    )


def test_a_client_is_released_once() -> None:
    released = do(do(nominated(), "assign-mentee", ASSIGN), "release-mentee", {**ASSIGN, "reason": "handed-over"})
    released.when("release-mentee", {**ASSIGN, "reason": "handed-over"}).then_refused(
        "mentor:m-1 does not guide client:c-1 now."
    )


def test_only_those_guided_are_released_and_only_by_their_own() -> None:
    nominated().when("release-mentee", {**ASSIGN, "reason": "handed-over"}).then_refused(
        "mentor:m-1 does not guide client:c-1 now."
    )
    with_partners().when("assign-mentee", ASSIGN).then_refused("There is no mentor:m-1 here.")
    with_partners().when("set-mentor-capacity", {"mentor": "mentor:m-1", "capacity": 2}).then_refused(
        "There is no mentor:m-1 here."
    )
    nominated().when("assign-mentee", ASSIGN, OUTSIDER).then_refused(
        "Only org:xamk or the coordinator may assign clients to its mentors; you act for org:lut."
    )
