"""Every error is a problem document, whoever it comes from; none tells what is inside."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from adapters.http.problems import OUT_OF_REACH, STATUS, kinds, problem_of, status_of, type_of
from application.desk import Asker
from application.ports import Unavailable
from domain.kernel import Refused
from projections.statement import Account, StatementChanged
from tests.http.world import START, World

ISSUER = Asker(actor="policy:issue-statements", role="policy")


class Broken(Exception):
    """Something that should never happen."""


def test_there_is_no_such_path(seen: World) -> None:
    answer = seen.get("/v2/x", None)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/problems/no-such-path",
        "title": "No such path",
        "status": 404,
        "detail": "There is nothing at /v2/x for you; /docs lists every path and who may use it.",
    }


@pytest.mark.parametrize(
    "path",
    ["/nix%0d%0a", "/docs/a%0d", "/problems/%0a", "/v1/events/%00", "/v1/statements/org:ekami%0d%0a/2019-11", "/v1/%e2%80%ae"],
)  # fmt: skip
def test_control_characters_of_a_path_are_not_repeated(seen: World, path: str) -> None:
    answer = seen.get(path)
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "There is nothing at this path for you; /docs lists every path and who may use it.",
    )
    assert seen.client.post("/v1/events/%0d%0a").json()["detail"].startswith("POST is not possible at this path; ")


def test_a_method_that_is_not_possible_is_answered_with_those_that_are(seen: World) -> None:
    answer = seen.client.get("/v1/commands/send-referral")
    assert answer.json() == {
        "type": "/problems/method-not-allowed",
        "title": "Method not allowed",
        "status": 405,
        "detail": f"GET is not possible at /v1/commands/send-referral; possible are {answer.headers['allow']}.",
    }
    assert set(answer.headers["allow"].split(", ")) == {"POST", "OPTIONS"}


def test_options_name_what_is_possible(seen: World) -> None:
    answer = seen.client.options("/v1/partners")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


def test_what_should_never_happen_is_logged_under_a_number_and_tells_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise Broken("the secret inside")

    monkeypatch.setattr(world.views, "ask", broken)
    with capture_logs() as logs:
        answer = world.get("/v1/pathways/pathway:p-07")
    assert answer.status_code == 500
    (entry,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert answer.json() == {
        "type": "/problems/internal-error",
        "title": "Internal error",
        "status": 500,
        "detail": f"Something went wrong here; it is in the log under {entry['number']}. "
        "A command can be sent again with the same Idempotency-Key.",
    }
    assert "Broken: the secret inside" in entry["exception"]
    assert "tasma_" not in str(entry)
    assert "p-07" not in str(entry)
    assert entry["route"] == "/v1/pathways/{pathway}"


def test_where_the_records_lie_is_not_for_those_who_ask(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise Unavailable("The database cannot be reached: connection to db.internal refused.") from OSError("refused")

    monkeypatch.setattr(world.views, "ask", unreachable)
    with capture_logs() as logs:
        answer = world.get("/v1/partners")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["detail"]) == (503, "1", OUT_OF_REACH)
    assert [entry["why"] for entry in logs] == ["The database cannot be reached: connection to db.internal refused."]


def test_a_statement_that_is_not_what_was_issued_is_a_fault_that_everybody_sees(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.do("close-period", {"period": "2019-02"})
    path = "/v1/statements/org:ekami/2019-02"
    digest = world.get(path, "ekami").json()["digest"]
    account = {"partner": "org:ekami", "period": "2019-02", "form": 2, "position": world.head}
    figures = {"opening_cents": 0, "closing_cents": 0, "lines": 0, "digest": digest}
    deadline = {"dispute_days": 10, "tacit_approval": False}
    world.do("issue-statement", {**account, **figures, **deadline}, ISSUER)
    assert world.get(path, "ekami").json()["state"] == "issued"
    monkeypatch.setattr(Account, "digest", "0" * 64)
    with capture_logs() as logs:
        answer = world.get(path, "ekami")
    sentence = str(StatementChanged("org:ekami", "2019-02", digest, "0" * 64))
    assert (answer.status_code, answer.json()) == (
        500,
        {"type": "/problems/statement-changed", "title": "Statement changed", "status": 500, "detail": sentence},
    )
    assert [(entry["log_level"], entry["why"]) for entry in logs] == [("error", sentence)]


def test_a_clock_that_is_ahead_is_ours(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client has sent no time: it is told to come again, and the log says whose clock is wrong."""
    monkeypatch.setattr(world.desk, "clock", lambda: START + timedelta(hours=1))
    body = {"organisation": "org:uusi", "name": {"fi": "Uusi"}, "kind": "other"}
    before = world.head
    with capture_logs() as logs:
        answer = world.send("register-organisation", body)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["type"] == "/problems/clock-ahead"
    assert [entry["why"] for entry in logs if entry["log_level"] == "error"] == [answer.json()["detail"]]
    assert world.head == before


def test_every_refusal_there_is_has_a_status_a_stable_type_and_a_place_to_read_about_it(seen: World) -> None:
    page = seen.get("/docs").text
    for kind in kinds():
        assert 400 <= status_of(kind) < 600
        anchor = type_of(kind).replace("/problems/", "problem-")
        assert f'id="{anchor}"' in page
    answer = seen.client.get("/problems/mentor-is-full", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/docs#problem-mentor-is-full")
    assert seen.client.get("/problems/no-such").status_code == 404


def test_refusals_of_one_name_have_one_status() -> None:
    statuses: dict[str, set[int]] = {}
    for kind in kinds():
        statuses.setdefault(type_of(kind), set()).add(status_of(kind))
    assert {name: found for name, found in statuses.items() if len(found) > 1} == {}


def test_a_refusal_by_a_rule_is_a_conflict_unless_the_table_says_otherwise() -> None:
    class FullMoon(Refused):
        """A rule of its own."""

    problem = problem_of(FullMoon("Not at full moon."))
    assert (problem.status, problem.type, problem.title) == (409, "/problems/full-moon", "Full moon")
    assert STATUS[Refused] == 409


@pytest.mark.parametrize("path", ["/v1/partners", "/v1/health", "/docs", "/nix"])
def test_every_answer_is_to_be_taken_as_it_is(seen: World, path: str) -> None:
    headers = seen.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'; ")
