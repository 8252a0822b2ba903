"""Who may do and see what: one table of roles and routes. What one may not see does not exist."""

import re

import pytest

from adapters.http.commands import OFFERED, path_of
from adapters.http.reads import all_reads
from adapters.http.routes import all_routes
from application.registry import DECIDERS
from tests.http.world import WISHES, World

ALL = frozenset(WISHES)
WHOLE = frozenset({"coordinator", "auditor"})
PARTNERS = frozenset({"xamk", "ekami", "ekami without scope", "cursor"})
EKAMI = frozenset({"ekami", "ekami without scope", "subscriber"})
MENTORS = frozenset({"mentor", "other mentor"})

READS = {
    "/v1/mentors/workloads": WHOLE | PARTNERS | {"subscriber"} | MENTORS,
    "/v1/mentors/mentor:m-03/clients": WHOLE | {"xamk", "mentor"},
    "/v1/referrals": WHOLE | PARTNERS | {"subscriber"},
    "/v1/pathways/pathway:p-07": WHOLE | EKAMI | {"xamk", "mentor"},
    "/v1/partners": WHOLE | PARTNERS | {"subscriber"} | MENTORS,
    "/v1/agreements/agreement:a-1": WHOLE | PARTNERS | {"subscriber"},
    "/v1/statements/org:ekami/2019-03": WHOLE | EKAMI,
    "/v1/statements/org:xamk/2019-03.json": WHOLE | {"xamk"},
    "/v1/statements/org:ekami/2019-03/lines/1": WHOLE | EKAMI,
    "/v1/statements/org:ekami/2019-03/difference": WHOLE | EKAMI,
    "/v1/balances/org:ekami": WHOLE | EKAMI,
    "/v1/balances": WHOLE | PARTNERS | {"subscriber"},
    "/v1/settlements/2019-03": WHOLE | PARTNERS | {"subscriber"},
    "/v1/settlements/2018-03/payments.xml?debtor=org:xamk": frozenset(),  # that month was never settled; see test_bank
    "/v1/documents": WHOLE | PARTNERS | {"subscriber"},
    "/v1/documents/document:1": frozenset(),  # there is none here; see test_documents
    "/v1/payments/payment:1": WHOLE | EKAMI | {"xamk"},
    "/v1/bank-lines": WHOLE | PARTNERS | {"subscriber"},
    f"/v1/bank-lines/bank-line:{1:032x}": WHOLE | EKAMI | {"xamk"},
    "/v1/disputes": WHOLE | PARTNERS | {"subscriber"},
    "/v1/disputes/dispute:1": WHOLE | EKAMI | {"xamk"},
    "/v1/follow-ups": WHOLE,
    "/v1/events/1": ALL,  # the founding is for everyone
    "/v1/events/15": WHOLE | PARTNERS | {"subscriber"} | MENTORS,  # a nomination is for the network
    "/v1/events/17": WHOLE | {"xamk", "mentor"},  # who guides whom
    "/v1/events/24": WHOLE | EKAMI | {"xamk"},  # a shared revenue
}


@pytest.mark.parametrize(("path", "readers"), READS.items(), ids=READS)
@pytest.mark.parametrize("who", sorted(WISHES))
def test_a_question_is_answered_to_its_readers_and_to_nobody_else(
    seen: World, who: str, path: str, readers: frozenset[str]
) -> None:
    answer = seen.get(path, who)
    assert answer.status_code == (200 if who in readers else 404), answer.text
    if who not in readers:
        assert answer.json()["type"] in ("/problems/no-such-path", "/problems/unknown")


@pytest.mark.parametrize("path", READS)
def test_without_a_token_nothing_of_it_is_answered(seen: World, path: str) -> None:
    answer = seen.get(path, None)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="tasma"'
    assert answer.json() == {
        "type": "/problems/token-missing",
        "title": "Token missing",
        "status": 401,
        "detail": "This needs a token: send the header `Authorization: Bearer TOKEN`.",
    }


@pytest.mark.parametrize("path", ["/v1/catalog", "/v1/health", "/openapi.json", "/docs"])
@pytest.mark.parametrize("who", [None, *sorted(WISHES)])
def test_open_paths_are_open(seen: World, who: str | None, path: str) -> None:
    assert seen.get(path, who).status_code == 200


