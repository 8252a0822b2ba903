"""The OpenAPI document as one readable page: every command with an example that can be sent as it is, every question, every problem."""

import json
import shlex
from collections.abc import Mapping
from html import escape
from typing import Any

from adapters.http.problems import kinds, status_of, title_of, type_of

Json = Mapping[str, Any]


def page(document: Json) -> str:
    """The whole page; its script and style come from here too."""
    operations = [(path, *next(iter(methods.items()))) for path, methods in document["paths"].items()]
    commands = [o for o in operations if o[1] == "post"]
    questions = [o for o in operations if o[1] == "get"]
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{escape(document["info"]["title"])}: commands and questions</title>
<link rel="stylesheet" href="/docs/docs.css">
<script src="/docs/docs.js" defer></script>
<h1>{escape(document["info"]["title"])} {escape(document["info"]["version"])}</h1>
{_paragraphs(document["info"]["description"])}
<p>The same for programs: <a href="/openapi.json">/openapi.json</a>. To try something here, give a token; it stays in this page.</p>
<p><label>Token <input id="token" type="password" size="60" autocomplete="off"></label></p>
<nav>{_contents("Commands", commands)}{_contents("Questions", questions)}<p><a href="#problems">Problems</a></p></nav>
<h2>Commands</h2>
{"".join(_command(path, operation) for path, _, operation in commands)}
<h2>Questions</h2>
{"".join(_question(path, operation) for path, _, operation in questions)}
<h2 id="problems">Problems</h2>
{_problems()}
</html>
"""


def _contents(title: str, operations: list[tuple[str, str, Json]]) -> str:
    links = " · ".join(
        f'<a href="#{escape(o["operationId"])}">{escape(o["operationId"])}</a>' for _, _, o in operations
    )
    return f"<p><b>{title}</b> {links}</p>"


def _command(path: str, operation: Json) -> str:
    name = escape(operation["operationId"])
    example = operation["requestBody"]["content"]["application/json"]["example"]
    pretty = json.dumps(example, ensure_ascii=False, indent=2)
    sent = shlex.quote(json.dumps(example, ensure_ascii=False))
    curl = (
        f"curl http://127.0.0.1:8000{path} -H 'Authorization: Bearer TOKEN' "
        f"-H \"Idempotency-Key: $(uuidgen)\" -H 'Content-Type: application/json' -d {sent}"
    )
    rows = min(16, pretty.count("\n") + 1)
    return f"""<section id="{name}" data-method="POST" data-path="{escape(path)}">
<h3>POST {escape(path)}</h3>
{_paragraphs(operation["description"])}
<textarea rows="{rows}" spellcheck="false" aria-label="Body of {name}">{escape(pretty)}</textarea>
<p><button>Send</button></p><pre class="answer" hidden></pre>
<pre>{escape(curl)}</pre>
</section>
"""


def _question(path: str, operation: Json) -> str:
    name = escape(operation["operationId"])
    fields = "".join(
        f'<label title="{escape(p["schema"].get("description", ""))}">{escape(p["name"])} '
        f'<input name="{escape(p["name"])}" data-in="{escape(p["in"])}"></label> '
        for p in operation.get("parameters", [])
        if p["in"] != "header"
    )
    return f"""<section id="{name}" data-method="GET" data-path="{escape(path)}">
<h3>GET {escape(path)}</h3>
{_paragraphs(operation["description"])}
<p>{fields}<button>Ask</button></p><pre class="answer" hidden></pre>
<pre>curl http://127.0.0.1:8000{escape(path)}{" -H 'Authorization: Bearer TOKEN'" if operation.get("security") else ""}</pre>
</section>
"""


def _problems() -> str:
    rows = "".join(
        f'<tr id="{escape(type_of(kind).replace("/problems/", "problem-"))}"><td>{status_of(kind)}</td>'
        f"<td><code>{escape(type_of(kind))}</code></td><td>{escape(title_of(kind))}</td></tr>"
        for kind in {type_of(k): k for k in kinds()}.values()
    )
    return f"<table><tr><th>Status<th>Type<th>Title</tr>{rows}</table>"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))
