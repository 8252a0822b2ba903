"""Everything that goes wrong, as RFC 9457 problem details: one table from refusals to status codes."""

import re
import secrets
import traceback
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
import structlog
from litestar import Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from msgspec import Struct

from adapters.bank_intake import NotOwnAccounts
from adapters.http.network import Asked
from application.access import TokenExpired, TokenMissing, TokenRevoked, TokenUnknown
from application.as_of import NotAMoment, StillOpen
from application.bank import BankFault
from application.desk import TimeIsReal
from application.door import BodyTooLarge, Malformed, NeedsPerson, NoSuchCommand, NotAllowed, NotJson
from application.envelope import PAGE_EVENTS, NotText, TooLarge
from application.notes import NoteFault
from application.ports import ClockAhead, ClockBehind, CommandIdReused, NoSuchCheckpoint, Unavailable
from application.subscription_refusals import TestedJustNow
from domain.agreements.writing import FaultyClause
from domain.kernel import NotYours, Refused, Unknown
from projections.issued import IssuedChanged
from projections.statement_effective import EndsBeforeItsMonth

logger = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1
OUT_OF_REACH = (
    "The records cannot be reached just now; ask again in a moment. "
    "A command is sent again with the same Idempotency-Key: if it was carried out, that is its answer."
)


class NoSuchPath(Refused):
    """Nothing is there, or nothing that this asker may know of: both are the same answer."""

    def __init__(self, path: str) -> None:
        where = path if path.isprintable() else "this path"
        super().__init__(f"There is nothing at {where} for you; /docs lists every path and who may use it.")


class NoSuchForm(Refused):
    def __init__(self, asked_for: str, offered: str) -> None:
        super().__init__(f"This is not available as {asked_for}; it is available as {offered}.")


class NotSentAsJson(Refused):
    def __init__(self, sent_as: str) -> None:
        super().__init__(f"A command's body is sent as application/json in UTF-8, not as {sent_as:.80}.")


class NotSentAsText(Refused):
    def __init__(self, sent_as: str) -> None:
        super().__init__(f"A note is sent as text/plain in UTF-8, not as {sent_as:.80}.")


class NotSentAsXml(Refused):
    def __init__(self, sent_as: str) -> None:
        super().__init__(f"A bank's file is sent as application/xml, not as {sent_as:.80}.")


class NoCheckpoint(Refused):
    def __init__(self) -> None:
        super().__init__(
            "No checkpoint of this network has been signed yet. With a signing key that is done some seconds after the first "
            "event: ask again then."
        )


class NoSuchTile(Refused):
    def __init__(self, width: int, there: int, size: int) -> None:
        super().__init__(
            f"The newest checkpoint covers {size:,} events, and with them {there} hashes of this tile, not {width}; "
            "ask for what it covers."
        )


class NoSuchPage(Refused):
    def __init__(self, n: int) -> None:
        super().__init__(
            f"Page {n:,} is not sealed: it is to hold the events {n * PAGE_EVENTS + 1:,} to {(n + 1) * PAGE_EVENTS:,}. What there is of "
            f"them is at /v1/feed?after={n * PAGE_EVENTS}."
        )


class TooManyFollow(Refused):
    def __init__(self, most: int) -> None:
        super().__init__(
            f"{most:,} streams and waiting questions of this token are open at this process already; end one of them, or let "
            "several readers share one."
        )


class BodyTooSlow(Refused):
    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"The body did not arrive within {seconds} seconds; nothing was done, send the request again with the same key."
        )


class BadHeader(Malformed):
    """A header that is there but cannot be used."""


STATUS: Mapping[type[Exception], int] = {
    Refused: 409,
    Unknown: 404,
    NoSuchCommand: 404,
    NoSuchPath: 404,
    NoSuchForm: 406,
    NotSentAsJson: 415,
    NotSentAsText: 415,
    NotSentAsXml: 415,
    NoCheckpoint: 404,
    NoSuchTile: 404,
    NoSuchCheckpoint: 404,
    NoSuchPage: 404,
    TooManyFollow: 429,
    TestedJustNow: 429,
    NoteFault: 422,
    NotJson: 400,
    NotAMoment: 400,
    StillOpen: 422,
    EndsBeforeItsMonth: 422,
    BodyTooLarge: 413,
    BodyTooSlow: 408,
    Malformed: 422,
    BadHeader: 400,
    FaultyClause: 422,
    BankFault: 422,
    TooLarge: 422,
    NotText: 422,
    TimeIsReal: 422,
    CommandIdReused: 422,
    # Commands over HTTP carry no reading of their own outside a constructed network: the clock that is wrong is ours.
    ClockAhead: 503,
    ClockBehind: 409,
    TokenMissing: 401,
    TokenUnknown: 401,
    TokenExpired: 401,
    TokenRevoked: 401,
    NotAllowed: 403,
    NeedsPerson: 403,
    NotYours: 403,
    NotOwnAccounts: 403,
    Unavailable: 503,
    IssuedChanged: 500,
}
"""A refusal has the status of its class, else of the nearest class above it."""