def test_nothing_else_is_open_and_of_the_feed_only_descriptions_and_hashes() -> None:
    assert {r.path for r in all_reads() if r.readers is None} == {"/v1/catalog"}
    assert {r.template for r in all_routes() if r.readers is None} == {
        "/v1/feed/checkpoint",
        "/v1/feed/keys",
        "/v1/feed/proofs/consistency",
        "/v1/feed/proofs/inclusion",
        "/v1/feed/tile/{tile}",
        "/v1/schemas",
        "/v1/schemas/{type}",
    }


def test_the_table_has_a_row_for_every_question_that_needs_a_token() -> None:
    asked = [re.compile(re.sub(r"{\w+}", "[^/]+", r.path)) for r in all_reads() if r.readers]
    rows = [row.partition("?")[0] for row in READS]
    assert [path.pattern for path in asked if not any(map(path.fullmatch, rows))] == []
    assert [row for row in rows if not any(path.fullmatch(row) for path in asked)] == []


@pytest.mark.parametrize("who", sorted(WISHES))
@pytest.mark.parametrize("name", sorted(OFFERED))
def test_a_command_is_taken_from_the_roles_it_names_and_from_nobody_else(seen: World, name: str, who: str) -> None:
    """Sent with a body that is no object: whoever may send the command hears about the body, everybody else does not."""
    wish, may = WISHES[who], DECIDERS[name].may
    allowed = wish.role in may and (may[wish.role] is None or may[wish.role] in wish.scopes)
    answer = seen.send(name, [], who)
    assert answer.status_code == (422 if allowed else 403), answer.text
    assert answer.json()["type"] == ("/problems/malformed" if allowed else "/problems/not-allowed")


@pytest.mark.parametrize("name", sorted(set(DECIDERS) - set(OFFERED)))
def test_the_networks_own_commands_have_no_path(seen: World, name: str) -> None:
    assert seen.client.post(path_of(name), json={}).status_code == 404


def test_a_role_that_may_not_is_told_who_may(seen: World) -> None:
    assert seen.send("close-period", {"period": "2019-02"}, "auditor").json() == {
        "type": "/problems/not-allowed",
        "title": "Not allowed",
        "status": 403,
        "detail": "The role auditor may not close-period; it needs coordinator.",
    }


def test_a_mentor_sees_no_cents(seen: World) -> None:
    assert "cents" in seen.get("/v1/pathways/pathway:p-07", "ekami").text
    answer = seen.get("/v1/pathways/pathway:p-07", "mentor")
    assert answer.json()["steps"][0]["parts"] == [{"part": 1}, {"part": 2}]
    assert "cents" not in answer.text


def test_a_partner_sees_its_own_referrals_only(seen: World) -> None:
    path = "/v1/referrals"
    assert [r["referral"] for r in seen.get(path, "ekami").json()["items"]] == ["referral:r-17"]
    assert seen.get(path, "cursor").json()["items"] == []
    assert seen.get(f"{path}?organisation=org:xamk", "cursor").json()["items"] == []
    assert seen.get(f"{path}?organisation=org:cursor", "ekami").json()["items"] == []


def test_those_outside_an_agreement_see_what_is_in_force_without_approvals(seen: World) -> None:
    (inside,) = seen.get("/v1/agreements/agreement:a-1", "ekami").json()
    (outside,) = seen.get("/v1/agreements/agreement:a-1", "cursor").json()
    assert len(inside["approvals"]) == len(inside["signatures"]) == 2
    assert outside == {**inside, "approvals": [], "signatures": [], "drafted_on": None}


def test_a_draft_exists_for_its_parties_only(world: World) -> None:
    world.do(
        "draft-agreement", {"agreement": "agreement:a-2", "title": {"fi": "Uusi"}, "parties": ["org:xamk", "org:ekami"]}
    )
    assert world.get("/v1/agreements/agreement:a-2", "ekami").status_code == 200
    assert world.get("/v1/agreements/agreement:a-2", "cursor").status_code == 404


