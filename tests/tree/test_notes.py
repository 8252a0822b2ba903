"""Signed notes are those of Go's checksum database and of C2SP, byte for byte, and everything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.signing import cosigner_of, make_key, signer_of, verifier_of
from application.notes import (
    COSIGNATURE,
    NOTE_BYTES_MAX,
    SIGNATURES_MAX,
    Checkpoint,
    NoteFault,
    Signature,
    Verifier,
    checkpoint_text,
    opened,
    parse_checkpoint,
    read,
    signed,
    with_signatures,
)
from tests.tree.known import AT, BEHIND_THE_SOFA, ENOCH, ENOCH_LINE, PETER, PETER_LINE, PETER_PRIVATE, QUASIMODO, TEXT

TRUST_PETER = [verifier_of(PETER)]
NOTE = f"{TEXT}\n{PETER_LINE}"


def test_a_signed_note_is_the_one_that_go_writes() -> None:
    assert signed(TEXT, [signer_of(PETER_PRIVATE)]) == NOTE


def test_a_note_of_two_signers_is_opened_with_either_key() -> None:
    note = NOTE + ENOCH_LINE
    one = opened(note, TRUST_PETER)
    assert (one.text, [s.key for s in one.verified], [s.key for s in one.unknown]) == (
        TEXT,
        ["PeterNeumann+c74f20a3"],
        ["EnochRoot+af0cfe78"],
    )
    assert [s.line for s in (*one.verified, *one.unknown)] == [PETER_LINE, ENOCH_LINE]
    both = opened(note, [verifier_of(ENOCH), *TRUST_PETER])
    assert [s.name for s in both.verified] == ["PeterNeumann", "EnochRoot"]


def test_a_note_that_nobody_trusted_has_signed_is_refused() -> None:
    with pytest.raises(NoteFault) as fault:
        opened(NOTE, [verifier_of(ENOCH)])
    assert str(fault.value) == "No trusted key has signed this note; it is signed by PeterNeumann+c74f20a3."


def test_a_wrong_signature_of_a_trusted_key_spoils_the_note() -> None:
    """Whoever else signed it: somebody has changed something."""
    changed = NOTE.replace("answer", "Answer") + ENOCH_LINE
    with pytest.raises(NoteFault) as fault:
        opened(changed, TRUST_PETER)
    assert str(fault.value) == "The signature of PeterNeumann+c74f20a3 does not fit this text: one of them was changed."


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(0, 7))
def test_no_bit_of_a_note_can_be_changed(place: int, bit: int) -> None:
    body = bytearray(NOTE.encode())
    body[place] ^= 1 << bit
    try:
        changed = body.decode()
    except UnicodeDecodeError:
        return
    with pytest.raises(NoteFault):
        opened(changed, TRUST_PETER)


def test_a_line_that_is_repeated_counts_once() -> None:
    assert len(opened(NOTE + PETER_LINE + ENOCH_LINE + ENOCH_LINE, TRUST_PETER).verified) == 1
    assert len(read(NOTE + ENOCH_LINE + ENOCH_LINE)[1]) == 2


def test_keys_that_cannot_be_told_apart_are_not_both_trusted() -> None:
    class Twin:
        name, key_hash, vkey = TRUST_PETER[0].name, TRUST_PETER[0].key_hash, "another"

        def verifies(self, text: bytes, signature: bytes) -> bool:
            return bool(text and signature)

    twin: Verifier = Twin()
    with pytest.raises(NoteFault, match=r"Two trusted keys are both called PeterNeumann\+c74f20a3"):
        opened(NOTE, [*TRUST_PETER, twin])
    assert opened(NOTE, [*TRUST_PETER, *TRUST_PETER]).verified


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        f"{TEXT}\n",
        NOTE[:-1],
        f"\x01{NOTE}",
        f"\ud800{NOTE}",
        f"{NOTE}Unexpected line.\n",
        f"{NOTE}\n",
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("— Peter", "- Peter"),
        NOTE.replace("— Peter", "—  Peter"),
        NOTE.replace("PeterNeumann ", "Bad Name "),
        NOTE.replace("PeterNeumann ", "Bad\u2003Name "),
        NOTE.replace("PeterNeumann ", "Bad+Name "),
        NOTE.replace("PeterNeumann ", " "),
        NOTE.replace("nAM=", "nAN="),
        NOTE.replace("nAM=", "nAM"),
        NOTE.replace("nAM=", "nAM= "),
        NOTE.replace("/", "_"),
        f"{TEXT}\n— PeterNeumann x08gow==\n",
        f"{TEXT}\n{PETER_LINE * (SIGNATURES_MAX + 1)}",
        f"{'x' * NOTE_BYTES_MAX}\n\n{PETER_LINE}",
    ],
)
def test_what_is_not_exactly_a_note_is_refused(note: str) -> None:
    with pytest.raises(NoteFault):
        read(note)


def test_as_many_signatures_as_everybody_must_take_are_taken() -> None:
    """16 of them, of 5 kB each, as signatures that withstand quantum computers are."""
    lines = "".join(Signature(f"s{n}", b"hash", bytes([n]) * 5_000).line for n in range(16))
    assert len(read(f"{TEXT}\n{lines}")[1]) == 16


def test_the_text_is_what_stands_before_the_last_empty_line() -> None:
    """As in the example of the specification, a poem of two stanzas."""
    text, signatures = read(QUASIMODO)
    assert text.endswith("\n\ned è subito sera.\n")
    assert [s.key for s in signatures] == ["quasimodo.example/salvatore+367ba04b"]


@pytest.mark.parametrize("text", ["", "no newline", "a\tb\n", "a\x00\n", "\ud800\n"])
def test_a_text_that_could_not_be_read_again_is_not_signed(text: str) -> None:
    with pytest.raises(NoteFault):
        signed(text, [signer_of(PETER_PRIVATE)])


def test_nothing_is_signed_by_nobody() -> None:
    with pytest.raises(NoteFault, match="A note needs a signature"):
        signed(TEXT, [])


def test_lines_are_added_once() -> None:
    _, (enoch,) = read(f"{TEXT}\n{ENOCH_LINE}")
    note = with_signatures(NOTE, [enoch, enoch])
    assert note == NOTE + ENOCH_LINE == with_signatures(note, [enoch])


def test_a_checkpoint_is_the_specification_s_example() -> None:
    text, signatures = read(BEHIND_THE_SOFA)
    checkpoint = parse_checkpoint(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert checkpoint_text(checkpoint) == text
    assert [s.key for s in signatures] == ["example.com/behind-the-sofa+033de0ae", "witness.example.com/w1+8d66cf3f"]


@given(
    st.text(min_size=1).filter(lambda t: t.isprintable()),
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
)
def test_every_checkpoint_is_read_as_it_was_written(origin: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin, size, root)
    assert parse_checkpoint(checkpoint_text(checkpoint)) == checkpoint


def test_more_lines_in_a_checkpoint_are_allowed_and_say_nothing() -> None:
    text = checkpoint_text(Checkpoint("o", 1, bytes(32)))
    assert parse_checkpoint(f"{text}more\nand more\n") == parse_checkpoint(text)


ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        f"o\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"o\n01\n{ROOT}\n",
        f"o\n-1\n{ROOT}\n",
        f"o\n+1\n{ROOT}\n",
        f"o\n1.0\n{ROOT}\n",
        f"o\n1 \n{ROOT}\n",
        f"o\n\u0661\n{ROOT}\n",
        f"o\n{2**63}\n{ROOT}\n",
        f"o\n{'9' * 50}\n{ROOT}\n",
        f"o\n1\n{ROOT[:-1]}\n",
        f"o\n1\n{ROOT[:-2]}J=\n",
        "o\n1\nAAAA\n",
        f"o\n1\n{ROOT}\n\n",
        f"o\n1\n{ROOT}\n\nmore\n",
        f"o\r\n1\n{ROOT}\n",
    ],
)
def test_what_is_not_exactly_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteFault):
        parse_checkpoint(text)


@pytest.mark.parametrize("checkpoint", [Checkpoint("a\n1", 1, bytes(32)), Checkpoint("", 1, bytes(32)), Checkpoint("o", -1, bytes(32)),
                                        Checkpoint("o", 1, bytes(31)), Checkpoint("o", 2**63, bytes(32))])  # fmt: skip
def test_a_checkpoint_that_says_something_else_when_read_is_not_written(checkpoint: Checkpoint) -> None:
    with pytest.raises(NoteFault):
        checkpoint_text(checkpoint)


def test_during_a_change_of_keys_both_sign_and_either_is_enough() -> None:
    old, new = (signer_of(make_key("tasma/networks/t", bytes([n]) * 32)) for n in (1, 2))
    text = checkpoint_text(Checkpoint("tasma/networks/t", 7, bytes(32)))
    note = signed(text, [new, old])
    for vkey in (old.vkey, new.vkey):
        assert len(opened(note, [verifier_of(vkey)]).verified) == 1
    assert len(opened(note, [verifier_of(old.vkey), verifier_of(new.vkey)]).verified) == 2


def test_a_witness_of_the_same_name_and_key_is_told_from_the_log() -> None:
    """A log's signature is never taken for a cosignature, nor the other way round."""
    seed, text = bytes(32), checkpoint_text(Checkpoint("n", 7, bytes(32)))
    log, witness = signer_of(make_key("n", seed)), cosigner_of(make_key("n", seed, COSIGNATURE), AT)
    assert log.key_hash != witness.key_hash
    for signer, other in ((log, witness), (witness, log)):
        assert opened(signed(text, [signer]), [verifier_of(signer.vkey)]).verified
        with pytest.raises(NoteFault, match="No trusted key"):
            opened(signed(text, [signer]), [verifier_of(other.vkey)])
        swapped = with_signatures(signed(text, [signer]), [Signature("n", other.key_hash, signer.sign(text.encode()))])
        with pytest.raises(NoteFault, match="does not fit this text"):
            opened(swapped, [verifier_of(other.vkey)])
