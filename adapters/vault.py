"""How what stands in the vault is encrypted: one data key per subject, wrapped by a master key that can be rotated.

AES-256-GCM throughout. What a ciphertext belongs to is its associated data, so that a row moved elsewhere does not open.
Nonces are 96 random bits, and the tables keep each from being used twice under its key.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from domain.kernel import Refused

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
SALT_BYTES: Final = 32
MASTER_ID_BYTES: Final = 8
TEXT_BYTES_MAX: Final = 262_144

Draw = Callable[[int], bytes]
"""Gives that many random bytes, fit for secrets."""


class NoMasterKey(Refused):
    def __init__(self) -> None:
        super().__init__(
            "The vault needs TASMA_MASTER_KEY: 32 random bytes in base64, such as `openssl rand -base64 32` prints."
        )


class WrongMasterKey(Refused):
    """A setting that is no list of master keys; nothing of it is shown."""


class MasterKeyMissing(Refused):
    def __init__(self, master_id: bytes) -> None:
        super().__init__(
            f"This part of the vault is locked with the master key {master_id.hex()}, which is not among those given; "
            "add it behind the current one in TASMA_MASTER_KEY, then run `tasma vault rotate`."
        )


class VaultDamaged(Refused):
    """Something in the vault is not what was put there."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} does not open: it was changed, or moved here from elsewhere. Restore it from a backup of the vault."
        )


class TextTooLong(Refused):
    def __init__(self, size: int) -> None:
        super().__init__(f"The text has {size:,} bytes; the vault takes up to {TEXT_BYTES_MAX:,} in one entry.")


class Wrapped(Struct, frozen=True):
    """A data key as it is stored."""

    master_id: bytes
    nonce: bytes
    ciphertext: bytes


class Sealed(Struct, frozen=True):
    """An entry as it is stored."""

    nonce: bytes
    ciphertext: bytes
    digest: bytes


class MasterKeys:
    """The master keys of a network: the first is current, the others only open what was locked before."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys: Mapping[bytes, AESGCM] = {master_id(key): AESGCM(key) for key in keys}
        if not self._keys:
            raise NoMasterKey
        self.current = next(iter(self._keys))

    @property
    def ids(self) -> tuple[bytes, ...]:
        return tuple(self._keys)

    def wrap(self, key: bytes, *, owner: bytes, draw: Draw) -> Wrapped:
        """Lock a data key with the current master key."""
        nonce = draw(NONCE_BYTES)
        return Wrapped(self.current, nonce, self._keys[self.current].encrypt(nonce, key, owner))

    def unwrap(self, wrapped: Wrapped, *, owner: bytes) -> bytes:
        """The data key. Raises MasterKeyMissing and VaultDamaged."""
        key = self._keys.get(wrapped.master_id)
        if key is None:
            raise MasterKeyMissing(wrapped.master_id)
        try:
            return key.decrypt(wrapped.nonce, wrapped.ciphertext, owner)
        except InvalidTag:
            raise VaultDamaged("A subject's key") from None


def master_keys(setting: str) -> MasterKeys:
    """The keys of TASMA_MASTER_KEY, separated by white space, the current one first. Raises WrongMasterKey."""
    keys = []
    for number, text in enumerate(setting.split(), 1):
        try:
            key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise WrongMasterKey(
                f"Key {number} of TASMA_MASTER_KEY (not shown) is not {KEY_BYTES} bytes in base64; "
                "`openssl rand -base64 32` prints one that is."
            )
        keys.append(key)
    return MasterKeys(keys)


def master_key_text(draw: Draw) -> str:
    """A new master key, as the setting takes it."""
    return base64.b64encode(draw(KEY_BYTES)).decode()


def master_id(key: bytes) -> bytes:
    """What a master key is called where it was used; the key does not follow from it."""
    return hashlib.sha256(b"tasma master key\n" + key).digest()[:MASTER_ID_BYTES]


def seal(key: bytes, text: str, *, place: bytes, draw: Draw) -> Sealed:
    """Encrypt a text for its place.

    The salt of the digest is encrypted with the text: with both erased, the digest in the log says nothing of either.
    Raises TextTooLong.
    """
    plain = text.encode()
    if len(plain) > TEXT_BYTES_MAX:
        raise TextTooLong(len(plain))
    salt, nonce = draw(SALT_BYTES), draw(NONCE_BYTES)
    return Sealed(nonce, AESGCM(key).encrypt(nonce, salt + plain, place), salted_digest(salt, plain))


def unseal(key: bytes, sealed: Sealed, *, place: bytes, name: str) -> str:
    """The text of an entry. Raises VaultDamaged."""
    try:
        plain = AESGCM(key).decrypt(sealed.nonce, sealed.ciphertext, place)
    except InvalidTag:
        raise VaultDamaged(name) from None
    salt, text = plain[:SALT_BYTES], plain[SALT_BYTES:]
    if not hmac.compare_digest(salted_digest(salt, text), sealed.digest):
        raise VaultDamaged(name)
    return text.decode()


def salted_digest(salt: bytes, text: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104) of the text under its salt: what an event holds of it."""
    return hmac.digest(salt, text, "sha256")


def bound(*parts: str) -> bytes:
    """What a ciphertext belongs to, as associated data; lengths stand in front, so that no two places read alike."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