def test_a_proposed_step_is_between_its_two_parties(world: World) -> None:
    """Who is asked for a step sees that step; what others ask for theirs, and for whom it is, they do not see."""
    for n, provider in enumerate(("ekami", "cursor"), 1):
        offering = {"offering": f"offering:x-{n}", "provider": f"org:{provider}"}
        world.do("publish-offering", {**offering, "description": {"kind": "course", "name": {"fi": "Kurssi"}}})
    world.do("draft-pathway", {"pathway": "pathway:p-08", "client": "client:c-20", "organisation": "org:xamk"})
    for n in (1, 2):
        step = {"pathway": "pathway:p-08", "step": n, "offering": f"offering:x-{n}"}
        world.do("propose-step", {**step, "parts": [{"part": 1, "cents": 100 * n}]})
    assert len(world.get("/v1/pathways/pathway:p-08", "xamk").json()["steps"]) == 2
    asked = world.get("/v1/pathways/pathway:p-08", "cursor").json()
    assert [s["step"] for s in asked["steps"]] == [2]
    assert asked["pathway"]["client"] == ""
    assert "client:c-20" not in str(asked)


def test_who_declined_a_step_stays_between_two(world: World) -> None:
    """Those who agreed on a pathway see each other, not whom else its organisation asked."""
    offering = {"offering": "offering:c-1", "provider": "org:cursor"}
    world.do("publish-offering", {**offering, "description": {"kind": "course", "name": {"fi": "Kurssi"}}})
    pathway = {"pathway": "pathway:p-08"}
    world.do("draft-pathway", {**pathway, "client": "client:c-20", "organisation": "org:xamk"})
    for n, wanted in enumerate(("offering:o-1", "offering:c-1"), 1):
        step = {**pathway, "step": n}
        world.do("propose-step", {**step, "offering": wanted, "parts": [{"part": 1, "cents": 100}]})
    world.do("confirm-step", {**pathway, "step": 1, "agreement": "agreement:a-1"})
    world.do("decline-step", {**pathway, "step": 2, "reason": "no-capacity"})
    world.do("agree-pathway", {**pathway, "agreement": "agreement:a-1", "collected_by": "org:xamk", "project": None})
    assert "org:cursor" in world.get("/v1/pathways/pathway:p-08", "xamk").text
    agreed = world.get("/v1/pathways/pathway:p-08", "ekami")
    assert agreed.json()["pathway"]["parties"] == ["org:ekami", "org:xamk"]
    assert "org:cursor" not in agreed.text
    asked = world.get("/v1/pathways/pathway:p-08", "cursor").json()
    assert asked["pathway"]["parties"] == ["org:xamk", "org:cursor"]


def test_a_mentor_does_not_see_who_declined(world: World) -> None:
    offering = {"offering": "offering:c-1", "provider": "org:cursor"}
    world.do("publish-offering", {**offering, "description": {"kind": "course", "name": {"fi": "Kurssi"}}})
    pathway = {"pathway": "pathway:p-08"}
    drafted = {**pathway, "client": "client:c-20", "organisation": "org:xamk", "mentor": "mentor:m-03"}
    world.do("draft-pathway", drafted)
    for n, wanted in enumerate(("offering:o-1", "offering:c-1"), 1):
        step = {**pathway, "step": n}
        world.do("propose-step", {**step, "offering": wanted, "parts": [{"part": 1, "cents": 100}]})
    asked = world.get("/v1/pathways/pathway:p-08", "mentor").json()
    assert [s["answer"] for s in asked["steps"]] == ["proposed", "proposed"]
    world.do("confirm-step", {**pathway, "step": 1, "agreement": "agreement:a-1"})
    world.do("decline-step", {**pathway, "step": 2, "reason": "no-capacity"})
    answered = world.get("/v1/pathways/pathway:p-08", "mentor")
    world.do("agree-pathway", {**pathway, "agreement": "agreement:a-1", "collected_by": "org:xamk", "project": None})
    agreed = world.get("/v1/pathways/pathway:p-08", "mentor")
    for answer in (answered, agreed):
        assert answer.json()["pathway"]["parties"] == ["org:ekami", "org:xamk"]
        assert [s["step"] for s in answer.json()["steps"]] == [1]
        assert "org:cursor" not in answer.text


def test_a_line_brings_the_stored_bytes_of_its_events(seen: World) -> None:
    answer = seen.get("/v1/statements/org:ekami/2019-03/lines/1", "ekami")
    events = answer.json()["line"]["events"]
    assert [e["type"] for e in answer.json()["events"]] == [
        "tasma.revenue.shared.v2",
        "tasma.pathway.step_delivered.v1",
        "tasma.pathway.agreed.v1",
        "tasma.agreement.entered_into_force.v2",
    ]
    for position in events:
        assert seen.get(f"/v1/events/{position}").content in answer.content
