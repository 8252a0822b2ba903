"""Reading: as of when, from which position on, page by page, and only what has changed."""

import threading

import pytest

from tests.http.world import World

LISTS = ["/v1/partners", "/v1/referrals", "/v1/mentors/workloads", "/v1/follow-ups", "/v1/catalog"]


def publish(world: World, *numbers: int) -> None:
    for n in numbers:
        offering = {"offering": f"offering:n-{n:02}", "provider": "org:ekami"}
        world.do("publish-offering", {**offering, "description": {"kind": "course", "name": {"fi": f"Kurssi {n:02}"}}})


def register(world: World, *names: str) -> None:
    for name in names:
        world.do("register-organisation", {"organisation": f"org:{name}", "name": {"fi": name}, "kind": "other"})


def test_the_same_content_has_the_same_tag_and_is_not_sent_again(world: World) -> None:
    first = world.get("/v1/partners")
    tag = first.headers["etag"]
    again = world.get("/v1/partners", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["tasma-position"] == str(world.head)
    for other in ('"other", W/' + tag, "*"):
        assert world.get("/v1/partners", headers={"If-None-Match": other}).status_code == 304
    register(world, "uusi")
    changed = world.get("/v1/partners", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.headers["etag"] == tag) == (200, False)


def test_what_is_not_known_yet_is_not_found_in_the_past(world: World) -> None:
    before = world.head
    register(world, "uusi")
    then = world.get(f"/v1/partners?as_of={before}")
    assert then.headers["tasma-position"] == str(before)
    assert "org:uusi" not in then.text
    assert "org:uusi" in world.get("/v1/partners").text


def test_a_date_or_a_time_resolves_to_a_position_that_is_named(world: World) -> None:
    before = world.head
    world.later(days=1)
    register(world, "uusi")
    for moment in ("2019-03-01", "2019-03-01T23:59:00%2B02:00"):
        answer = world.get(f"/v1/partners?as_of={moment}")
        assert (answer.status_code, answer.headers["tasma-position"]) == (200, str(before)), answer.text


def test_under_a_simulated_clock_only_what_is_over_is_settled(constructed: World) -> None:
    """The next event may be of any time after the head's: up to that, to the microsecond, an answer stays what it is."""
    at = {"Tasma-At": "2019-06-05T09:00:00.000005Z"}
    body = {"organisation": "org:uusi", "name": {"fi": "Uusi"}, "kind": "other"}
    before = constructed.head
    position = constructed.send("register-organisation", body, headers=at).json()["position"]
    for moment, found in {
        "2019-06-04": before,
        "2019-06-05T09:00:00.000004Z": before,
        at["Tasma-At"]: position,
    }.items():
        answer = constructed.get(f"/v1/partners?as_of={moment}")
        assert (answer.status_code, answer.headers["tasma-position"]) == (200, str(found)), answer.text
    time = "2019-06-05T09:00:00.000005+00:00"
    open_still = {"2019-06-05T09:00:00.000006Z": time, "2019-06-05": "2019-06-04", "2019-06-06": "2019-06-04"}
    for moment, latest in {**open_still, "2199-12-31": "2019-06-04", "2199-12-31T00:00:00Z": time}.items():
        answer = constructed.get(f"/v1/partners?as_of={moment}")
        assert (answer.status_code, answer.json()["detail"]) == (
            422,
            f"{moment} is not settled yet, its answer could still change; ask as of {latest} at the latest.",
        )


def test_a_simulated_day_is_settled_when_its_last_moment_is(constructed: World) -> None:
    at = {"Tasma-At": "2019-06-05T20:59:59.999999Z"}
    body = {"organisation": "org:uusi", "name": {"fi": "Uusi"}, "kind": "other"}
    position = constructed.send("register-organisation", body, headers=at).json()["position"]
    answer = constructed.get("/v1/partners?as_of=2019-06-05")
    assert (answer.status_code, answer.headers["tasma-position"]) == (200, str(position))


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        (
            "as_of=soon", 400,
            "'soon' is no moment: give a position (1234), a date (2019-11-30) or a time with its zone (2019-11-30T12:00:00Z).",
        ),
        ("as_of=999", 422, "Position 999 is not settled yet, its answer could still change; ask as of position 29 at the latest."),
        ("as_of=2019-03-01", 422, "2019-03-01 is not settled yet, its answer could still change; ask as of 2019-02-28 at the latest."),
        ("limit=0", 422, "Expected `int` >= 1 (at ?limit)"),
        ("limit=201", 422, "Expected `int` <= 200 (at ?limit)"),
        ("limit=ten", 422, "Expected `int`, got `str` (at ?limit)"),
        ("limit=1e2", 422, "Expected `int`, got `str` (at ?limit)"),
        ("limit=1.0", 422, "Expected `int`, got `str` (at ?limit)"),
        ("limit=%D9%A3", 422, "Expected `int`, got `str` (at ?limit)"),
        ("limit=", 422, "Expected `int`, got `str` (at ?limit)"),
        ("at_least=1e3", 422, "Expected `int`, got `str` (at ?at_least)"),
        ("at_least=null", 422, "Expected `int`, got `str` (at ?at_least)"),
        ("limit=1&limit=2", 422, "This is given twice; give it once (at ?limit)"),
        ("sort=name", 422, "Object contains unknown field `sort` (at ?sort)"),
        ("as_of=%00", 422, "The text contains a NUL character (at ?as_of)"),
        ("at_least=-1", 422, "Expected `int` >= 0 (at ?at_least)"),
        ("cursor=x", 422, "This is no cursor; take it from `next` of the page before, or leave it out (at ?cursor)"),
        ("cursor=%C3%A4", 422, "This is no cursor; take it from `next` of the page before, or leave it out (at ?cursor)"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_gets_its_sentence(seen: World, query: str, status: int, sentence: str) -> None:
    answer = seen.get(f"/v1/partners?{query}")
    assert (answer.status_code, answer.json()["detail"]) == (status, sentence)


def test_pages_stay_those_of_the_first_whatever_happens_meanwhile(world: World) -> None:
    register(world, *(f"p-{n}" for n in range(4)))
    whole = [m["organisation"] for m in world.get("/v1/partners").json()["items"]]
    position = str(world.head)
    seen, path = [], "/v1/partners?limit=3"
    while path:
        page = world.get(path)
        assert page.headers["tasma-position"] == position
        seen += [m["organisation"] for m in page.json()["items"]]
        register(world, f"a-{len(seen)}")  # sorts before all others
        path = page.links["next"]["url"] if page.json()["next"] else ""
    assert seen == whole


def test_a_cursor_belongs_to_its_question(seen: World) -> None:
    cursor = seen.get("/v1/partners?limit=1").json()["next"]
    assert seen.get(f"/v1/partners?limit=2&cursor={cursor}").status_code == 200
    for other in (f"/v1/partners?as_of=5&cursor={cursor}", f"/v1/referrals?cursor={cursor}"):
        answer = seen.get(other)
        assert (answer.status_code, answer.json()["errors"]) == (
            422,
            [
                {
                    "where": "?cursor",
                    "why": "This cursor belongs to another list; ask with the same parameters, or leave it out",
                }
            ],
        )


@pytest.mark.parametrize("path", LISTS)
def test_every_list_has_the_same_form(seen: World, path: str) -> None:
    answer = seen.get(path)
    assert answer.status_code == 200
    assert set(answer.json()) == {"items", "next"}


def test_whoever_asks_for_their_own_write_waits_for_it(world: World) -> None:
    next_position = world.head + 1
    writer = threading.Timer(
        0.05,
        world.send,
        ["register-organisation", {"organisation": "org:uusi", "name": {"fi": "Uusi"}, "kind": "other"}],
    )
    writer.start()
    answer = world.get(f"/v1/partners?at_least={next_position}")
    writer.join()
    assert answer.status_code == 200
    assert "org:uusi" in answer.text


def test_what_does_not_come_in_time_is_to_be_asked_for_again(seen: World) -> None:
    answer = seen.get("/v1/partners?at_least=999")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
    assert answer.headers["retry-after"] == "1"


def test_an_event_is_answered_with_its_stored_bytes(world: World) -> None:
    answer = world.get("/v1/events/1")
    assert answer.headers["content-type"] == "application/cloudevents+json"
    assert answer.content.startswith(b'{"sequence":"00000000000000000001","time":"2019-03-01T07:00:01.000000Z",')
    register(world, "uusi")
    assert world.get(f"/v1/events/{world.head}?as_of=1").status_code == 404


def test_an_event_of_a_later_version_is_shown_as_it_is_to_those_who_see_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = b'{"sequence":"00000000000000000001","type":"tasma.network.dreamt.v9"}'

    async def body(_: int) -> bytes:
        return strange

    monkeypatch.setattr(world.log, "body", body)
    assert world.get("/v1/events/1").content == strange
    for who in ("ekami", "mentor", "project auditor"):
        assert world.get("/v1/events/1", who).status_code == 404


@pytest.mark.parametrize("position", ["0", "01", "-1", "999", "1e3", "٣", "%00", "x" * 100])
def test_a_position_without_an_event_is_not_found(seen: World, position: str) -> None:
    assert seen.get(f"/v1/events/{position}").status_code == 404


@pytest.mark.parametrize("period", ["2019-13", "2019-3", "x", "2019-03.pdf.json", "2018-12"])
def test_a_period_that_is_none_has_no_statement(seen: World, period: str) -> None:
    assert seen.get(f"/v1/statements/org:ekami/{period}").status_code in (404, 406)


@pytest.mark.parametrize("path", ["statements/org:ekami/2019-03.", "documents/document:1."])
def test_a_dot_with_nothing_behind_it_names_nothing(seen: World, path: str) -> None:
    answer = seen.get(f"/v1/{path}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown")
    assert answer.json()["detail"] == f"There is no {path.rpartition('/')[2]} here."


def test_a_statement_says_when_it_is_not_available_in_a_form(seen: World) -> None:
    path = "/v1/statements/org:ekami/2019-03"
    by_header = seen.get(path, headers={"Accept": "text/html"})
    assert (by_header.status_code, by_header.json()["detail"]) == (
        406,
        (
            "This is not available as text/html; it is available as application/json, text/csv, "
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet, application/pdf, text/plain."
        ),
    )
    by_suffix = seen.get(f"{path}.docx")
    assert (by_suffix.status_code, by_suffix.json()["detail"]) == (
        406,
        "This is not available as .docx; it is available as .json, .csv, .xlsx, .pdf, .beancount, .postings.csv.",
    )
    assert seen.get(f"{path}.json", headers={"Accept": "application/pdf"}).status_code == 200
    assert seen.get(path, headers={"Accept": "text/html, application/json;q=0.9"}).status_code == 200


def test_what_can_be_got_can_be_asked_for_its_headers(seen: World) -> None:
    got, head = seen.get("/v1/partners"), seen.client.head("/v1/partners", headers=seen.authorised("coordinator"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == got.headers["etag"]
    assert head.headers["content-length"] == str(len(got.content))


def test_the_catalogue_is_found_by_its_words_and_shown_without_its_index(world: World) -> None:
    found = world.get("/v1/catalog?q=varastologistiikassa", None)
    (shown,) = found.json()["items"]
    assert (shown["offering"], shown["provider"], shown["verified"]) == ("offering:o-1", "org:ekami", None)
    assert not {"words", "stems", "archived_on"} & set(shown)
    assert [o["offering"] for o in world.get("/v1/catalog?q=lager", None).json()["items"]] == ["offering:o-1"]
    for other in ("q=hitsaus", "sector=tourism", "provider=org:xamk", "lang=sv"):
        assert world.get(f"/v1/catalog?{other}", None).json()["items"] == []
    assert world.get("/v1/catalog?sector=nix", None).json()["detail"] == "Invalid enum value 'nix' (at ?sector)"


def test_a_verification_ends_with_the_day_of_the_answer(world: World) -> None:
    """Today it has ended; as it was known and asked then, it held."""
    world.do(
        "verify-offering", {"offering": "offering:o-1", "verified_on": "2019-03-01", "verified_until": "2019-03-10"}
    )
    position = world.head
    assert world.get("/v1/catalog", None).json()["items"][0]["verified"] is True
    world.later(days=30)
    assert world.get("/v1/catalog", None).json()["items"] == []
    assert world.get("/v1/catalog?stale=true", None).json()["items"][0]["verified"] is False
    assert world.get(f"/v1/catalog?as_of={position}", None).json()["items"][0]["verified"] is True


def test_pages_are_judged_on_the_day_of_the_first(world: World) -> None:
    """Verifications that ended after the last event have ended on every page."""
    publish(world, 1, 2)
    ends = {"verified_on": "2019-03-01", "verified_until": "2019-03-10"}
    for offering in ("offering:n-01", "offering:n-02"):
        world.do("verify-offering", {"offering": offering, **ends})
    position = world.head
    world.later(days=30)
    first = world.get("/v1/catalog?stale=true&limit=2", None)
    second = world.get(first.links["next"]["url"], None)
    shown = [offering["verified"] for page in (first, second) for offering in page.json()["items"]]
    assert shown.count(False) == 2
    assert True not in shown
    then = world.get(f"/v1/catalog?as_of={position}&limit=2", None).json()["items"]
    assert [offering["verified"] for offering in then] == [True, True]


def test_the_clients_of_a_mentor_are_named_to_those_they_concern(seen: World) -> None:
    assert seen.get("/v1/mentors/mentor:m-03/clients", "mentor").json()["items"] == ["client:c-17"]
    (load,) = seen.get("/v1/mentors/workloads", "cursor").json()["items"]
    assert (load["mentor"], load["mentees"], load["capacity"]) == ("mentor:m-03", 1, 1)
    assert "client:" not in str(load)
