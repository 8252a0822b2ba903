"""The web application of one network: its routes are the commands and the questions there are."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import HttpMethod, Litestar, Response
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler

from adapters.http import commands, documentation, health, reading
from adapters.http.headers import Headers
from adapters.http.network import Asked, Network
from adapters.http.problems import answer
from adapters.http.reads import all_reads

Respond = Callable[[Asked], Awaitable[Response[bytes]]]


def create_app(network: Network) -> Litestar:
    """The application of a network that is open already."""
    app = _app([])
    app.state["network"] = network
    return app


def create_app_opening(opening: Callable[[], AbstractAsyncContextManager[Network]]) -> Litestar:
    """The application of a network that is opened when the server starts and closed when it stops."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with opening() as network:
            app.state["network"] = network
            yield

    return _app([lifespan])


def _app(lifespan: list[Callable[[Litestar], AbstractAsyncContextManager[None]]]) -> Litestar:
    return Litestar(
        route_handlers=_routes(),
        lifespan=lifespan,
        state=State(),
        before_send=[Headers().add],
        exception_handlers={Exception: answer},
        # The document is our own: bodies are read by hand, so that nothing is known of them here.
        openapi_config=None,
        # Logging is set up once for the process, and exceptions are logged where they are answered.
        logging_config=None,
        # `asking.body_of` keeps the limit, so that what is too large gets its own sentence.
        request_max_body_size=None,
    )


def _routes() -> list[HTTPRouteHandler]:
    return [
        *(
            _route(commands.path_of(name), f"command-{name}", _command(name), HttpMethod.POST)
            for name in commands.OFFERED
        ),
        *(_route(read.path, read.name, _read(read)) for read in all_reads()),
        _route("/v1/health", "health", health.respond),
        _route("/openapi.json", "openapi", documentation.document),
        _route("/", "home", documentation.home),
        _route("/docs", "docs", documentation.page),
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


def _route(path: str, name: str, respond: Respond, *methods: HttpMethod) -> HTTPRouteHandler:
    """One path. What can be got can be asked for its headers alone."""

    async def handler(request: Asked) -> Response[bytes]:
        return await respond(request)

    return HTTPRouteHandler(
        path.replace("}", ":str}"), name=name, http_method=methods or (HttpMethod.GET, HttpMethod.HEAD)
    )(handler)
