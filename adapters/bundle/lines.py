"""What an export needs of an event's line, also of one whose type this version does not know."""

import re
from typing import Any

import msgspec
from msgspec import Struct

from application.envelope import UNREADABLE, decode
from domain.kernel import current
from domain.settlement.events import StatementIssued

_DIGEST = re.compile("[0-9a-f]{64}", re.ASCII)


class NoEvent(Exception):
    """Bytes that are none; what they are, to be said after their position."""


class Data(Struct, frozen=True):
    project: Any = None


class Line(Struct, frozen=True):
    type: str
    data: Data


_decode = msgspec.json.Decoder(Line).decode


def read_line(line: bytes) -> Line:
    """Raises NoEvent."""
    try:
        line.decode()  # what is not looked at is skipped unread
        return _decode(line)
    except UNREADABLE as error:
        raise NoEvent(f"are no event ({error})") from error


def issued_in(line: bytes) -> StatementIssued:
    """The event of a line that says it has issued a statement. Raises NoEvent."""
    try:
        event = current(decode(line).data)
    except UNREADABLE as error:
        raise NoEvent(f"are no event ({error})") from error
    if not isinstance(event, StatementIssued) or not _DIGEST.fullmatch(event.digest):
        raise NoEvent("name no document by its digest")
    return event
