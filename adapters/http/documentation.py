"""The documentation as it is served: OpenAPI, AsyncAPI and a page for people of each, without a request to anybody else."""

import hashlib
import re
from importlib.resources import files

import msgspec
from litestar import Response

from adapters.http.asyncapi import asyncapi
from adapters.http.docs_feed import page as feed_page_of
from adapters.http.docs_page import page as page_of
from adapters.http.network import Asked, network_of
from adapters.http.openapi import openapi
from adapters.http.problems import NoSuchPath, kinds, type_of

FILES = {"docs.css": "text/css", "docs.js": "text/javascript"}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def document(request: Asked) -> Response[bytes]:
    head = await network_of(request).log.head()
    return _reply(request, msgspec.json.encode(openapi(constructed=head.constructed)), "application/json")


async def page(request: Asked) -> Response[bytes]:
    head = await network_of(request).log.head()
    return _reply(request, page_of(openapi(constructed=head.constructed), origin_of(request)).encode(), "text/html")


async def feed_document(request: Asked) -> Response[bytes]:
    head = await network_of(request).log.head()
    document = asyncapi(origin_of(request), constructed=head.constructed)
    return _reply(request, msgspec.json.encode(document), "application/json")


async def feed_page(request: Asked) -> Response[bytes]:
    head = await network_of(request).log.head()
    return _reply(request, feed_page_of(origin_of(request), constructed=head.constructed).encode(), "text/html")


async def home(_: Asked) -> Response[bytes]:
    """Whoever comes to the front door is shown what there is."""
    return Response(content=b"", status_code=303, headers={"Location": "/docs"}, media_type="text/html")


def origin_of(request: Asked) -> str:
    """Where this was asked, for examples to be sent there too; a host that is none is not repeated."""
    host, scheme = request.headers.get("host", ""), request.scope["scheme"]
    if not re.fullmatch(r"(\w[\w.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?", host, re.ASCII):
        host = "127.0.0.1:8000"
    return f"{'https' if scheme == 'https' else 'http'}://{host}"


async def file(request: Asked) -> Response[bytes]:
    name = request.path_params["file"]
    if name not in FILES:
        raise NoSuchPath(request.url.path)
    return _reply(request, (files("adapters.http") / "assets" / name).read_bytes(), FILES[name])


async def problem(request: Asked) -> Response[bytes]:
    """Where a problem's `type` leads: to its line on the page."""
    kind = request.path_params["kind"]
    if f"/problems/{kind}" not in map(type_of, kinds()):
        raise NoSuchPath(request.url.path)
    return Response(content=b"", status_code=303, headers={"Location": f"/docs#problem-{kind}"}, media_type="text/html")


def _reply(request: Asked, body: bytes, media_type: str) -> Response[bytes]:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Content-Security-Policy": POLICY}
    same = request.headers.get("if-none-match") == tag
    return Response(
        content=b"" if same else body, status_code=304 if same else 200, headers=headers, media_type=media_type
    )
