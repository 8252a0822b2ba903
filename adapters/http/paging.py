"""Long lists in pages: an opaque cursor that goes on where the last page ended, at the position it was asked at."""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from application.door import Malformed
from domain.changing import replace

LIMIT_MAX = 200


class Cursor(Struct, frozen=True, array_like=True):
    """Where the next page begins.

    It carries the position of the first page and the day it was judged on, so that later pages show the same list whatever
    has happened since; and it belongs to one question, so that it cannot be used for another.
    """

    position: Annotated[int, Meta(ge=0, lt=2**62)]
    start: Annotated[int, Meta(ge=0, lt=2**31)]
    question: str
    judged_on: date | None = None


def question_digest(path: str, parameters: Mapping[str, str]) -> str:
    """What a cursor belongs to: the path and every parameter that says what is in the list."""
    said = sorted((k, v) for k, v in parameters.items() if k not in ("cursor", "limit", "at_least"))
    return hashlib.sha256(msgspec.json.encode([path, said])).hexdigest()[:16]


def write(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()


def read(text: str, question: str) -> Cursor:
    """The cursor of a text. Raises Malformed."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        cursor = msgspec.json.decode(raw, type=Cursor)
    except (binascii.Error, ValueError):
        raise Malformed(
            "?cursor", "This is no cursor; take it from `next` of the page before, or leave it out"
        ) from None
    if cursor.question != question:
        raise Malformed("?cursor", "This cursor belongs to another list; ask with the same parameters, or leave it out")
    return cursor


class Page(Struct, frozen=True):
    """One page of a list."""

    items: Sequence[Any]
    next: str | None
    """The cursor of the next page; null on the last one."""


def page(items: Sequence[Any], cursor: Cursor, limit: int) -> Page:
    end = cursor.start + limit
    following = write(replace(cursor, start=end)) if end < len(items) else None
    return Page(items=items[cursor.start : end], next=following)
