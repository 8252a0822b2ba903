"""How the pages of the documentation write what they share: texts, and of a path what it takes, answers and refuses."""

import re
from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import Any

from adapters.http.openapi_answers import TO_BE_TRIED_AGAIN

Json = Mapping[str, Any]
POSITION_LIMIT = 2**62
"""No bound that means anything to people."""
_CODE_OR_LINK = re.compile(r"`([^`]+)`|\[([^\]]+)\]\((https://[^)\s]+)\)")


def paragraphs(text: str) -> str:
    return "".join(f"<p>{marked(part)}</p>" for part in text.split("\n\n"))


def notice(text: str) -> str:
    return f"<p><b>{escape(text)}</b></p>\n"


def marked(text: str) -> str:
    """What stands between backticks, as code; `[words](https://…)`, as a link."""

    def shown(found: re.Match[str]) -> str:
        code, words, address = found.groups()
        return f"<code>{code}</code>" if code else f'<a href="{address}">{words}</a>'

    return _CODE_OR_LINK.sub(shown, escape(text))


def details(operation: Json) -> str:
    """What can be asked with, what is answered and what can go wrong; shown at once where there is more than headers."""
    parameters = operation.get("parameters", [])
    opened = " open" if any(p["in"] != "header" for p in parameters) else ""
    return f"""<details{opened}><summary>Parameters, answers, problems</summary>
{_parameters(parameters)}{_answers(operation["responses"])}</details>
"""


def _parameters(parameters: list[Json]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(p['name'])}</code><td>{'in the path' if p['in'] == 'path' else escape(p['in'])}"
        f"<td>{marked(p['description'])}<td>{escape(_range(p))}</tr>"
        for p in parameters
    )
    return f"<table><tr><th>Parameter<th>Where<th>Meaning<th>Range and default</tr>{rows}</table>\n" if rows else ""


def _range(parameter: Json) -> str:
    """What can be given, and what holds where nothing is."""
    schema = parameter["schema"]
    said = [_form(schema)]
    if parameter["required"]:
        said.append("needed")
    elif "default" in schema:
        default = schema["default"]
        said.append(f"default {str(default).lower() if isinstance(default, bool) else default}")
    return "; ".join(each for each in said if each)


def _form(schema: Json) -> str:
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    if schema.get("type") == "integer":
        most = schema.get("maximum", schema.get("exclusiveMaximum", POSITION_LIMIT))
        return (
            f"{schema.get('minimum', 0):,} to {most:,}" if most < POSITION_LIMIT else f"from {schema.get('minimum', 0)}"
        )
    if schema.get("type") == "boolean":
        return "true or false"
    if schema.get("format") == "uuid":
        return "a UUID"
    if schema.get("format") in ("date", "date-time"):
        return f"a {schema['format'].replace('-', ' and ')}"
    return f"at most {schema['maxLength']} characters" if "maxLength" in schema else ""


def _answers(responses: Json) -> str:
    rows = "".join(_answer(status, said) for status, said in responses.items() if "$ref" not in said)
    refused = ", ".join(
        f'<a href="#problems">{status}</a> {escape(HTTPStatus(int(status)).phrase.lower())}'
        for status, said in responses.items()
        if "$ref" in said
    )
    passing = " and ".join(status for status in responses if status in TO_BE_TRIED_AGAIN)
    later = f" With {passing}, <code>Retry-After</code> says after how many seconds to ask again." if passing else ""
    wrong = f"<p>Problems: {refused}.{later}</p>\n" if refused else ""
    return f"<table><tr><th>Status<th>Answer<th>Headers</tr>{rows}</table>\n{wrong}"


def _answer(status: str, said: Json) -> str:
    heads = "<br>".join(
        f"<code>{escape(name)}</code>: {marked(head['description'])}" for name, head in said.get("headers", {}).items()
    )
    kinds = ", ".join(f"<code>{escape(media_type)}</code>" for media_type in said.get("content", {}))
    return f"<tr><td>{status}<td>{marked(said['description'])} {kinds}<td>{heads}</tr>"
