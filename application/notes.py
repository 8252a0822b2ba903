"""Signed notes and the checkpoints in them, as text (C2SP signed-note and tlog-checkpoint); keys come from outside."""

import base64
import binascii
import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Protocol

from msgspec import Struct

from application.tree import HASH_BYTES, SIZE_MAX
from domain.kernel import Refused

NOTE_BYTES_MAX: Final = 131_072
"""Room for 16 signatures of 5 kB, which everybody must take, and for more of the usual ones."""
SIGNATURES_MAX: Final = 100
KEY_HASH_BYTES: Final = 4
ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
"""Of a witness: an Ed25519 signature that says when it was made (C2SP tlog-cosignature)."""

_DASH: Final = "— "
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class NoteFault(Refused):
    """A note that cannot be trusted, or is none."""


class Signer(Protocol):
    """A private key that signs the text of a note."""

    @property
    def name(self) -> str: ...

    @property
    def key_hash(self) -> bytes:
        """Four bytes that tell keys of one name apart."""

    @property
    def vkey(self) -> str:
        """The public key as text."""

    def sign(self, text: bytes) -> bytes: ...


class Verifier(Protocol):
    """A public key that somebody trusts."""

    @property
    def name(self) -> str: ...

    @property
    def key_hash(self) -> bytes: ...

    @property
    def vkey(self) -> str: ...

    def verifies(self, text: bytes, signature: bytes) -> bool: ...


class Signature(Struct, frozen=True):
    """One signature line of a note."""

    name: str
    key_hash: bytes
    signature: bytes

    @property
    def key(self) -> str:
        """Which key it claims to be of, for people."""
        return f"{self.name}+{self.key_hash.hex()}"

    @property
    def line(self) -> str:
        """The line with its newline."""
        return f"{_DASH}{self.name} {encoded(self.key_hash + self.signature)}\n"


class Opened(Struct, frozen=True):
    """A note that at least one trusted key has signed."""

    text: str
    verified: tuple[Signature, ...]
    unknown: tuple[Signature, ...]
    """Signatures of other keys: nobody has looked whether they are right."""


class Checkpoint(Struct, frozen=True):
    """What a log says of itself at one size."""

    origin: str
    size: int
    root: bytes


def key_hash_of(name: str, algorithm: int, public: bytes) -> bytes:
    """What tells this key from others of the same name."""
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:KEY_HASH_BYTES]


def is_key_name(name: str) -> bool:
    """Not empty, without spaces, control characters and pluses."""
    return name != "" and not any(c.isspace() or c < " " or c == "+" for c in name) and _is_utf8(name)


def signed(text: str, signers: Sequence[Signer]) -> str:
    """The whole note: the text and one signature line of each signer. Raises NoteFault."""
    if not signers:
        raise NoteFault("A note needs a signature; no key was given.")
    _check_text(text)
    body = text.encode()
    return with_signatures(f"{text}\n", [Signature(s.name, s.key_hash, s.sign(body)) for s in signers])


def with_signatures(note: str, more: Sequence[Signature]) -> str:
    """The note with more signature lines at its end; a line that is there already is not repeated. Raises NoteFault."""
    lines = dict.fromkeys(signature.line for signature in more)
    result = note + "".join(line for line in lines if f"\n{line}" not in note)
    read(result)
    return result


def read(note: str) -> tuple[str, tuple[Signature, ...]]:
    """The text of a note and its signatures, none of them verified, each once. Raises NoteFault."""
    if not _is_utf8(note) or len(note.encode()) > NOTE_BYTES_MAX:
        raise NoteFault(f"A note is UTF-8 of at most {NOTE_BYTES_MAX:,} bytes.")
    end = note.rfind("\n\n")
    if end < 0:
        raise NoteFault("A note is a text, an empty line and signature lines; this has no empty line.")
    text, below = note[: end + 1], note[end + 2 :]
    _check_text(text)
    if not below.endswith("\n"):
        raise NoteFault("A note ends with a signature line and its newline.")
    lines = below[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteFault(f"This note has {len(lines)} signature lines; at most {SIGNATURES_MAX} are read.")
    return text, tuple(dict.fromkeys(map(_signature, lines)))


def opened(note: str, verifiers: Sequence[Verifier]) -> Opened:
    """The note, if one of these keys has signed it. Raises NoteFault.

    A wrong signature of a trusted key spoils the note, whoever else signed it.
    """
    text, signatures = read(note)
    trusted = _by_name(verifiers)
    verified, unknown = [], []
    for signature in signatures:
        if (verifier := trusted.get((signature.name, signature.key_hash))) is None:
            unknown.append(signature)
        elif verifier.verifies(text.encode(), signature.signature):
            verified.append(signature)
        else:
            raise NoteFault(f"The signature of {signature.key} does not fit this text: one of them was changed.")
    if not verified:
        others = ", ".join(s.key for s in unknown[:3])
        raise NoteFault(f"No trusted key has signed this note; it is signed by {others}.")
    return Opened(text, tuple(verified), tuple(unknown))


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """The text that is signed. Raises NoteFault."""
    text = f"{checkpoint.origin}\n{checkpoint.size}\n{encoded(checkpoint.root)}\n"
    if parse_checkpoint(text) != checkpoint:
        raise NoteFault("The origin of a checkpoint is one line.")
    return text


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note's text is; lines after the third are allowed and say nothing here. Raises NoteFault."""
    _check_text(text)
    lines = text[:-1].split("\n")
    if len(lines) < 3 or "" in lines:  # noqa: PLR2004 - origin, size and root
        raise NoteFault("A checkpoint has three lines or more, none of them empty: origin, size and root.")
    origin, size, root = lines[:3]
    if not _SIZE.fullmatch(size) or int(size) > SIZE_MAX:
        raise NoteFault(f"The size of a checkpoint is a whole number without zeros in front, not {size:.40}.")
    found = decoded(root)
    if found is None or len(found) != HASH_BYTES:
        raise NoteFault(f"The root of a checkpoint is {HASH_BYTES} bytes in base64, not {root:.60}.")
    return Checkpoint(origin, int(size), found)


def encoded(value: bytes) -> str:
    """Standard base64 with its padding."""
    return base64.b64encode(value).decode()


def decoded(text: str) -> bytes | None:
    """The bytes of standard base64 with its padding; None for every other spelling of them."""
    try:
        found = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if encoded(found) == text else None


def _signature(line: str) -> Signature:
    name, _, text = line.removeprefix(_DASH).partition(" ")
    found = decoded(text)
    if not line.startswith(_DASH) or not is_key_name(name) or found is None or len(found) <= KEY_HASH_BYTES:
        raise NoteFault("A signature line is a dash, a space, the key's name, a space and the signature in base64.")
    return Signature(name, found[:KEY_HASH_BYTES], found[KEY_HASH_BYTES:])


def _by_name(verifiers: Sequence[Verifier]) -> dict[tuple[str, bytes], Verifier]:
    trusted: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        known = trusted.setdefault((verifier.name, verifier.key_hash), verifier)
        if known.vkey != verifier.vkey:
            raise NoteFault(f"Two trusted keys are both called {verifier.name}+{verifier.key_hash.hex()}; trust one.")
    return trusted


def _check_text(text: str) -> None:
    if not text.endswith("\n") or not _is_utf8(text) or any(c < " " and c != "\n" for c in text):
        raise NoteFault("The text of a note is UTF-8 that ends with a newline and has no other control character.")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
