"""Descriptions as they are served, and the page about the feed: what it says to type is what is answered."""

import hashlib
import json
import re
import shlex
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

from adapters.http.asyncapi import asyncapi
from adapters.http.asyncapi_words import PROMISES
from adapters.http.docs_feed import page
from adapters.http.openapi import openapi
from adapters.http.schemas import event_types, schema_of
from application.registry import EVENT_TYPES
from tests.http.world import World, live, opened

SHARED = "tasma.revenue.shared.v1"
STANDARDS = {
    "https://c2sp.org/signed-note",
    "https://c2sp.org/tlog-checkpoint",
    "https://c2sp.org/tlog-tiles",
    "https://cloudevents.io",
    "https://www.asyncapi.com",
    "https://www.rfc-editor.org/rfc/rfc6962",
    "https://www.rfc-editor.org/rfc/rfc9162",
    "https://www.standardwebhooks.com",
}
"""What the page refers to, for people to follow; nothing of it is loaded."""


@pytest.fixture(scope="module")
def seen() -> Iterator[World]:
    """A lived-in network that no test changes."""
    with opened() as world:
        live(world)
        yield world


# --- over HTTP -------------------------------------------------------------------------------------------------------
def test_descriptions_are_open_and_not_sent_again_when_they_are_the_same(seen: World) -> None:
    for path in ("/asyncapi.json", "/v1/schemas", f"/v1/schemas/{SHARED}", "/docs/feed"):
        answer = seen.get(path, None)
        assert answer.status_code == 200
        assert seen.get(path, None, {"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_every_schema_that_is_listed_can_be_got(seen: World) -> None:
    listed = seen.get("/v1/schemas", None).json()
    assert [each["type"] for each in listed] == list(EVENT_TYPES)
    for each in listed:
        answer = seen.get(each["schema"], None)
        assert answer.headers["content-type"].startswith("application/schema+json")
        assert answer.json() == json.loads(json.dumps(schema_of(each["type"])))
        assert each["seen_by"]
        assert each["about"]


def test_what_is_no_event_type_has_no_schema(seen: World) -> None:
    for name in ("tasma.revenue.shared.v9", "x", "%0d%0a"):
        assert seen.get(f"/v1/schemas/{name}", None).status_code == 404
    assert seen.get("/v1/schemas/x", None).json()["detail"] == "There is no event type x here."


def test_a_document_names_the_server_that_it_came_from(seen: World) -> None:
    server = seen.get("/asyncapi.json", None, {"Host": "tasma.example:8443"}).json()["servers"]["network"]
    assert (server["protocol"], server["host"]) == ("http", "tasma.example:8443")


def test_events_as_they_are_given_out_are_as_described(seen: World) -> None:
    batch = seen.get("/v1/feed?limit=1000")
    for event in batch.json():
        Draft202012Validator(schema_of(event["type"])).validate(event)
    assert len(batch.json()) == seen.head


# --- the page --------------------------------------------------------------------------------------------------------
def test_the_page_says_everything_and_asks_nobody_else(seen: World) -> None:
    answer = seen.get("/docs/feed", None)
    assert answer.headers["content-type"].startswith("text/html")
    for kind in event_types():
        assert f'<section id="{kind.type}">' in answer.text
    for title, _ in PROMISES:
        assert f"<h3>{title}</h3>" in answer.text
    followed = set(re.findall(r'<a href="(https:[^"]+)"', answer.text))
    assert followed == STANDARDS
    links = set(re.findall(r'(?:src|href)="([^"#][^"]*)"', answer.text)) - followed
    assert {path for path in links if seen.get(path, None).status_code != 200} == set()
    assert all(path.startswith("/") for path in links)
    assert not re.search(r"<script|style=|onclick", answer.text)
    assert "`" not in re.sub(r"<pre>.*?</pre>", "", answer.text, flags=re.DOTALL)


def test_whoever_reads_about_a_constructed_network_is_told_so() -> None:
    assert "<p><b>" in page("https://network.example", constructed=True)
    assert "<p><b>" not in page("https://network.example", constructed=False)


def commands(seen: World) -> str:
    """What the page says to type, with its notes left out."""
    shown = unescape(seen.get("/docs/feed", None, {"Host": "network.example"}).text)
    told = shown[shown.index('<h2 id="ways">') : shown.index('<h2 id="pushed">')]
    return "\n".join(re.findall(r"<pre>(.*?)</pre>", told, flags=re.DOTALL))


def test_what_the_page_says_to_type_is_answered(seen: World) -> None:
    paths = re.findall(r"http://network\.example(/v1/[^\s'\"]+)", commands(seen))
    assert len(paths) == 10
    for path in paths:
        if "/stream" not in path:
            asked = path.replace("$after", "0").replace("&wait=30", "")
            assert (
                seen.get(asked, None if re.search("checkpoint|keys|proofs|tile", path) else "coordinator").status_code
                == 200
            )


def test_the_shell_loop_is_one_that_a_shell_understands(seen: World) -> None:
    subprocess.run(["/bin/sh", "-n"], input=commands(seen), text=True, check=True, timeout=10)


def test_the_hash_that_the_page_says_to_take_is_the_one_that_is_proven(seen: World) -> None:
    (line,) = (each for each in commands(seen).splitlines() if "python3 -c" in each)
    program = shlex.split(line.partition(" | ")[2])[2]
    body = seen.get("/v1/events/1").content
    done = subprocess.run([sys.executable, "-c", program], input=body, capture_output=True, check=True, timeout=20)  # noqa: S603 - our own line
    proof = seen.get("/v1/feed/proofs/inclusion?position=1", None).json()
    assert done.stdout.decode().strip() == proof["leaf"]
    assert done.stdout.decode().strip() == b64encode(seen.get("/v1/feed/tile/0/000.p/1", None).content).decode()


def test_the_bytes_that_the_page_says_to_cut_out_of_a_batch_are_those_that_were_hashed(
    seen: World, tmp_path: Path
) -> None:
    program = commands(seen).partition("<<'END'\n")[2].partition("\nEND")[0]
    for question in ("limit=1000", "types=tasma.revenue.*", f"after={seen.head}"):
        batch = seen.get(f"/v1/feed?{question}")
        (tmp_path / "batch.json").write_bytes(batch.content)
        typed = [sys.executable, "-c", program]
        done = subprocess.run(typed, cwd=tmp_path, capture_output=True, check=True, timeout=20)  # noqa: S603 - our own lines
        cut = dict(line.split() for line in done.stdout.decode().splitlines())
        assert list(cut) == [event["sequence"] for event in batch.json()]
        for sequence, hashed in cut.items():
            body = seen.get(f"/v1/events/{int(sequence)}").content
            assert hashed == hashlib.sha256(b"\x00" + body).hexdigest()


@pytest.mark.parametrize("address", ["/v1/feed?types=*", "/v1/feed?types=tasma.rev*", "/v1/feed?types=*.shared.v1"])
def test_a_star_that_cannot_stand_there_is_refused_with_the_form(seen: World, address: str) -> None:
    answer = seen.get(address)
    assert answer.status_code == 422
    assert (
        "`tasma.revenue.*` stands for all that begin so: one star, at the end, after a full stop"
        in answer.json()["detail"]
    )


def test_who_asks_for_a_checkpoint_that_was_not_signed_is_told_what_there_is(seen: World) -> None:
    answer = seen.get("/v1/feed/checkpoint?size=999999", None)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-checkpoint")
    assert answer.json()["detail"] == (
        f"No checkpoint of 999,999 events was signed: not every event has one. The newest covers {seen.head:,} events; ask for the size "
        "of one that was given out, or without `size` for the newest."
    )


def test_nobody_has_to_read_python() -> None:
    """Null, true and false are written so in what is read by everybody."""
    for document in (
        openapi(constructed=False),
        asyncapi("https://network.example", constructed=False),
        *map(schema_of, EVENT_TYPES),
    ):
        text = json.dumps(document).replace("If-None-Match", "")
        assert re.findall(r"[^\"]{0,40}(?:\bNone\b|`True`|`False`)", text) == []
