"""How a delivery proves who sent it: Standard Webhooks (specification 1, "Signature scheme"), HMAC-SHA256 with a shared secret.

signed content    <webhook-id>.<webhook-timestamp>.<body>
secret            whsec_<base64 of 24 to 64 random bytes>
signature         v1,<base64 of the 32 bytes of the HMAC>; several stand with spaces between them, one per secret
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from application.cosignatures import seconds_of
from domain.kernel import Refused

SECRET_BYTES: Final = 32

_PREFIX: Final = "whsec_"
_KEY_BYTES_MIN: Final = 24
_KEY_BYTES_MAX: Final = 64
_ID = re.compile(r"[!-\-/-~]{1,255}", re.ASCII)


class SecretFault(Refused):
    """A text that is no secret of a webhook; nothing of it is shown."""

    def __init__(self) -> None:
        super().__init__(
            f"A webhook's secret (not shown) is {_PREFIX} and the base64 of {_KEY_BYTES_MIN} to {_KEY_BYTES_MAX} bytes."
        )


def new_secret(draw: Callable[[int], bytes]) -> str:
    """A secret of 32 bytes; `draw` gives that many random bytes, fit for secrets."""
    return _PREFIX + base64.b64encode(draw(SECRET_BYTES)).decode()


def headers_of(secrets: Sequence[str], *, id: str, at: datetime, body: bytes) -> dict[str, str]:  # noqa: A002 - the standard's word
    """The three headers of a delivery, signed with each of the secrets. Raises SecretFault.

    The id holds no full stop: it ends at the first one, or two different deliveries could have one signature.
    """
    if not secrets:
        raise ValueError("A delivery is signed with at least one secret.")
    if not _ID.fullmatch(id):
        raise ValueError(f"{id!r:.80} is no id of a delivery: 1 to 255 visible ASCII characters without a full stop.")
    seconds = seconds_of(at)
    content = f"{id}.{seconds}.".encode() + body
    return {
        "webhook-id": id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{_signature(secret, content)}" for secret in secrets),
    }


def _signature(secret: str, content: bytes) -> str:
    return base64.b64encode(hmac.digest(_key_of(secret), content, hashlib.sha256)).decode()


def _key_of(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise SecretFault from None
    if not secret.startswith(_PREFIX) or not _KEY_BYTES_MIN <= len(key) <= _KEY_BYTES_MAX:
        raise SecretFault
    return key
