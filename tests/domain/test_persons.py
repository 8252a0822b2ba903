"""What two people do in turn is not done by one person under two spellings, and all of it asks for a person."""

from typing import Any

import pytest

from application.registry import DECIDERS
from domain.persons import is_person, same_person
from domain.settlement.events import SettlementApproved
from tests.domain.disputing import DISPUTE, disputed, somebody
from tests.domain.story import do, person
from tests.domain.test_settling import id_of, planned
from tests.domain.test_statements_approved import ISSUED, READ, STATEMENT
from tests.given_when_then import given

SIGNED = {
    "answer-dispute",
    "approve-agreement",
    "approve-settlement",
    "approve-statement",
    "check-statement",
    "dispute-line",
    "freeze-agreement",
    "rename-organisation",
    "set-billing-details",
    "settle-period",
}
"""Both steps of every rule that takes two people: who froze, checked, settled, disputed or set where money goes is compared."""


def test_the_steps_of_two_people_ask_for_a_person() -> None:
    assert {name for name, decider in DECIDERS.items() if decider.signed} == SIGNED


def test_what_only_the_network_itself_sends_asks_for_none() -> None:
    assert not [n for n in SIGNED if "policy" in DECIDERS[n].may]


@pytest.mark.parametrize(
    "actor", ["token:0123456789abcdef", "system:relay", "policy:scheduler", "Maija", "my person:a"]
)
def test_a_token_a_system_and_a_policy_are_nobody(actor: str) -> None:
    assert not is_person(actor)
    assert is_person("person:a")
    assert is_person("mentor:m-03")


def test_one_person_is_one_in_either_case() -> None:
    assert same_person("person:A", "person:a")
    assert not same_person("person:a", "person:b")
    assert not same_person("person:a", "mentor:a")


def test_who_checked_a_statement_is_known_again() -> None:
    ekami = "org:ekami"
    checked = do(given(ISSUED), "check-statement", READ, person("a", ekami, "2019-04-03T09:00:00+03:00"))
    again = person("A", ekami, "2019-04-03T10:00:00+03:00")
    checked.when("check-statement", READ, again).then_refused(
        f"You have checked {STATEMENT} already; somebody else approves it."
    )
    checked.when("approve-statement", READ, again).then_refused(
        f"You have checked {STATEMENT}; who checks may not approve, so let somebody else approve it."
    )


def test_who_settled_is_known_again() -> None:
    so_far = planned()
    body: dict[str, Any] = {"settlement": id_of(so_far)}
    so_far.when("approve-settlement", body, person("TEST")).then_refused(
        f"Who settles may not approve the same settlement; let another person approve {body['settlement']}."
    )
    so_far.when("approve-settlement", body, person("d")).then(
        SettlementApproved(settlement=body["settlement"], by="person:d", approved_on=person("d").on)
    )


def test_who_disputed_does_not_answer_for_the_other_side_or_the_coordinator() -> None:
    body = {"dispute": DISPUTE, "answer": "accepted"}
    sentence = f"Who disputes may not answer the same dispute; let another person answer {DISPUTE}."
    by_one = disputed()
    by_one.when("answer-dispute", body, somebody("xamk", actor="ekami")).then_refused(sentence)
    taken_on = do(by_one, "escalate-dispute", {"dispute": DISPUTE}, person("x", "org:ekami"))
    taken_on.when("answer-dispute", body, person("Ekami")).then_refused(sentence)
    assert taken_on.when("answer-dispute", body, person("d")).events()
