"""The documentation: complete, true, and read without asking anybody else for anything."""

import re
import shlex
from datetime import UTC, datetime
from html import unescape
from uuid import UUID

import msgspec
import pytest

from adapters.http.commands import OFFERED
from adapters.http.docs_page import marked
from adapters.http.feed import all_routes
from adapters.http.openapi import body_type, openapi
from adapters.http.reads import all_reads
from application.door import command_of
from application.registry import DECIDERS
from domain.kernel import Asked
from tests.http.world import World

ASKED = Asked(at=datetime(2019, 3, 5, tzinfo=UTC), actor="person:c", role="coordinator", command_id=UUID(int=1))


@pytest.mark.parametrize("name", sorted(DECIDERS))
def test_every_example_is_a_body_that_can_be_sent(name: str) -> None:
    decider = DECIDERS[name]
    filled = {"worked_off": {"mark": 0, "last_before_end": 0, "settled": True}} if name == "close-period" else {}
    assert isinstance(command_of(name, decider.example, ASKED, **filled), decider.command)
    msgspec.convert(decider.example, body_type(decider.command))


def test_every_command_and_question_is_described(seen: World) -> None:
    document = seen.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    commands = {f"/v1/commands/{name}" for name in OFFERED}
    feed = {r.template for r in all_routes()}
    assert set(document["paths"]) == commands | {r.path for r in all_reads()} | feed | {"/v1/health", "/metrics"}
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["summary"]
            assert "Who may: " in operation["description"]


def test_a_command_is_described_without_what_the_network_fills_in() -> None:
    document = openapi(constructed=False)
    operation = document["paths"]["/v1/commands/close-period"]["post"]
    assert set(document["components"]["schemas"]["ClosePeriod"]["properties"]) == {"period"}
    assert operation["description"].endswith("Who may: coordinator.")
    assert operation["requestBody"]["content"]["application/json"]["example"] == {"period": "2019-03"}
    assert {p["name"] for p in operation["parameters"]} == {"Idempotency-Key", "Tasma-At"}


def test_every_reference_leads_somewhere() -> None:
    text = msgspec.json.encode(openapi(constructed=False)).decode()
    document = openapi(constructed=False)
    for kind, name in set(re.findall(r'"#/components/(\w+)/([^"]+)"', text)):
        assert name in document["components"][kind]


def test_the_page_names_everything_and_asks_nobody_else(seen: World) -> None:
    answer = seen.get("/docs", None)
    assert answer.headers["content-type"].startswith("text/html")
    for name in [*OFFERED, *(r.name for r in all_reads()), *(r.name for r in all_routes())]:
        assert f'<section id="{name}"' in answer.text
    loaded = re.findall(r'(?:src|href)="([^"#][^"]*)"', answer.text)
    assert set(loaded) == {"/docs/docs.css", "/docs/docs.js", "/docs/feed", "/openapi.json", "/asyncapi.json"}
    assert {seen.get(path, None).status_code for path in loaded} == {200}
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"]
    assert not re.search(r"<script(?! src=)|style=|onclick", answer.text)


def test_the_front_door_leads_to_the_page(seen: World) -> None:
    answer = seen.client.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/docs")


def test_code_in_a_text_is_shown_as_code(seen: World) -> None:
    answer = seen.get("/docs", None)
    assert "<code>application/problem+json</code>" in answer.text
    assert "`" not in answer.text
    assert marked("`<a>` & `b`, `c") == "<code>&lt;a&gt;</code> &amp; <code>b</code>, `c"


@pytest.mark.parametrize("host", ["127.0.0.1:8187", "tasma.example", "[::1]:8000"])
def test_examples_are_sent_to_where_the_page_is_read(seen: World, host: str) -> None:
    page = unescape(seen.get("/docs", None, {"Host": host}).text)
    wanted = shlex.quote(f"http://{host}/v1/statements/org:ekami/2019-11/lines/1")
    assert f"<pre>curl {wanted} -H 'Authorization: Bearer TOKEN'</pre>" in page
    operations = sum(len(methods) for methods in openapi(constructed=False)["paths"].values())
    assert page.count(f"http://{host}/v1/") + page.count(f"http://{host}/metrics") == operations


@pytest.mark.parametrize("host", ["", "x' -d @/etc/passwd", "<script>", "a@b", "a/b", "$(id)", "x:999999", "[", "ä"])
def test_a_host_that_is_none_is_not_repeated(seen: World, host: str) -> None:
    """Some of them are refused before the page is made."""
    answer = seen.client.get("/docs", headers=[(b"Host", host.encode())])
    if answer.status_code == 400:
        assert host not in answer.json()["detail"]
    else:
        assert answer.status_code == 200
        assert set(re.findall(r"curl (\S+)/v1/health", answer.text)) == {"http://127.0.0.1:8000"}


def test_every_part_of_a_path_has_an_example_in_its_field(seen: World) -> None:
    fields = re.findall(r'<input name="(\w+)" data-in="path" value="([^"]+)">', seen.get("/docs", None).text)
    assert set(fields) == {
        ("agreement", "agreement:kymenlaakso-2019"),
        ("mentor", "mentor:m-01"),
        ("n", "1"),
        ("partner", "org:ekami"),
        ("pathway", "pathway:p-015"),
        ("period", "2019-11"),
        ("position", "1"),
        ("subscription", "sub_0123456789abcdef0123456789abcdef"),
        ("tile", "0/000.p/1"),
        ("type", "tasma.revenue.shared.v1"),
    }


def test_an_example_of_a_parameter_can_be_asked_with() -> None:
    for read in all_reads():
        operation = openapi(constructed=False)["paths"][read.path]["get"]
        given = {p["name"]: p["example"] for p in operation["parameters"] if p["in"] == "query" and "example" in p}
        texts = {name: str(value).lower() for name, value in given.items()}
        assert isinstance(msgspec.convert(texts, read.query, strict=False), read.query)


def test_what_can_go_wrong_is_listed_where_it_can() -> None:
    for path, methods in openapi(constructed=False)["paths"].items():
        for method, operation in methods.items():
            assert "405" in operation["responses"]
            assert ("415" in operation["responses"]) == (method == "post")
            assert ("406" in operation["responses"]) == (path == "/v1/statements/{partner}/{period}")


@pytest.mark.parametrize("file", ["nix", "..%2fapp.py", "app.py", "%2e%2e"])
def test_only_its_own_files_are_served(seen: World, file: str) -> None:
    assert seen.get(f"/docs/{file}", None).status_code == 404


def test_the_documentation_is_not_sent_again_when_it_is_the_same(seen: World) -> None:
    for path in ("/docs", "/openapi.json", "/docs/docs.css"):
        tag = seen.get(path, None).headers["etag"]
        assert seen.get(path, None, {"If-None-Match": tag}).status_code == 304
