"""What comes between a relay and its stream, each in a sentence that holds no secret."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from nats.errors import Error
from nats.js.errors import APIError, ServiceUnavailableError

from application.ports import Unavailable
from domain.kernel import Refused

WHY_LENGTH_MAX: Final = 240
_DENYING: Final = ("authorization violation", "authorization failed", "permissions violation", "maximum payload")
_DENYING_CODES: Final = frozenset({10_002, 10_023, 10_028, 10_039, 10_047, 10_054, 10_076, 10_077})
"""Of JetStream: not switched on, for the account or at all; its room is used up; a message is too large; the store failed."""


class Trouble(Unavailable):
    """NATS is away, or cannot do something just now, or something else answers in its place."""


class Denied(Trouble):
    """NATS answers and says no: nothing changes until somebody changes its settings."""


class Overtaken(Exception):
    """Something came between: another relay, or what this one sent over a connection that it gave up. Look again."""


class StreamRefused(Refused):
    """The stream cannot be what this network's is, and nothing that the relay may do makes it so."""


def secrets_of(addresses: Sequence[str]) -> Sequence[str]:
    """The passwords and tokens in them."""
    parts = [urlsplit(address) for address in addresses]
    return [secret for part in parts if (secret := part.password or part.username)]


def trouble_of(error: Exception, secrets: Sequence[str]) -> Trouble:
    """What the client, or whatever answers it, means by an error. Of what a server says anything may be untrue."""
    if isinstance(error, Trouble):
        return error
    why = _why(error)
    if any(secret.lower() in why.lower() for secret in secrets):
        why = "what the server says holds a password, so it is not shown"
    elif any(denying in why.lower() for denying in _DENYING) or getattr(error, "err_code", None) in _DENYING_CODES:
        return Denied(f"NATS does not allow what the relay needs: {why}.")
    return Trouble(f"No NATS server answers as it should: {why}.")


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer came in time"
    if isinstance(error, APIError) and error.description:
        text = f"{error.description} ({error.err_code})"
    elif isinstance(error, ServiceUnavailableError):
        text = "JetStream is not switched on there, or has not started"
    elif isinstance(error, Error | OSError):
        text = str(error).replace("'", "") or type(error).__name__
    else:  # the client trips over bytes that no NATS server sends
        text = f"what is there does not speak NATS ({type(error).__name__})"
    shown = " ".join("".join(c if c.isprintable() else " " for c in text.removeprefix("nats: ")).split())
    return shown.removesuffix(".") if len(shown) <= WHY_LENGTH_MAX else f"{shown[:WHY_LENGTH_MAX]}…"
