"""Where payments go, over HTTP: one person cannot turn them to another account, and both sides see where they go."""

from collections.abc import Iterator
from typing import Any

import pytest

from application.access import Wish
from tests.bank.settled import CURSOR, EKAMI, IBANS, XAMK, details, ordered
from tests.bank.settled_world import SettledWorld, served
from tests.http.test_bank import FILE
from tests.http.test_settlements import settlement
from tests.http.world import run

NEW = "FI4250001510000023"


@pytest.fixture
def world() -> Iterator[SettledWorld]:
    with served() as world:
        for name in ("thief", "second"):
            wish = Wish(role="coordinator", subject=f"person:{name}")
            world.bearers[name] = run(world.tokens.issue(wish)).token
        yield world


def send(world: SettledWorld, name: str, body: dict[str, Any], who: str, at: str = "2019-02-21T18:00:00+02:00") -> Any:  # noqa: ANN401 - an answer
    headers = {**world.authorised(who), "Tasma-At": at}
    return world.client.post(f"/v1/commands/{name}", json=body, headers=headers)


def test_one_person_cannot_turn_a_payment_to_another_account(world: SettledWorld) -> None:
    before = world.get(FILE, XAMK)
    assert IBANS[EKAMI] in before.text
    assert "tasma-newer-details" not in before.headers
    assert send(world, "set-billing-details", details(EKAMI, NEW), "thief").status_code == 201
    now = world.get(FILE, XAMK)
    assert now.content == before.content
    assert now.headers["tasma-newer-details"] == f"{EKAMI};since=2019-02-21"
    again = {"settlement": world.settlement}
    refused = send(world, "approve-settlement", again, "thief")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/set-by-oneself")
    unread = send(world, "approve-settlement", again, "second")
    assert (unread.status_code, unread.json()["type"]) == (409, "/problems/set-since")
    again["accounts"] = settlement(world, "coordinator")["accounts"]
    assert send(world, "approve-settlement", again, "second").status_code == 201
    moved = world.get(FILE, XAMK)
    assert NEW in moved.text
    assert IBANS[EKAMI] not in moved.text
    assert "tasma-newer-details" not in moved.headers


def test_both_sides_see_where_a_payment_goes_and_who_waits_for_an_approval(world: SettledWorld) -> None:
    assert send(world, "set-billing-details", details(EKAMI, NEW), "thief").status_code == 201
    waiting = [{"organisation": EKAMI, "set_on": "2019-02-21"}]
    for who in ("coordinator", XAMK, EKAMI):
        seen = settlement(world, who)
        goes = {p["payee"]: p["account"]["iban"] for p in seen["payments"]}
        assert goes == {each: IBANS[each] for each in goes}
        assert seen["newer_details"] == waiting
        assert NEW not in str(seen), "what waits is not shown, but that it does"
    other = settlement(world, CURSOR)
    assert other["newer_details"] == []
    assert [p["account"]["iban"] for p in other["payments"]] == [IBANS[CURSOR]]
    one = world.get(f"/v1/payments/{run(ordered(world))[EKAMI].payment}", EKAMI).json()
    assert one["payment"]["account"] == {"name": "Ekami Oy", "iban": IBANS[EKAMI], "bic": "OKOYFIHH"}
    assert one["newer_details"] == waiting
    then = world.get(f"/v1/settlements/2019-01?as_of={world.head - 1}", EKAMI).json()
    assert then[0]["newer_details"] == []


def test_a_payment_that_cannot_be_made_is_named_beside_the_file() -> None:
    with served(without_account=CURSOR) as world:
        answer, order = world.get(FILE, XAMK), run(ordered(world))[CURSOR]
        assert answer.status_code == 200
        assert answer.headers["tasma-left-out"] == f"{order.payment};payee={CURSOR};why=no-account"
        (unpayable,) = [p for p in settlement(world, XAMK)["payments"] if p["payee"] == CURSOR]
        assert unpayable["account"] is None
        described = world.get("/openapi.json", None).json()["paths"]["/v1/settlements/{period}/payments.xml"]["get"]
        told = {"Tasma-Left-Out", "Tasma-Paid-Again", "Tasma-Contradicted", "Tasma-Newer-Details"}
        assert told <= set(described["responses"]["200"]["headers"])


def test_before_the_approval_the_accounts_are_shown_that_would_be_approved() -> None:
    with served(approved=False) as world:
        seen = settlement(world, "coordinator")
        assert {p["account"]["iban"] for p in seen["payments"]} == {IBANS[EKAMI], IBANS[CURSOR]}
        assert (seen["approval"], seen["newer_details"]) == (None, [])


def test_an_organisation_is_renamed_and_what_was_made_out_before_keeps_its_name() -> None:
    with served() as world:
        (document,) = {each["document"] for each in world.get("/v1/documents?period=2019-01", EKAMI).json()["items"]}
        places = (f"/v1/statements/{XAMK}/2019-01", f"/v1/documents/{document}.csv", FILE)
        before = [world.get(place, XAMK) for place in places]
        assert all(each.status_code == 200 for each in before), [each.text for each in before]
        assert "Ekami Oy" in before[0].text
        answer = send(world, "rename-organisation", {"organisation": EKAMI, "name": {"fi": "Uusi Oy"}}, "coordinator")
        assert answer.status_code == 201, answer.text
        assert [world.get(place, XAMK).text for place in places] == [each.text for each in before]
        names = {each["organisation"]: each["name"]["fi"] for each in world.get("/v1/partners").json()["items"]}
        assert names[EKAMI] == "Uusi Oy"
