"""verify.py checks signatures by itself: as RFC 8032 says, as the library cryptography does, and never less strictly."""

import hashlib
import random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from adapters.bundle.verify import BASE, HASH, ORDER, Fault, P, Point, is_signed, plus, point_of, times

KEYS = 25
"""How many are drawn; each signature takes a fiftieth of a second."""

# RFC 8032, section 7.1: the seed, the public key, the text, both halves of the signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155",
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac",
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


def ours(public: bytes, signature: bytes, text: bytes) -> bool:
    return is_signed(text, b"\x01" + public, signature)


def theirs(public: bytes, signature: bytes, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def written(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(HASH, "little")


def scalar_of(signature: bytes) -> int:
    return int.from_bytes(signature[HASH:], "little")


@pytest.mark.parametrize("vector", VECTORS)
def test_the_vectors_of_the_standard(vector: tuple[str, ...]) -> None:
    seed, public, text, *halves = map(bytes.fromhex, vector)
    signature = b"".join(halves)
    assert Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw() == public
    assert ours(public, signature, text)
    assert not ours(public, signature, text + b"\x00")


def test_it_says_what_cryptography_says() -> None:
    """Of right signatures, and of ones with one bit of the key, the signature or the text turned."""
    drawn = random.Random(8032)  # noqa: S311 - the same draws every time
    for _ in range(KEYS):
        private, text = (
            Ed25519PrivateKey.from_private_bytes(drawn.randbytes(HASH)),
            drawn.randbytes(drawn.randrange(200)),
        )
        public, signature = private.public_key().public_bytes_raw(), private.sign(text)
        assert ours(public, signature, text)
        for each in (0, 1, 2):
            parts = [public, signature, text or b"\x00"]
            bit = drawn.randrange(8 * len(parts[each]))
            turned = bytearray(parts[each])
            turned[bit // 8] ^= 1 << bit % 8
            parts[each] = bytes(turned)
            assert ours(*parts) == theirs(*parts) is False


def test_a_signature_is_written_in_one_way() -> None:
    """The scalar plus the order of the group would fit as well, and so would a point plus the prime."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(HASH))
    public, signature = private.public_key().public_bytes_raw(), private.sign(b"text")
    for times_more in range(1, 15):
        scalar = (scalar_of(signature) + times_more * ORDER).to_bytes(HASH, "little")
        assert (
            ours(public, signature[:HASH] + scalar, b"text")
            == theirs(public, signature[:HASH] + scalar, b"text")
            is False
        )
    for other in (b"", signature[:-1], signature + b"\x00", signature[:HASH], bytes(2 * HASH)):
        assert ours(public, other, b"text") == theirs(public, other, b"text") is False
    assert not ours(public[:-1], signature, b"text")
    assert not ours(b"", signature, b"text")


@pytest.mark.parametrize("y", range(19))
def test_a_point_is_written_in_one_way(y: int) -> None:
    """The same y, written as y plus the prime, and a zero that claims to be odd."""
    for odd in (0, 1 << 255):
        with pytest.raises(Fault, match="no point of the curve"):
            point_of((P + y | odd).to_bytes(HASH, "little"))
    for x_is_zero in (1, P - 1):
        with pytest.raises(Fault, match="no point of the curve"):
            point_of((x_is_zero | 1 << 255).to_bytes(HASH, "little"))


def small() -> list[Point]:
    """The eight points that come to zero when they are added eight times."""
    at = next(point for y in range(2, 100) if (point := times(ORDER, curve(y))) != (0, 1) and times(4, point) != (0, 1))
    return [times(number, at) for number in range(8)]


def curve(y: int) -> Point:
    try:
        return point_of(y.to_bytes(HASH, "little"))
    except Fault:
        return (0, 1)


def test_no_text_is_signed_under_a_key_of_small_order() -> None:
    """Under the first of them one signature fits every text; a library that follows the equation alone takes it."""
    assert len(set(small())) == 8
    for key in map(written, small()):
        for point in map(written, small()):
            assert not ours(key, point + bytes(HASH), b"text")


def test_a_key_with_a_small_part_fits_what_cryptography_takes() -> None:
    """There the equation without the cofactor, which both use, and the one with it come to different answers."""
    answers = set()
    secret, once = 7**90 % ORDER, 11**70 % ORDER
    key = plus(times(secret, BASE), small()[1])
    public, first = written(key), written(times(once, BASE))
    for n in range(24):
        text = b"text %d" % n
        number = int.from_bytes(hashlib.sha512(first + public + text).digest(), "little") % ORDER
        signature = first + ((once + number * secret) % ORDER).to_bytes(HASH, "little")
        assert ours(public, signature, text) == theirs(public, signature, text)
        answers.add(ours(public, signature, text))
    assert answers == {True, False}
