"""The OpenAPI document as one readable page: every command with an example that can be sent as it is, every question, every problem."""

import json
import shlex
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

from adapters.http.docs_details import details, notice, paragraphs
from adapters.http.problems import kinds, status_of, title_of, type_of
from application.notices import CONSTRUCTED

Json = Mapping[str, Any]
TAGS = ("commands", "questions", "feed")
"""The parts of the page, in order."""


def page(document: Json, origin: str) -> str:
    """The whole page, as it is read at an origin; its script and style come from there too."""
    operations = [(path, *one) for path, methods in document["paths"].items() for one in methods.items()]
    commands, questions, feed = ([o for o in operations if o[2]["tags"] == [tag]] for tag in TAGS)
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{escape(document["info"]["title"])}: commands and questions</title>
<link rel="stylesheet" href="/docs/docs.css">
<script src="/docs/docs.js" defer></script>
<h1>{escape(document["info"]["title"])} {escape(document["info"]["version"])}</h1>
{_notice(document)}{paragraphs(document["info"]["description"].removeprefix(CONSTRUCTED).strip())}
<p>The same for programs: <a href="/openapi.json">/openapi.json</a>. Events, and how to follow them: <a href="/docs/feed">/docs/feed</a>,
for programs <a href="/asyncapi.json">/asyncapi.json</a>. To try something here, give a token; it stays in this page.</p>
<p><label>Token <input id="token" type="password" size="60" autocomplete="off"></label></p>
<nav>{_contents("Commands", commands)}{_contents("Questions", questions)}{_contents("Feed", feed)}
<p><a href="#problems">Problems</a></p></nav>
<h2>Commands</h2>
{"".join(_command(path, operation, origin) for path, _, operation in commands)}
<h2>Questions</h2>
{"".join(_question(path, operation, origin) for path, _, operation in questions)}
<h2 id="feed-routes">Feed</h2>
{"".join(_fed(path, method, operation, origin) for path, method, operation in feed)}
<h2 id="problems">Problems</h2>
{_problems()}
</html>
"""


def _notice(document: Json) -> str:
    """Of a network that is an example, first of all."""
    return notice(CONSTRUCTED) if document["info"]["description"].startswith(CONSTRUCTED) else ""


def _contents(title: str, operations: list[tuple[str, str, Json]]) -> str:
    links = " · ".join(
        f'<a href="#{escape(o["operationId"])}">{escape(o["operationId"])}</a>' for _, _, o in operations
    )
    return f"<p><b>{title}</b> {links}</p>"


def _fed(path: str, method: str, operation: Json, origin: str) -> str:
    """With a body to send where there is no part of the path to fill in beside it."""
    if "requestBody" in operation and "{" not in path:
        return _command(path, operation, origin)
    return _question(path, operation, origin, method.upper())


def _command(path: str, operation: Json, origin: str) -> str:
    name = escape(operation["operationId"])
    ((media_type, body),) = operation["requestBody"]["content"].items()
    if media_type == "application/json":
        pretty = json.dumps(body["example"], ensure_ascii=False, indent=2)
        sent = f"-d {shlex.quote(json.dumps(body['example'], ensure_ascii=False))}"
        key = '-H "Idempotency-Key: $(uuidgen)" '
    else:
        pretty, sent, key = body["example"], "--data-binary @FILE", ""
    curl = (
        f"curl {shlex.quote(origin + path)} -H 'Authorization: Bearer TOKEN' "
        f"{key}-H 'Content-Type: {media_type}' {sent}"
    )
    rows = min(16, pretty.count("\n") + 1)
    return f"""<section id="{name}" data-method="POST" data-path="{escape(path)}" data-type="{media_type}">
<h3><code>POST {escape(path)}</code></h3>
{paragraphs(operation["description"])}
<textarea rows="{rows}" spellcheck="false" aria-label="Body of {name}">{escape(pretty)}</textarea>
<p><button>Send</button></p><pre class="answer" hidden></pre>
<pre>{escape(curl)}</pre>
{details(operation)}</section>
"""


def _question(path: str, operation: Json, origin: str, method: str = "GET") -> str:
    name = escape(operation["operationId"])
    parameters = [p for p in operation.get("parameters", []) if p["in"] != "header"]
    url = origin + path
    for p in parameters:
        if p["in"] == "path":
            url = url.replace(f"{{{p['name']}}}", p["example"])
    if needed := {p["name"]: p["example"] for p in parameters if p["in"] == "query" and p["required"]}:
        url += f"?{urlencode(needed)}"
    curl = f"curl {'-N ' if _is_stream(operation) else ''}{shlex.quote(url)}"
    curl += " -H 'Authorization: Bearer TOKEN'" if operation.get("security") else ""
    curl += "" if method == "GET" else f" -X {method}"
    area, data_type = "", ""
    for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
        text = json.dumps(body["example"], ensure_ascii=False)
        curl += f" -H 'Content-Type: {media_type}' -d {shlex.quote(text)}"
        area = f'<textarea rows="1" spellcheck="false" aria-label="Body of {name}">{escape(text)}</textarea>\n'
        data_type = f' data-type="{media_type}"'
    asks = "Ask" if method == "GET" else "Send"
    return f"""<section id="{name}" data-method="{method}" data-path="{escape(path)}"{data_type}>
<h3><code>{method} {escape(path)}</code></h3>
{paragraphs(operation["description"])}
{area}<p>{"".join(map(_field, parameters))}<button>{asks}</button></p><pre class="answer" hidden></pre>
<pre>{escape(curl)}</pre>
{details(operation)}</section>
"""


def _is_stream(operation: Json) -> bool:
    return "text/event-stream" in operation["responses"].get("200", {}).get("content", {})


def _field(parameter: Json) -> str:
    """A field to fill in: what is needed stands in it already, what may be left out is only suggested."""
    name, where = escape(parameter["name"]), escape(parameter["in"])
    says = escape(parameter["description"].replace("`", ""))
    example = parameter.get("example", "")
    shown = str(example).lower() if isinstance(example, bool) else str(example)
    given = f'{"value" if parameter["required"] else "placeholder"}="{escape(shown)}"' if shown else ""
    return f'<label title="{says}">{name} <input name="{name}" data-in="{where}" {given}></label> '


def _problems() -> str:
    rows = "".join(
        f'<tr id="{escape(type_of(kind).replace("/problems/", "problem-"))}"><td>{status_of(kind)}</td>'
        f"<td><code>{escape(type_of(kind))}</code></td><td>{escape(title_of(kind))}</td></tr>"
        for kind in {type_of(k): k for k in kinds()}.values()
    )
    return f"<table><tr><th>Status<th>Type<th>Title</tr>{rows}</table>"
