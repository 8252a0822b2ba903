"""Bad input: each kind has its own sentence and status, and nothing is written."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from adapters.http.asking import body_of
from adapters.http.problems import BodyTooSlow, problem_of
from application.door import BODY_BYTES_MAX
from tests.http.world import AGREEMENT, RULE, World

STEP = {"pathway": "pathway:p-07", "step": 1}
KEY = str(UUID(int=7))


class Case(NamedTuple):
    """What is sent by whom, and the answer with its whole sentence."""

    name: str
    body: object
    who: str
    status: int
    kind: str
    sentence: str


def taking(percent: object) -> Mapping[str, Any]:
    steps = [{**RULE["steps"][0], "take": {"percent": percent}}, RULE["steps"][1]]
    return {**AGREEMENT, "agreement": "agreement:a-2", "sharing_rule": {**RULE, "steps": steps}}


CASES: Mapping[str, Case] = {
    "malformed JSON": Case(
        "accept-referral", b'{"referral": ', "ekami",
        400, "not-json", "The body is not JSON: Input data was truncated.",
    ),
    "no body at all": Case(
        "accept-referral", b"", "ekami",
        400, "not-json", "The body is not JSON: Input data was truncated.",
    ),
    "bytes that are no UTF-8": Case(
        "accept-referral", b'{"referral": "\xff"}', "ekami",
        400, "not-json",
        "The body is not JSON: it is not UTF-8.",
    ),
    "an array for an object": Case(
        "accept-referral", [], "ekami",
        422, "malformed", "A command's body is an object, not an array (at $)",
    ),
    "an unknown field": Case(
        "accept-referral", {"referral": "referral:r-17", "urgent": True}, "ekami",
        422, "malformed", "Object contains unknown field `urgent` (at $)",
    ),
    "a missing field": Case(
        "accept-referral", {}, "ekami",
        422, "malformed", "Object missing required field `referral` (at $)",
    ),
    "a field that the network fills": Case(
        "accept-referral", {"referral": "referral:r-17", "asked": {}}, "ekami",
        422, "malformed", "This is filled in by the network, leave it out (at $.asked)",
    ),
    "a NUL character": Case(
        "accept-referral", {"referral": "referral:r\x00"}, "ekami",
        422, "malformed", "The text contains a NUL character (at $.referral)",
    ),
    "an id of another kind": Case(
        "accept-referral", {"referral": "pathway:p-07"}, "ekami",
        422, "malformed", "This is not an id such as referral:r-17 (at $.referral)",
    ),
    "an id of nothing": Case(
        "accept-referral", {"referral": "referral:r-99"}, "ekami",
        404, "unknown", "There is no referral:r-99 here.",
    ),
    "somebody else's referral": Case(
        "accept-referral", {"referral": "referral:r-17"}, "cursor",
        404, "unknown", "There is no referral:r-17 here.",
    ),
    "an answer for the other party": Case(
        "accept-referral", {"referral": "referral:r-17"}, "xamk",
        403, "not-yours", "Only org:ekami or the coordinator may answer this referral; you act for org:xamk.",
    ),
    "an amount in floats": Case(
        "propose-step", {**STEP, "step": 2, "offering": "offering:o-1", "parts": [{"part": 1, "cents": 300.0}]}, "xamk",
        422, "malformed",
        "300.0 is a floating-point number; give whole numbers, and exact decimals as strings (at $.parts[0].cents)",
    ),
    "a percentage of 101": Case(
        "draft-agreement", taking("101"), "coordinator",
        422, "leaking-rule", 'sharing_rule: steps[0].take.percent is "101", but must be from 0 to 100.',
    ),
    "a percentage in floats": Case(
        "draft-agreement", taking(10.5), "coordinator",
        422, "malformed",
        "10.5 is a floating-point number; give whole numbers, and exact decimals as strings (at $.sharing_rule.steps[0].take.percent)",
    ),
    "a future date": Case(
        "deliver-step", {**STEP, "part": 2, "delivered_on": "2019-03-02"}, "ekami",
        409, "in-the-future",
        "A delivery on 2019-03-02 lies in the future: today is 2019-03-01. Report it when it has happened.",
    ),
    "a date that is none": Case(
        "deliver-step", {**STEP, "part": 2, "delivered_on": "2019-02-30"}, "ekami",
        422, "malformed", "Invalid RFC3339 encoded date (at $.delivered_on)",
    ),
    "closing out of order": Case(
        "close-period", {"period": "2019-03"}, "coordinator",
        409, "out-of-order", "Periods close in order: 2019-02 comes before 2019-03.",
    ),
    "closing before the books began": Case(
        "close-period", {"period": "2019-01"}, "coordinator",
        409, "closed-already",
        "2019-01 is closed already and never opens again; the earliest open period is 2019-02.",
    ),
    "a mentor over capacity": Case(
        "assign-mentee", {"mentor": "mentor:m-03", "client": "client:c-30"}, "xamk",
        409, "mentor-is-full",
        "mentor:m-03 guides 1 clients and has room for 1; release one, raise the capacity or choose another mentor.",
    ),
    "a part delivered twice": Case(
        "deliver-step", {**STEP, "part": 1, "delivered_on": "2019-03-01"}, "ekami",
        409, "delivered-already",
        "Part 1 of step 1 of pathway:p-07 was delivered on 2019-03-01 already; a part is delivered once.",
    ),
    "a part of a step that was not confirmed": Case(
        "deliver-step", {**STEP, "step": 2, "part": 1, "delivered_on": "2019-03-01"}, "ekami",
        404, "unknown", "There is no part 1 of a confirmed step 2 in pathway:p-07 here.",
    ),
    "a command that is none": Case(
        "send-money", {}, "coordinator",
        404, "no-such-path", "There is nothing at /v1/commands/send-money for you; /docs lists every path and who may use it.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_bad_input_gets_its_sentence_and_writes_nothing(seen: World, case: Case) -> None:
    before = seen.head
    answer = seen.send(case.name, case.body, case.who)
    problem = answer.json()
    assert (problem["status"], problem["type"], problem["detail"]) == (
        case.status,
        f"/problems/{case.kind}",
        case.sentence,
    )
    assert answer.status_code == case.status
    assert answer.headers["content-type"] == "application/problem+json"
    assert seen.head == before


def test_a_bad_field_is_named_with_its_place(seen: World) -> None:
    parts = [{"part": 1, "cents": "300"}]
    answer = seen.send("propose-step", {**STEP, "step": 2, "offering": "offering:o-1", "parts": parts}, "xamk")
    assert answer.json()["errors"] == [{"where": "$.parts[0].cents", "why": "Expected `int`, got `str`"}]
    leaking = seen.send("draft-agreement", taking("101")).json()
    assert leaking["errors"][0]["where"] == "$.sharing_rule.steps[0].take.percent"


def test_closing_twice_is_refused(world: World) -> None:
    assert world.send("close-period", {"period": "2019-02"}).status_code == 201
    before = world.head
    answer = world.send("close-period", {"period": "2019-02"})
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "2019-02 is closed already and never opens again; the earliest open period is 2019-03.",
    )
    assert world.head == before


def test_a_period_is_not_closed_before_its_end_or_before_everything_is_shared(world: World) -> None:
    world.do("close-period", {"period": "2019-02"})
    before = world.head
    early = world.send("close-period", {"period": "2019-03"})
    world.later(days=40)
    unshared = world.send("close-period", {"period": "2019-03"})
    assert [(a.status_code, a.json()["detail"]) for a in (early, unshared)] == [
        (409, "2019-03 has not ended: it can be closed from 2019-03-31T21:00:00Z on."),
        (
            409,
            (
                "2019-03 cannot be closed yet: revenue has been shared up to position 0, and the period reaches to 26. "
                "Try again when the sharing has caught up."
            ),
        ),
    ]
    assert world.head == before


def test_a_step_that_was_not_confirmed_keeps_the_pathway_from_being_agreed(world: World) -> None:
    world.do("draft-pathway", {"pathway": "pathway:p-08", "client": "client:c-20", "organisation": "org:xamk"})
    parts = [{"part": 1, "cents": 100}]
    world.do("propose-step", {"pathway": "pathway:p-08", "step": 1, "offering": "offering:o-1", "parts": parts})
    before = world.head
    agreed = {"pathway": "pathway:p-08", "agreement": "agreement:a-1", "collected_by": "org:xamk", "project": None}
    answer = world.send("agree-pathway", agreed, "xamk")
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "pathway:p-08 cannot be agreed: step 1 waits for its provider to confirm or decline.",
    )
    assert world.head == before


def test_the_same_key_with_the_same_body_gives_the_same_answer(world: World) -> None:
    body, key = {"referral": "referral:r-17"}, {"Idempotency-Key": KEY}
    first = world.send("accept-referral", body, "ekami", key)
    again = world.send("accept-referral", body, "ekami", key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert first.json()["position"] == world.head == int(first.headers["tasma-position"])
    assert [set(e) for e in first.json()["events"]] == [{"position", "id", "type"}] * 2


def test_the_same_key_with_another_body_or_name_is_refused(world: World) -> None:
    key = {"Idempotency-Key": KEY}
    world.send("accept-referral", {"referral": "referral:r-17"}, "ekami", key)
    before = world.head
    for name, body in {
        "complete-referral": {"referral": "referral:r-17", "outcome": "enrolled"},
        "publish-offering": {
            "offering": "offering:o-9",
            "provider": "org:ekami",
            "description": {"kind": "course", "name": {"fi": "Uusi"}},
        },
    }.items():
        answer = world.send(name, body, "ekami", key)
        assert (answer.status_code, answer.json()["type"], answer.json()["detail"]) == (
            422,
            "/problems/command-id-reused",
            "This idempotency key was used for another command or body before; use a new key for a new command.",
        )
    assert world.head == before


def test_a_key_is_its_senders_own(world: World) -> None:
    """Two partners that happen to choose the same key do not meet."""
    key = {"Idempotency-Key": KEY}
    for who in ("ekami", "cursor"):
        offering = {"offering": f"offering:k-{who}", "provider": f"org:{who}"}
        body = {**offering, "description": {"kind": "course", "name": {"fi": "Uusi"}}}
        assert world.send("publish-offering", body, who, key).status_code == 201


@pytest.mark.parametrize("key", ["", " "])
def test_an_empty_key_is_not_the_same_as_none(world: World, key: str) -> None:
    """A script whose variable was never set would otherwise do everything twice."""
    before = world.head
    answer = world.send("accept-referral", {"referral": "referral:r-17"}, "ekami", {"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "It is empty; make a UUID for each command, or leave the header out (at Idempotency-Key)",
    )
    headers = world.authorised("xamk") | {"Idempotency-Key": key}
    answer = world.client.post("/v1/subscriptions", json={"url": "https://hooks.example.org/"}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-header")
    assert world.get("/v1/subscriptions", "xamk").json()["items"] == []
    assert world.head == before


@pytest.mark.parametrize("key", ["7", "not-a-uuid", "00000000-0000-0000-0000-00000000000g"])
def test_a_key_that_is_no_uuid_is_refused(seen: World, key: str) -> None:
    answer = seen.send("accept-referral", {"referral": "referral:r-17"}, "ekami", {"Idempotency-Key": key})
    why = f"{key} is no UUID; make one for each command"
    assert answer.status_code == 400
    assert answer.json() == {
        "type": "/problems/bad-header",
        "title": "Bad header",
        "status": 400,
        "detail": f"{why} (at Idempotency-Key)",
        "errors": [{"where": "Idempotency-Key", "why": why}],
    }


@pytest.mark.parametrize("name", ["Idempotency-Key", "Tasma-At"])
def test_a_header_that_is_given_twice_is_refused(seen: World, name: str) -> None:
    """As they come over a socket, see `test_serving`; here the client has put them into one."""
    before = seen.head
    headers = [*seen.authorised("coordinator").items(), (name, KEY), (name, str(UUID(int=8)))]
    answer = seen.client.post("/v1/commands/accept-referral", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (400, name)
    assert seen.head == before


@pytest.mark.parametrize(
    "sent_as",
    [
        "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=latin-1",
        "application/jsonx", "application/problem+json", "json", ";", "application/json, text/plain",
    ],
)  # fmt: skip
def test_a_body_that_is_not_sent_as_json_is_refused(seen: World, sent_as: str) -> None:
    before = seen.head
    answer = seen.send("accept-referral", b'{"referral": "referral:r-17"}', "ekami", {"Content-Type": sent_as})
    assert answer.status_code == 415
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/problems/not-sent-as-json",
        "title": "Not sent as json",
        "status": 415,
        "detail": f"A command's body is sent as application/json in UTF-8, not as {sent_as}.",
    }
    assert seen.head == before


@pytest.mark.parametrize(
    "sent_as", [None, "application/json", "Application/JSON;charset=UTF-8", 'application/json; charset="utf-8"']
)
def test_a_body_is_sent_as_json_or_as_nothing(seen: World, sent_as: str | None) -> None:
    headers = {"Content-Type": sent_as} if sent_as else {}
    answer = seen.send("accept-referral", b"{}", "ekami", headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/malformed")


def test_a_body_over_the_limit_is_refused_before_it_is_read(seen: World) -> None:
    before = seen.head
    large = json.dumps({"referral": "x" * BODY_BYTES_MAX}).encode()
    answer = seen.send("accept-referral", large, "ekami")
    assert (answer.status_code, answer.json()["type"], answer.json()["detail"]) == (
        413,
        "/problems/body-too-large",
        f"The body has {len(large):,} bytes; the limit is 262,144.",
    )
    assert seen.head == before


def test_a_body_without_a_length_is_read_no_further_than_the_limit(seen: World) -> None:
    chunks = (b"x" * 65_536 for _ in range(100))
    answer = seen.client.post("/v1/commands/accept-referral", content=chunks, headers=seen.authorised("ekami"))
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")


def test_a_body_that_does_not_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.http.asking.BODY_SECONDS", 0)

    async def stream() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    request: Any = SimpleNamespace(headers={}, stream=stream)
    with pytest.raises(BodyTooSlow) as refused:
        asyncio.run(body_of(request))
    assert problem_of(refused.value).status == 408


def test_a_body_that_nests_without_end_is_refused(seen: World) -> None:
    answer = seen.send("accept-referral", b'{"referral":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "ekami")
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/not-json"


def test_a_time_of_ones_own_is_for_constructed_networks(seen: World) -> None:
    before = seen.head
    answer = seen.send(
        "accept-referral", {"referral": "referral:r-17"}, "coordinator", {"Tasma-At": "2019-03-05T09:00:00+02:00"}
    )
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "Only a network founded as constructed takes a time with a command; here the clock says what time it is.",
    )
    assert seen.head == before
