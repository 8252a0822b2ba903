"""Referrals: passed on only under an agreement, answered in business days, never ending in silence."""

from datetime import date

from domain.referrals.events import ReferralAccepted, ReferralCompleted, ReferralDeclined, ReferralExpired, ReferralSent
from tests.domain.story import AGREEMENT, OUTSIDER, do, in_force, with_partners
from tests.given_when_then import Given, asked

SEND = {
    "client": "client:c-1",
    "need": "logistics",
    "sender": "org:cursor",
    "receiver": "org:ekami",
    "agreement": AGREEMENT,
    "referral": "referral:r-1",
}
REFERRAL = {"referral": "referral:r-1"}
RECEIVER = asked(organisation="org:ekami")


def sent(at: str = "2019-03-05T09:00:00+02:00") -> Given:
    return do(in_force(), "send-referral", SEND, asked(at, organisation="org:cursor"))


def test_a_referral_has_a_deadline_in_business_days() -> None:
    """Sent on Thursday 20 June 2019: Midsummer Eve and the weekend do not count, two days end on Tuesday 25 June."""
    referral = sent("2019-06-20T15:00:00+03:00").history[-1]
    assert isinstance(referral, ReferralSent)
    assert referral.answer_by == date(2019, 6, 25)
    assert referral.expires_on == date(2019, 6, 27)


def test_clients_pass_only_between_parties_that_agreed_on_it() -> None:
    with_partners().when("send-referral", SEND).then_refused(f"There is no {AGREEMENT} in force here.")
    in_force().when("send-referral", {**SEND, "receiver": "org:lut"}).then_refused(
        f"{AGREEMENT} has no version in force that lets org:cursor and org:lut pass clients to each other; "
        "both must be parties, and it needs the clause data_sharing."
    )
    in_force().when("send-referral", {**SEND, "receiver": "org:cursor"}).then_refused(
        "org:cursor cannot refer a client to itself."
    )
    in_force().when("send-referral", SEND, RECEIVER).then_refused(
        "Only org:cursor or the coordinator may send its referrals; you act for org:ekami."
    )
    sent().when("send-referral", SEND).then_refused(
        "referral:r-1 has been sent already; another referral needs another id."
    )


def test_the_receiver_accepts_and_completes() -> None:
    accepted = sent().when("accept-referral", REFERRAL, RECEIVER)
    assert isinstance(accepted.events()[0], ReferralAccepted)
    completed = accepted.and_then().when("complete-referral", {**REFERRAL, "outcome": "enrolled"}, RECEIVER)
    assert isinstance(completed.events()[0], ReferralCompleted)
    completed.and_then().when("accept-referral", REFERRAL, RECEIVER).then_refused(
        "referral:r-1 is completed; only a referral that is sent can be accepted."
    )
    sent().when("complete-referral", {**REFERRAL, "outcome": "enrolled"}, RECEIVER).then_refused(
        "referral:r-1 is sent; only a referral that is accepted can be completed."
    )


def test_the_receiver_declines_with_a_reason() -> None:
    declined = sent().when("decline-referral", {**REFERRAL, "reason": "no-capacity"}, RECEIVER)
    assert isinstance(declined.events()[0], ReferralDeclined)


def test_only_the_receiver_answers_and_outsiders_learn_nothing() -> None:
    sent().when("accept-referral", REFERRAL, asked(organisation="org:cursor")).then_refused(
        "Only org:ekami or the coordinator may answer this referral; you act for org:cursor."
    )
    sent().when("accept-referral", REFERRAL, OUTSIDER).then_refused("There is no referral:r-1 here.")


def test_it_expires_after_its_last_day_and_not_before() -> None:
    """Sent on Tuesday 5 March: two days to answer, two of grace, the last is Monday 11 March."""
    sent().when("expire-referral", REFERRAL, asked("2019-03-11T23:59:59+02:00")).then_refused(
        "referral:r-1 may still be answered until 2019-03-11; it expires after that day."
    )
    expired = sent().when("expire-referral", REFERRAL, asked("2019-03-12T00:00:00+02:00"))
    assert isinstance(expired.events()[0], ReferralExpired)
    sent().when("accept-referral", REFERRAL, asked("2019-03-12T08:00:00+02:00", organisation="org:ekami")).then_refused(
        "referral:r-1 could be answered until 2019-03-11; ask the sender for a new one."
    )
    expired.and_then().when("expire-referral", REFERRAL).then_refused(
        "referral:r-1 is expired; only a referral that is sent can be expired."
    )
