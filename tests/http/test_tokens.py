"""Tokens: what is issued, what is refused, what opens the door and what does not."""

from datetime import date, timedelta

import pytest

from application.access import NoSuchToken, Token, Tokens, Wish, WrongWish
from application.desk import Asker
from tests.http.world import World, opened, run


def issue(world: World, wish: Wish, name: str = "new") -> str:
    issued = run(world.tokens.issue(wish))
    world.bearers[name] = issued.token
    return issued.id


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (Wish(role="partner"), "A partner's token needs the organisation it acts for."),
        (
            Wish(role="mentor", organisation="org:xamk"),
            "A mentor's token needs the mentor's organisation and, as its subject, the id `mentor:…`.",
        ),
        (
            Wish(role="mentor", subject="mentor:m-03"),
            "A mentor's token needs the mentor's organisation and, as its subject, the id `mentor:…`.",
        ),
        (Wish(role="auditor"), "An auditor's token needs a last day."),
        (Wish(role="policy"), "Policies are the network's own work; no token is issued for them."),
        (
            Wish(role="partner", organisation="org:xamk", scopes=frozenset({"finance-check", "finance-approve"})),
            (
                "One token cannot hold both finance-check and finance-approve: who checks may not approve the same thing. "
                "Issue two, to two people."
            ),
        ),
        (
            Wish(role="partner", organisation="org:xamk", project="S20967"),
            "A project narrows what an auditor or a funder sees; a partner's token has none.",
        ),
        (
            Wish(role="coordinator", expires_on=date(2019, 2, 28)),
            "A token that was good until 2019-02-28 opens nothing; today is 2019-03-01.",
        ),
        (
            Wish(role="coordinator", subject="mentor:m-03"),
            "mentor:m-03 is a mentor; a coordinator is named as `person:…`.",
        ),
    ],
)
def test_a_wrong_wish_is_refused(seen: World, wish: Wish, sentence: str) -> None:
    before = run(seen.tokens.list())
    with pytest.raises(WrongWish) as refused:
        run(seen.tokens.issue(wish))
    assert str(refused.value) == sentence
    assert run(seen.tokens.list()) == before


@pytest.mark.parametrize("subject", ["policy:share-delivered-parts", "token:1", "Maija", "person:"])
def test_nobody_is_named_like_the_system_or_by_name(seen: World, subject: str) -> None:
    with pytest.raises(WrongWish, match="No such token can be issued"):
        run(seen.tokens.issue(Wish(role="coordinator", subject=subject)))


def test_what_is_kept_opens_nothing(seen: World) -> None:
    issued = run(seen.tokens.issue(Wish(role="coordinator")))
    kept = next(t for t in run(seen.tokens.list()) if t.id == issued.id)
    secret = issued.token.removeprefix(f"tasma_{issued.id}_")
    assert len(bytes.fromhex(secret)) == 32
    assert secret not in repr(kept)
    assert bytes.fromhex(secret) != kept.secret_hash


def test_events_name_the_token_or_the_opaque_person(world: World) -> None:
    token_id = issue(world, Wish(role="coordinator"))
    organisation = {"organisation": "org:uusi", "name": {"fi": "Uusi"}, "kind": "other"}
    position = world.send("register-organisation", organisation, "new").json()["position"]
    assert world.get(f"/v1/events/{position}").json()["actor"] == f"token:{token_id}"
    named = run(world.tokens.find(world.bearers["mentor"]))
    assert named == Asker(actor="mentor:m-03", role="mentor", organisation="org:xamk", subject="mentor:m-03")


def test_an_expired_token_is_good_on_its_last_day_and_not_after(world: World) -> None:
    issue(world, Wish(role="auditor", expires_on=date(2019, 3, 2)))
    world.later(days=1)
    assert world.get("/v1/referrals", "new").status_code == 200
    world.later(days=1)
    answer = world.get("/v1/referrals", "new")
    assert (answer.status_code, answer.json()["detail"]) == (
        401,
        "This token was good until 2019-03-02; ask the coordinator for a new one.",
    )
    assert answer.headers["www-authenticate"] == 'Bearer realm="tasma", error="invalid_token"'


def test_a_revoked_token_opens_nothing_from_that_moment_on(world: World) -> None:
    token_id = issue(world, Wish(role="coordinator"))
    assert world.get("/v1/referrals", "new").status_code == 200
    first = run(world.tokens.revoke(token_id))
    world.later(hours=1)
    assert run(world.tokens.revoke(token_id)) == first
    answer = world.get("/v1/referrals", "new")
    assert (answer.status_code, answer.json()["detail"]) == (
        401,
        "This token has been revoked; ask the coordinator for a new one.",
    )


def test_who_revokes_what_is_not_there_is_told(seen: World) -> None:
    with pytest.raises(NoSuchToken) as refused:
        run(seen.tokens.revoke("0000"))
    assert str(refused.value) == "There is no token '0000'; `tasma token list` shows all."


def test_wrong_and_foreign_tokens_are_unknown_all_in_the_same_words(seen: World) -> None:
    """Another network's token, a wrong secret under a right id, no such id, anything else."""
    right = seen.bearers["coordinator"]
    with opened() as other:
        foreign = run(Tokens(other.store, other.clock, lambda n: b"\xaa" * n).issue(Wish(role="coordinator"))).token
    wrong = [foreign, right[:-64] + "0" * 64, right[:-1], right + "0", right.upper(), "x", "tasma__", "Ä", "a b"]
    answers = [
        seen.client.get("/v1/referrals", headers={b"Authorization": f"Bearer {bearer}".encode()}) for bearer in wrong
    ]
    assert {a.status_code for a in answers} == {401}
    assert {a.json()["detail"] for a in answers} == {
        "This token is not known here. Compare it with what was issued, or ask the coordinator for a new one."
    }


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "tasma_1_2"])
def test_anything_but_a_bearer_is_no_token(seen: World, header: str) -> None:
    answer = seen.client.get("/v1/referrals", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/token-missing")


def test_the_scheme_may_be_written_in_any_case(seen: World) -> None:
    bearer = seen.bearers["coordinator"]
    assert seen.client.get("/v1/referrals", headers={"Authorization": f"bearer {bearer}"}).status_code == 200


def test_the_list_is_in_order_of_issue(world: World) -> None:
    before = run(world.tokens.list())
    world.now += timedelta(seconds=1)
    token_id = issue(world, Wish(role="coordinator"))
    tokens = run(world.tokens.list())
    assert [*before, tokens[-1]] == list(tokens)
    assert tokens[-1].id == token_id
    assert isinstance(tokens[-1], Token)