class Fault(Struct, frozen=True):
    """A bad field: a JSON path, `?name` of a parameter or a header's name, and what is wrong there."""

    where: str
    """Such as `$.parties[0]`, `?limit` or `Idempotency-Key`."""
    why: str
    """What is wrong there, as part of a sentence."""


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details."""

    type: str
    """Stable: programs can rely on it."""
    title: str
    """The same in words."""
    status: int
    """Of the answer."""
    detail: str
    """A sentence for people, with the numbers and the way out."""
    errors: tuple[Fault, ...] = ()
    """Fields that are wrong, where it is known which."""


def problem_of(refusal: Exception) -> Problem:
    """The problem that a refusal is."""
    kind = type(refusal)
    return Problem(
        type=type_of(kind),
        title=title_of(kind),
        status=status_of(kind),
        detail=str(refusal),
        errors=_faults(refusal),
    )


def status_of(kind: type[Exception]) -> int:
    return next(STATUS[k] for k in kind.__mro__ if k in STATUS)


def type_of(kind: type[Exception]) -> str:
    return f"/problems/{_words(kind.__name__, '-')}"


def title_of(kind: type[Exception]) -> str:
    return _words(kind.__name__, " ").capitalize()


def kinds() -> list[type[Exception]]:
    """Every refusal there is, in order of type."""
    found: set[type[Exception]] = {Unavailable}
    waiting: list[type[Exception]] = [Refused, Unavailable, IssuedChanged]
    while waiting:
        kind = waiting.pop()
        found.add(kind)
        waiting += kind.__subclasses__()
    return sorted(found - {Refused, IssuedChanged}, key=lambda k: (type_of(k), k.__module__))


def answer(request: Asked, error: Exception) -> Response[bytes]:
    """Answer any exception whatsoever."""
    if isinstance(error, Unavailable) and error.__cause__ is not None:
        # It quotes a driver, which names hosts and files: that is for the log.
        logger.warning("http.unavailable", why=str(error))
        return respond(problem_of(Unavailable(OUT_OF_REACH)))
    if isinstance(error, ClockAhead | IssuedChanged):
        # Faults of ours that whoever asks must know of, and that somebody has to see to.
        logger.error("http.fault", kind=type(error).__name__, why=str(error))
    if isinstance(error, TestedJustNow):
        return respond(problem_of(error), {"Retry-After": str(error.seconds)})
    if isinstance(error, Refused | Unavailable | IssuedChanged):
        return respond(problem_of(error))
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return respond(_of_litestar(request, error), error.headers)
    number = secrets.token_hex(6)
    # The route and never the path or body: those name people's cases. And the traceback as text, without the local
    # variables that structlog would show: tokens stand there.
    logger.error(
        "http.failed",
        number=number,
        method=request.method,
        route=request.scope.get("path_template"),
        exception="".join(traceback.format_exception(error)),
    )
    return respond(_internal(number))


def respond(problem: Problem, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """A problem as a response, with the headers its status calls for."""
    more: dict[str, str] = {k: v for k, v in (headers or {}).items() if k.lower() in {"allow", "retry-after"}}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        given = problem.type != type_of(TokenMissing)
        more["WWW-Authenticate"] = 'Bearer realm="tasma"' + (', error="invalid_token"' if given else "")
    if problem.status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        more.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    return Response(
        content=msgspec.json.encode(problem),
        media_type=MEDIA_TYPE,
        status_code=problem.status,
        headers={"Cache-Control": "no-store", **more},
    )


def _of_litestar(request: Asked, error: HTTPException) -> Problem:
    path, status = request.url.path, HTTPStatus(error.status_code)
    match error:
        case NotFoundException():
            return problem_of(NoSuchPath(path))
        case MethodNotAllowedException():
            possible = (error.headers or {}).get("allow", "other methods")
            where = path if path.isprintable() else "this path"
            sentence = f"{request.method} is not possible at {where}; possible are {possible}."
        case _:
            sentence = "This request cannot be understood; /docs describes every path."
    kebab = re.sub(r"[^a-z]+", "-", status.phrase.lower())
    return Problem(type=f"/problems/{kebab}", title=status.phrase.capitalize(), status=status, detail=sentence)


def _internal(number: str) -> Problem:
    return Problem(
        type="/problems/internal-error",
        title="Internal error",
        status=500,
        detail=f"Something went wrong here; it is in the log under {number}. A command can be sent again with the same Idempotency-Key.",
    )


def _faults(refusal: Exception) -> tuple[Fault, ...]:
    match refusal:
        case Malformed():
            return (Fault(where=refusal.where, why=refusal.why),)
        case FaultyClause():
            return (Fault(where=f"$.{refusal.where}", why=refusal.why),)
        case _:
            return ()


def _words(name: str, between: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", between, name).lower()
