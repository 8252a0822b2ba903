"""Questions about what would have been, what had happened and what came to be known, over HTTP."""

from typing import Any

import httpx
import pytest

from adapters.http.handed_in.what_if import TRIED_MAX
from adapters.http.openapi import openapi
from application.access import Wish
from application.door import BODY_BYTES_MAX
from domain.kernel import Scope
from tests.http.world import WISHES, World, run

ALL_TO_XAMK = {"steps": [{"take": "remaining", "to": "org:xamk"}]}
DRAFT: dict[str, Any] = {"agreement": "agreement:a-1", "sharing_rule": ALL_TO_XAMK}


def ask(world: World, body: object, who: str | None = "coordinator") -> httpx.Response:
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    return world.client.request("POST", "/v1/what-if", headers=world.authorised(who), **content)


def test_a_drafted_rule_is_tried_and_nothing_is_written(seen: World) -> None:
    """300.00, of which 30.00 was the collector's, its coordination: it would have been all."""
    before = seen.head
    answer = ask(seen, DRAFT)
    assert (answer.status_code, answer.headers["tasma-position"]) == (200, str(before))
    found = answer.json()
    assert (found["position"], found["of"], found["costs"]) == (before, None, None)
    partners = {
        p["partner"]: (p["now_cents"], p["then_cents"], p["difference_cents"]) for p in found["sharing"]["partners"]
    }
    assert partners == {"org:ekami": (27_000, 0, -27_000), "org:xamk": (3_000, 30_000, 27_000)}
    (cause,) = found["sharing"]["partners"][1]["causes"]
    assert (cause["pathway"], cause["now"], cause["then"]) == (
        "pathway:p-07",
        [{"clause": "steps[0]", "cents": 3_000}],
        [{"clause": "steps[0]", "cents": 30_000}],
    )
    assert seen.head == before


@pytest.mark.parametrize("who", sorted(WISHES))
def test_it_is_answered_to_those_who_may_and_a_partner_sees_its_own_row(seen: World, who: str) -> None:
    answer = ask(seen, DRAFT, who)
    allowed = {"coordinator": 2, "auditor": 2, "xamk": 1}
    assert answer.status_code == (200 if who in allowed else 403), answer.text
    if who in allowed:
        assert len(answer.json()["sharing"]["partners"]) == allowed[who]


def test_without_a_token_or_as_no_party_there_is_nothing(seen: World) -> None:
    assert ask(seen, DRAFT, None).status_code == 401
    scopes: frozenset[Scope] = frozenset({"finance-check"})
    seen.bearers["outsider"] = run(
        seen.tokens.issue(Wish(role="partner", organisation="org:cursor", scopes=scopes))
    ).token
    answer = ask(seen, DRAFT, "outsider")
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no agreement:a-1 in force here.")


def test_a_fault_of_the_draft_is_said_as_when_it_is_drafted(seen: World) -> None:
    faulty = {"steps": [{"take": {"percent": "10"}, "to": "kept"}]}
    tried = ask(seen, {**DRAFT, "sharing_rule": faulty})
    drafted = seen.send(
        "draft-agreement",
        {
            "agreement": "agreement:a-2",
            "title": {"fi": "A"},
            "parties": ["org:xamk", "org:ekami"],
            "sharing_rule": faulty,
        },
    )
    assert tried.status_code == drafted.status_code == 422
    assert tried.json() == drafted.json()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"agreement": "agreement:a-1", "agreement": "agreement:a-1"}', 400),
        (b" " * (BODY_BYTES_MAX + 1), 413),
        ({"agreement": "agreement:a-1"}, 422),
        ({**DRAFT, "from": "2019-13"}, 422),
        ({**DRAFT, "from": "2019-03", "to": "2019-02"}, 422),
        ({**DRAFT, "until": "2019-02"}, 422),
        ({**DRAFT, "sharing_rule": {"steps": [{"take": {"percent": 10.5}, "to": "kept"}]}}, 422),
        ({**DRAFT, "as_of": "999"}, 422),
        ({**DRAFT, "as_of": "yesterday"}, 400),
        ([], 422),
    ],
)
def test_what_cannot_be_tried_is_a_problem(seen: World, body: object, status: int) -> None:
    answer = ask(seen, body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text


def test_no_more_are_tried_at_a_time_than_the_process_can_bear(seen: World) -> None:
    state = seen.client.app.state
    state["tried"] = TRIED_MAX
    try:
        answer = ask(seen, DRAFT)
    finally:
        state["tried"] = 0
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert ask(seen, DRAFT).status_code == 200


def test_it_is_described_among_the_questions() -> None:
    operation = openapi(constructed=False)["paths"]["/v1/what-if"]["post"]
    assert operation["tags"] == ["questions"]
    assert (
        operation["requestBody"]["content"]["application/json"]["example"]["agreement"] == "agreement:kymenlaakso-2019"
    )
    statement = openapi(constructed=False)["paths"]["/v1/statements/{partner}/{period}"]["get"]
    answers = statement["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"]
    assert [each["$ref"].rpartition("/")[2] for each in answers] == ["Statement", "EffectiveStatement"]


def test_a_statement_is_asked_for_by_the_days_of_happening(seen: World) -> None:
    path = "/v1/statements/org:ekami/2019-03"
    found = seen.get(f"{path}?effective=2019-03-01", "ekami").json()
    assert (found["state"], found["closing_cents"], found["lines"][0]["booked"]) == ("effective", 27_000, "2019-03/1")
    assert "digest" not in found
    early = seen.get(f"{path}?effective=2019-02-28", "ekami")
    assert (early.status_code, early.json()["type"]) == (422, "/problems/ends-before-its-month")
    assert seen.get(f"{path}.csv?effective=2019-03-01", "ekami").status_code == 406
    assert seen.get(f"{path}?effective=2019-02-30", "ekami").status_code == 422
    assert seen.get(f"{path}?effective=2019-03-01", "cursor").status_code == 404


def test_a_balance_is_asked_for_by_the_day(seen: World) -> None:
    """270.00 was shared on 1 March and paid on 20 April."""
    path = "/v1/balances/org:ekami"
    for day, later, cents in (("2019-02-28", 0, 0), ("2019-03-01", -27_000, 27_000), ("2019-04-20", 0, 0)):
        found = seen.get(f"{path}?effective={day}", "ekami").json()
        assert (found["effective"], found["cents"]) == (day, cents)
        assert found["counterparties"] == [
            {"counterparty": "org:xamk", "booked_cents": 0, "later_cents": later, "cents": cents}
        ]
    assert seen.get(path, "ekami").json()["cents"] == 0


def test_the_difference_of_two_moments_names_its_events(seen: World) -> None:
    path = "/v1/statements/org:ekami/2019-03/difference"
    found = seen.get(f"{path}?from=20", "ekami").json()
    assert found["difference_cents"] == sum(each["difference_cents"] for each in found["lines"]) == 27_000
    assert [event["type"] for event in found["events"]] == ["tasma.revenue.shared.v2"]
    assert found["events"][0]["position"] == found["lines"][0]["events"][0]
    assert seen.get(f"{path}?from={seen.head}", "ekami").json()["lines"] == []
    for query in ("from=20&to=10", "from=20&to=21&as_of=22", "from=999"):
        assert seen.get(f"{path}?{query}", "ekami").status_code == 422, query
    assert seen.get(f"{path}?from=never", "ekami").status_code == 400
