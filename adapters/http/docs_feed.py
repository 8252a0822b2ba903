"""The page about the feed: what it promises, how it is read with nothing but curl, and every event with its meaning and an example."""

import json
import shlex
from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import Final

from adapters.http.asyncapi_words import NATS, PROMISES, SAYS, WEBHOOKS
from adapters.http.docs_details import marked, notice, paragraphs
from adapters.http.routes import all_routes
from adapters.http.schemas import EventType, event_types, example_of, written_instead
from adapters.http.schemas_words import title_of
from application.notices import CONSTRUCTED

SUBSCRIPTIONS: Final = "/v1/subscriptions"
_VERIFYING: Final = """from standardwebhooks.webhooks import Webhook
events = Webhook("whsec_…").verify(body, headers)"""
_CUTTING: Final = """python3 - <<'END'
import hashlib, json
text = open("batch.json", encoding="utf-8", newline="").read()
start = 1
while start < len(text) - 1:
    event, end = json.JSONDecoder().raw_decode(text, start)
    exact = text[start:end].encode()
    print(event["sequence"], hashlib.sha256(bytes(1) + exact).hexdigest())
    start = end + 1
END"""
_TOKEN: Final = "-H 'Authorization: Bearer TOKEN'"  # noqa: S105 - stands where the reader's own goes
_LEAF: Final = "import base64, hashlib, sys; print(base64.b64encode(hashlib.sha256(bytes(1) + sys.stdin.buffer.read()).digest()).decode())"


def page(origin: str, *, constructed: bool) -> str:
    """The whole page, as it is read at an origin; its style comes from there too."""
    promises = "\n".join(f"<h3>{escape(title)}</h3>\n{paragraphs(text)}" for title, text in PROMISES)
    ways = "\n".join(
        f"<h3>{escape(title)}</h3>\n{paragraphs(text)}{_pre(text_of)}" for title, text, text_of in _ways(origin)
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Täsmä: the feed</title>
<link rel="stylesheet" href="/docs/docs.css">
<h1>Täsmä: the feed</h1>
{notice(CONSTRUCTED) if constructed else ""}{paragraphs(SAYS)}
<p>The same for programs: <a href="/asyncapi.json">/asyncapi.json</a> (<a href="https://www.asyncapi.com">AsyncAPI</a> 3.0),
<a href="/v1/schemas">/v1/schemas</a> (JSON Schema of every event). Every path with its parameters and problems:
<a href="/docs#feed-routes">/docs</a>.</p>
<nav><p><a href="#promises">What is promised</a> · <a href="#ways">How it is read</a> · <a href="#pushed">How it is sent to you</a> ·
<a href="#events">Events</a></p></nav>
<h2 id="promises">What is promised</h2>
{promises}
<h2 id="ways">How it is read</h2>
<p>Put your token where <code>TOKEN</code> stands; the coordinator of the network issues it.</p>
{ways}
<h2 id="pushed">How it is sent to you</h2>
<h3>Webhooks</h3>
{paragraphs(WEBHOOKS)}
{_pre(_subscribing(origin))}<p>What came is true when this raises nothing, with the body as it came and its headers:</p>
{_pre(_VERIFYING)}
<h3>NATS JetStream</h3>
{paragraphs(NATS)}
<h2 id="events">Events</h2>
{"".join(_contexts())}</html>
"""


def _ways(origin: str) -> Iterator[tuple[str, str, str]]:
    """Title, what it does, and what to type."""

    def curl(path: str, *options: str, token: bool = True) -> str:
        return " ".join(["curl", *options, shlex.quote(origin + path), *([_TOKEN] if token else [])])

    yield (
        "Catch up, and then wait",
        (
            "From the first event on. While there is something it is answered at once, else as soon as something happens, or after 30 "
            "seconds. The `Tasma-Position` of an answer is the next `after`; keep it with what you made of the events. Where nothing is "
            "answered, or 5xx, ask again; of anything else the answer says what is wrong, and asking again does not mend it."
        ),
        f"""after=0
while :; do
  status=$(curl -sS -D headers -o batch.json -w '%{{http_code}}' "{origin}/v1/feed?after=$after&limit=1000&wait=30" {_TOKEN}) || status=none
  case $status in
    200) ;;
    none|5??) sleep 5; continue ;;
    *) cat batch.json; break ;;
  esac
  # work through batch.json here, and keep the new $after in the same transaction
  after=$(tr -d '\\r' < headers | awk 'tolower($1) == "tasma-position:" {{ print $2 }}')
done""",
    )
    yield (
        "Live",
        (
            "Server-Sent Events, within milliseconds of what happens. After a break come back with the last `id`. When nothing happens a "
            "comment comes every 15 seconds: whoever reads nothing for 45 seconds takes the line for dead and comes back."
        ),
        f"{curl('/v1/feed/stream?after=0', '-N')}\n{curl('/v1/feed/stream', '-N', '-H', shlex.quote('Last-Event-ID: 1598'))}",
    )
    yield (
        "Only some of it",
        "`types` with commas between, or all that begin so; `about` with ids, of a pathway or a client. Webhooks take both too.",
        f"{curl('/v1/feed?types=tasma.revenue.*')}\n{curl('/v1/feed?about=pathway:p-015')}",
    )
    yield (
        "Exact bytes",
        "Each event of a batch as it was stored, and its hash: cut out of the text, and never written anew.",
        _CUTTING,
    )
    yield (
        "Verify",
        (
            "The hash of the event at position 1; the same from the tiles of the tree; the same from its proof, as `leaf`, with the "
            "hashes that lead from it to `root`; and the checkpoint that signs it. Get the public key from somebody you trust as well."
        ),
        "\n".join(
            [
                f"{curl('/v1/events/1', '-s')} | python3 -c {shlex.quote(_LEAF)}",
                f"{curl('/v1/feed/tile/0/000.p/1', '-s', token=False)} | base64",
                curl("/v1/feed/proofs/inclusion?position=1", token=False),
                curl("/v1/feed/checkpoint", token=False),
                curl("/v1/feed/keys", token=False),
            ]
        ),
    )


def _subscribing(origin: str) -> str:
    (making,) = (route for route in all_routes() if (route.path, route.method) == (SUBSCRIPTIONS, "post"))
    ((media_type, body),) = making.takes.items()
    key = '-H "Idempotency-Key: $(uuidgen)"'
    return f"curl {origin}{SUBSCRIPTIONS} {_TOKEN} {key} -H 'Content-Type: {media_type}' -d {shlex.quote(body)}"


def _contexts() -> Iterator[str]:
    """Every event, under the context that its type names."""
    for context, kinds in groupby(event_types(), key=lambda kind: kind.type.split(".")[1]):
        yield f"<h3>{escape(title_of(context))}</h3>\n{''.join(map(_event, kinds))}"


def _event(kind: EventType) -> str:
    example = json.dumps(example_of(kind.type), ensure_ascii=False, indent=1)
    found = ", ".join(f"<code>{escape(field)}</code>" for field in kind.about)
    return f"""<section id="{escape(kind.type)}">
<h4>{escape(kind.title)} <a href="{escape(kind.schema)}"><code>{escape(kind.type)}</code></a></h4>
{paragraphs(kind.description)}{paragraphs(written_instead(kind)) if kind.newer else ""}
<p>Who sees it: {marked(kind.seen_by)}. Found with <code>about=</code> and its {found}.</p>
<details><summary>Example</summary>{_pre(example)}</details>
</section>
"""


def _pre(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"
