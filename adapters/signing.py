"""Keys that sign: Ed25519 as text, in the forms of Go's sumdb/note and of C2SP signed-note and tlog-cosignature.

    PRIVATE+KEY+<name>+<key hash in hex>+<base64 of the algorithm's byte and the 32 bytes of the seed>
                <name>+<key hash in hex>+<base64 of the algorithm's byte and the 32 bytes of the public key>

What is refused never quotes a private key, nor any part of one.
"""

import hmac
import re
from datetime import datetime
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from application.cosignatures import SECONDS_MAX, cosigned_message, seconds_of, time_and_signature, with_time
from application.notes import COSIGNATURE, ED25519, decoded, encoded, is_key_name, key_hash_of
from domain.kernel import Refused

SEED_BYTES: Final = 32
KEYS_MAX: Final = 8
"""Private keys at one time: while keys change there are two."""
NAME_MAX: Final = 255
"""Characters of a key's name. It stands in each of its signatures, and a note of many must not outgrow its limit."""

_SIGNATURE_BYTES: Final = 64
_PRIVATE: Final = "PRIVATE+KEY+"
_HEX = re.compile(r"[0-9a-f]{8}", re.ASCII)


class KeyFault(Refused):
    """A text that is no key, or not one for this purpose."""


class KeySigner:
    """A log's private key. Implements `application.notes.Signer`."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.name = name
        self.key_hash, self.vkey = _public(name, ED25519, key)

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)

    def __repr__(self) -> str:
        return f"KeySigner({self.vkey})"


class KeyCosigner:
    """A witness's private key at one moment. Implements `application.notes.Signer`."""

    def __init__(self, name: str, key: Ed25519PrivateKey, seconds: int) -> None:
        self._key, self._seconds = key, seconds
        self.name = name
        self.key_hash, self.vkey = _public(name, COSIGNATURE, key)

    def sign(self, text: bytes) -> bytes:
        return with_time(self._seconds, self._key.sign(cosigned_message(text, self._seconds)))

    def __repr__(self) -> str:
        return f"KeyCosigner({self.vkey})"


class KeyVerifier:
    """A public key, of a log or a witness. Implements `application.notes.Verifier`."""

    def __init__(self, name: str, algorithm: int, public: bytes) -> None:
        self._key, self.algorithm = Ed25519PublicKey.from_public_bytes(public), algorithm
        self.name = name
        self.key_hash = key_hash_of(name, algorithm, public)
        self.vkey = _text(name, self.key_hash, algorithm, public)

    def verifies(self, text: bytes, signature: bytes) -> bool:
        if self.algorithm == COSIGNATURE:
            seconds, signature = time_and_signature(signature)
            if seconds > SECONDS_MAX:
                return False
            text = cosigned_message(text, seconds)
        if len(signature) != _SIGNATURE_BYTES:
            return False
        try:
            self._key.verify(signature, text)
        except InvalidSignature:
            return False
        return True

    def __repr__(self) -> str:
        return f"KeyVerifier({self.vkey})"


def make_key(name: str, seed: bytes, algorithm: int = ED25519) -> str:
    """The text of a private key. seed: 32 random bytes, fit for secrets. Raises KeyFault."""
    if not is_key_name(name):
        raise KeyFault(f"{name!r} cannot name a key: a name has at least one character, no space and no plus.")
    _check_length(name)
    if len(seed) != SEED_BYTES:
        raise KeyFault(f"A key is made of {SEED_BYTES} random bytes, not {len(seed)}.")
    key_hash, _ = _public(name, algorithm, Ed25519PrivateKey.from_private_bytes(seed))
    return _PRIVATE + _text(name, key_hash, algorithm, seed)


def signer_of(text: str) -> KeySigner:
    """The signer of a log's private key. Raises KeyFault."""
    name, key = _private(text, ED25519, "a log's key")
    return KeySigner(name, key)


def signers_of(texts: str) -> tuple[KeySigner, ...]:
    """The signers of private keys that stand one after another; the first is the current one. Raises KeyFault."""
    signers = tuple(map(signer_of, texts.split()))
    if not 1 <= len(signers) <= KEYS_MAX:
        raise KeyFault(f"One to {KEYS_MAX} private keys are needed, with white space between them, not {len(signers)}.")
    if len({(signer.name, signer.key_hash) for signer in signers}) < len(signers):
        raise KeyFault("The same private key stands twice; give it once.")
    return signers


