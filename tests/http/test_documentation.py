"""The documentation: complete, true, and read without asking anybody else for anything."""

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
import pytest

from adapters.http import docs_feed, docs_page
from adapters.http.commands import OFFERED
from adapters.http.docs_details import marked
from adapters.http.openapi import body_type, openapi
from adapters.http.reads import all_reads
from adapters.http.routes import all_routes
from adapters.http.schemas_words import said_of_fields
from application.notices import CONSTRUCTED
from application.registry import DECIDERS
from domain.kernel import Asked
from tests.given_when_then import example
from tests.http.world import World

ASKED = Asked(at=datetime(2019, 3, 5, tzinfo=UTC), actor="person:c", role="coordinator", command_id=UUID(int=1))


@pytest.mark.parametrize("name", sorted(DECIDERS))
def test_every_example_is_a_body_that_can_be_sent(name: str) -> None:
    decider = DECIDERS[name]
    assert isinstance(example(name, ASKED), decider.command)
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
        ("bank_line", "bank-line:9f86d081884c7d659a2feaa0c55ad015"),
        ("dispute", "dispute:0168f4a2-7c00-8123-9abc-0123456789ab"),
        ("document", "document:0168f4a2-7c00-8123-9abc-0123456789ab"),
        ("mentor", "mentor:m-01"),
        ("n", "1"),
        ("partner", "org:ekami"),
        ("pathway", "pathway:p-015"),
        ("payment", "payment:0168f4a2-7c00-8123-9abc-0123456789ab"),
        ("period", "2019-11"),
        ("position", "1"),
        ("subscription", "sub_0123456789abcdef0123456789abcdef"),
        ("tile", "0/000.p/1"),
        ("type", "tasma.revenue.shared.v2"),
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
            in_several_forms = path in ("/v1/statements/{partner}/{period}", "/v1/documents/{document}")
            assert ("406" in operation["responses"]) == in_several_forms


@pytest.mark.parametrize("file", ["nix", "..%2fapp.py", "app.py", "%2e%2e"])
def test_only_its_own_files_are_served(seen: World, file: str) -> None:
    assert seen.get(f"/docs/{file}", None).status_code == 404


def test_the_documentation_is_not_sent_again_when_it_is_the_same(seen: World) -> None:
    for path in ("/docs", "/openapi.json", "/docs/docs.css"):
        tag = seen.get(path, None).headers["etag"]
        assert seen.get(path, None, {"If-None-Match": tag}).status_code == 304


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in openapi(constructed=False)["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_parameter_says_what_it_means() -> None:
    for path, _, operation in operations():
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], f"{parameter['name']} of {path}"
            assert "anyOf" not in parameter["schema"]


def test_headers_that_are_announced_come(seen: World) -> None:
    """Of every question that can be asked as it stands there."""
    asked = 0
    for path, method, operation in operations():
        given = {p["name"]: p["example"] for p in operation.get("parameters", ()) if p["in"] == "path"}
        query = {
            p["name"]: p["example"] for p in operation.get("parameters", ()) if p["in"] == "query" and p["required"]
        }
        if method != "get" or path == "/v1/feed/stream":
            continue
        answer = seen.get(path.format(**given) + (f"?{urlencode(query)}" if query else ""))
        announced = set(operation["responses"]["200"].get("headers", ())) - {"Content-Encoding"}
        if answer.status_code == 200:
            asked += 1
            needed = announced if "next" not in answer.text[-200:] or path == "/v1/feed" else announced - {"Link"}
            assert {name for name in needed if name not in answer.headers} == set(), path
            assert ("ETag" in answer.headers) == ("ETag" in announced), path
            assert ("Tasma-Position" in answer.headers) == ("Tasma-Position" in announced), path
    assert asked >= 12


def test_what_counts_is_said_where_it_counts() -> None:
    heeded = {
        (path, method): {p["name"] for p in operation.get("parameters", ()) if p["in"] == "header"}
        for path, method, operation in operations()
    }
    assert heeded["/v1/feed/stream", "get"] == {"Last-Event-ID"}
    assert heeded["/v1/feed", "get"] == {"If-None-Match"}
    assert heeded["/v1/subscriptions", "post"] == {"Idempotency-Key"}
    document = openapi(constructed=False)
    feed = document["paths"]["/v1/feed"]["get"]["responses"]
    assert set(feed["200"]["headers"]) == {"Tasma-Position", "Link", "ETag"}
    (body,) = feed["200"]["content"].values()
    assert (body["schema"]["type"], body["schema"]["items"]) == ("array", {"$ref": "#/components/schemas/Event"})
    for status in ("429", "503"):
        assert feed[status] == {"$ref": "#/components/responses/Later"}
    assert set(document["components"]["responses"]["Later"]["headers"]) == {"Retry-After"}


@pytest.mark.parametrize(
    "name", ["Subscribe", "Subscribed", "Standing", "Attempt", "From", "Inclusion", "Consistency", "Keys", "Problem"]
)
def test_every_field_of_what_is_sent_and_answered_is_described(name: str) -> None:
    schema = openapi(constructed=False)["components"]["schemas"][name]
    assert [field for field, inner in schema["properties"].items() if not inner.get("description")] == []


def test_no_two_structures_of_commands_and_answers_have_one_name() -> None:
    """Else the library tells them apart by where their code stands, and programs are made with that in their names."""
    names = openapi(constructed=False)["components"]["schemas"]
    assert [name for name in names if not name.isidentifier()] == []


def test_a_field_of_a_command_is_described_where_its_code_says_something() -> None:
    schemas = openapi(constructed=False)["components"]["schemas"]
    for decider in OFFERED.values():
        for field, said in said_of_fields(decider.command).items():
            if field in (shown := schemas[decider.command.__name__]["properties"]):
                assert shown[field]["description"].startswith(said)


def test_whoever_types_what_the_page_says_sends_a_token_where_one_is_needed(seen: World) -> None:
    page = unescape(seen.get("/docs", None, {"Host": "network.example"}).text)
    assert "<pre>curl http://network.example/metrics -H 'Authorization: Bearer TOKEN'</pre>" in page
    assert "<pre>curl -N http://network.example/v1/feed/stream -H 'Authorization: Bearer TOKEN'</pre>" in page
    assert "<pre>curl http://network.example/v1/health</pre>" in page


def test_the_page_shows_what_each_path_takes_answers_and_refuses(seen: World) -> None:
    page = seen.get("/docs", None).text
    (feed,) = re.findall(r'<section id="feed" .*?</section>', page, flags=re.DOTALL)
    for cells in (
        "<tr><td><code>limit</code><td>query<td>Events at most.<td>1 to 1,000; default 256</tr>",
        "<td>0 to 30</tr>",
        "<code>Tasma-Position</code>: How far was looked",
        '<a href="#problems">422</a>',
        "<code>Retry-After</code>",
    ):
        assert cells in feed


def test_only_what_is_public_is_an_example_of_an_address() -> None:
    """RFC 2606: nobody's."""
    document = openapi(constructed=False)
    body = document["paths"]["/v1/subscriptions"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert body == {"url": "https://hooks.example.org/tasma", "types": ["tasma.revenue.*"]}


def test_both_pages_say_of_an_example_that_it_is_one() -> None:
    said = f"<p><b>{CONSTRUCTED}</b></p>"
    assert docs_page.page(openapi(constructed=True), "https://network.example").count(said) == 1
    assert docs_feed.page("https://network.example", constructed=True).count(said) == 1
