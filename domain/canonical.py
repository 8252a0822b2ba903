"""One byte string for one content: canonical JSON and its digest."""

import hashlib
from typing import Any

import msgspec

_encode = msgspec.json.Encoder(order="sorted").encode


def canonical(content: Any) -> bytes:  # noqa: ANN401 - anything that is JSON
    """RFC 8785 JSON of a content without floats, with keys of ASCII and integers below 2^53.

    Under those limits sorting by code point and by UTF-16 unit are the same, and numbers need no ECMAScript rules.
    """
    return _encode(content)


def digest_of(content: Any) -> str:  # noqa: ANN401 - anything that is JSON
    """SHA-256 of the canonical form, as 64 hex digits."""
    return hashlib.sha256(canonical(content)).hexdigest()