def cosigner_of(text: str, at: datetime) -> KeyCosigner:
    """The signer of a witness's private key at a moment. Raises KeyFault."""
    name, key = _private(text, COSIGNATURE, "a witness's key")
    return KeyCosigner(name, key, seconds_of(at))


def verifier_of(vkey: str) -> KeyVerifier:
    """The verifier of a public key, of a log or a witness. Raises KeyFault."""
    if vkey.startswith(_PRIVATE):
        raise KeyFault("This is a private key; give the public one, and keep the private one to yourself.")
    parts = _parts(vkey)
    if parts is not None:
        _check_length(parts.name)
    return _verifier(parts)


def recorded_verifier_of(vkey: str) -> KeyVerifier:
    """The verifier of a public key that the database has: earlier versions took names of any length. Raises KeyFault."""
    return _verifier(_parts(vkey))


def recorded_witness_of(vkey: str) -> KeyVerifier:
    """The same of a registered witness. Raises KeyFault."""
    return _of_witness(recorded_verifier_of(vkey))


def _verifier(parts: "_Parts | None") -> KeyVerifier:
    if parts is None or parts.algorithm not in (ED25519, COSIGNATURE):
        raise KeyFault("This is no public key in the form NAME+HASH+KEY; copy it whole, on one line.")
    verifier = KeyVerifier(parts.name, parts.algorithm, parts.key)
    if verifier.key_hash.hex() != parts.key_hash:
        raise KeyFault("The hash in this public key does not fit the key; copy it again, whole and on one line.")
    return verifier


def witness_of(vkey: str) -> KeyVerifier:
    """The verifier of a witness's public key. Raises KeyFault."""
    return _of_witness(verifier_of(vkey))


def _of_witness(verifier: KeyVerifier) -> KeyVerifier:
    if verifier.algorithm != COSIGNATURE:
        raise KeyFault(
            "This is the public key of a log; a witness has a key of its own: `tasma audit witness key NAME`."
        )
    return verifier


class _Parts(NamedTuple):
    name: str
    key_hash: str
    algorithm: int
    key: bytes


def _parts(text: str) -> _Parts | None:
    """None where it is no key."""
    name, _, rest = text.partition("+")
    key_hash, _, key_text = rest.partition("+")
    found = decoded(key_text)
    if not is_key_name(name) or not _HEX.fullmatch(key_hash) or found is None or len(found) != 1 + SEED_BYTES:
        return None
    return _Parts(name, key_hash, found[0], found[1:])


def _check_length(name: str) -> None:
    if len(name) > NAME_MAX:
        raise KeyFault(
            f"The name of this key has {len(name):,} characters, at most {NAME_MAX} are taken: make another key."
        )


def _private(text: str, algorithm: int, wanted: str) -> tuple[str, Ed25519PrivateKey]:
    parts = _parts(text.removeprefix(_PRIVATE)) if text.startswith(_PRIVATE) else None
    if parts is None:
        raise KeyFault("This is no private key in the form PRIVATE+KEY+NAME+HASH+KEY; copy it whole, on one line.")
    _check_length(parts.name)
    if parts.algorithm != algorithm:
        raise KeyFault(
            f"This private key is not {wanted}: keys of logs and of witnesses are told apart; use the other."
        )
    key = Ed25519PrivateKey.from_private_bytes(parts.key)
    key_hash, _ = _public(parts.name, algorithm, key)
    if not hmac.compare_digest(key_hash.hex(), parts.key_hash):
        raise KeyFault("The hash in this private key does not fit the key; copy it again, whole and on one line.")
    return parts.name, key


def _public(name: str, algorithm: int, key: Ed25519PrivateKey) -> tuple[bytes, str]:
    public = key.public_key().public_bytes_raw()
    key_hash = key_hash_of(name, algorithm, public)
    return key_hash, _text(name, key_hash, algorithm, public)


def _text(name: str, key_hash: bytes, algorithm: int, key: bytes) -> str:
    return f"{name}+{key_hash.hex()}+{encoded(bytes([algorithm]) + key)}"
