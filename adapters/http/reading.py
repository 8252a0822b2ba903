"""One mechanism under every question that is asked over HTTP: who, as of when, from which position on, what has changed."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from litestar import Response
from msgspec import Meta, Struct
from msgspec.inspect import IntType, Metadata, Type, UnionType, type_info
from msgspec.structs import fields

from adapters.http import paging
from adapters.http.asking import asker_of, check_path
from adapters.http.network import Asked, Network, network_of
from adapters.http.paging import LIMIT_MAX, Cursor, Page
from adapters.http.problems import NoSuchPath
from adapters.http.readers import Readers
from adapters.projecting.asking import Answer
from adapters.projecting.slices import time_of
from application.as_of import resolve
from application.desk import Asker
from application.door import Malformed, place_of
from application.ports import Unavailable
from domain.calendar import day_of
from domain.changing import replace
from projections.rows import Projection, Rows

WAIT_SECONDS = 5
T = TypeVar("T")
Q = TypeVar("Q", bound=Struct)


class Query(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every question can be asked with."""

    as_of: Annotated[str, Meta(description="As it was known at a position, a time with its zone or a date.")] | None = (
        None
    )
    at_least: (
        Annotated[int, Meta(ge=0, lt=2**62, description="Wait up to 5 s until this position is included.")] | None
    ) = None


class ListQuery(Query, frozen=True):
    """What every list can be asked with."""

    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX, description="Items on a page.")] = 50
    cursor: Annotated[str, Meta(max_length=200, description="`next` of the page before.")] | None = None


class Found(Struct, frozen=True):
    """What was found, and the position it was found at."""

    value: Any
    """To be encoded as JSON; bytes are sent as they are."""
    position: int
    media_type: str = "application/json"
    judged_on: date | None = None
    """The day the answer depends on, where it depends on one: later pages of a list are judged on the same."""
    headers: Mapping[str, str] = {}
    """What is said beside it, in headers that the read names."""


class Asking(Struct, frozen=True, kw_only=True):
    """One question on its way to an answer."""

    network: Network
    by: Asker | None
    query: Any
    """Of the type that the read declares."""
    path: Mapping[str, str]
    accept: str
    as_of: int | None
    judged_on: date | None = None
    """The day of the first page, where this is a later one."""

    @property
    def asker(self) -> Asker:
        """Who asks, where a token is needed."""
        if self.by is None:
            raise AssertionError("An open question has no asker.")
        return self.by

    async def ask(self, projection: Projection, question: Callable[[Rows], T]) -> Answer[T]:
        """Put a question to a read model, as this request wants it."""
        return await self.network.views.ask(projection, question, at_least=self.query.at_least, as_of=self.as_of)

    async def today(self) -> date:
        """The day that decides what has ended by now: the clock's, in a constructed network that of the head.

        Asked as of a position, the day of the event there: what an answer says follows from its position alone.
        """
        if self.judged_on is not None:
            return self.judged_on
        log, clock = self.network.log, self.network.clock
        if self.as_of is not None:
            body = await log.body(self.as_of)
            return day_of(time_of(body) if body else clock())
        head = await log.head()
        return day_of(head.time if head.constructed and head.time else clock())


class Read(Struct, frozen=True, kw_only=True):
    """A question: where it is asked, by whom, with what, and how it is answered."""

    name: str
    path: str
    """With the parts that vary in braces: `/v1/pathways/{pathway}`."""
    says: str
    """What is answered, for the documentation."""
    readers: Readers | None
    """None: everybody, without a token."""
    gives: Any
    """The type of the answer, or of an item where the query is a ListQuery."""
    answer: Callable[[Asking], Awaitable[Found]]
    or_gives: Any = None
    """The type of the answer to the question put in another way; None: there is one alone."""
    query: type[Query] = Query
    media_types: tuple[str, ...] = ("application/json",)
    problems: frozenset[str] = frozenset()
    """Statuses of its own, beside those that every question can have."""
    headers: Mapping[str, str] = {}
    """Headers of its own, and what they say."""

    @property
    def is_list(self) -> bool:
        return issubclass(self.query, ListQuery)


