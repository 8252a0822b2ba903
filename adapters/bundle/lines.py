"""What an export needs of an event's line, also of one whose type this version does not know."""

import re
from typing import Any, Final

import msgspec
from msgspec import Struct

_DIGEST = re.compile("[0-9a-f]{64}", re.ASCII)
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What bytes are answered with that are no event."""


class NoEvent(Exception):
    """Bytes that are none; what they are, to be said after their position."""


class Data(Struct, frozen=True):
    project: Any = None


class Line(Struct, frozen=True):
    type: str
    data: Data


class _Fields(Struct, frozen=True):
    data: dict[str, Any]


_decode = msgspec.json.Decoder(Line).decode
_decode_fields = msgspec.json.Decoder(_Fields).decode


def read_line(line: bytes) -> Line:
    """Raises NoEvent."""
    try:
        line.decode()  # what is not looked at is skipped unread
        return _decode(line)
    except _UNREADABLE as error:
        raise NoEvent(f"are no event ({error})") from error


def digest_in(line: bytes, field: str) -> str:
    """The digest of the document that an event names in this field. Raises NoEvent."""
    try:
        digest = _decode_fields(line).data.get(field)
    except _UNREADABLE as error:
        raise NoEvent(f"are no event ({error})") from error
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise NoEvent("name no document by its digest")
    return digest
