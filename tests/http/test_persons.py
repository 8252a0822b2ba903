"""For some commands a person answers: whoever holds a token that names nobody cannot send them, whatever it may else do."""

import pytest
from msgspec.structs import replace

from adapters.http.openapi import openapi
from application.access import Wish, WrongWish
from application.desk import Asker
from application.door import NeedsPerson
from application.registry import DECIDERS
from domain.kernel import Role
from domain.settlement.settle_period import NotInForce
from tests.http.world import World, opened, run

SIGNED = sorted(name for name, decider in DECIDERS.items() if decider.signed)
SETTLE = {"period": "2019-02", "agreement": "agreement:none"}


def issue(world: World, wish: Wish) -> str:
    issued = run(world.tokens.issue(wish))
    world.bearers["new"] = issued.token
    return issued.id


@pytest.mark.parametrize("name", SIGNED)
def test_a_token_without_a_subject_is_told_how_to_get_one_that_has(seen: World, name: str) -> None:
    """Before anything of the body is looked at."""
    token_id = issue(seen, Wish(role="coordinator"))
    answer = seen.send(name, [], "new")
    assert answer.status_code == 403
    assert answer.json() == {
        "type": "/problems/needs-person",
        "title": "Needs person",
        "status": 403,
        "detail": f"For {name} a person answers, and token:{token_id} names none. Have a token of your own issued (`tasma token "
        'issue … --subject person:…`); at the command line say who you are: `--as person:…`, or "by" in a line of a file.',
    }
    issue(seen, Wish(role="coordinator", subject="person:p-7"))
    assert seen.send(name, [], "new").status_code == 422


def test_a_partners_token_is_asked_for_a_person_too_and_the_right_comes_first(seen: World) -> None:
    check = {"partner": "org:ekami", "period": "2019-03", "digest": "0" * 64}
    issue(seen, Wish(role="partner", organisation="org:ekami", scopes=frozenset({"finance-check"})))
    assert seen.send("check-statement", check, "new").json()["type"] == "/problems/needs-person"
    assert seen.send("approve-statement", check, "new").json()["type"] == "/problems/not-allowed"


def test_what_nobody_signs_is_done_without_a_person(world: World) -> None:
    issue(world, Wish(role="coordinator"))
    body = {"organisation": "org:uusi", "name": {"fi": "Uusi"}, "kind": "other"}
    assert world.send("register-organisation", body, "new").status_code == 201


@pytest.mark.parametrize("subject", ["person:A", "person:p-7X", "mentor:M-03"])
@pytest.mark.parametrize("role", ["coordinator", "mentor"])
def test_nobody_is_two_by_their_letters(seen: World, role: Role, subject: str) -> None:
    with pytest.raises(WrongWish) as refused:
        run(seen.tokens.issue(Wish(role=role, organisation="org:xamk", subject=subject)))
    assert str(refused.value) == (
        "No such token can be issued: This is not a mentor or person in lower case such as mentor:m-03 or person:p-7 (at $.subject)."
    )


def test_a_token_from_before_still_opens_and_is_the_same_person(world: World) -> None:
    token_id = issue(world, Wish(role="coordinator", subject="person:c"))
    (kept,) = (each for each in run(world.tokens.list()) if each.id == token_id)
    run(world.store.revoke(token_id, world.now))
    older = replace(kept, id="0" * 16, subject="person:C")
    run(world.store.put(older))
    world.bearers["older"] = world.bearers["new"].replace(token_id, older.id)
    frozen = {"agreement": "agreement:a-1", "version": 1}
    answer = world.send("freeze-agreement", frozen, "older")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/already-frozen")


@pytest.mark.parametrize("constructed", [False, True])
def test_a_keyboard_that_asks_for_no_token_plays_everybody_in_a_constructed_network_alone(*, constructed: bool) -> None:
    keyboard = Asker(actor="person:command-line", role="coordinator", shared=True)
    with opened(constructed=constructed) as world:
        with pytest.raises(NotInForce if constructed else NeedsPerson):
            world.do("settle-period", SETTLE, keyboard)
        with pytest.raises(NotInForce):
            world.do("settle-period", SETTLE, Asker(actor="person:p-7", role="coordinator"))


def test_whoever_reads_of_a_command_hears_that_it_takes_a_person() -> None:
    paths = openapi(constructed=False)["paths"]
    for name, decider in DECIDERS.items():
        if (path := paths.get(f"/v1/commands/{name}")) is not None:
            said = "A person answers for it: the token needs a subject, `person:…`." in path["post"]["description"]
            assert said is decider.signed