async def respond(read: Read, request: Asked) -> Response[bytes]:
    """Answer a question that is asked over HTTP."""
    network = network_of(request)
    check_path(request)
    by = None
    if read.readers is not None:
        by = await asker_of(request, network)
        if not read.readers.admit(by):
            raise NoSuchPath(request.url.path)
    parameters = parameters_of(request)
    query = query_of(read.query, parameters)
    asking = Asking(
        network=network,
        by=by,
        query=query,
        path={k: str(v) for k, v in request.path_params.items()},
        accept=request.headers.get("accept", "*/*"),
        as_of=await resolve(query.as_of, network.log, network.clock) if query.as_of is not None else None,
    )
    if not isinstance(query, ListQuery):
        return _reply(request, read, await read.answer(asking))
    question = paging.question_digest(request.url.path, parameters)
    cursor = paging.read(query.cursor, question) if query.cursor is not None else None
    found = await read.answer(asking) if cursor is None else await _as_then(read, asking, cursor)
    page = paging.page(found.value, cursor or Cursor(found.position, 0, question, found.judged_on), query.limit)
    link = {"Link": f'<{_next(request, parameters, page)}>; rel="next"'} if page.next else {}
    return _reply(request, read, Found(page, found.position), link)


async def until(network: Network, position: int) -> None:
    """Wait for the log to reach a position. Raises Unavailable."""
    if (head := await network.log.wait(position - 1, WAIT_SECONDS)) < position:
        raise Unavailable(f"The log has reached position {head}, not {position}; ask again in a moment.")


async def _as_then(read: Read, asking: Asking, cursor: Cursor) -> Found:
    """The list that the first page was cut from."""
    head = await asking.network.log.head()
    if cursor.position > head.position:
        raise Malformed("?cursor", "This is no cursor of this network; leave it out and begin with the first page")
    return await read.answer(replace(asking, as_of=cursor.position, judged_on=cursor.judged_on))


def parameters_of(request: Asked) -> dict[str, str]:
    """What stands behind the question mark, each name once. Raises Malformed."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise Malformed(f"?{name}", "This is given twice; give it once")
        if "\x00" in value:
            raise Malformed(f"?{name}", "The text contains a NUL character")
        found[name] = value
    return found


def query_of(kind: type[Q], parameters: Mapping[str, str]) -> Q:
    """The parameters as what a question is asked with. Raises Malformed."""
    for name in _numbers(kind):
        if not re.fullmatch(r"-?[0-9]+", parameters.get(name, "0"), re.ASCII):
            raise Malformed(f"?{name}", "Expected `int`, got `str`")
    try:
        return msgspec.convert(parameters, kind, strict=False)
    except msgspec.ValidationError as error:
        where, why = place_of(error)
        named = re.search(r"field `(\w+)`", why)
        name = named[1] if named else where.removeprefix("$.")
        raise Malformed(f"?{name}", why) from error


@cache
def _numbers(kind: type[Struct]) -> tuple[str, ...]:
    """Parameters that are whole numbers: written in digits, although a looser reader would take 1e2 for 100."""
    return tuple(f.encode_name for f in fields(kind) if _admits_number(type_info(f.type)))


def _admits_number(kind: Type) -> bool:
    match kind:
        case Metadata():
            return _admits_number(kind.type)
        case UnionType():
            return any(_admits_number(one) for one in kind.types)
        case _:
            return isinstance(kind, IntType)


def _next(request: Asked, parameters: Mapping[str, str], page: Page) -> str:
    return f"{quote(request.url.path)}?{urlencode({**parameters, 'cursor': str(page.next)})}"


def _reply(request: Asked, read: Read, found: Found, more: Mapping[str, str] | None = None) -> Response[bytes]:
    body = found.value if isinstance(found.value, bytes) else msgspec.json.encode(found.value)
    tag = f'"{hashlib.sha256(found.media_type.encode() + body).hexdigest()[:32]}"'
    headers = {
        "Content-Type": found.media_type,  # as it is: the framework would add a second charset to what says its own
        "ETag": tag,
        "Tasma-Position": str(found.position),
        # Kept by the asker alone, and only to be compared: rights may have changed since.
        "Cache-Control": "no-cache" if read.readers is None else "private, no-cache",
        "Vary": "Accept" if read.readers is None else "Accept, Authorization",
        **found.headers,
        **(more or {}),
    }
    if has_tag(request.headers.get("if-none-match"), tag):
        return Response(content=b"", status_code=304, headers=headers, media_type=found.media_type)
    return Response(content=body, status_code=200, headers=headers, media_type=found.media_type)


def has_tag(if_none_match: str | None, tag: str) -> bool:
    """Whether who asks has this version already."""
    given: Sequence[str] = [t.strip().removeprefix("W/") for t in (if_none_match or "").split(",")]
    return tag in given or given == ["*"]
