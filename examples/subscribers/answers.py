"""What the server's answers say, and what of that passes by itself."""

import json
from http import HTTPStatus
from typing import Any, NamedTuple

import httpx

from examples.subscribers.checkpoints import Fault

REST_SECONDS_MAX = 60.0


class Later(Exception):
    """What passes by itself: ask again then."""

    def __init__(self, seconds: float, why: str) -> None:
        super().__init__(why)
        self.seconds = seconds


class Line(NamedTuple):
    position: int
    body: bytes
    """The exact bytes, as they were hashed and signed."""
    event: dict[str, Any]


def check_answer(answer: httpx.Response) -> httpx.Response:
    """The answer, if it is one. Raises Later and Fault."""
    status = answer.status_code
    if status == HTTPStatus.OK:
        return answer
    try:
        why = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        why = answer.text[:200]
    why = f"{answer.request.url.path} answers {status}. {why}"
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        told = answer.headers.get("Retry-After", "")
        raise Later(min(float(told), REST_SECONDS_MAX) if told.isdecimal() else 0.0, why)
    raise Fault(why)


def number(text: str | bytes | int) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise Fault(f"{text!r} is no position.") from error


def line_of(body: bytes) -> Line:
    try:
        event = json.loads(body)
        return Line(int(event["sequence"]), body, event)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Fault(f"What was sent is no event: {body[:80]!r}.") from error


def lines_of(batch: bytes) -> list[Line]:
    """The events of a JSON array, each as its exact bytes: `json.loads` alone would lose them."""
    try:
        text, lines, at = batch.decode(), list[Line](), 1
        while text[at:] != "]":
            _, end = json.JSONDecoder().raw_decode(text, at)
            lines.append(line_of(text[at:end].encode()))
            at = end + (text[end] == ",")
    except (ValueError, IndexError, RecursionError) as error:
        raise Fault(f"What was sent is no batch of events: {batch[:80]!r}.") from error
    return lines
