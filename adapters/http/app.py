"""The web application of one network: its routes are the commands and the questions there are."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import HttpMethod, Litestar, Response
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler

from adapters.http import commands, documentation, health, metrics, reading, route
from adapters.http.feed.followers import Followers
from adapters.http.feed.short_way import ShortWay
from adapters.http.headers import Headers
from adapters.http.network import Asked, Network
from adapters.http.problems import answer
from adapters.http.reads import all_reads
from adapters.http.routes import all_routes
from adapters.http.stopping import told_to_stop
from adapters.http.traffic import Traffic

Respond = Callable[[Asked], Awaitable[Response[bytes]]]


def create_app(network: Network) -> Litestar:
    """The application of a network that is open already."""
    app = _app([], Traffic())
    app.state["network"] = network
    return app


def create_app_opening(opening: Callable[[], AbstractAsyncContextManager[Network]], traffic: Traffic) -> Litestar:
    """The application of a network that is opened when the server starts and closed when it stops.

    `traffic`: where this process counts, and tells the others of the server.
    """

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        followers: Followers = app.state["followers"]
        async with opening() as network:
            app.state["network"] = network
            sharing = asyncio.create_task(traffic.share(network.work), name="traffic")
            try:
                with told_to_stop(followers.stop):
                    yield
            finally:
                sharing.cancel()
                await asyncio.gather(sharing, return_exceptions=True)

    return _app([lifespan], traffic)


def _app(lifespan: list[Callable[[Litestar], AbstractAsyncContextManager[None]]], traffic: Traffic) -> Litestar:
    headers = Headers()
    app = Litestar(
        route_handlers=_routes(),
        lifespan=lifespan,
        state=State({"traffic": traffic, "followers": Followers()}),
        before_send=[headers.add],
        exception_handlers={Exception: answer},
        # The document is our own: bodies are read by hand, so that nothing is known of them here.
        openapi_config=None,
        # Logging is set up once for the process, and exceptions are logged where they are answered.
        logging_config=None,
        # `asking.body_of` keeps the limit, so that what is too large gets its own sentence.
        request_max_body_size=None,
    )
    # Around everything, so that what finds no route is counted too.
    app.asgi_handler = traffic.counting(ShortWay(app.state, headers).before(app.asgi_handler))
    return app


def _routes() -> list[HTTPRouteHandler]:
    return [
        *(
            _route(commands.path_of(name), f"command-{name}", _command(name), HttpMethod.POST)
            for name in commands.OFFERED
        ),
        *(_route(read.path, read.name, _read(read)) for read in all_reads()),
        *(_route(one.path, one.name, _fed(one), *one.methods) for one in all_routes()),
        _route("/v1/health", "health", health.respond),
        _route(metrics.PATH, "metrics", metrics.respond),
        _route("/openapi.json", "openapi", documentation.document),
        _route("/asyncapi.json", "asyncapi", documentation.feed_document),
        _route("/", "home", documentation.home),
        _route("/docs", "docs", documentation.page),
        _route("/docs/feed", "docs-feed", documentation.feed_page),
        _route("/docs/{file}", "docs-file", documentation.file),
        _route("/problems/{kind}", "problem", documentation.problem),
    ]


def _command(name: str) -> Respond:
    async def respond(request: Asked) -> Response[bytes]:
        return await commands.respond(name, request)

    return respond


def _read(read: reading.Read) -> Respond:
    async def respond(request: Asked) -> Response[bytes]:
        return await reading.respond(read, request)

    return respond


def _fed(of: route.Route) -> Respond:
    async def respond(request: Asked) -> Response[bytes]:
        return await route.respond(of, request)

    return respond


def _route(path: str, name: str, respond: Respond, *methods: HttpMethod) -> HTTPRouteHandler:
    """One path. What can be got can be asked for its headers alone."""

    async def handler(request: Asked) -> Response[bytes]:
        return await respond(request)

    return HTTPRouteHandler(
        re.sub(r"{(\w+)}", r"{\1:str}", path),
        name=name,
        http_method=methods or (HttpMethod.GET, HttpMethod.HEAD),
        status_code=200,  # each answer has its own; the default for DELETE forbids a problem's body
    )(handler)
