"""The coordinator's list: an item is opened by the network, closed by the coordinator, and each of it happens once."""

from application.registry import DECIDERS
from domain.network.events import FollowUpClosed
from tests.domain.disputing import scheduler
from tests.domain.story import do, founded
from tests.given_when_then import Given, asked

OPENED = dict(DECIDERS["open-follow-up"].example) | {"parties": ["org:ekami", "org:xamk"]}
CLOSING = {"follow_up": OPENED["follow_up"], "outcome": "Sent on to another provider."}


def opened() -> Given:
    return do(founded(), "open-follow-up", OPENED, scheduler("2019-03-05T09:00:00+02:00"))


def test_what_was_looked_after_is_closed_for_whoever_could_see_it() -> None:
    opened().when("close-follow-up", CLOSING).then(
        FollowUpClosed(
            follow_up="follow-up:0199-17",
            about="referral:r-17",
            outcome="Sent on to another provider.",
            by="person:test",
            closed_on=asked().on,
            parties=("org:ekami", "org:xamk"),
        )
    )


def test_it_is_closed_once() -> None:
    closed = do(opened(), "close-follow-up", CLOSING)
    closed.when("close-follow-up", {**CLOSING, "outcome": "done"}).then_refused(
        "follow-up:0199-17 is off the coordinator's list since 2019-03-05 (Sent on to another provider.); there is nothing left to "
        "do about it."
    )


def test_what_never_was_on_the_list_is_not_closed() -> None:
    founded().when("close-follow-up", CLOSING).then_refused("There is no follow-up:0199-17 here.")
