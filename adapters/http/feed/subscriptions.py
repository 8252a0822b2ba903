"""Subscriptions over HTTP: made, shown and ended by those whom they belong to."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

import msgspec
from litestar import Response
from msgspec import Meta, Struct

from adapters.http import paging
from adapters.http.asking import asker_of, body_of, check_content_type, check_path, key_of, token_id_of
from adapters.http.network import Asked, Network, network_of
from adapters.http.paging import LIMIT_MAX, Cursor, Page
from adapters.http.readers import Readers, is_member
from adapters.http.reading import parameters_of, query_of
from adapters.http.route import Route
from adapters.webhooks.standing import Standing, standings
from application.door import Malformed, NotJson, place_of, read_body
from application.subscription_wishes import Subscribe
from application.subscriptions import Attempt, Subscription
from application.visibility import sees_all

SUBSCRIBERS = Readers(
    "coordinator, for all; auditor of the whole network, partner, subscriber: their own, or those of their role and organisation",
    lambda asker: sees_all(asker) or is_member(asker),
)
PATH: Final = "/v1/subscriptions"
T = TypeVar("T", bound=Struct)
PROBLEMS = frozenset({"401", "403", "404", "422"})
SENT_PROBLEMS = PROBLEMS | {"400", "408", "409", "413", "415"}


class Subscribed(Struct, frozen=True):
    """A subscription, and its secret the one time that this is shown."""

    subscription: Standing
    """As it is now."""
    secret: str | None
    """For checking signatures (Standard Webhooks), shown this once. Null where the same Idempotency-Key found the subscription there: who
    lost the secret makes a new one with `rotate-secret`. The first delivery may come before the secret has been stored: answer it with an
    error, and it comes again after some seconds."""


class Listed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX, description="Items on a page.")] = 50
    cursor: Annotated[str, Meta(max_length=200, description="`next` of the page before.")] | None = None


async def shown(network: Network, one: Subscription) -> Standing:
    return (await standings([one], network.log, network.clock()))[0]


def json_of(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[bytes]:  # noqa: ANN401 - any
    return Response(
        content=msgspec.json.encode(content),
        media_type="application/json",
        status_code=status,
        headers={"Cache-Control": "no-store", "Vary": "Authorization", **(headers or {})},
    )


def named(request: Asked) -> str:
    """The id in the path. Raises NoSuchPath."""
    check_path(request)
    return str(request.path_params["subscription"])


async def said(request: Asked, kind: type[T], left_out: T | str) -> T:
    """The body of a request. `left_out`: what it means to send none, or the form that who sends none is told.

    Raises NotSentAsJson, what `body_of` and `read_body` raise, and Malformed.
    """
    check_content_type(request)
    body = await body_of(request)
    if not body:
        if isinstance(left_out, str):
            raise NotJson(f"it is empty. Send {left_out}")
        return left_out
    content = read_body(body)
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise Malformed(*place_of(error)) from error


async def create(request: Asked) -> Response[bytes]:
    network = network_of(request)
    asker, key = await asker_of(request, network), key_of(request)
    wanted = await said(request, Subscribe, '{"url": "https://…"}')
    made = await network.subscriptions.create(wanted, asker, token_id_of(request), str(key) if key else None)
    answer = Subscribed(await shown(network, made.subscription), made.secret)
    return json_of(answer, 201 if made.secret else 200, {"Location": f"{PATH}/{made.subscription.id}"})


async def listed(request: Asked) -> Response[bytes]:
    network = network_of(request)
    parameters = parameters_of(request)
    query = query_of(Listed, parameters)
    found = await network.subscriptions.seen_by(await asker_of(request, network))
    cursor = _cursor(request, parameters, query, 0)
    page = paging.page(found, cursor, query.limit)
    items = await standings(page.items, network.log, network.clock())
    return json_of(Page(items=items, next=page.next))


async def one(request: Asked) -> Response[bytes]:
    network = network_of(request)
    found = await network.subscriptions.one(named(request), await asker_of(request, network))
    return json_of(await shown(network, found))


async def delete(request: Asked) -> Response[bytes]:
    network = network_of(request)
    await network.subscriptions.delete(named(request), await asker_of(request, network))
    return Response(content=b"", status_code=204, headers={"Cache-Control": "no-store"})


async def attempts(request: Asked) -> Response[bytes]:
    """Later pages go on where the first one began, however many attempts came since."""
    network = network_of(request)
    parameters = parameters_of(request)
    query = query_of(Listed, parameters)
    of = await network.subscriptions.one(named(request), await asker_of(request, network))
    cursor = _cursor(request, parameters, query, of.attempts)
    upto = max(cursor.position - cursor.start, 0)
    found = await network.subscriptions.store.attempts(of.id, upto=upto, limit=query.limit + 1)
    following = paging.write(Cursor(cursor.position, cursor.start + query.limit, cursor.question))
    return json_of(Page(items=found[: query.limit], next=following if len(found) > query.limit else None))


def _cursor(request: Asked, parameters: Mapping[str, str], query: Listed, position: int) -> Cursor:
    question = paging.question_digest(request.url.path, parameters)
    return Cursor(position, 0, question) if query.cursor is None else paging.read(query.cursor, question)


class Standings(Struct, frozen=True):
    """One page of subscriptions."""

    items: tuple[Standing, ...]
    """In the order in which they were made."""
    next: str | None
    """The cursor of the next page; null on the last one."""


class Attempts(Struct, frozen=True):
    """One page of attempts, the newest first."""

    items: tuple[Attempt, ...]
    """At most 1,000 of a subscription are kept."""
    next: str | None
    """The cursor of the next page; null on the last one."""


subscribe = Route(
    name="subscribe",
    path=PATH,
    method="post",
    readers=SUBSCRIBERS,
    says="Have events delivered (Standard Webhooks): in the order of their positions, in batches of exact bytes, each tried again until "
    "it has arrived. What is delivered is what this token may see, for as long as it is good. The secret is shown this once.",
    takes={
        "application/json": msgspec.json.encode(
            {"url": "https://hooks.example.org/tasma", "types": ["tasma.revenue.*"]}
        ).decode()
    },
    wants=Subscribe,
    gives={"application/json": Subscribed},
    statuses={"201": "Subscribed.", "200": "The same request was carried out before."},
    heeds={
        "Idempotency-Key": "A UUID, new for each subscription: the same one again gives the same subscription, without its secret."
    },
    headers={"Location": "The path of the subscription."},
    respond=create,
    problems=SENT_PROBLEMS - {"404"},
)
subscriptions = Route(
    name="subscriptions",
    path=PATH,
    readers=SUBSCRIBERS,
    says="Subscriptions, how far each delivery has come and what became of the last attempt.",
    query=Listed,
    gives={"application/json": Standings},
    statuses={"200": "As asked."},
    respond=listed,
    problems=frozenset({"401", "403", "422"}),
)
subscription = Route(
    name="subscription",
    path=f"{PATH}/{{subscription}}",
    readers=SUBSCRIBERS,
    says="One subscription: how far its delivery has come, what became of the last attempt, when it is tried again.",
    gives={"application/json": Standing},
    statuses={"200": "As asked."},
    respond=one,
    problems=PROBLEMS - {"422"},
)
unsubscribe = Route(
    name="unsubscribe",
    path=f"{PATH}/{{subscription}}",
    method="delete",
    readers=SUBSCRIBERS,
    says="End a subscription: nothing more is delivered, its secrets and attempts are erased.",
    gives={},
    statuses={"204": "It is gone."},
    respond=delete,
    problems=PROBLEMS - {"422"},
)
delivery_attempts = Route(
    name="delivery-attempts",
    path=f"{PATH}/{{subscription}}/attempts",
    readers=SUBSCRIBERS,
    says="What came of the newest deliveries, at most 1,000: when, which positions, with what status, in how many milliseconds.",
    query=Listed,
    gives={"application/json": Attempts},
    statuses={"200": "As asked."},
    respond=attempts,
    problems=PROBLEMS,
)
