"""Keys as text: those of Go's tools are read and written, mangled ones are refused, private ones are never shown."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.signing import (
    KEYS_MAX,
    NAME_MAX,
    KeyFault,
    cosigner_of,
    make_key,
    signer_of,
    signers_of,
    verifier_of,
    witness_of,
)
from application.cosignatures import cosigned_message, seconds_of, time_and_signature, with_time
from application.notes import COSIGNATURE, ED25519, Checkpoint, checkpoint_text, encoded, key_hash_of, read
from tests.tree.known import AT, BEHIND_THE_SOFA, COSIGNED_SECONDS, PETER, PETER_PRIVATE, WITNESS

SECRET = PETER_PRIVATE.rpartition("c74f20a3+")[2]
NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="+"),
    min_size=1,
    max_size=NAME_MAX,
)


def test_the_keys_of_go_are_read() -> None:
    signer = signer_of(PETER_PRIVATE)
    assert (signer.name, signer.key_hash.hex(), signer.vkey) == ("PeterNeumann", "c74f20a3", PETER)
    verifier = verifier_of(PETER)
    assert (verifier.name, verifier.key_hash, verifier.vkey, verifier.algorithm) == (
        signer.name,
        signer.key_hash,
        PETER,
        ED25519,
    )


def test_a_witness_s_key_in_the_world_is_read() -> None:
    assert (witness_of(WITNESS).name, witness_of(WITNESS).vkey) == ("remora.n621.de", WITNESS)


def test_the_cosignature_of_the_specification_says_its_time() -> None:
    _, (_, witness) = read(BEHIND_THE_SOFA)
    seconds, signature = time_and_signature(witness.signature)
    assert (seconds, len(signature)) == (COSIGNED_SECONDS, 64)
    assert with_time(seconds, signature) == witness.signature
    assert seconds_of(AT) == COSIGNED_SECONDS
    assert seconds_of(AT + timedelta(microseconds=999_999)) == COSIGNED_SECONDS


def test_a_witness_signs_time_and_text_as_the_specification_spells_them() -> None:
    text, _ = read(BEHIND_THE_SOFA)
    assert cosigned_message(text.encode(), COSIGNED_SECONDS) == (
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )


@given(NAMES, st.binary(min_size=32, max_size=32), st.sampled_from([ED25519, COSIGNATURE]))
def test_every_key_that_is_made_can_be_read(name: str, seed: bytes, algorithm: int) -> None:
    text = make_key(name, seed, algorithm)
    signer = signer_of(text) if algorithm == ED25519 else cosigner_of(text, AT)
    verifier = verifier_of(signer.vkey)
    assert (verifier.name, verifier.key_hash, verifier.vkey) == (name, signer.key_hash, signer.vkey)
    body = checkpoint_text(Checkpoint("o", 3, seed)).encode()
    assert verifier.verifies(body, signer.sign(body))


@given(st.binary(min_size=1, max_size=80), st.integers(0, 10_000), st.sampled_from([ED25519, COSIGNATURE]))
def test_a_changed_text_or_signature_does_not_verify(text: bytes, n: int, algorithm: int) -> None:
    key = make_key("n", bytes(32), algorithm)
    signer = signer_of(key) if algorithm == ED25519 else cosigner_of(key, AT)
    verifier, signature = verifier_of(signer.vkey), signer.sign(text)
    changed = bytearray(signature)
    changed[n % len(signature)] ^= 1 << n % 8
    assert not verifier.verifies(text, bytes(changed))
    assert not verifier.verifies(text + b"\n", signature)
    for wrong in (b"", signature[:-1], signature + b"\0", signature[1:]):
        assert not verifier.verifies(text, wrong)


def test_a_time_beyond_what_is_allowed_does_not_verify() -> None:
    signer = cosigner_of(make_key("n", bytes(32), COSIGNATURE), AT)
    late = type(signer)(signer.name, signer._key, 2**63)  # noqa: SLF001 - no time that a clock gives is so late
    assert not verifier_of(signer.vkey).verifies(b"text\n", late.sign(b"text\n"))


def every_mangled(key: str) -> list[str]:
    parts = [key[i:j] for i in range(len(key)) for j in range(i + 1, len(key) + 1) if (i, j) != (0, len(key))]
    return [*parts, *(f"{key[:i]}{chr(ord(c) + 1)}{key[i + 1 :]}" for i, c in enumerate(key)), f"{key}\n", f" {key}"]


def test_no_mangled_public_key_is_read() -> None:
    for text in every_mangled(PETER):
        with pytest.raises(KeyFault):
            verifier_of(text)
    for text in (
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER_PRIVATE,
    ):
        with pytest.raises(KeyFault):
            verifier_of(text)


def test_no_mangled_private_key_is_read_and_none_is_repeated() -> None:
    for text in every_mangled(PETER_PRIVATE):
        with pytest.raises(KeyFault) as fault:
            signer_of(text)
        assert not any(SECRET[i : i + 8] in str(fault.value) for i in range(len(SECRET) - 8))


def test_private_keys_are_not_shown() -> None:
    signer, cosigner = signer_of(PETER_PRIVATE), cosigner_of(make_key("w", bytes(32), COSIGNATURE), AT)
    assert repr(signer) == f"KeySigner({PETER})"
    assert repr(cosigner) == f"KeyCosigner({cosigner.vkey})"
    assert repr(verifier_of(PETER)) == f"KeyVerifier({PETER})"


def test_keys_of_logs_and_of_witnesses_are_told_apart() -> None:
    witness = make_key("w", bytes(32), COSIGNATURE)
    with pytest.raises(KeyFault) as fault:
        signer_of(witness)
    assert str(fault.value) == (
        "This private key is not a log's key: keys of logs and of witnesses are told apart; use the other."
    )
    with pytest.raises(KeyFault, match="not a witness's key"):
        cosigner_of(PETER_PRIVATE, AT)
    with pytest.raises(KeyFault, match="This is the public key of a log"):
        witness_of(PETER)
    with pytest.raises(KeyFault, match="This is a private key; give the public one"):
        witness_of(witness)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\nb", "\x01", "\ud800"])
def test_a_name_that_no_note_could_carry_makes_no_key(name: str) -> None:
    with pytest.raises(KeyFault):
        make_key(name, bytes(32))


def test_a_name_that_would_make_notes_outgrow_their_limit_is_taken_nowhere() -> None:
    make_key("n" * NAME_MAX, bytes(32))
    name = "n" * (NAME_MAX + 1)
    public = bytes([COSIGNATURE]) + bytes(32)
    vkey = f"{name}+{key_hash_of(name, COSIGNATURE, public[1:]).hex()}+{encoded(public)}"
    for take in (lambda: make_key(name, bytes(32)), lambda: witness_of(vkey), lambda: signer_of(f"PRIVATE+KEY+{vkey}")):
        with pytest.raises(KeyFault) as fault:
            take()
        assert str(fault.value) == "The name of this key has 256 characters, at most 255 are taken: make another key."


def test_a_key_needs_all_its_chance() -> None:
    with pytest.raises(KeyFault, match="A key is made of 32 random bytes, not 31"):
        make_key("n", bytes(31))


def test_several_keys_stand_one_after_another_the_first_is_the_current_one() -> None:
    texts = [make_key("n", bytes([n]) * 32) for n in range(KEYS_MAX + 1)]
    assert [s.vkey for s in signers_of(f" {texts[0]}\n\t{texts[1]} ")] == [signer_of(t).vkey for t in texts[:2]]
    for wrong, sentence in {
        "": "One to 8 private keys are needed, with white space between them, not 0.",
        " ".join(texts): "One to 8 private keys are needed, with white space between them, not 9.",
        f"{texts[0]} {texts[0]}": "The same private key stands twice; give it once.",
    }.items():
        with pytest.raises(KeyFault) as fault:
            signers_of(wrong)
        assert str(fault.value) == sentence


def test_the_hash_of_a_key_is_of_its_name_and_purpose_too() -> None:
    hashes = {key_hash_of(n, a, k) for n in ("a", "b") for a in (1, 4) for k in (bytes(32), b"\1" * 32)}
    assert len(hashes) == 8
    assert cosigner_of(make_key("n", bytes(32), COSIGNATURE), datetime(2019, 1, 1, tzinfo=UTC)).sign(b"")[:8] == (
        1_546_300_800
    ).to_bytes(8, "big")
